"""Shards: whether the files that an index or a numbered name promises are there, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from posixpath import dirname, normpath

from provenance.checks.interface import Check, Rule, facts, listing, quoted
from provenance.facts import TwinsFact
from provenance.records import Evidence, Finding, ModelKind, Severity, ShardIndex

INDEX_UNREADABLE = Rule(
    ident="index-unreadable",
    title="a shard index cannot be read",
    severity=Severity.ERROR,
    meaning="A `*.index.json` is not strict JSON, or has no `weight_map` from tensor names to file names, or an empty "
    "one.",
    why="The index decides which files a loader opens. Where it cannot be read, nobody can say which weights are used.",
    example="model.safetensors.index.json: the key 'weight_map' stands twice in one object",
    advice="Fetch the index again, or make a new one by saving the model again.",
)

INDEX_PATH_ESCAPES = Rule(
    ident="index-path-escapes",
    title="a shard index points out of the model",
    severity=Severity.CRITICAL,
    meaning="An index names a shard by an absolute path, by one that climbs with `..`, or with a backslash or drive "
    "letter.",
    why="A loader that follows it opens a file of the host in place of a shard. No writer of models makes such an "
    "index.",
    example="model.safetensors.index.json: places 'model.norm.weight' in '../../etc/passwd'",
    advice="Do not load this model. Report it to where you got it from.",
)

SHARD_MISSING = Rule(
    ident="shard-missing",
    title="a shard is missing",
    severity=Severity.ERROR,
    meaning="An index places tensors in a file that is not part of the model, or files named `…-00001-of-00003` are "
    "there and others of the same set are not.",
    why="The weights are incomplete: the model does not load, or loads with parts freshly initialised.",
    example="model-00002-of-00003.safetensors: not in the model; model.safetensors.index.json places 118 tensors in it",
    advice="Complete the download. Where the shard was meant to go, save the model again so that its index is right.",
)

SHARD_UNLISTED = Rule(
    ident="shard-unlisted",
    title="a weight file is not in the index beside it",
    severity=Severity.WARNING,
    meaning="A folder has a shard index and, beside the shards it lists, another weight file of the same format. "
    "Adapters (`adapter_model.safetensors`) are not meant. It is an `info` where the file was compared with another "
    "form of the weights and every tensor is the same.",
    why="Loaders differ in which of the two they read: transformers follows the index, others take every file of the "
    "folder or prefer a certain name. The model may behave differently in each.",
    example="consolidated.safetensors: not listed in 'model.safetensors.index.json'",
    advice="Find out which file your loader reads. If both hold the same tensors, remove one; if not, ask the "
    "publisher.",
)

INDEX_MISSING = Rule(
    ident="index-missing",
    title="shards without an index",
    severity=Severity.WARNING,
    meaning="Safetensors files named as parts of a set lie in a folder without an index that lists them. "
    "Where the model was named by one of the files, the folder was not looked at.",
    why="Loaders that need the index take one part for the whole model or refuse it, and nothing says which tensors "
    "there should be.",
    example="model-00001-of-00002.safetensors: 2 shards of one set, and no *.index.json lists them",
    advice="Fetch the index from the source of the model, or save the model again.",
)

_NUMBERED = re.compile(r"(.+)-([0-9]{1,6})-of-([0-9]{1,6})(\.safetensors|\.gguf|\.bin)", re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*://")
_SHOWN = 5
"""Missing files named of one set: a single name can promise 999,999."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """What `models/name-00002-of-00003.gguf` says of itself."""

    number: int
    of: tuple[str, int, str]
    """The set: what stands before the number, the count of files, the ending."""
    digits: tuple[int, int]


def numbered(path: str) -> Numbered | None:
    """The part of a set that a file's name claims to be; None for a file of its own."""
    match = _NUMBERED.fullmatch(path)
    if match is None:
        return None
    return Numbered(int(match[2]), (match[1], int(match[3]), match[4]), (len(match[2]), len(match[3])))


def shard_path(index: ShardIndex, declared: str) -> str | None:
    """The path inside the model of a shard that `index` declares; None where it points out of the model."""
    if not declared or declared.startswith("/") or "\\" in declared or "\x00" in declared or _DRIVE.match(declared):
        return None
    if ".." in declared.split("/"):
        return None
    return normpath(f"{dirname(index.file)}/{declared}".lstrip("/"))


