"""A snapshot in a Hugging Face cache, the one place where links are followed, and only along two hops.

    <cache>/models--org--name/snapshots/<revision>/[folder/]file
        -> <cache>/models--org--name/blobs/<etag>               the repository's blobs
        -> <cache>/blobs/<first two digits>/<Xet hash>          the cache-wide store, huggingface_hub 2 and later

A link that leads anywhere else, a blob that is neither a regular file nor a link into the store, and a store without
its marker are refused. For a large file the etag is the SHA-256 that the Hub claims.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from provenance.errors import CouldNotLook, UsageError
from provenance.reading.sources.interface import Aside, ListedFile, Listing, Source, refuse
from provenance.reading.sources.local import LinkRefused, list_folder, refuse_link, regular
from provenance.reading.sources.single import list_file
from provenance.reading.sources.walk import Entry

STORE_MARKER = ".huggingface-shared-blobs"
"""The file that makes `<cache>/blobs` a store."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


class _HuggingFaceCache:
    name = "hugging-face-cache"

    def accepts(self, path: Path) -> bool:
        return _repository(path) is not None

    def list(self, path: Path, name: str, aside: Aside = refuse) -> Listing:
        repository = _repository(path)
        if repository is None or repository == path:
            found = sorted(folder.name for folder in (path / "snapshots").iterdir()) if repository else []
            todo = "name one of its snapshots: " + (", ".join(f"snapshots/{one}" for one in found[:3]) or "it has none")
            raise UsageError("is a repository of a Hugging Face cache, not one model", where=name, todo=todo)
        blobs = _Blobs(repository)
        return list_folder(path, name, blobs.follow, aside) if path.is_dir() else list_file(path, name, blobs.follow)


def _repository(path: Path) -> Path | None:
    """The `models--…` folder that `path` is, or in one of whose snapshots it lies."""
    for folder in (path / "snapshots", *path.parents):
        if folder.name == "snapshots" and folder.parent.name.startswith("models--") and folder.is_dir():
            return folder.parent
    return None


class _Blobs:
    """The two folders that a repository's links may lead into."""

    def __init__(self, repository: Path) -> None:
        self._blobs = repository / "blobs"
        self._store = repository.parent / "blobs"

    def follow(self, entry: Entry, model: str) -> ListedFile:
        """The blob behind a link of the snapshot; raises `CouldNotLook` where it lies anywhere else."""
        where = f"{model}/{entry.path}"
        blob = _target(entry.location)
        if blob is None or blob.parent != self._blobs:
            return refuse_link(entry, model)
        claim = blob.name if _SHA256.fullmatch(blob.name) else None
        status = _status(blob, where)
        if stat.S_ISLNK(status.st_mode):
            stored = _target(blob)
            if stored is None or not self._is_stored(stored):
                raise LinkRefused(
                    "link-out", f"its blob {blob} is a link out of the cache", where=where, todo="fetch the model again"
                )
            blob, status = stored, _status(stored, where)
        return regular(entry.path, blob, status, where, claim)

    def _is_stored(self, path: Path) -> bool:
        """True for `<store>/ab/ab…` of a store that has its marker."""
        marked = os.path.lexists(self._store / STORE_MARKER)
        return marked and bool(_SHA256.fullmatch(path.name)) and path.parent == self._store / path.name[:2]


def _target(link: Path) -> Path | None:
    """Where one link leads: its folder resolved, its last component not; None where that folder does not exist."""
    try:
        target = link.parent / link.readlink()
        return Path(os.path.realpath(target.parent, strict=True)) / target.name
    except OSError:
        return None


def _status(blob: Path, where: str) -> os.stat_result:
    try:
        return os.lstat(blob)
    except OSError as error:
        raise CouldNotLook(f"its blob {blob}: {error.strerror}", where=where, todo="fetch the model again") from None


HUGGING_FACE_CACHE: Source = _HuggingFaceCache()
