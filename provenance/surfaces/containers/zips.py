"""Zip, read by its directory as loaders do, and by its members' own headers as unpackers do.

Where the two disagree, two programs see two archives.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from provenance.facts import Flaw
from provenance.surfaces.containers.sources import Ledger, UnreadableError
from provenance.surfaces.pickles.window import Source

_END, _END64, _LOCATOR, _ENTRY, _LOCAL = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02", b"PK\x03\x04"
_TAIL = 22 + 65535
MAX_DIRECTORY = 64 * 1024 * 1024
MAX_NAME = 4096
MAX_FLAWS = 50
STORED = 0
METHODS = {8: "deflate", 12: "bzip2", 93: "zstd"}
"""Codecs of `compressed`, by the number of the method."""
_ENCRYPTED, _DESCRIPTOR, _UTF8 = 1, 8, 0x800
_MAX_DESCRIPTOR = 24


@dataclass(frozen=True, slots=True)
class ZipMember:
    """One entry of the directory."""

    name: str
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    offset: int
    """Of its own header, from the beginning of the source."""
    mode: int
    """Unix mode bits, 0 where the entry has none."""
    data: int = 0
    """Where its data begins."""

    @property
    def folder(self) -> bool:
        """It holds nothing."""
        return self.name.endswith("/") and not self.size


@dataclass(slots=True)
class Zip:
    """What was found."""

    members: list[ZipMember] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)

    def flaw(self, kind: str, detail: str, offset: int | None = None) -> None:
        """Say it; of many, the first."""
        if len(self.flaws) < MAX_FLAWS:
            self.flaws.append(Flaw(kind, detail, offset))


def read_zip(source: Source, ledger: Ledger) -> Zip:
    """The members by the directory, and the flaws. `UnreadableError` where there is no directory."""
    found = Zip()
    start, size, count, moved, end = _directory(source, found)
    if size > MAX_DIRECTORY:
        raise UnreadableError("its directory is larger than this version reads")
    raw = source.pread(size, start)
    entries = _entries(raw, moved, found, ledger)
    if len(entries) != count:
        found.flaw("count-mismatch", f"the end says {count:,} members, the directory has {len(entries):,}", end)
    _names(entries, found)
    found.members = [_with_data(source, entry, found) for entry in entries]
    _layout(found, start, source)
    return found


# ---------------------------------------------------------------------------------------------------------------------
# The end, and the directory that it points to
# ---------------------------------------------------------------------------------------------------------------------


def _directory(source: Source, found: Zip) -> tuple[int, int, int, int, int]:
    """Where the directory begins, its size, how many entries it should have, and two places.

    The places: by how much all offsets are moved, and where its end record stands.
    """
    first = max(0, source.size - _TAIL)
    tail = source.pread(_TAIL, first)
    ends: list[int] = []
    position = tail.rfind(_END)
    while position >= 0 and len(ends) < 100:
        if position + 22 <= len(tail):
            ends.append(first + position)
        position = tail.rfind(_END, 0, position)
    places = [place for end in ends if (place := _place(source, end)) is not None]
    if not places:
        raise UnreadableError("it has no directory")
    start, size, count, moved, end = places[0]
    # Those in front of its directory belong to archives that are members.
    if any(other[4] > start for other in places[1:]):
        found.flaw("several-ends", "several records of its end, each with a directory", end)
    comment = int.from_bytes(tail[end - first + 20 : end - first + 22], "little")
    after = source.size - end - 22
    if after != comment:
        found.flaw("trailing-data", f"{after:,} bytes after its end, {comment:,} of them its comment", end)
    if moved:
        found.flaw("moved-directory", f"its directory lies {moved:,} bytes from where its end says", start)
    return start, size, count, moved, end


def _place(source: Source, end: int) -> tuple[int, int, int, int, int] | None:
    """The directory of the record at `end`; None where there is none."""
    record = source.pread(22, end)
    count, size, offset = struct.unpack("<10xHII2x", record)
    before = end
    if end >= 20 and source.pread(4, end - 20) == _LOCATOR:
        (far,) = struct.unpack("<8xQ4x", source.pread(20, end - 20))
        for place in (far, end - 20 - 56):
            wide = source.pread(56, place) if place >= 0 else b""
            if len(wide) == 56 and wide.startswith(_END64):
                count, size, offset = struct.unpack("<32xQQQ", wide)
                before = place
                break
        else:
            return None
    start = before - size
    if start < 0 or (size and source.pread(4, start) != _ENTRY):
        # Readers that trust the offset alone find it elsewhere.
        start = offset
        if size == 0 or start + size > source.size or source.pread(4, start) != _ENTRY:
            return None
        return start, size, count, 0, end
    return start, size, count, start - offset, end


def _entries(raw: bytes, moved: int, found: Zip, ledger: Ledger) -> list[ZipMember]:
    entries, position = [], 0
    while position < len(raw):
        if raw[position : position + 4] != _ENTRY or position + 46 > len(raw):
            found.flaw("directory-broken", "there is something in its directory that is no entry", position)
            break
        ledger.take_member()
        (flags, method, crc, packed, size, name_bytes, extra_bytes, comment_bytes, mode, offset) = struct.unpack(
            "<8xHH4xIIIHHH4xII", raw[position : position + 46]
        )
        begin = position + 46
        name, extra = raw[begin : begin + name_bytes], raw[begin + name_bytes : begin + name_bytes + extra_bytes]
        size, packed, offset = _wide(extra, size, packed, offset)
        text = _name(name, flags, found)
        entries.append(ZipMember(text, method, flags, crc, packed, size, offset + moved, mode >> 16))
        position = begin + name_bytes + extra_bytes + comment_bytes
    return entries


def _wide(extra: bytes, *values: int) -> tuple[int, ...]:
    """Size, packed size and offset, those that are all ones taken from the zip64 field."""
    position, found = 0, list(values)
    while position + 4 <= len(extra):
        kind, length = struct.unpack("<HH", extra[position : position + 4])
        if kind == 1:
            field_ = extra[position + 4 : position + 4 + length]
            for index, value in enumerate(found):
                if value == 0xFFFFFFFF and len(field_) >= 8:
                    found[index] = int.from_bytes(field_[:8], "little")
                    field_ = field_[8:]
            break
        position += 4 + length
    return tuple(found)


def _name(raw: bytes, flags: int, found: Zip) -> str:
    if len(raw) > MAX_NAME:
        found.flaw("odd-name", f"a name of {len(raw):,} bytes")
        raw = raw[:MAX_NAME]
    try:
        text = raw.decode("utf-8") if flags & _UTF8 else raw.decode("cp437")
    except UnicodeDecodeError:
        found.flaw("odd-name", "a name that is not the text it claims to be")
        text = raw.decode("cp437")
    if "\x00" in text:
        # Some readers end a name there.
        found.flaw("odd-name", "a name with a zero byte in it")
        text = text.replace("\x00", "␀")
    return text


def _names(entries: list[ZipMember], found: Zip) -> None:
    """Names that stand twice: readers take the first or the last."""
    seen: dict[str, str] = {}
    for entry in entries:
        plain = entry.name.replace("\\", "/").removeprefix("./")
        if plain in seen:
            same = seen[plain] == entry.name
            how = "stands in it twice" if same else f"and {seen[plain]!r} are one name to some readers"
            found.flaw("duplicate-member", f"{entry.name!r} {how}", entry.offset)
        seen[plain] = entry.name


# ---------------------------------------------------------------------------------------------------------------------
# The members' own headers
# ---------------------------------------------------------------------------------------------------------------------


def _with_data(source: Source, entry: ZipMember, found: Zip) -> ZipMember:
    """The entry with the place of its data; a flaw where its own header says something else."""
    head = source.pread(30, entry.offset) if entry.offset >= 0 else b""
    if len(head) < 30 or not head.startswith(_LOCAL):
        found.flaw(
            "header-mismatch", f"there is no member where the directory says that {entry.name!r} is", entry.offset
        )
        return _replace(entry, -1)
    flags, method, crc, packed, size, name_bytes, extra_bytes = struct.unpack("<6xHH4xIIIHH", head)
    rest = source.pread(name_bytes + extra_bytes, entry.offset + 30)
    name, extra = rest[:name_bytes], rest[name_bytes:]
    size, packed = _wide(extra, size, packed)
    quiet = Zip()
    differs = {
        "name": _name(name, flags, quiet) != entry.name,
        "method": method != entry.method,
        "flags": (flags ^ entry.flags) & (_ENCRYPTED | _DESCRIPTOR),
        # With a descriptor the header comes before anyone knows them.
        "checksum": crc != entry.crc and not (flags & _DESCRIPTOR and crc == 0),
        "size": (size, packed) != (entry.size, entry.packed) and not (flags & _DESCRIPTOR and size == packed == 0),
    }
    for what, different in differs.items():
        if different:
            found.flaw("header-mismatch", f"{entry.name!r} has another {what} in its own header", entry.offset)
    if (flags | entry.flags) & _ENCRYPTED:
        found.flaw("encrypted", f"{entry.name!r} is marked as encrypted", entry.offset)
    if entry.method == STORED and entry.packed != entry.size:
        found.flaw("header-mismatch", f"{entry.name!r} is stored, with two sizes", entry.offset)
    return _replace(entry, entry.offset + 30 + name_bytes + extra_bytes)


def _replace(entry: ZipMember, data: int) -> ZipMember:
    return ZipMember(
        entry.name, entry.method, entry.flags, entry.crc, entry.packed, entry.size, entry.offset, entry.mode, data
    )


def _layout(found: Zip, directory: int, source: Source) -> None:
    """Members fill the file up to the directory; what lies between them is seen by some readers and not by others."""
    position = 0
    for member in sorted((m for m in found.members if m.data >= 0), key=lambda m: (m.offset, m.data)):
        if member.offset < position:
            found.flaw("overlap", f"{member.name!r} lies within another member", member.offset)
        elif member.offset > position:
            _gap(found, source, position, member.offset)
        position = max(position, member.data + member.packed + _descriptor(source, member))
    if position > directory:
        found.flaw("overlap", "a member reaches into the directory", directory)
    elif position < directory:
        _gap(found, source, position, directory)


def _gap(found: Zip, source: Source, begin: int, end: int) -> None:
    head = source.pread(min(end - begin, 64), begin)
    if not head.strip(b"\x00") and end - begin <= 65536:
        return  # alignment
    kind = "hidden-member" if head.startswith(_LOCAL) else "hidden-data"
    found.flaw(kind, f"{end - begin:,} bytes that no entry of its directory speaks of", begin)


def _descriptor(source: Source, member: ZipMember) -> int:
    """Bytes of the record that follows the data, where the flags say that there is one."""
    if not member.flags & _DESCRIPTOR:
        return 0
    after = source.pread(_MAX_DESCRIPTOR, member.data + member.packed)
    mark = 4 if after.startswith(b"PK\x07\x08") else 0
    if not mark and after[:4] != member.crc.to_bytes(4, "little"):
        return 0
    wide = after[mark + 4 : mark + 12] == member.packed.to_bytes(8, "little")
    return mark + (20 if wide else 12)