def _run(evidence: Evidence) -> Iterator[Finding]:
    paths = {file.path for file in evidence.candidate.manifest.files}
    for rejection in evidence.candidate.rejections:
        if rejection.file.endswith(".json"):
            yield INDEX_UNREADABLE.finding(f"{rejection.message} [{rejection.rule}]", file=rejection.file)
    listed: set[str] = set()
    for index in evidence.candidate.indexes:
        if not index.weight_map:
            yield INDEX_UNREADABLE.finding("its weight_map lists no tensor", file=index.file)
        yield from _index(index, paths)
        declared = (shard_path(index, name) for name in set(index.weight_map.values()))
        listed |= {path for path in declared if path}
    missing_by_index = listed - paths
    copies = {file for fact in facts(evidence.candidate, TwinsFact) if _agree(fact) for file in fact.files}
    yield from _unlisted(evidence.candidate.indexes, listed, paths, copies)
    beside = evidence.candidate.manifest.kind is ModelKind.DIRECTORY
    yield from _numbered(paths, listed, missing_by_index, beside)


def _index(index: ShardIndex, paths: set[str]) -> Iterator[Finding]:
    """What one index promises and the model does not hold."""
    tensors: dict[str, list[str]] = {}
    for tensor, declared in index.weight_map.items():
        tensors.setdefault(declared, []).append(tensor)
    for declared, names in sorted(tensors.items()):
        path = shard_path(index, declared)
        if path is None:
            message = f"places {listing(names, 1)} in {quoted(declared)}"
            yield INDEX_PATH_ESCAPES.finding(message, file=index.file, json_path="$.weight_map")
        elif path not in paths:
            message = f"not in the model; {index.file} places {len(names)} tensors in it: {listing(names, 3)}"
            yield SHARD_MISSING.finding(message, file=path)


def _agree(fact: TwinsFact) -> bool:
    return not any(fact.counts) and not fact.unknown


def _unlisted(
    indexes: tuple[ShardIndex, ...], listed: set[str], paths: set[str], copies: set[str]
) -> Iterator[Finding]:
    for folder in sorted({dirname(index.file) for index in indexes}):
        names = sorted(index.file for index in indexes if dirname(index.file) == folder)
        suffixes = {path[path.rfind(".") :] for path in listed if dirname(path) == folder}
        for path in sorted(paths - listed):
            beside = dirname(path) == folder and path[path.rfind(".") :] in suffixes & {".safetensors"}
            if beside and "adapter_model" not in path:
                severity, same = (Severity.INFO, "; its tensors are the same") if path in copies else (None, "")
                yield SHARD_UNLISTED.finding(f"not listed in {listing(names)}{same}", file=path, severity=severity)


def _numbered(paths: set[str], listed: set[str], known: set[str], beside: bool) -> Iterator[Finding]:
    """Sets of files by their numbered names alone; an index can be asked for where it would lie `beside` them."""
    sets: dict[tuple[str, int, str], dict[str, Numbered]] = {}
    for path in paths:
        if part := numbered(path):
            sets.setdefault(part.of, {})[path] = part
    for (stem, count, suffix), present in sorted(sets.items()):
        there = {part.number for part in present.values()}
        width, width_of_count = present[min(present)].digits
        absent = (number for number in range(1, count + 1) if number not in there)
        promised = (f"{stem}-{number:0{width}}-of-{count:0{width_of_count}}{suffix}" for number in absent)
        missing = list(islice((path for path in promised if path not in known), _SHOWN + 1))
        if missing:
            more = " and more" if len(missing) > _SHOWN else ""
            names = f"{listing(missing[:_SHOWN])}{more}"
            message = f"not in the model: {names}; {listing(sorted(present), 1)} promises {count} files"
            yield SHARD_MISSING.finding(message, file=missing[0])
        if beside and suffix == ".safetensors" and count > 1 and not present.keys() & listed:
            message = f"{len(present)} shards of one set, and no *.index.json lists them"
            yield INDEX_MISSING.finding(message, file=min(present))


SHARDS = Check("shards", (INDEX_UNREADABLE, INDEX_PATH_ESCAPES, SHARD_MISSING, SHARD_UNLISTED, INDEX_MISSING), _run)
