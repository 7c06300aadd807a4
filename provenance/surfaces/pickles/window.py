"""The bytes of a source from front to back. What nobody looks at is stepped over and never read."""

from __future__ import annotations

from typing import Protocol

CHUNK = 64 * 1024


class Source(Protocol):
    """Bytes of a known size that can be read anywhere: a file, a member of an archive."""

    @property
    def size(self) -> int:
        """Size in bytes."""

    def pread(self, nbytes: int, offset: int) -> bytes:
        """The `nbytes` bytes at `offset`, fewer where the source ends."""


class EndedError(Exception):
    """The source ends within what was asked for."""


class Window:
    """Reads on from a position. Holds one chunk."""

    def __init__(self, source: Source, position: int = 0) -> None:
        self.source = source
        self._start = position
        self._data = b""
        self._index = 0

    @property
    def position(self) -> int:
        """Offset of the next byte."""
        return self._start + self._index

    def byte(self) -> int:
        """The next byte; `EndedError` where there is none."""
        if self._index >= len(self._data):
            self._fill()
        self._index += 1
        return self._data[self._index - 1]

    def read(self, nbytes: int) -> bytes:
        """The next `nbytes` bytes, few of them."""
        end = self._index + nbytes
        if end <= len(self._data):
            found = self._data[self._index : end]
            self._index = end
            return found
        found = self.source.pread(nbytes, self.position)
        self.skip(len(found))
        if len(found) < nbytes:
            raise EndedError
        return found

    def skip(self, nbytes: int) -> None:
        """Step over `nbytes` bytes; `EndedError` where there are not so many."""
        target = self.position + nbytes
        if target > self.source.size:
            raise EndedError
        if target <= self._start + len(self._data):
            self._index += nbytes
        else:
            self._start, self._data, self._index = target, b"", 0

    def line(self, limit: int) -> bytes | None:
        """The bytes up to the next newline, which is stepped over; None where there are more than `limit` of them."""
        kept: bytes | None = b""
        while True:
            if self._index >= len(self._data):
                self._fill()
            found = self._data.find(b"\n", self._index)
            end = len(self._data) if found < 0 else found
            if kept is not None and len(kept) + end - self._index <= limit:
                kept += self._data[self._index : end]
            else:
                kept = None
            self._index = end
            if found >= 0:
                self._index += 1
                return kept

    def _fill(self) -> None:
        position = self.position
        data = self.source.pread(CHUNK, position)
        if not data:
            raise EndedError
        self._start, self._data, self._index = position, data, 0
