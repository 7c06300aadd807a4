"""Open files: each opened once, without following a link, and held against its listing from first byte to last."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import stat
import threading
from collections.abc import Iterator

from blake3 import blake3

from provenance.errors import CouldNotLook
from provenance.reading.sources.interface import Identity, ListedFile

RESERVED = 64
"""Descriptors left to the rest of the process."""

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""`O_NONBLOCK` so that a FIFO swapped in for a file cannot hang us."""


DROP_BYTES = 32 * 1024 * 1024
"""Bytes that are given back at a time."""
_AT_ONCE = getattr(os, "RWF_NOWAIT", None) if hasattr(os, "posix_fadvise") else None
"""Read what is in the cache, and wait for nothing: Linux."""


class OpenFile:
    """One file of a model behind one descriptor. Usable from several threads: every read names its offset."""

    def __init__(self, listed: ListedFile, where: str, *, kept: bool) -> None:
        self.path = listed.path
        self.size = listed.size
        self.where = where
        """For messages: the model as the user named it, and the path."""
        self.looked_at: dict[tuple[int, int], bytes] = {}
        """BLAKE3 of every range (first byte, length) that `pread` gave: whoever reads the file from front to back
        afterwards holds them against what is there then."""
        self._listed = listed
        self._kept = kept
        self._descriptor: int | None = None
        self._cold = False
        """Something that `read_on` read was not in the system's cache."""
        self._dropped = 0
        self._opening = threading.Lock()

    @property
    def descriptor(self) -> int:
        """The descriptor, opened at first use; raises `CouldNotLook` where the file is not the one that was listed."""
        with self._opening:
            if self._descriptor is None:
                self._descriptor = self._open()
            return self._descriptor

    def pread(self, nbytes: int, offset: int) -> bytes:
        """`nbytes` bytes from `offset`, fewer where the listed size ends; `CouldNotLook` where the file ends sooner.

        The range is remembered in `looked_at`.
        """
        buffer = bytearray(max(0, min(nbytes, self.size - offset)))
        self.read_into(memoryview(buffer), offset)
        digest = blake3(buffer).digest()
        if buffer and self.looked_at.setdefault((offset, len(buffer)), digest) != digest:
            raise self.changed("two reads of one range differ")
        return bytes(buffer)

    def read_into(self, buffer: memoryview, offset: int) -> None:
        """Fill `buffer` with the bytes from `offset`; raises `CouldNotLook` where the file ends before."""
        while buffer:
            with self._looking("read"):
                done = os.preadv(self.descriptor, [buffer], offset)
            if not done:
                raise self.changed("it ends early")
            buffer, offset = buffer[done:], offset + done

    def read_on(self, buffer: memoryview, offset: int) -> None:
        """`read_into` for a pass from front to back: what the system has to fetch for it is given back afterwards.

        Pages that are used again cost a fraction of fresh ones, and the cache stays what it was. A file that was in it
        from the start is left there.
        """
        if not self._cold and not self._at_hand(buffer, offset):
            self._cold, self._dropped = True, offset
        self.read_into(buffer, offset)
        end = offset + len(buffer)
        if self._cold and (end - self._dropped >= DROP_BYTES or end >= self.size):
            with contextlib.suppress(OSError):  # advice only
                os.posix_fadvise(self.descriptor, self._dropped, end - self._dropped, os.POSIX_FADV_DONTNEED)
            self._dropped = end

    def _at_hand(self, buffer: memoryview, offset: int) -> bool:
        """Whether the system can give the last of the bytes at once, or cannot say."""
        if not buffer or _AT_ONCE is None:
            return True
        try:
            return os.preadv(self.descriptor, [buffer[-1:]], offset + len(buffer) - 1, _AT_ONCE) > 0
        except OSError as error:
            return error.errno != errno.EAGAIN

    def check_unchanged(self) -> None:
        """Raise `CouldNotLook` where the open file no longer is what was listed."""
        with self._looking("read"):
            status = os.fstat(self.descriptor)
        if Identity.of(status) != self._listed.identity:
            raise self.changed("its size or times differ")

    def changed(self, how: str) -> CouldNotLook:
        """The error for a file that is not what it was a moment ago."""
        return CouldNotLook(
            f"changed while it was read: {how}", where=self.where, todo="run again when nothing writes to it"
        )

    def release(self) -> None:
        """Not needed for now: closed where there are more files than descriptors. A later use opens it again."""
        if not self._kept:
            self.close()

    def close(self) -> None:
        """Close the descriptor."""
        with self._opening:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _open(self) -> int:
        with self._looking("opened"):
            descriptor = os.open(self._listed.location, _OPEN)
            status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or Identity.of(status) != self._listed.identity:
            os.close(descriptor)
            raise self.changed("it is not the file that was listed")
        if hasattr(os, "posix_fadvise"):
            with contextlib.suppress(OSError):  # advice only
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        return descriptor

    @contextlib.contextmanager
    def _looking(self, done: str) -> Iterator[None]:
        """Turns the system's errors into ours."""
        try:
            yield
        except OSError as error:
            what = f"cannot be {done}: {error.strerror}"
            raise CouldNotLook(what, where=self.where, todo="make it readable, or leave it out") from None


def room_for_descriptors(wanted: int) -> int:
    """How many of `wanted` files may be kept open, after raising this process's soft limit as far as its hard limit.

    Never more than half of the limit: a second model may be opened beside the first.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = 2 * wanted + RESERVED
    if soft != resource.RLIM_INFINITY and soft < needed:
        with contextlib.suppress(OSError, ValueError):  # macOS refuses more than kern.maxfilesperproc
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (needed if hard == resource.RLIM_INFINITY else min(needed, hard), hard)
            )
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if soft == resource.RLIM_INFINITY else max(0, min(wanted, (soft - RESERVED) // 2))
