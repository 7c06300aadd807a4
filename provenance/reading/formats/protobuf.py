"""The fields of a protobuf message in a file of any size, without reading what is skipped.

Only what the wire says (protobuf.dev, "Encoding"): numbers, wire types and lengths; every length is held against the
message that holds the field.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats.interface import read_exactly
from provenance.reading.formats.rules import Rule
from provenance.records import ByteReader

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
MAX_FIELDS = 2**20
"""Of one file; each costs about two microseconds."""
_GROUP = (3, 4)
_MAX_NUMBER = 2**29 - 1
_WINDOW = 4096
_MAX_VARINT_BYTES = 10


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its number and wire type, and where its content is."""

    number: int
    wire: int
    value: int
    """Of a varint; 0 for others."""
    start: int
    """Offset of its content in the file."""
    end: int


class Fields:
    """Walks the fields of messages of one file."""

    def __init__(self, reader: ByteReader) -> None:
        self.file = reader.path
        self._reader = reader
        self._window = b""
        self._offset = 0
        self._left = MAX_FIELDS

    def of(self, start: int, end: int, *, cut: bool = False) -> Iterator[Field]:
        """Every field of the message in bytes [start, end), in order; a `cut` message may end inside its last one."""
        position = start
        while position < end:
            self._left -= 1
            if self._left < 0:
                raise UnsupportedFile(f"with more than {MAX_FIELDS} fields", where=self.file)
            key, position = self.varint(position, end)
            number, wire = key >> 3, key & 7
            if not 0 < number <= _MAX_NUMBER:
                raise MalformedFile(Rule.BAD_FIELD, f"a field of number {number}", where=self.file, offset=position)
            value, stop = 0, position
            if wire == VARINT:
                value, stop = self.varint(position, end)
            elif wire == BYTES:
                length, position = self.varint(position, end)
                stop = position + length
            elif wire in (FIXED32, FIXED64):
                stop = position + (4 if wire == FIXED32 else 8)
            elif wire in _GROUP:
                raise UnsupportedFile("with a field of a wire type that is no more in use", where=self.file)
            else:
                what = f"field {number} is of the wire type {wire}, which there is not"
                raise MalformedFile(Rule.BAD_FIELD, what, where=self.file, offset=position)
            if stop > end and not cut:
                what = f"field {number} ends at byte {stop}, its message at {end}"
                raise MalformedFile(Rule.FIELD_PAST_END, what, where=self.file, offset=position)
            yield Field(number, wire, value, position, stop)
            position = stop

    def varint(self, position: int, end: int) -> tuple[int, int]:
        """The number at `position`, and the offset after it."""
        value = 0
        for index, byte in enumerate(self.bytes(position, min(end, position + _MAX_VARINT_BYTES))):
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return value & 0xFFFFFFFFFFFFFFFF, position + index + 1
        what = "a number goes on past its message, or for more than ten bytes"
        raise MalformedFile(Rule.FIELD_PAST_END, what, where=self.file, offset=position)

    def bytes(self, start: int, end: int) -> bytes:
        """Bytes [start, end) of the file, which the caller knows to be few and to lie in it."""
        if not self._offset <= start <= end <= self._offset + len(self._window):
            self._offset = start
            self._window = read_exactly(self._reader, min(max(_WINDOW, end - start), self._reader.size - start), start)
        return self._window[start - self._offset : end - self._offset]
