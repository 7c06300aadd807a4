"""A bounded walk through a binary header, from its first byte to its last.

It reads ahead by a window, believes no length before checking it against the rest of the file, charges every value to
one budget of memory, and digests what it hands out, so that what was parsed is what was digested.
"""

from __future__ import annotations

import struct

import blake3

from provenance.errors import LimitExceeded, MalformedFile
from provenance.reading.formats.interface import read_exactly
from provenance.reading.formats.rules import Rule
from provenance.records import ByteReader

MAX_MEMORY = 128 * 1024 * 1024
"""Bytes of Python values one header may become; the largest vocabularies in use (262,144 tokens with scores and types,
514,906 merges) become about 75 MiB."""
MAX_STRING_BYTES = 16 * 1024 * 1024
"""Longest single string; a chat template is some 10 KB, a whole tokenizer.json a few MB."""
_WINDOW = 1024 * 1024
_STRING_OVERHEAD = 64
_NUMBER_MEMORY = 40
_LENGTH = struct.Struct("<Q")


class Cursor:
    """Takes little-endian values from the front of a file; `offset` is where the next one stands."""

    def __init__(self, reader: ByteReader) -> None:
        self.file = reader.path
        self._reader = reader
        self._window = b""
        self._window_offset = 0
        self._position = 0
        self._memory_left = MAX_MEMORY
        self._digest = blake3.blake3()

    @property
    def offset(self) -> int:
        """Bytes taken so far."""
        return self._window_offset + self._position

    @property
    def remaining(self) -> int:
        """Bytes of the file not taken yet."""
        return self._reader.size - self.offset

    def take(self, nbytes: int) -> bytes:
        """The next `nbytes` bytes; the file ending before that is a rejection."""
        end = self._position + nbytes
        if end > len(self._window):
            self._slide(nbytes)
            end = nbytes
        piece = self._window[self._position : end]
        self._position = end
        return piece

    def u32(self) -> int:
        """An unsigned 32-bit integer."""
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        """An unsigned 64-bit integer."""
        return int.from_bytes(self.take(8), "little")

    def count(self, least_bytes: int, what: str) -> int:
        """A number of items, each at least `least_bytes` long, that the rest of the file has room for."""
        offset = self.offset
        items = self.u64()
        if items * least_bytes > self.remaining:
            rest = f"the {self.remaining} bytes left cannot hold"
            raise MalformedFile(
                Rule.COUNT_PAST_END, f"{items} {what} where {rest} them", where=self.file, offset=offset
            )
        return items

    def string(self) -> bytes:
        """A string behind its 64-bit length, charged as the text it becomes."""
        length = self.u64()
        if length > self.remaining:
            what = f"a string of {length} bytes where {self.remaining} are left"
            raise MalformedFile(Rule.STRING_PAST_END, what, where=self.file, offset=self.offset - _LENGTH.size)
        if length > MAX_STRING_BYTES:
            raise self._over(f"a string of {length} bytes")
        text = self.take(length)
        # One wide character makes every character of a Python string take four bytes.
        self.charge(_STRING_OVERHEAD + (length if text.isascii() else 4 * length))
        return text

    def numbers(self, code: str, count: int) -> tuple[int | float, ...]:
        """`count` numbers of the `struct` type `code`, which `count` has been checked against the file."""
        self.charge(_NUMBER_MEMORY * count)
        layout = struct.Struct(f"<{count}{code}")
        return layout.unpack(self.take(layout.size))

    def charge(self, nbytes: int) -> None:
        """Reserve memory for a value that is about to be made."""
        self._memory_left -= nbytes
        if self._memory_left < 0:
            raise self._over(f"values of more than {MAX_MEMORY} bytes in memory")

    def blake3(self) -> str:
        """Digest of every byte taken so far."""
        digest = self._digest.copy()
        digest.update(self._window[: self._position])
        return digest.hexdigest()

    def _slide(self, nbytes: int) -> None:
        """Move the window so that it starts here and holds the next `nbytes`."""
        if nbytes > self.remaining:
            what = f"the header goes on where the file of {self._reader.size} bytes ends"
            raise MalformedFile(Rule.TRUNCATED, what, where=self.file, offset=self.offset)
        self._digest.update(self._window[: self._position])
        kept = self._window[self._position :]
        wanted = min(max(nbytes, _WINDOW), self.remaining) - len(kept)
        ahead = self.offset + len(kept)
        self._window_offset, self._position = self.offset, 0
        self._window = kept + read_exactly(self._reader, wanted, ahead)

    def _over(self, what: str) -> LimitExceeded:
        return LimitExceeded(f"the header holds {what}, more than this reader takes", where=self.file)
