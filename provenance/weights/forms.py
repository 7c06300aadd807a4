"""Forms: the same weights a second time in one repository, in another format, dtype, name or folder.

    model.safetensors       model.fp16.safetensors       pytorch_model.bin       consolidated.safetensors
    model-00001-of-00002…   fp32/model.safetensors       original/…00.pth        tiny-Q8_0.gguf

Which one is used depends on the loader, so each must hold the numbers of the one that most loaders take. Which files
are forms of one model is told by their names alone; checkpoints of a training, adapters, other models have other names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename, dirname

from provenance.records import Header
from provenance.weights.naming import shard_set

_DTYPE = r"(?:fp16|fp32|bf16|f16|f32|float16|float32|bfloat16|half|full)"
_QUANT = rf"(?:(?:ud-)?i?q[0-9]_[a-z0-9_]+|i?q[0-9][a-z0-9_]*|tq[12]_0|mxfp4(?:_moe)?|{_DTYPE})"
_SUFFIX = re.compile(r"\.(?:safetensors|gguf|bin|pth|pt|ckpt|npz)$")
_PART = re.compile(r"-[0-9]{1,6}-of-[0-9]{1,6}")
_VARIANT = re.compile(rf"[._-]{_DTYPE}$")
_QUANTIZED = re.compile(rf"[._-]{_QUANT}$")
_MAIN = frozenset({"model", "pytorch_model", "consolidated", "consolidated.00", "weights", "tf_model"})
_SAME_FOLDER = re.compile(rf"{_QUANT}|original|safetensors|pytorch|torch|hf|transformers|gguf|weights|mlx")
"""Folders whose names say that the same model lies in them. Those of steps of a training are others."""
_TENSOR_PARALLEL = re.compile(r"consolidated\.(?!00)[0-9]{2}\.\w+")
_NAMED = "transformers, as config.json tells it, loads"
_RANKS = {"safetensors": 0, "torch": 1, "npz": 2, "gguf": 3}


_Set = tuple[str, bool]
"""The name that shards share, and whether it is that of one file."""


@dataclass(frozen=True, slots=True)
class Form:
    """Weight files that make up one copy of the weights."""

    files: tuple[Header, ...]

    @property
    def name(self) -> str:
        """The file, or the name that its shards share."""
        return shard_set(self.files[0].file)


@dataclass(frozen=True, slots=True)
class Twins:
    """A second form, and the one that it should hold the numbers of."""

    first: Form
    second: Form
    loaded: str
    """Who loads the second."""


def twins(headers: Sequence[Header], named: object = None) -> tuple[Twins, ...]:
    """Every form of a model that has another, with the one that loaders prefer, in the order of their files.

    `named` is the weight file that the configuration at the root tells transformers to load in place of the usual.
    """
    parallel = {dirname(h.file) for h in headers if _TENSOR_PARALLEL.fullmatch(basename(h.file).lower())}
    by_model: dict[tuple[str, str], dict[_Set, list[Header]]] = {}
    for header in headers:
        in_parts = basename(header.file).lower().startswith("consolidated.0") and dirname(header.file) in parallel
        if header.format in _RANKS and header.tensors and not in_parts and _is_model(header):
            form = (_in_set(header.file), _in_set(header.file) == header.file)
            model = ("", "model") if header.file == named else _model(header)
            by_model.setdefault(model, {}).setdefault(form, []).append(header)
    found = []
    for files in _with_ggufs(by_model).values():
        forms = sorted((Form(tuple(parts)) for parts in files.values()), key=_preference)
        found += [Twins(forms[0], form, _NAMED if form.name == named else _loader(form)) for form in forms[1:]]
    return tuple(found)


def _is_model(header: Header) -> bool:
    """Not a projector, an adapter or a matrix of importance; numbers stored by columns are another order."""
    kind = header.metadata.get("general.type", "model")
    return kind == "model" and not any(h in header.metadata for h in ("fortran_order", "clip.has_vision_encoder"))


def _model(header: Header) -> tuple[str, str]:
    """Folder and name of the model that a file is a form of."""
    folder = dirname(header.file)
    while folder and _SAME_FOLDER.fullmatch(basename(folder).lower()):
        folder = dirname(folder)
    stem = _SUFFIX.sub("", _PART.sub("", basename(header.file).lower()))
    stem = (_QUANTIZED if header.format == "gguf" else _VARIANT).sub("", stem)
    return folder, "model" if stem in _MAIN else stem


def _in_set(file: str) -> str:
    return _PART.sub("", file)


def _with_ggufs(
    by_model: Mapping[tuple[str, str], dict[_Set, list[Header]]],
) -> dict[tuple[str, str], dict[_Set, list[Header]]]:
    """GGUF files are called by their models: where the folder has the weights of one, they are forms of it."""
    joined: dict[tuple[str, str], dict[_Set, list[Header]]] = {}
    for (folder, stem), files in by_model.items():
        alone = all(header.format == "gguf" for parts in files.values() for header in parts)
        main = alone and (folder, "model") in by_model
        joined.setdefault((folder, "model" if main else stem), {}).update(files)
    return joined


def _preference(form: Form) -> tuple[object, ...]:
    """The form that most loaders take comes first: transformers looks for one file before it looks for an index."""
    first = form.files[0]
    if first.format == "gguf":
        return _RANKS["gguf"], -sum(tensor.nbytes for header in form.files for tensor in header.tensors), first.file
    stem = _SUFFIX.sub("", _PART.sub("", basename(first.file).lower()))
    by_name = 0 if stem in ("model", "pytorch_model") else 2 if _VARIANT.search(stem) else 1
    return _RANKS[first.format], by_name, first.file.count("/"), len(form.files) > 1, first.file


def _loader(form: Form) -> str:
    first = form.files[0]
    name = basename(first.file).lower()
    if first.format == "gguf":
        return "llama.cpp loads"
    if name.startswith("consolidated"):
        return "vLLM and the publisher's own code load"
    if first.format == "npz":
        return "MLX loads"
    if first.format == "torch":
        return "loaders without safetensors load"
    if "/" in first.file:
        return "whoever names the folder loads"
    if _VARIANT.search(_SUFFIX.sub("", _PART.sub("", name))):
        return "transformers and diffusers load when asked for this variant"
    return "loaders that look for an index first load" if len(form.files) > 1 else "other loaders load"
