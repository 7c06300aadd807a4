"""`TensorProto` (onnx/onnx.proto): a range of the file, a few numbers among the fields, or something left unread."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from provenance.errors import MalformedFile
from provenance.reading.formats.protobuf import BYTES, FIXED32, FIXED64, VARINT, Field, Fields
from provenance.reading.formats.rules import MAX_SIZE, Rule, hidden_character, quoted
from provenance.records import External

MAX_NAME_BYTES = 1024
MAX_DIMENSIONS = 64
MAX_FEW = 64
"""Numbers in typed fields that are taken for a shape, an axis or a scalar, and digested with the header."""
_DIMS, _DATA_TYPE, _SEGMENT, _NAME, _RAW, _ENTRY, _LOCATION = 1, 2, 3, 8, 9, 13, 14
_FLOATS, _INT32S, _TEXTS, _INT64S, _DOUBLES, _UINT64S = 4, 5, 6, 7, 10, 11
_VALUES = frozenset({_FLOATS, _INT32S, _TEXTS, _INT64S, _RAW, _DOUBLES, _UINT64S})
_AS_STORED = {(_FLOATS, 1), (_FLOATS, 14), (_DOUBLES, 11), (_DOUBLES, 15)}
"""Typed fields and data types where values lie one after another as raw bytes would."""
_NUMBERS = {
    *((kind, wire) for kind in (_INT32S, _INT64S, _UINT64S) for wire in (VARINT, BYTES)),
    (_FLOATS, FIXED32),
    (_DOUBLES, FIXED64),
}
"""Typed fields and wire types whose values are counted without regard to the data type."""

DTYPES = {
    1: ("F32", 4), 2: ("U8", 1), 3: ("I8", 1), 4: ("U16", 2), 5: ("I16", 2), 6: ("I32", 4), 7: ("I64", 8),
    9: ("BOOL", 1), 10: ("F16", 2), 11: ("F64", 8), 12: ("U32", 4), 13: ("U64", 8), 14: ("C64", 8), 15: ("C128", 16),
    16: ("BF16", 2), 17: ("F8_E4M3", 1), 18: ("F8_E4M3FNUZ", 1), 19: ("F8_E5M2", 1), 20: ("F8_E5M2FNUZ", 1),
    24: ("F8_E8M0", 1),
}  # fmt: skip
"""`TensorProto.DataType` whose elements are whole bytes."""


@dataclass
class Proto:
    """What the fields of one `TensorProto` say."""

    fields: Fields
    start: int
    end: int
    name: str = ""
    dtype: int = 0
    shape: list[int] = field(default_factory=list)
    values: list[Field] = field(default_factory=list)
    entries: list[Field] = field(default_factory=list)
    location: int = 0
    segment: bool = False

    @property
    def nbytes(self) -> int | None:
        """Bytes of its values; None where its elements are no whole bytes of a known type."""
        known = DTYPES.get(self.dtype)
        if known is None:
            return None
        nbytes = known[1]
        for size in self.shape:
            nbytes *= size
            if max(nbytes, size) > MAX_SIZE:
                what = f"the shape of {quoted(self.name)} overflows 63 bits"
                raise MalformedFile(Rule.SIZE_OVERFLOW, what, where=self.fields.file, offset=self.start)
        return nbytes


def parse(fields: Fields, part: Field) -> Proto:
    """The message that `part` is, each of its fields by itself."""
    proto = Proto(fields, part.start, part.end)
    for inner in fields.of(part.start, part.end):
        if inner.number == _DIMS:
            proto.shape += _dims(fields, inner, MAX_DIMENSIONS + 1 - len(proto.shape))
        elif inner.number == _DATA_TYPE:
            proto.dtype = inner.value
        elif inner.number == _NAME and inner.wire == BYTES:
            proto.name = text(fields, inner, "an initialiser's name")
        elif inner.number in _VALUES:
            proto.values.append(inner)
        elif inner.number == _ENTRY and inner.wire == BYTES:
            proto.entries.append(inner)
        elif inner.number == _LOCATION:
            proto.location = inner.value
        proto.segment = proto.segment or inner.number == _SEGMENT
    _check_shape(proto)
    return proto


def _check_shape(proto: Proto) -> None:
    if len(proto.shape) > MAX_DIMENSIONS:
        rule, what = Rule.TOO_MANY_DIMENSIONS, f"{quoted(proto.name)} has more than {MAX_DIMENSIONS} dimensions"
    elif any(size > MAX_SIZE for size in proto.shape):
        rule, what = Rule.BAD_SHAPE, f"the shape of {quoted(proto.name)} is not of natural numbers"
    else:
        return
    raise MalformedFile(rule, what, where=proto.fields.file, offset=proto.start)


def stored(proto: Proto) -> tuple[int, int] | None:
    """The range of the file that its values are, as long as its type and shape need; None where they are none."""
    nbytes = proto.nbytes
    if nbytes is None or proto.segment or proto.location or proto.entries or len(proto.values) > 1:
        return None
    if not proto.values:
        return (proto.end, proto.end) if nbytes == 0 else None
    (part,) = proto.values
    whole = (part.number == _RAW and part.wire == BYTES) or (
        (part.number, proto.dtype) in _AS_STORED
        and part.wire in (BYTES, FIXED32 if part.number == _FLOATS else FIXED64)
    )
    if not whole:
        return None
    if nbytes != part.end - part.start:
        what = f"{quoted(proto.name)} takes {part.end - part.start} bytes, which its type and shape do not"
        raise MalformedFile(Rule.SIZE_MISMATCH, what, where=proto.fields.file, offset=part.start)
    return part.start, part.end


def few(proto: Proto) -> list[bytes] | None:
    """Its values as they are stored, where they are a few numbers in typed fields; None where they are not."""
    kinds = {(part.number, part.wire) for part in proto.values}
    if proto.segment or proto.location or proto.entries or len(kinds) != 1 or not kinds <= _NUMBERS:
        return None
    found = numbers(proto.fields, proto.values)
    elements = math.prod(proto.shape)
    if found is not None and proto.nbytes is not None and found[1] != elements:
        what = f"{quoted(proto.name)} has {found[1]} values, which its shape does not"
        raise MalformedFile(Rule.SIZE_MISMATCH, what, where=proto.fields.file, offset=proto.start)
    return found and found[0]


def numbers(fields: Fields, parts: Iterable[Field]) -> tuple[list[bytes], int] | None:
    """The bytes of whole numbers in a repeated field, packed or not, and how many they are; None for more than few."""
    found, left = list[bytes](), MAX_FEW
    for part in parts:
        if part.wire == VARINT:
            found.append(part.value.to_bytes(8, "little"))
            left -= 1
        elif part.end - part.start <= 10 * MAX_FEW:
            found.append(fields.bytes(part.start, part.end))
            packed = part.wire == BYTES
            left -= sum(byte < 0x80 for byte in found[-1]) if packed else 1
        else:
            return None
        if left < 0:
            return None
    return found, MAX_FEW - left


def external(proto: Proto) -> External | None:
    """The other file that holds its values, and where they end in it; None where it names none."""
    said: dict[str, str] = {}
    for entry in proto.entries:
        pair = {inner.number: text(proto.fields, inner, "an entry of external data") for inner in
                proto.fields.of(entry.start, entry.end) if inner.number in (1, 2) and inner.wire == BYTES}  # fmt: skip
        said[pair.get(1, "")] = pair.get(2, "")
    needed = proto.nbytes
    offset, length = (_size(proto, said.get(key, ""), key) for key in ("offset", "length"))
    if "length" in said and needed is not None and length != needed:
        what = f"{quoted(proto.name)} takes {length} bytes of another file, which its type and shape do not"
        raise MalformedFile(Rule.SIZE_MISMATCH, what, where=proto.fields.file, offset=proto.start)
    end = offset + (needed or length)
    if end > MAX_SIZE:
        what = f"the values of {quoted(proto.name)} end at byte {end} of another file"
        raise MalformedFile(Rule.SIZE_OVERFLOW, what, where=proto.fields.file, offset=proto.start)
    return External(proto.name, said["location"], end) if said.get("location") else None


def _size(proto: Proto, written: str, key: str) -> int:
    if written and not (written.isascii() and written.isdigit() and len(written) < 40):
        what = f"the {key} of {quoted(proto.name)}, {quoted(written)}, is no natural number"
        raise MalformedFile(Rule.BAD_OFFSETS, what, where=proto.fields.file, offset=proto.start)
    return int(written or "0")


def _dims(fields: Fields, part: Field, most: int) -> list[int]:
    """One dimension, or several packed into one field, of which no more than `most` are looked at."""
    if part.wire == VARINT:
        return [part.value][:most]
    sizes, position = list[int](), part.start
    while position < part.end and len(sizes) < most:
        size, position = fields.varint(position, part.end)
        sizes.append(size)
    return sizes


def text(fields: Fields, part: Field, what: str) -> str:
    """A text that is short, UTF-8 and visible. Raises `MalformedFile`."""
    if part.end - part.start > MAX_NAME_BYTES:
        said = f"{what} has {part.end - part.start} bytes"
        raise MalformedFile(Rule.NAME_TOO_LONG, said, where=fields.file, offset=part.start)
    try:
        found = fields.bytes(part.start, part.end).decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedFile(Rule.NOT_UTF8, f"{what} is not UTF-8", where=fields.file, offset=part.start) from None
    if hidden_character(found):
        said = f"{what} has hidden characters: {quoted(found)}"
        raise MalformedFile(Rule.HIDDEN_CHARACTER, said, where=fields.file, offset=part.start)
    return found
