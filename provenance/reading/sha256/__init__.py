"""SHA-256 of two streams in little more time than of one, where the processor has instructions for it.

    _lanes.c   blocks of one stream, or of two in turn: one stream waits for each round's result, two wait less

`hashlib` (OpenSSL) digests one stream as fast as the processor can and takes one at a time; so this is for two files
that are read side by side, and everything else is hashlib's.
"""

from __future__ import annotations

import struct
from array import array

try:
    from provenance.reading.sha256 import _lanes
except ImportError:  # built without a compiler
    _lanes = None  # type: ignore[assignment]

BLOCK_BYTES = 64
TWO_AT_ONCE = _lanes is not None and array("I").itemsize == 4 and _lanes.available()
"""Whether `Lane` works here."""

_FRACTIONS = (
    *(0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A),
    *(0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19),
)
"""Of the square roots of the first eight primes: what every digest begins with (FIPS 180-4, 5.3.3)."""


class Lane:
    """SHA-256 of a stream that is fed by itself or together with another."""

    __slots__ = ("_nbytes", "_tail", "_words")

    def __init__(self) -> None:
        self._words = array("I", _FRACTIONS)
        self._tail = b""
        """What came behind the last whole block."""
        self._nbytes = 0

    def update(self, data: memoryview) -> None:
        """Digest the next bytes."""
        self._nbytes += data.nbytes
        if self._tail:
            data = memoryview(self._tail + bytes(data))
        whole = data.nbytes - data.nbytes % BLOCK_BYTES
        _lanes.compress(self._words, data[:whole])
        self._tail = bytes(data[whole:])

    def update_two(self, data: memoryview, other: Lane, other_data: memoryview) -> None:
        """Digest the next bytes of this stream, and of another."""
        common = min(data.nbytes, other_data.nbytes)
        common -= common % BLOCK_BYTES
        if not (self._tail or other._tail):
            _lanes.compress_two(self._words, data[:common], other._words, other_data[:common])
            self._nbytes += common
            other._nbytes += common
            data, other_data = data[common:], other_data[common:]
        self.update(data)
        other.update(other_data)

    def hexdigest(self) -> str:
        """The digest of the bytes so far."""
        words = self._words[:]
        padding = b"\x80" + bytes((55 - self._nbytes) % BLOCK_BYTES)
        _lanes.compress(words, self._tail + padding + struct.pack(">Q", 8 * self._nbytes))
        return struct.pack(">8I", *words).hex()
