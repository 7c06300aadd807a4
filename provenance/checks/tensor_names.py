"""The tensors of a text model by what they are, where their names are those of the Llama design in Transformers.

A small table for checks that hold a configuration against the tensors; names of no known pattern are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from posixpath import basename, dirname

from provenance.checks.shards import numbered, shard_path
from provenance.records import ModelEvidence, Tensor

_OUTSIDE = r"(?:(?:model|language_model|text_model)\.){0,4}"
_LAYER = re.compile(rf"{_OUTSIDE}layers\.([0-9]{{1,6}})\.(.+)", re.DOTALL)
_END = re.compile(rf"{_OUTSIDE}((?:embed_tokens|norm|lm_head|score|classifier)\..+)", re.DOTALL)
_EXPERT = re.compile(r"(?:mlp|block_sparse_moe)\.experts\.(?:([0-9]{1,6})\.)?(.+)", re.DOTALL)
_MTP = re.compile(r"(?:^|\.)(?:mtp|mtp_layers|mtp_block|nextn|nextn_predict_layers|eh_proj|enorm|hnorm)(?:\.|$)")
_FLOATS = frozenset({"F64", "F32", "F16", "BF16"})


@dataclass(slots=True)
class TextModel:
    """What the tensors of one folder are."""

    complete: bool
    """Every shard that an index or a numbered name promises was read, so that what is not here is nowhere."""
    parts: dict[str, dict[tuple[int, ...], Tensor]] = field(default_factory=dict)
    """`self_attn.q_proj.weight`, `embed_tokens.weight`, … to the shapes it has in floats, one tensor each."""
    layers: set[int] = field(default_factory=set)
    experts: set[int] = field(default_factory=set)
    fused_experts: set[int] = field(default_factory=set)
    """First dimensions of tensors that hold all experts of a layer."""
    mtp: bool = False
    """Some tensor is of a multi-token prediction head, by its name."""
    names: set[str] = field(default_factory=set)
    dtypes: dict[str, int] = field(default_factory=dict)
    """Elements stored in each dtype."""

    def has(self, part: str) -> bool:
        """Whether any tensor, of any dtype, is of a part outside the layers: `embed_tokens`, `norm`, `lm_head`."""
        return any(name.startswith(f"{part}.") for name in self.names)


def is_text_model(name: str) -> bool:
    """Whether a tensor is a weight of the text model, whose place nothing else could take."""
    layer = _LAYER.fullmatch(name)
    inside = layer[2] if layer else name
    return inside.endswith((".weight", ".qweight")) and (layer is not None or _END.fullmatch(name) is not None)


def is_mtp(name: str) -> bool:
    """Whether a tensor belongs to a multi-token prediction head, by its name."""
    return _MTP.search(name) is not None


def text_model(model: ModelEvidence, folder: str) -> TextModel | None:
    """The tensors of the safetensors files in one folder, adapters apart; None where there are none."""
    headers = [
        header
        for header in model.headers
        if header.format == "safetensors" and dirname(header.file) == folder and "adapter" not in basename(header.file)
    ]
    if not headers:
        return None
    found = TextModel(_is_complete(model, folder, {header.file for header in headers}))
    for header in headers:
        _sort(header.tensors, found)
    return found


def _is_complete(model: ModelEvidence, folder: str, read: set[str]) -> bool:
    if any(dirname(rejection.file) == folder for rejection in (*model.rejections, *model.newer)):
        return False
    indexes = [index for index in model.indexes if dirname(index.file) == folder]
    promised = {shard_path(index, name) for index in indexes for name in set(index.weight_map.values())}
    sets: dict[tuple[str, int, str], int] = {}
    for path in read:
        if part := numbered(path):
            sets[part.of] = sets.get(part.of, 0) + 1
    return promised <= read and all(count == of[1] for of, count in sets.items())


def _sort(tensors: Iterable[Tensor], found: TextModel) -> None:
    for tensor in tensors:
        found.mtp = found.mtp or is_mtp(tensor.name)
        found.dtypes[tensor.dtype] = found.dtypes.get(tensor.dtype, 0) + tensor.elements
        layer, end = _LAYER.fullmatch(tensor.name), _END.fullmatch(tensor.name)
        if layer:
            found.layers.add(int(layer[1]))
            part = layer[2]
        elif end:
            part = end[1]
        else:
            continue
        found.names.add(part if end else f"layers.{part}")
        expert = _EXPERT.fullmatch(part)
        if expert and expert[1]:
            found.experts.add(int(expert[1]))
        elif expert and tensor.shape:
            found.fused_experts.add(tensor.shape[0])
        elif not expert and (tensor.dtype in _FLOATS or tensor.dtype.startswith("F8")):
            found.parts.setdefault(part, {}).setdefault(tensor.shape, tensor)
