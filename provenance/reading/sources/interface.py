"""What a source is: it turns a name into the complete, closed list of files that are the model.

A listing is made from `lstat` alone and opens no file; the engine opens each file once and holds it against the
identity recorded here, so that what is read is what was listed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from provenance.errors import CouldNotLook
from provenance.records import FileDigest, ModelKind, Refused

Aside = Callable[[Refused, CouldNotLook], None]
"""Told of what cannot be looked at: raises the error, or takes note of it so that the rest is looked at."""


def refuse(entry: Refused, error: CouldNotLook) -> None:
    """The whole model is refused for any part of it: what is signed and verified is all of it, or nothing."""
    del entry
    raise error


@dataclass(frozen=True, slots=True)
class Identity:
    """What `stat` must say of a file from its listing to its last byte; anything else means that it was changed."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        """The identity in `status`."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One regular file of the model, not yet opened."""

    path: str
    """Inside the model, `/`-separated UTF-8: the name that digests commit to."""
    location: Path
    """Absolute path to open, `O_NOFOLLOW`: in a Hugging Face cache the blob, elsewhere the file itself."""
    identity: Identity
    executable: bool
    """Any of the three execute bits is set."""
    claimed_sha256: str | None = None
    """What a Hugging Face cache calls the blob, where that is a SHA-256: a claim, to be compared with the digest."""

    @property
    def size(self) -> int:
        """In bytes, as listed."""
        return self.identity.size


@dataclass(frozen=True, slots=True)
class Listing:
    """Every file of a model, and every file that a rule leaves out of it."""

    name: str
    """As the user named the model."""
    kind: ModelKind
    files: tuple[ListedFile, ...]
    """Sorted by the bytes of their paths; at least one."""
    excluded: tuple[str, ...] = ()
    """Paths left out by rule, sorted; whatever they are, links and special files too."""
    beside: tuple[ListedFile | Refused, ...] = ()
    """Of what is left out, that which git runs or obeys: read, and no part of the model."""
    refused: tuple[Refused, ...] = ()
    """What was set aside."""

    def __post_init__(self) -> None:
        if not self.files:
            raise ValueError("a listing names at least one file")

    def broken_claims(self, digests: Iterable[FileDigest]) -> tuple[str, ...]:
        """Paths of files that were digested and whose content is not what their cache's blob name claims."""
        claims = {file.path: file.claimed_sha256 for file in self.files if file.claimed_sha256}
        return tuple(file.path for file in digests if file.sha256 and claims.get(file.path, file.sha256) != file.sha256)


class Source(Protocol):
    """One kind of place that models are read from."""

    name: str
    """Kebab-case, as in docs/digests.md."""

    def accepts(self, path: Path) -> bool:
        """True where `path` (absolute, its folder free of links) is of this kind."""

    def list(self, path: Path, name: str, aside: Aside = refuse) -> Listing:
        """List the model at `path`, which the user called `name`.

        Anything in a folder that cannot be looked at goes to `aside`: a link, a special file, a name that cannot be
        quoted (`CouldNotLook`), too many files or folders (`LimitExceeded`). Raises `NothingToInspect` where there are
        no files, and for a model that is one file what stands in the way.
        """
