"""A folder on disk: every regular file in it is the model, links and special files are refused."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from posixpath import dirname, join, normpath

from provenance.errors import CouldNotLook, NothingToInspect
from provenance.reading.sources.interface import Aside, Identity, ListedFile, Listing, Source, refuse
from provenance.reading.sources.walk import Entry, check_collisions, walk
from provenance.records import ModelKind, Refused

EXCLUDED_FOLDERS = (".git/", ".cache/huggingface/")
"""Left out at the top of a model: what version control and the Hub's client keep beside the files."""
EXCLUDED_SUFFIX = ".sigstore.jsonl"
"""Our own bundles, left out at the top of a model: they are written after the digest they carry."""

_REPOSITORY = r"(?:.*/)?\.git/(?:modules/.*/)?"
_OBEYED = re.compile(
    _REPOSITORY + r"(?:hooks/[^/]+(?<!\.sample)|config|config\.worktree|commondir|info/attributes)", re.DOTALL
)
"""What git runs, and what tells it to run something, when somebody works in a folder that was not cloned."""
_LEADS_TO_OBEYED = re.compile(_REPOSITORY + r"(?:hooks|info|modules(?:/.*)?)", re.DOTALL)
"""Folders of those, where they are links."""

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


class LinkRefused(CouldNotLook):
    """A link that is not followed; `kind` as in `Refused`."""

    def __init__(self, kind: str, what: str, *, where: str, todo: str) -> None:
        self.kind = kind
        super().__init__(what, where=where, todo=todo)


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
    files, excluded = [], []
    beside: list[ListedFile | Refused] = []
    refused: list[Refused] = []

    def set_aside(entry: Refused, error: CouldNotLook) -> None:
        aside(entry, error)
        refused.append(entry)

    for entry in walk(root, name, set_aside):
        if is_excluded(entry.path):
            excluded.append(entry.path)
            if _OBEYED.fullmatch(entry.path) or (
                stat.S_ISLNK(entry.status.st_mode) and _LEADS_TO_OBEYED.fullmatch(entry.path)
            ):
                beside.append(_beside(entry, name))
            continue
        try:
            files.append(list_entry(entry, name, follow))
        except CouldNotLook as error:
            set_aside(Refused(entry.path, _refused_as(entry, error), error.what), error)
    if not files:
        left_out = f" but {len(excluded)} left out by rule" if excluded else ""
        first = f"; {refused[0].path or 'it'}: {refused[0].reason}" if refused else ""
        raise NothingToInspect(
            f"the folder holds no files{left_out}{first}", where=name, todo="name a folder that holds a model"
        )
    check_collisions([file.path for file in files], name, set_aside)
    return Listing(name, ModelKind.DIRECTORY, tuple(files), tuple(excluded), tuple(beside), tuple(refused))


def _beside(entry: Entry, model: str) -> ListedFile | Refused:
    try:
        return regular(entry.path, entry.location, entry.status, f"{model}/{entry.path}")
    except CouldNotLook as error:
        return Refused(entry.path, _refused_as(entry, error), error.what)


def _refused_as(entry: Entry, error: CouldNotLook) -> str:
    """Kind of `Refused` of what is no regular file, or a link that is not followed."""
    if isinstance(error, LinkRefused):
        return error.kind
    if stat.S_ISLNK(entry.status.st_mode):
        return "unreadable"  # what a link of a cache leads to
    return "device" if stat.S_IFMT(entry.status.st_mode) in (stat.S_IFCHR, stat.S_IFBLK) else "special"


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
    """Raise `LinkRefused`, saying what kind of link it is."""
    kind, direction = _direction(entry)
    raise LinkRefused(
        kind,
        f"is a symbolic link {direction}",
        where=f"{model}/{entry.path}",
        todo="put the file in its place: links are followed only inside a Hugging Face cache",
    )


def _direction(entry: Entry) -> tuple[str, str]:
    """Kind of `Refused`, and where a link leads, in words.

    What lies outside of the model is another thing on every machine, so whether a link leads there is read from its
    text alone, whatever is there on this one.
    """
    try:
        text = str(entry.location.readlink())
    except OSError:
        return "link-broken", "that cannot be read"
    shown = os.fsencode(text).decode("utf-8", "backslashreplace")
    target = normpath(join(dirname(entry.path), text))
    if target.startswith(("/", "../")) or target == "..":
        return "link-out", f"that leads out of the model, to {shown}"
    try:
        os.path.realpath(entry.location, strict=True)
    except OSError as error:
        return "link-broken", "that leads in a circle" if error.errno == errno.ELOOP else "that leads nowhere"
    return "link-inside", "to another place in the model"


FOLDER: Source = _Folder()
