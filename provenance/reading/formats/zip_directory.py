"""The members of a zip archive and where their bytes lie, read from its directory as readers of checkpoints do.

The directory stands at the end of the file, behind it the end record (APPNOTE.TXT 4.3.12 to 4.3.16), and beside each
member a second header, which readers that go from the front believe. What both say must agree, and members must not
overlap: else two readers see two archives. Layouts that no writer of checkpoints makes are left unread.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from itertools import pairwise

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats.interface import read_exactly
from provenance.reading.formats.rules import Rule, quoted
from provenance.records import ByteReader

MAX_DIRECTORY_BYTES = 32 * 1024 * 1024
MAX_MEMBERS = 2**17
"""A member costs about 500 bytes of memory and one small read; a checkpoint has one for each storage."""

_TAIL_BYTES = 64 * 1024

MAGIC = b"PK\x03\x04"

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_END64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_IN_ZIP64_16, _IN_ZIP64 = 0xFFFF, 0xFFFFFFFF
"""Stand where the value does not fit and is in the zip64 record or field instead."""
_ENCRYPTED = 1 | 1 << 6 | 1 << 13
_SIZES_BEHIND = 1 << 3
"""Flag: sizes follow the data, and may be 0 in the header before it."""
_FOLDER = 0x10
"""Attribute of DOS."""
_STORED = 0


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive."""

    name: str
    start: int
    """Offset of its header in the file."""
    offset: int
    """Offset of its bytes in the file."""
    nbytes: int
    """Bytes it takes there."""
    stored: bool
    """As it is, not compressed."""


def read_directory(reader: ByteReader) -> tuple[Member, ...]:
    """The members of the archive that `reader`'s file is, in the directory's order.

    Raises `MalformedFile` where two readers would see two archives, `UnsupportedFile` for what is not understood.
    """
    offset, size, count = _end(reader)
    if size > MAX_DIRECTORY_BYTES or count > MAX_MEMBERS:
        what = f"which has a directory of {size} bytes and {count} members, more than this reader takes"
        raise UnsupportedFile(what, where=reader.path)
    raw = read_exactly(reader, size, offset)
    members: list[Member] = []
    place = 0
    while place < size and len(members) < count:
        member, place = _member(raw, place, offset, reader)
        members.append(member)
    if place != size or len(members) != count:
        what = f"the directory of {size} bytes does not hold the {count} members that the end record counts"
        raise MalformedFile(Rule.ZIP_DIRECTORY, what, where=reader.path, offset=offset)
    for one, other in pairwise(sorted(members, key=lambda member: member.start)):
        if one.offset + one.nbytes > other.start:
            what = f"the members {quoted(one.name)} and {quoted(other.name)} overlap"
            raise MalformedFile(Rule.ZIP_OVERLAP, what, where=reader.path, offset=other.start)
    return tuple(members)


def glance(reader: ByteReader) -> bytes:
    """The directory's bytes, or the file's last ones where it cannot be found: to tell what an archive holds."""
    try:
        offset, size, _ = _end(reader)
    except (MalformedFile, UnsupportedFile):
        offset, size = max(0, reader.size - _TAIL_BYTES), min(_TAIL_BYTES, reader.size)
    return read_exactly(reader, min(size, MAX_DIRECTORY_BYTES), offset)


def names(raw: bytes) -> list[str]:
    """Names of the members whose records `raw` begins with, up to the first that is none."""
    found: list[str] = []
    place = 0
    while len(found) < MAX_MEMBERS and raw.startswith(b"PK\1\2", place) and place + _CENTRAL.size <= len(raw):
        name, extra, comment = struct.unpack_from("<3H", raw, place + 28)
        place += _CENTRAL.size
        found.append(raw[place : place + name].decode("utf-8", "replace"))
        place += name + extra + comment
    return found


def _end(reader: ByteReader) -> tuple[int, int, int]:
    """Offset and size of the directory, and the number of its members."""
    position = reader.size - _END.size
    record = read_exactly(reader, _END.size, position) if position >= 0 else b""
    if not record.startswith(b"PK\5\6"):
        raise UnsupportedFile("which does not end with a zip's end record", where=reader.path)
    _, disk, first_disk, here, count, size, offset, comment = _END.unpack(record)
    if comment or disk or first_disk or here != count:
        raise UnsupportedFile("which is a zip of several disks, or with a comment", where=reader.path)
    locator = position - _LOCATOR.size
    record = read_exactly(reader, _LOCATOR.size, locator) if locator >= 0 else b""
    if record.startswith(b"PK\6\7"):
        position, (count, size, offset) = _end64(reader, record, locator, (count, size, offset))
    if offset + size != position:
        what = "whose directory does not end where the end record begins"
        raise UnsupportedFile(what, where=reader.path)
    return offset, size, count


