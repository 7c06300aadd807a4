"""Where models are read from. One file a kind; `resolve` turns a name into the closed list of the model's files."""

from __future__ import annotations

import errno
from pathlib import Path

from provenance.errors import CouldNotLook, UsageError
from provenance.reading.sources.hf_cache import HUGGING_FACE_CACHE
from provenance.reading.sources.interface import Aside, Identity, ListedFile, Listing, Source, refuse
from provenance.reading.sources.local import FOLDER
from provenance.reading.sources.single import SINGLE_FILE

__all__ = ["SOURCES", "Aside", "Identity", "ListedFile", "Listing", "Source", "refuse", "resolve"]

SOURCES: tuple[Source, ...] = (HUGGING_FACE_CACHE, FOLDER, SINGLE_FILE)
"""In the order in which they are asked."""


def resolve(name: str, aside: Aside = refuse) -> Listing:
    """List the model that the user calls `name`: a folder, a file, or a snapshot in a Hugging Face cache.

    Links on the way to the model are the user's own words and are followed, as by `cd`; links inside of it are not.
    Raises `UsageError` where nothing is there, else as `Source.list` does; `aside` is told of parts of a folder that
    cannot be looked at.
    """
    path = _canonical(name)
    return next(source for source in SOURCES if source.accepts(path)).list(path, name, aside)


def _canonical(name: str) -> Path:
    """`name` as an absolute path without links, except the last of a file: a cache says where that one may lead."""
    path = Path(name)
    try:
        if not name:
            raise FileNotFoundError  # to Path it is the folder we are in
        path.stat()
        return path.resolve() if path.is_dir() else path.parent.resolve() / path.name
    except (FileNotFoundError, NotADirectoryError, ValueError):
        todo = "name a folder, a .safetensors or .gguf file, or a snapshot in the Hugging Face cache"
        if name.startswith("hf://"):
            todo = "download it first with `hf download` and name the folder; this version reads no hf:// names"
        raise UsageError("there is no such file or folder", where=name, todo=todo) from None
    except OSError as error:
        what = "is a link that leads in a circle" if error.errno == errno.ELOOP else f"cannot be read: {error.strerror}"
        raise CouldNotLook(what, where=name) from None
