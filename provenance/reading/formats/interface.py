"""What a weight format is: something that knows its own bytes and reads its header, wholly validated, or not at all.

The readers see a file through `ByteReader` alone, so they open nothing, and a test hands them plain bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from provenance.errors import CouldNotLook
from provenance.records import ByteReader, Header

HEAD_BYTES = 16
"""How much of a file's start `Format.matches` is given."""


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of weight file."""

    name: str
    suffixes: tuple[str, ...]
    """Lower-case endings of a file name that claim this format."""
    matches: Callable[[bytes, ByteReader], bool]
    """Whether a file is of this format by its first `HEAD_BYTES` bytes, whatever its name; where these do not settle
    it (a zip may hold anything) its reader may look further."""
    read_header: Callable[[ByteReader], Header]
    """The validated header; raises `MalformedFile` naming the broken rule, `UnsupportedFile`, or `LimitExceeded`."""
    words: str
    """What a file of this format is, for a person: `a torch checkpoint`."""

    def claims(self, path: str) -> bool:
        """Whether the file's name says it is of this format."""
        return path.lower().endswith(self.suffixes)


def read_exactly(reader: ByteReader, nbytes: int, offset: int) -> bytes:
    """The `nbytes` bytes at `offset`, which the caller knows to lie inside `reader.size`."""
    piece = reader.pread(nbytes, offset)
    if len(piece) != nbytes:
        raise CouldNotLook("the file shrank while it was read", where=reader.path, todo="run again on a file at rest")
    return piece
