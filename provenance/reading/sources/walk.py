"""Walk a folder by descriptors, so that a folder swapped for a link on the way is an error and never followed."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import CouldNotLook, LimitExceeded
from provenance.reading.sources.interface import Aside, refuse
from provenance.records import Refused

MAX_FILES = 100_000
"""Files and folders of one model, left-out ones included."""
MAX_DEPTH = 256
"""Folders inside folders; each that is open takes a descriptor."""

MAX_PATH = 4000
"""Characters of the path of one file inside the model: what no system call takes cannot be opened."""
MAX_PATHS = 64 * 1024 * 1024
"""Characters of the paths of one model, which are all kept: 670 a file for the most files that it may have."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Entry:
    """Anything that is not a folder: a file, a link, a special file."""

    path: str
    """Inside the model."""
    location: Path
    status: os.stat_result
    """Of the entry itself, links not followed."""


def walk(
    root: Path, name: str, aside: Aside = refuse, *, max_files: int = MAX_FILES, max_depth: int = MAX_DEPTH
) -> list[Entry]:
    """Every entry below `root` that is not a folder, sorted by path; `name` is how messages call the model.

    `aside` is told of an unreadable folder and of a name that cannot be quoted, and of more than `max_files` entries or
    `max_depth` levels, or paths too long to be kept. Raises `CouldNotLook` where `root` itself cannot be listed.
    """
    walker = _Walk(name, max_files, max_depth, aside)
    descriptor = walker.open_folder(os.fspath(root), "", None)
    try:
        entries = list(walker.below(descriptor, "", root, 1))
    finally:
        os.close(descriptor)
    return sorted(entries, key=lambda entry: entry.path.encode())


def check_name(raw: bytes, folder: str, model: str) -> str:
    """One component of a path as text, if it can be quoted in a checksum file, a shell and a report alike.

    Raises `CouldNotLook` for names that are not UTF-8, hold a control character, a line separator or a backslash, or
    begin with `-` at the top of the model (an option to the commands of docs/digests.md).
    """
    where = f"{model}/{folder}"
    shown = raw.decode("utf-8", "backslashreplace")
    todo = "rename the file"
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise CouldNotLook(f"the name '{shown}' is not UTF-8", where=where, todo=todo) from None
    if "\\" in text or any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text):
        raise CouldNotLook(f"the name '{shown}' holds a backslash or a control character", where=where, todo=todo)
    if not folder and text.startswith("-"):
        raise CouldNotLook(f"the name '{shown}' begins with '-'", where=where, todo=todo)
    return text


def check_collisions(paths: list[str], model: str, aside: Aside = refuse) -> None:
    """Refuse two paths that become one where case or Unicode normalisation is ignored (macOS, Windows).

    `aside` is told of each; folders count too: `A/x` collides with `a/y`.
    """
    known: set[str] = set()
    seen: dict[str, str] = {}
    for path in paths:
        for prefix in _prefixes(path, known):
            other = seen.setdefault(_folded(prefix), prefix)
            if other != prefix:
                what = f"'{other}' and '{prefix}' are one name where case or Unicode normalisation is ignored"
                error = CouldNotLook(what, where=model, todo="rename one of them")
                aside(Refused(prefix, "collision", f"is '{other}' too where case or Unicode form is ignored"), error)


def _prefixes(path: str, known: set[str]) -> list[str]:
    """A path and the folders that it lies in, the outermost first, without those that were known before."""
    found = []
    while path and path not in known:
        known.add(path)
        found.append(path)
        path = path.rpartition("/")[0]
    return found[::-1]


def _folded(path: str) -> str:
    """Canonical caseless form (Unicode 3.13, D145)."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())


class _Walk:
    """One walk, and how many entries it has seen."""

    def __init__(self, model: str, max_files: int, max_depth: int, aside: Aside) -> None:
        self._model = model
        self._max_files = max_files
        self._max_depth = max_depth
        self._aside = aside
        self._seen = 0
        self._characters = 0

    def open_folder(self, name: str, path: str, parent: int | None) -> int:
        """Descriptor of a folder that is no link."""
        try:
            return os.open(name, _FOLDER, dir_fd=parent)
        except OSError as error:
            raise self._unreadable(path, error) from None

    def below(self, descriptor: int, folder: str, location: Path, depth: int) -> Iterator[Entry]:
        """Entries of an open folder and of all folders in it. `folder` is "" or ends in `/`."""
        for name in self._names(descriptor, folder):
            path = folder + os.fsencode(name).decode("utf-8", "backslashreplace")
            if not self._has_room(path, folder):
                return
            try:
                check_name(os.fsencode(name), folder, self._model)
            except CouldNotLook as error:
                self._aside(Refused(path, "name", error.what), error)
                continue
            try:
                status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except OSError as error:
                self._set_aside(path, self._unreadable(path, error))
                continue
            if stat.S_ISDIR(status.st_mode):
                yield from self._inside(name, path, descriptor, location / name, depth + 1)
            else:
                yield Entry(path, location / name, status)

    def _has_room(self, path: str, folder: str) -> bool:
        """Count a path in; False where it, or all of them, are too long to be kept."""
        self._characters += len(path)
        if len(path) > MAX_PATH:
            what = f"it holds a path longer than {MAX_PATH} characters, and was not looked at from there on"
            where = folder.rstrip("/")
        elif self._characters > MAX_PATHS:
            what, where = f"the paths of its files are more than {MAX_PATHS} characters", ""
            if self._characters - len(path) > MAX_PATHS:
                return False  # as told before
        else:
            return True
        self._aside(Refused(where, "too-many", what), LimitExceeded(what, where=f"{self._model}/{where}"))
        return False

    def _inside(self, name: str, path: str, parent: int, location: Path, depth: int) -> Iterator[Entry]:
        if depth > self._max_depth:
            what = f"folders nested deeper than {self._max_depth}"
            self._aside(Refused(path, "too-deep", what), LimitExceeded(what, where=f"{self._model}/{path}/"))
            return
        try:
            inner = self.open_folder(name, path, parent)
        except CouldNotLook as error:
            self._set_aside(path, error)
            return
        try:
            yield from self.below(inner, f"{path}/", location, depth)
        finally:
            os.close(inner)

    def _names(self, descriptor: int, folder: str) -> list[str]:
        names: list[str] = []
        if self._seen > self._max_files:
            return names
        try:
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    self._seen += 1
                    if self._seen > self._max_files:
                        what = f"more than {self._max_files} files and folders"
                        self._aside(Refused("", "too-many", what), LimitExceeded(what, where=self._model))
                        break
                    names.append(entry.name)
        except OSError as error:
            self._set_aside(folder.rstrip("/"), self._unreadable(folder, error))
        return sorted(names)

    def _set_aside(self, path: str, error: CouldNotLook) -> None:
        self._aside(Refused(path, "unreadable", error.what), error)

    def _unreadable(self, path: str, error: OSError) -> CouldNotLook:
        return CouldNotLook(
            f"cannot be listed: {error.strerror}",
            where=f"{self._model}/{path}",
            todo="make it readable, and change nothing while it is looked at",
        )
