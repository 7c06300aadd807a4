"""Models split over several files: what the index says, what the names say, what the files say of themselves.

safetensors lists its shards in a `*.index.json`, GGUF writes `split.no`, `split.count` and `split.tensors.count` into
each part, and both number the files' names. None of these is believed: the index's paths are kept as declared, for
whoever looks at the folder, and the parts of one set are compared with each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from provenance.errors import LimitExceeded, MalformedFile
from provenance.reading.formats import bounded_json
from provenance.reading.formats.interface import read_exactly
from provenance.reading.formats.rules import Rule, quoted
from provenance.records import ByteReader, Header, Rejection, ShardIndex

_INDEX_NAME = re.compile(r".+\.(safetensors|bin)\.index(\.[A-Za-z0-9_]+)?\.json", re.DOTALL)
"""`model.safetensors.index.json`, and diffusers' variants `….index.fp16.json`."""
_SPLIT_NAME = re.compile(r"(.+)-([0-9]{1,6})-of-([0-9]{1,6})(\.gguf|\.safetensors|\.bin)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SplitName:
    """What `models/name-00002-of-00003.gguf` says: part 2 of the 3 of the set (`models/name`, `.gguf`)."""

    stem: str
    number: int
    """Counted from 1 by honest files; as declared."""
    count: int
    suffix: str


def split_name(path: str) -> SplitName | None:
    """The part that a file's name claims to be; None for a file of its own."""
    match = _SPLIT_NAME.fullmatch(path)
    return SplitName(match[1], int(match[2]), int(match[3]), match[4]) if match else None


def split_sets(headers: Iterable[Header]) -> tuple[tuple[Header, ...], ...]:
    """The headers by set: equal stem, count and suffix of their names; a file of its own is a set of one."""
    sets: dict[object, list[Header]] = {}
    for header in headers:
        name = split_name(header.file)
        key = (name.stem, name.count, name.suffix) if name else header.file
        sets.setdefault(key, []).append(header)
    return tuple(tuple(parts) for parts in sets.values())


def is_index(path: str) -> bool:
    """Whether a file's name says that it lists shards; other `*.index.json` are anything."""
    return _INDEX_NAME.fullmatch(path) is not None


def read_index(reader: ByteReader) -> ShardIndex:
    """A shard index as found; `MalformedFile` where it is not one, `LimitExceeded` where it is too long."""
    file = reader.path
    if reader.size > bounded_json.MAX_TEXT_BYTES:
        raise LimitExceeded(f"a shard index of {reader.size} bytes, more than this reader takes", where=file)
    document = bounded_json.parse(read_exactly(reader, reader.size, 0), file)
    weight_map = document.get("weight_map") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(weight_map, dict):
        raise MalformedFile(Rule.BAD_INDEX, "no weight_map", where=file)
    for tensor, shard in weight_map.items():
        if not isinstance(shard, str):
            raise MalformedFile(Rule.BAD_INDEX, f"the shard of {quoted(tensor)} is not a string", where=file)
    return ShardIndex(file, weight_map, _total_size(document.get("metadata"), file))


def _total_size(metadata: object, file: str) -> int | None:
    size = metadata.get("total_size") if isinstance(metadata, dict) else None
    # Some writers divide and so leave a float.
    if isinstance(size, float) and size.is_integer():
        size = int(size)
    if size is None or (type(size) is int and size >= 0):
        return size
    raise MalformedFile(Rule.BAD_INDEX, "metadata.total_size is not a size", where=file)


def check_split(headers: Sequence[Header]) -> tuple[Rejection, ...]:
    """What is wrong between the files of one set of `split_sets`; at most one rejection a file and rule.

    Files of the set that could not be read are not among `headers`, and so the count is wrong.
    """
    wrong = [found for header in headers for found in _numbering(header, len(headers))]
    numbers: dict[int, str] = {}
    owners: dict[str, str] = {}
    for header in headers:
        name = split_name(header.file)
        if name and (first := numbers.setdefault(name.number, header.file)) != header.file:
            wrong.append(_rejection(header, Rule.SPLIT_NUMBER, f"part {name.number} of its set, as is {quoted(first)}"))
        shared = [
            tensor.name for tensor in header.tensors if owners.setdefault(tensor.name, header.file) != header.file
        ]
        if shared:
            what = f"{quoted(shared[0])} is in {quoted(owners[shared[0]])} too ({len(shared)} such tensors)"
            wrong.append(_rejection(header, Rule.DUPLICATE_TENSOR, what))
    if not any(found.rule == Rule.SPLIT_COUNT for found in wrong):
        wrong += _tensor_totals(headers)
    by_place = {(found.file, found.rule): found for found in reversed(wrong)}
    return tuple(reversed(by_place.values()))


def _numbering(header: Header, files: int) -> list[Rejection]:
    """One file's name against the number of files found, and against its own metadata."""
    name = split_name(header.file)
    number, count = _declared(header, "split.no"), _declared(header, "split.count")
    wrong = []
    if name is None:
        # Merging a set leaves the count behind, as 0 or 1.
        if count not in {None, 0, 1}:
            wrong.append(_rejection(header, Rule.SPLIT_COUNT, f"split.count is {count}, its name says no part"))
        return wrong
    if not 1 <= name.number <= name.count:
        wrong.append(_rejection(header, Rule.SPLIT_NUMBER, f"part {name.number} of {name.count}"))
    if name.count != files:
        wrong.append(_rejection(header, Rule.SPLIT_COUNT, f"one of {name.count} by its name, and {files} were read"))
    # llama.cpp reads a part that does not say so itself as a whole model, whatever its name.
    if header.format == "gguf" and number != name.number - 1:
        what = f"part {name.number} by its name, and split.no is {number}"
        wrong.append(_rejection(header, Rule.SPLIT_NUMBER, what))
    if header.format == "gguf" and count != name.count:
        what = f"one of {name.count} by its name, and split.count is {count}"
        wrong.append(_rejection(header, Rule.SPLIT_COUNT, what))
    return wrong


def _tensor_totals(headers: Sequence[Header]) -> list[Rejection]:
    """Each part's `split.tensors.count` against the tensors of all parts."""
    total = sum(len(header.tensors) for header in headers)
    return [
        _rejection(header, Rule.SPLIT_TENSORS, f"split.tensors.count is {declared}, and the parts hold {total}")
        for header in headers
        if (declared := _declared(header, "split.tensors.count")) not in {None, total}
    ]


def _declared(header: Header, key: str) -> int | str | None:
    """An integer of a GGUF header; None where it is absent, and words where it is anything else."""
    value = header.metadata.get(key) if header.format == "gguf" else None
    return value if value is None or isinstance(value, int) else "no integer"


def _rejection(header: Header, rule: Rule, message: str) -> Rejection:
    return Rejection(header.file, header.format, rule.value, message)
