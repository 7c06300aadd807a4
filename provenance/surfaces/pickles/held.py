"""Pickles that another pickle holds as data: bytes or text that somebody is going to unpickle, or to decode first."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

from provenance.surfaces.pickles.window import Source

MAX_HELD = 200
"""In one pickle; more are a flaw."""
MAX_DECODED = 1024 * 1024
"""Characters of base64 that are decoded."""
MIN_HELD = 8
"""Bytes of the shortest pickle that calls something."""
MAX_DEPTH = 4
"""Pickles in pickles in pickles."""
HEAD_BYTES = 256

_OPENS = re.compile(rb"\x80[\x02-\x05]")
"""Protocols 2 to 5."""
_IMPORTS = re.compile(rb"c[A-Za-z_][\w.]{0,100}\r?\n[A-Za-z_][\w.]{0,100}\r?\n")
"""The older ones have no mark; text may speak of them."""
_ENCODED = re.compile(rb"[\s'\"]*(?:gA[I-V]|Y[2-3W][\w+/-])[\w+/-]{12}")
"""Base64 of the same."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of another source."""

    source: Source
    start: int
    size: int

    def pread(self, nbytes: int, offset: int) -> bytes:
        """As of any source."""
        return self.source.pread(max(0, min(nbytes, self.size - offset)), self.start + offset)


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes at hand."""

    data: bytes
    cut: bool = False
    """There was more, which was not decoded."""

    @property
    def size(self) -> int:
        """Of them all."""
        return len(self.data)

    def pread(self, nbytes: int, offset: int) -> bytes:
        """As of any source."""
        return self.data[offset : offset + nbytes]


def held(value: Source, *, text: bool) -> Source | None:
    """The pickle that `value`, a constant of another pickle, begins like; None where it does not."""
    head = value.pread(HEAD_BYTES, 0)
    if _OPENS.match(head) or (not text and _IMPORTS.match(head)):
        return value
    if head.startswith(b"\xc2\x80"):  # bytes as protocol 2 writes them: text of the same numbers
        data = value.pread(MAX_DECODED, 0).decode("utf-8", "ignore").encode("latin-1", "ignore")
        return Bytes(data, cut=value.size > MAX_DECODED)
    if _ENCODED.match(head):
        return _decoded(value.pread(MAX_DECODED, 0), cut=value.size > MAX_DECODED)
    return None


def _decoded(text: bytes, *, cut: bool) -> Source | None:
    text = text.translate(bytes.maketrans(b"-_", b"+/"), b" \t\r\n'\"=")
    try:
        data = binascii.a2b_base64(text[: len(text) // 4 * 4])
    except ValueError:
        return None
    return Bytes(data, cut=cut) if _OPENS.match(data) or _IMPORTS.match(data) else None
