"""A single file, or one member of a split set (`-00001-of-00003`), which stands for the whole set."""

from __future__ import annotations

import os
from pathlib import Path

from provenance.errors import CouldNotLook, LimitExceeded
from provenance.reading.formats.shards import split_name
from provenance.reading.sources.interface import Aside, ListedFile, Listing, Source, refuse
from provenance.reading.sources.local import Follow, list_entry, refuse_link
from provenance.reading.sources.walk import Entry, check_name
from provenance.records import ModelKind

MAX_PARTS = 10_000
"""Parts of one split set; the largest known have a few hundred."""


class _SingleFile:
    name = "file"

    def accepts(self, path: Path) -> bool:
        return not path.is_dir()

    def list(self, path: Path, name: str, aside: Aside = refuse) -> Listing:
        del aside  # a model of one file is looked at, or it is not
        return list_file(Path(os.path.realpath(path)), name, refuse_link)


def list_file(path: Path, name: str, follow: Follow) -> Listing:
    """List the file at `path`, or all files of the split set that it belongs to.

    Raises as `Source.list` does, and `CouldNotLook` naming the first file of a set that is missing.
    """
    folder = str(Path(name).parent)
    members = _split_set(check_name(os.fsencode(path.name), "", folder))
    files = tuple(_member(path.with_name(member), folder, follow) for member in members or (path.name,))
    return Listing(name, ModelKind.SPLIT if members else ModelKind.FILE, files)


def _split_set(name: str) -> tuple[str, ...]:
    """Names of all files of the set that the file `name` says it is one of; none for a file of its own."""
    part = split_name(name)
    if part is None or not 1 <= part.number <= part.count:
        return ()
    if part.count > MAX_PARTS:
        raise LimitExceeded(f"says it is one of {part.count} parts; at most {MAX_PARTS} are read", where=name)
    number, _, count = name[len(part.stem) + 1 : -len(part.suffix)].partition("-of-")
    return tuple(sorted(f"{part.stem}-{k:0{len(number)}}-of-{count}{part.suffix}" for k in range(1, part.count + 1)))


def _member(path: Path, folder: str, follow: Follow) -> ListedFile:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        where = f"{folder}/{path.name}"
        raise CouldNotLook("is missing from its split set", where=where, todo="fetch all of its files") from None
    except OSError as error:
        raise CouldNotLook(f"cannot be listed: {error.strerror}", where=f"{folder}/{path.name}") from None
    return list_entry(Entry(path.name, path, status), folder, follow)


SINGLE_FILE: Source = _SingleFile()
