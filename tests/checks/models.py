"""Evidence of real folders, made with readers that are not ours, and small evidence made by hand."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from provenance.facts import ContentFact, Fact
from provenance.records import (
    DeltaStatistics,
    Evidence,
    FileDigest,
    Header,
    Lineage,
    Manifest,
    MetadataValue,
    ModelEvidence,
    ModelKind,
    Rejection,
    Relation,
    ShardIndex,
    Skipped,
    Tensor,
    TensorComparison,
    TensorState,
)
from provenance.surfaces.inspectors import gguf_metadata
from tests.surfaces.feeding import examine, inspect

NOT_ASKED = Skipped("lineage", "no base was given")


def header(
    file: str, names: Iterable[str], *, kind: str = "safetensors", metadata: Mapping[str, MetadataValue] | None = None
) -> Header:
    tensors = tuple(Tensor(name, "F32", (2,), file, 64 + 8 * i, 8) for i, name in enumerate(names))
    return Header(file, kind, 3 if kind == "gguf" else 0, tensors, metadata or {}, 64, "0" * 64)


def model(
    *,
    name: str = "candidate",
    files: Iterable[str] = ("model.safetensors",),
    headers: Iterable[Header] = (),
    rejections: Iterable[Rejection] = (),
    indexes: Iterable[ShardIndex] = (),
    facts: Iterable[Fact] = (),
    excluded: Iterable[str] = (),
) -> ModelEvidence:
    digests = tuple(FileDigest(path, 1, hashlib.sha256(path.encode()).hexdigest()) for path in sorted(files))
    manifest = Manifest(ModelKind.DIRECTORY, digests, (), "1" * 64, None, tuple(sorted(excluded)))
    return ModelEvidence(name, manifest, tuple(headers), tuple(rejections), tuple(indexes), tuple(facts))


def evidence(
    candidate: ModelEvidence, base: ModelEvidence | None = None, lineage: Lineage | Skipped = NOT_ASKED
) -> Evidence:
    return Evidence(candidate, base or Skipped("base", "no base was given"), lineage)


def content(file: str, kind: str, *, executable: bool = False) -> ContentFact:
    return ContentFact(file, kind, kind, executable)


def contents(files: Mapping[str, bytes]) -> ModelEvidence:
    """A model of these files, every one of them inspected."""
    facts = [fact for file, data in sorted(files.items()) for fact in (*inspect(file, data), *examine(file, data))]
    return model(files=files, facts=facts)


def everything() -> Evidence:
    """A model with findings of most severities."""
    return evidence(
        contents(
            {
                "a.py": b"import os\n",
                "config.json": b'{"auto_map": {"A": "b.C", "B": "o/r--b.C"}, "x": 1, "x": 2}',
                "model.safetensors": b"\x80\x04N.",
                "data.dat": b"\x00\x01",
                "tool": b"\x7fELF",
                "x.pkl": b"\x80\x04N.",
            }
        )
    )


def folder(path: Path, name: str | None = None) -> ModelEvidence:
    """Evidence of a real folder. Headers are read by the `safetensors` and `gguf` packages."""
    facts: list[Fact] = []
    headers: list[Header] = []
    paths = sorted(file for file in path.rglob("*") if file.is_file())
    for file in paths:
        inside = file.relative_to(path).as_posix()
        facts += inspect(inside, file.read_bytes(), executable=os.access(file, os.X_OK))
        facts += examine(inside, file.read_bytes())
        if file.suffix == ".safetensors":
            headers.append(_safetensors(file, inside))
        elif file.suffix == ".gguf":
            headers.append(_gguf(file, inside))
            facts += gguf_metadata.facts(headers[-1])
    made = model(
        name=name or str(path),
        files=[file.relative_to(path).as_posix() for file in paths],
        headers=headers,
        indexes=[_index(path, file) for file in paths if file.name.endswith(".index.json")],
        facts=facts,
    )
    digests = tuple(
        dataclasses.replace(digest, sha256=hashlib.sha256((path / digest.path).read_bytes()).hexdigest())
        for digest in made.manifest.files
    )
    return dataclasses.replace(made, manifest=dataclasses.replace(made.manifest, files=digests))


def _index(root: Path, file: Path) -> ShardIndex:
    import json

    document = json.loads(file.read_text())
    return ShardIndex(file.relative_to(root).as_posix(), document["weight_map"], None)


def _safetensors(file: Path, inside: str) -> Header:
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 - no mapping
        made = header(inside, slices, metadata=opened.metadata() or {})
        tensors = tuple(
            dataclasses.replace(
                tensor, dtype=slices[tensor.name].get_dtype(), shape=tuple(slices[tensor.name].get_shape())
            )
            for tensor in made.tensors
        )
        return dataclasses.replace(made, tensors=tensors)


def _gguf(file: Path, inside: str) -> Header:
    from gguf import GGUFReader

    reader = GGUFReader(file)
    metadata = {key: _frozen(field.contents()) for key, field in reader.fields.items() if not key.startswith("GGUF.")}
    return header(inside, [tensor.name for tensor in reader.tensors], kind="gguf", metadata=metadata)


def _frozen(value: object) -> MetadataValue:
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    assert isinstance(value, str | int | float | bool)
    return value


def comparison(name: str, state: TensorState, *, norm: float | None = None) -> TensorComparison:
    """One compared tensor; `norm` is the relative norm of its difference."""
    statistics = None
    if norm is not None:
        statistics = DeltaStatistics(
            elements=4,
            changed=4,
            max_abs=norm,
            norm_delta=norm,
            norm_base=1.0,
            norm_candidate=1.0,
            inner=1.0,
            nonfinite=0,
            cast_mismatch=4,
        )
    return TensorComparison(name, name, name, state, "F32", "F32", (2, 2), statistics)


def lineage(
    relations: Iterable[Relation],
    possible: Iterable[Relation] | None = None,
    tensors: Iterable[TensorComparison] = (),
) -> Lineage:
    found = tuple(relations)
    compared = tuple(tensors) or (comparison("w", TensorState.IDENTICAL),)
    return Lineage("base", "2" * 64, None, found, frozenset(possible or found), compared, "for a test", "names")
