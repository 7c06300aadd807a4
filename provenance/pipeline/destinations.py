"""Where results go: every place is checked before the work begins, and nothing that is read is ever written over."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import UsageError

BUNDLE_SUFFIX = ".sigstore.jsonl"
"""Attestations may lie in the folder of their model: the digest leaves these files out."""

_WEIGHTS = (".safetensors", ".gguf")


@dataclass(frozen=True, slots=True)
class Destination:
    """One `-o KIND=PATH`."""

    kind: str
    path: Path | None
    """None for standard output."""


def destinations(
    texts: Sequence[str], kinds: Sequence[str], *, models: Iterable[str | None], inputs: Iterable[str | None]
) -> tuple[Destination, ...]:
    """`KIND[=PATH]` texts, in order; raises `UsageError` for a place that cannot or must not be written.

    `models` are the folders and files that are looked at, `inputs` the other files that are read: policies, keys,
    attestations, reports.
    """
    found: list[Destination] = []
    for text in texts:
        kind, separator, path = text.partition("=")
        if kind not in kinds:
            raise UsageError(f"no output kind {kind!r}", where=f"-o {text}", todo=f"use one of {', '.join(kinds)}")
        if separator and not path:
            raise UsageError("names no file", where=f"-o {text}", todo=f"write -o {kind}=PATH")
        found.append(Destination(kind, Path(path) if separator and path != "-" else None))
    places = [_place(destination.path) for destination in found if destination.path is not None]
    if twice := next((place for place in places if places.count(place) > 1), None):
        raise UsageError("is named by two outputs", where=str(twice), todo="give each its own file")
    folders = [Path(model).resolve() for model in models if model is not None]
    read = [Path(name) for name in inputs if name is not None]
    for destination in found:
        if destination.path is not None:
            _check(destination.kind, destination.path, folders, read)
    return tuple(found)


def _place(path: Path) -> Path:
    """The absolute path without following a link at its end: that link would be replaced, not followed."""
    return Path(os.path.realpath(path.parent)) / path.name


def _check(kind: str, path: Path, models: Sequence[Path], read: Sequence[Path]) -> None:
    place, where = _place(path), str(path)
    if not place.parent.is_dir():
        raise UsageError("its folder does not exist", where=where, todo="make the folder first")
    if place.is_dir():
        raise UsageError("is a folder", where=where, todo="name a file")
    if not os.access(place.parent, os.W_OK):
        raise UsageError("its folder is not writable", where=where, todo="name another place")
    if any(_same(place, other) for other in (*models, *read)) or place.name.endswith(_WEIGHTS):
        raise UsageError("would be written over, and it is an input", where=where, todo="name another file")
    for model in models:
        beside = kind == "bundle" and place.parent == model and place.name.endswith(BUNDLE_SUFFIX)
        if model in place.parents and not beside:
            todo = f"write it elsewhere; only attestations (*{BUNDLE_SUFFIX}) may lie in the model's folder"
            raise UsageError(f"lies inside the model {model.name} and would change it", where=where, todo=todo)


def _same(place: Path, other: Path) -> bool:
    if place == _place(other):
        return True
    try:
        return place.samefile(other)
    except OSError:  # one of them is not there
        return False
