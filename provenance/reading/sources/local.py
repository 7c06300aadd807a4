"""A folder on disk: every regular file in it is the model, links and special files are refused."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from provenance.errors import CouldNotLook, NothingToInspect
from provenance.reading.sources.interface import Aside, Identity, ListedFile, Listing, Source, refuse
from provenance.reading.sources.walk import Entry, check_collisions, walk
from provenance.records import ModelKind, Refused

EXCLUDED_FOLDERS = (".git/", ".cache/huggingface/")
"""Left out at the top of a model: what version control and the Hub's client keep beside the files."""
EXCLUDED_SUFFIX = ".sigstore.jsonl"
"""Our own bundles, left out at the top of a model: they are written after the digest they carry."""

OBEYED = re.compile(r"(?:.*/)?\.git/(?:modules/.*/)?(?:hooks/[^/]+(?<!\.sample)|config|info/attributes)", re.DOTALL)
"""What git runs, and what tells it to run something, when somebody works in a folder that was not cloned."""

Follow = Callable[[Entry, str], ListedFile]
"""What to do with a link (and the model's name for messages): resolve it, or raise `CouldNotLook`."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


class _Folder:
    name = "folder"

    def accepts(self, path: Path) -> bool:
        return path.is_dir()

    def list(self, path: Path, name: str, aside: Aside = refuse) -> Listing:
        return list_folder(path, name, refuse_link, aside)


def list_folder(root: Path, name: str, follow: Follow, aside: Aside = refuse) -> Listing:
    """List the folder `root`; each link in it is handed to `follow`.

    Raises as `Source.list` does.
    """
    files, excluded, beside = [], [], []
    refused: list[Refused] = []

    def set_aside(entry: Refused, error: CouldNotLook) -> None:
        aside(entry, error)
        refused.append(entry)

    for entry in walk(root, name, set_aside):
        if is_excluded(entry.path):
            excluded.append(entry.path)
            if OBEYED.fullmatch(entry.path) and stat.S_ISREG(entry.status.st_mode):
                beside.append(regular(entry.path, entry.location, entry.status, f"{name}/{entry.path}"))
            continue
        try:
            files.append(list_entry(entry, name, follow))
        except CouldNotLook as error:
            set_aside(Refused(entry.path, _refused_as(entry), error.what), error)
    if not files:
        left_out = f" but {len(excluded)} left out by rule" if excluded else ""
        raise NothingToInspect(
            f"the folder holds no files{left_out}", where=name, todo="name a folder that holds a model"
        )
    check_collisions([file.path for file in files], name, set_aside)
    return Listing(name, ModelKind.DIRECTORY, tuple(files), tuple(excluded), tuple(beside), tuple(refused))


def _refused_as(entry: Entry) -> str:
    """Kind of `Refused` of what is no regular file, or a link that is not followed."""
    if not stat.S_ISLNK(entry.status.st_mode):
        return "device" if stat.S_IFMT(entry.status.st_mode) in (stat.S_IFCHR, stat.S_IFBLK) else "special"
    return next(kind for words, kind in _DIRECTIONS if _direction(entry).startswith(words))


def list_entry(entry: Entry, model: str, follow: Follow) -> ListedFile:
    """A file as it is, a link as `follow` resolves it; raises `CouldNotLook` for a special file."""
    if stat.S_ISLNK(entry.status.st_mode):
        return follow(entry, model)
    return regular(entry.path, entry.location, entry.status, f"{model}/{entry.path}")


def regular(path: str, location: Path, status: os.stat_result, where: str, claim: str | None = None) -> ListedFile:
    """The listed file `path` at `location`, which must be a regular file; raises `CouldNotLook` where it is not."""
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "a special file")
        raise CouldNotLook(f"is {kind}, not a regular file", where=where, todo="remove it from the model")
    return ListedFile(path, location, Identity.of(status), bool(status.st_mode & 0o111), claim)


def is_excluded(path: str) -> bool:
    """True for what a rule leaves out of a folder; the output names each such file."""
    return path.startswith(EXCLUDED_FOLDERS) or ("/" not in path and path.endswith(EXCLUDED_SUFFIX))


def refuse_link(entry: Entry, model: str) -> ListedFile:
    """Raise `CouldNotLook`, saying what kind of link it is."""
    raise CouldNotLook(
        f"is a symbolic link {_direction(entry)}",
        where=f"{model}/{entry.path}",
        todo="put the file in its place: links are followed only inside a Hugging Face cache",
    )


_DIRECTIONS = (
    ("that leads out", "link-out"),
    ("to another place", "link-inside"),
    ("that leads", "link-broken"),
)


def _direction(entry: Entry) -> str:
    """Where a link leads, in words; only for the message, nothing is decided by it."""
    root = str(entry.location)[: -len(entry.path) - 1]
    try:
        target = os.path.realpath(entry.location, strict=True)
    except OSError as error:
        return "that leads in a circle" if error.errno == errno.ELOOP else "that leads nowhere"
    if os.path.commonpath((root, target)) == root:
        return "to another place in the model"
    return f"that leads out of the model, to {target}"


FOLDER: Source = _Folder()
