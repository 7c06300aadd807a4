"""Tar, block by block: members, and what unpackers would do with their names."""

from __future__ import annotations

from dataclasses import dataclass, field

from provenance.facts import Flaw
from provenance.surfaces.containers.sources import Ledger
from provenance.surfaces.pickles.window import CHUNK, Source

BLOCK = 512
MAX_LONG = 1024 * 1024
"""Bytes of a pax header or a long name."""
MAX_NAME = 4096
MAX_FLAWS = 50
FILE, FOLDER, LINK, DEVICE, OTHER = "file", "folder", "link", "device", "other"
_TYPES = {
    **dict.fromkeys(b"\x0007", FILE),
    **dict.fromkeys(b"12", LINK),
    **dict.fromkeys(b"346", DEVICE),
    ord("5"): FOLDER,
}
_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK = b"x", b"g", b"L", b"K"


@dataclass(frozen=True, slots=True)
class TarMember:
    """One member."""

    name: str
    kind: str
    """`file folder link device other`."""
    data: int
    size: int
    offset: int
    target: str = ""
    """Of a link."""


@dataclass(slots=True)
class Tar:
    """What was found."""

    members: list[TarMember] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)

    def flaw(self, kind: str, detail: str, offset: int) -> None:
        """Say it; of many, the first."""
        if len(self.flaws) < MAX_FLAWS:
            self.flaws.append(Flaw(kind, detail, offset))


def is_header(block: bytes) -> bool:
    """Whether a block has the checksum of a header: the sum of its bytes, its own eight counted as spaces."""
    stated = _number(block[148:156])
    unsigned = sum(block[:148]) + sum(block[156:BLOCK]) + 8 * 32
    return len(block) == BLOCK and stated is not None and stated == unsigned != 8 * 32


def read_tar(source: Source, ledger: Ledger) -> Tar:
    """The members in order, and the flaws."""
    found, position = Tar(), 0
    settings: dict[str, str] = {}
    everywhere: dict[str, str] = {}
    seen: set[str] = set()
    while True:
        block = source.pread(BLOCK, position)
        if not block.strip(b"\x00"):
            _end(source, position, found)
            return found
        size = _number(block[124:136])
        if not is_header(block) or size is None or size < 0:
            found.flaw("truncated", "there is no header where the next member should begin", position)
            return found
        kind, data = block[156:157], position + BLOCK
        if kind in (_PAX, _PAX_GLOBAL, _LONG_NAME, _LONG_LINK):
            ledger.take_member()
            _settings(source.pread(min(size, MAX_LONG), data), kind, everywhere if kind == _PAX_GLOBAL else settings)
            if size > MAX_LONG:
                found.flaw("odd-name", f"a name or header of {size:,} bytes", position)
        else:
            ledger.take_member()
            merged = {**everywhere, **settings}
            settings = {}
            member, size = _member(block, merged, position, size, found)
            if member.name in seen:
                found.flaw("duplicate-member", f"{member.name!r} stands in it twice", position)
            seen.add(member.name)
            found.members.append(member)
        end = data + -(-size // BLOCK) * BLOCK
        if data + size > source.size:
            found.flaw("truncated", "a member is longer than the archive", position)
            return found
        position = end


def _end(source: Source, position: int, found: Tar) -> None:
    """After two blocks of zeros nothing follows; some readers go on all the same."""
    start = position
    if position >= source.size:
        return
    while position < source.size:
        if source.pread(CHUNK, position).strip(b"\x00"):
            found.flaw("trailing-data", f"{source.size - start:,} bytes after its end", start)
            return
        position += CHUNK


def _member(block: bytes, settings: dict[str, str], position: int, size: int, found: Tar) -> tuple[TarMember, int]:
    name = _text(block[:100])
    if block[257:262] == b"ustar" and block[257:265] != b"ustar  \x00" and block[345:500].strip(b"\x00"):
        name = f"{_text(block[345:500])}/{name}"
    name = settings.get("path", name)
    target = settings.get("linkpath", _text(block[157:257]))
    stated = settings.get("size", "")
    if stated.isascii() and stated.isdigit() and len(stated) < 20 and int(stated) != size:
        if size:
            found.flaw("header-mismatch", f"{name!r} has two sizes, {size:,} and {int(stated):,}", position)
        size = int(stated)
    if any(key.startswith("GNU.sparse.m") for key in settings) or block[156:157] == b"S":
        found.flaw("sparse", f"{name!r} is stored with holes", position)
    kind = _TYPES.get(block[156], OTHER)
    if kind == FILE and name.endswith("/"):
        kind = FOLDER
    if kind != FILE and size and kind != OTHER:
        found.flaw("header-mismatch", f"{name!r} is a {kind} and has data", position)
    return TarMember(name, kind, position + BLOCK, size, position, target if kind == LINK else ""), size


def _settings(raw: bytes, kind: bytes, into: dict[str, str]) -> None:
    """What a pax header or a long name says of the member that follows."""
    if kind == _LONG_NAME:
        into["path"] = _text(raw)
    elif kind == _LONG_LINK:
        into["linkpath"] = _text(raw)
    else:
        position = 0
        while position < len(raw):
            length, _, _ = raw[position : position + 20].partition(b" ")
            if not length.isdigit() or not 0 < int(length) <= len(raw) - position:
                return
            record = raw[position + len(length) + 1 : position + int(length) - 1]
            key, _, value = record.partition(b"=")
            if key in (b"path", b"linkpath", b"size") or key.startswith(b"GNU.sparse.m"):
                into[key.decode("latin-1")] = _text(value)
            position += int(length)


def _number(raw: bytes) -> int | None:
    """Octal digits, or a number in base 256 where the first bit is set."""
    if raw[:1] and raw[0] & 0x80:
        return int.from_bytes(bytes([raw[0] & 0x7F]) + raw[1:], "big")
    digits = raw.strip(b"\x00 ")
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        return None


def _text(raw: bytes) -> str:
    return raw[:MAX_NAME].partition(b"\x00")[0].decode("utf-8", "replace")