def _end64(
    reader: ByteReader, locator: bytes, position: int, end: tuple[int, int, int]
) -> tuple[int, tuple[int, int, int]]:
    """Offset of the zip64 end record, and what it says of the directory: what `end` says, or what did not fit there."""
    _, disk, start, _ = _LOCATOR.unpack(locator)
    record = read_exactly(reader, _END64.size, start) if start == position - _END64.size else b""
    if disk or not record.startswith(b"PK\6\6"):
        raise UnsupportedFile("whose zip64 end record is not where it belongs", where=reader.path)
    _, length, _, _, _, _, here, count, size, offset = _END64.unpack(record)
    limits = (_IN_ZIP64_16, _IN_ZIP64, _IN_ZIP64)
    agree = all(old in (new, limit) for old, new, limit in zip(end, (count, size, offset), limits, strict=True))
    if not agree or here != count or length != _END64.size - 12:
        what = "the zip64 end record says another thing of the directory than the end record"
        raise MalformedFile(Rule.ZIP_DIRECTORY, what, where=reader.path, offset=start)
    return start, (count, size, offset)


def _member(raw: bytes, place: int, end: int, reader: ByteReader) -> tuple[Member, int]:
    """The member whose record is at `place` in the directory, which begins at `end`; and the place after it."""
    record = raw[place : place + _CENTRAL.size]
    if len(record) < _CENTRAL.size or not record.startswith(b"PK\1\2"):
        what = "a record of the directory is none"
        raise MalformedFile(Rule.ZIP_DIRECTORY, what, where=reader.path, offset=end + place)
    _, _, _, flags, method, _, _, _, packed, size, name_length, extra_length, comment, disk, _, attributes, start = (
        _CENTRAL.unpack(record)
    )
    place += _CENTRAL.size
    name_bytes = raw[place : place + name_length]
    extra = raw[place + name_length : place + name_length + extra_length]
    after = place + name_length + extra_length + comment
    if after > len(raw):
        what = "a record of the directory goes past its end"
        raise MalformedFile(Rule.ZIP_DIRECTORY, what, where=reader.path, offset=end + place)
    name = _text(name_bytes, reader)
    size, packed, start = _large(extra, (size, packed, start), name, reader)
    if flags & _ENCRYPTED or disk:
        raise UnsupportedFile(f"whose member {quoted(name)} is encrypted or on another disk", where=reader.path)
    if (attributes & _FOLDER or name.endswith("/")) and (packed or size):
        what = f"{quoted(name)} is a folder of {packed} bytes, which torch leaves unread"
        raise MalformedFile(Rule.ZIP_FOLDER, what, where=reader.path, offset=start)
    if start + _LOCAL.size + name_length > end:
        raise _disagrees(f"the header of {quoted(name)} lies behind the directory's beginning", reader, start)
    offset = start + _LOCAL.size + name_length + _local(reader, start, name_bytes, (flags, method, packed, size))
    if offset + packed > end or (method == _STORED and packed != size):
        raise _disagrees(f"the bytes of {quoted(name)} do not lie before the directory", reader, start)
    return Member(name, start, offset, packed, method == _STORED), after


def _local(reader: ByteReader, start: int, name: bytes, central: tuple[int, int, int, int]) -> int:
    """Bytes of the extra fields of the header at `start`, once that agrees with the directory."""
    record = read_exactly(reader, _LOCAL.size + len(name), start)
    signature, _, flags, method, _, _, _, packed, size, name_length, extra_length = _LOCAL.unpack_from(record)
    same = signature == MAGIC and name_length == len(name) and record.endswith(name)
    same = same and (flags, method) == central[:2]
    shown = quoted(name.decode("utf-8", "replace"))
    if same and _IN_ZIP64 in (packed, size):
        extra = reader.pread(extra_length, start + len(record))
        size, packed, _ = _large(extra, (size, packed, 0), shown, reader)
    behind = flags & _SIZES_BEHIND and packed == size == 0
    if not same or not (behind or (packed, size) == central[2:]):
        raise _disagrees(f"the header beside {shown} says another thing than the directory", reader, start)
    return int(extra_length)


def _large(extra: bytes, values: tuple[int, int, int], name: str, reader: ByteReader) -> tuple[int, int, int]:
    """Size, packed size and offset, taken out of the zip64 field (4.5.3) where they did not fit."""
    if _IN_ZIP64 not in values:
        return values
    place, field = 0, b""
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        if kind == 1:
            field = extra[place + 4 : place + 4 + length]
            break
        place += 4 + length
    found = list(values)
    for index, value in enumerate(values):
        if value == _IN_ZIP64 and len(field) >= 8:
            found[index], field = int.from_bytes(field[:8], "little"), field[8:]
        elif value == _IN_ZIP64:
            raise UnsupportedFile(f"whose member {quoted(name)} has no zip64 sizes", where=reader.path)
    return found[0], found[1], found[2]


def _text(name: bytes, reader: ByteReader) -> str:
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        raise UnsupportedFile("which has a member whose name is not UTF-8", where=reader.path) from None


def _disagrees(what: str, reader: ByteReader, offset: int) -> MalformedFile:
    return MalformedFile(Rule.ZIP_LOCAL_HEADER, what, where=reader.path, offset=offset)
