"""Writes torch checkpoints byte by byte, honest and dishonest: pickles opcode by opcode, zips header by header."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from zlib import crc32

from provenance.reading.formats.torch_legacy import MAGIC

STOP = b"."
UTF8, SIZES_BEHIND = 1 << 11, 1 << 3


# Pickles -------------------------------------------------------------------------------------------------------------


def text(value: str | bytes) -> bytes:
    """BINUNICODE."""
    raw = value.encode() if isinstance(value, str) else value
    return b"X" + struct.pack("<I", len(raw)) + raw


def number(value: int) -> bytes:
    """BININT where it fits, else LONG1."""
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    raw = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(raw)]) + raw


def named(module: str, name: str) -> bytes:
    """GLOBAL."""
    return f"c{module}\n{name}\n".encode()


def many(*items: bytes) -> bytes:
    """A tuple."""
    return b"(" + b"".join(items) + b"t"


def numbers(*values: int) -> bytes:
    """A tuple of integers."""
    return many(*(number(value) for value in values))


def dictionary(items: Mapping[str, bytes]) -> bytes:
    """A dictionary with text keys."""
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


ORDERED = named("collections", "OrderedDict") + b")R"
FLOATS = named("torch", "FloatStorage")


def storage(key: str, elements: int, kind: bytes = FLOATS, location: str = "cpu", *, legacy: bool = False) -> bytes:
    """A persistent id, and the opcode that asks for it."""
    last = (b"N",) if legacy else ()
    return many(text("storage"), kind, text(key), text(location), number(elements), *last) + b"Q"


def tensor(
    held: bytes, shape: tuple[int, ...], strides: tuple[int, ...] | None = None, offset: int = 0, *extra: bytes
) -> bytes:
    """A call of `_rebuild_tensor_v2`, contiguous unless `strides` say otherwise."""
    if strides is None:
        strides, step = (), 1
        for size in reversed(shape):
            strides, step = (step, *strides), step * size
    arguments = many(held, number(offset), numbers(*shape), numbers(*strides), b"\x89", ORDERED, *extra)
    return named("torch._utils", "_rebuild_tensor_v2") + arguments + b"R"


def pickle(value: bytes) -> bytes:
    """A whole pickle of protocol 2."""
    return b"\x80\x02" + value + STOP


def floats(key: str = "0", elements: int = 2, *, legacy: bool = False) -> bytes:
    """A vector that is a whole storage."""
    return tensor(storage(key, elements, legacy=legacy), (elements,))


# Zips ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class File:
    """One member, and what its two headers say where they do not tell the truth."""

    name: bytes
    data: bytes
    method: int = 0
    flags: int = UTF8
    local_name: bytes | None = None
    local_flags: int | None = None
    sizes: tuple[int, int] | None = None
    local_sizes: tuple[int, int] | None = None
    local_extra: bytes = b""
    central_extra: bytes = b""
    attributes: int = 0
    start: int | None = None


def zipped(
    *files: File,
    count: int | None = None,
    size: int | None = None,
    zip64: bytes | None = None,
    comment: bytes = b"",
    gap: bytes = b"",
    disk: int = 0,
) -> bytes:
    """An archive of `files`; the end record may count wrongly, and `zip64` may stand before it."""
    body, directory = b"", b""
    for one in files:
        start = len(body) if one.start is None else one.start
        packed, whole = one.sizes or (len(one.data), len(one.data))
        local_packed, local_whole = one.local_sizes or (packed, whole)
        local_name = one.name if one.local_name is None else one.local_name
        flags = one.flags if one.local_flags is None else one.local_flags
        body += struct.pack(
            "<4s5H3I2H", b"PK\3\4", 20, flags, one.method, 0, 0, crc32(one.data), local_packed, local_whole,
            len(local_name), len(one.local_extra),
        )  # fmt: skip
        body += local_name + one.local_extra + one.data
        directory += struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", 20, 20, one.flags, one.method, 0, 0, crc32(one.data), packed, whole,
            len(one.name), len(one.central_extra), 0, 0, 0, one.attributes, start,
        )  # fmt: skip
        directory += one.name + one.central_extra
    entries = len(files) if count is None else count
    end = struct.pack(
        "<4s4H2IH", b"PK\5\6", disk, 0, entries, entries, len(directory) if size is None else size, len(body),
        len(comment),
    )  # fmt: skip
    return body + directory + gap + (zip64 or b"") + end + comment


def zip64_end(files: int, size: int, offset: int, *, length: int = 44, locator: int | None = None) -> bytes:
    """A zip64 end record and its locator, for an archive whose directory of `size` bytes begins at `offset`."""
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", length, 45, 45, 0, 0, files, files, size, offset)
    return record + struct.pack("<4sIQI", b"PK\6\7", 0, offset + size if locator is None else locator, 1)


def members(
    value: bytes, storages: Mapping[str, bytes], *, byteorder: bytes | None = b"little", version: bytes = b"3\n"
) -> list[File]:
    """The members that `torch.save` writes, in its order."""
    order = [] if byteorder is None else [File(b"m/byteorder", byteorder)]
    data = [File(f"m/data/{key}".encode(), raw) for key, raw in storages.items()]
    return [File(b"m/data.pkl", pickle(value)), *order, *data, File(b"m/version", version)]


def checkpoint(value: bytes, storages: Mapping[str, bytes], **changes: bytes | None) -> bytes:
    """A checkpoint of torch's zip format."""
    return zipped(*members(value, storages, **changes))  # type: ignore[arg-type]


def changed(files: list[File], name: bytes, **changes: object) -> bytes:
    """The archive of `files`, one of which is changed."""
    return zipped(*(replace(one, **changes) if one.name == name else one for one in files))  # type: ignore[arg-type]


# The older format ----------------------------------------------------------------------------------------------------


def legacy(
    value: bytes,
    storages: Mapping[str, bytes],
    *,
    itemsize: int = 4,
    protocol: int = 1001,
    little: bytes = b"\x88",
    keys: bytes | None = None,
) -> bytes:
    """A checkpoint of torch's format from before 1.6; `storages` in the order of their bytes."""
    listed = b"](" + b"".join(text(key) for key in storages) + b"e" if keys is None else keys
    pickles = (number(protocol), dictionary({"little_endian": little}), value, listed)
    bodies = (struct.pack("<Q", len(raw) // itemsize) + raw for raw in storages.values())
    return MAGIC + b"".join(map(pickle, pickles)) + b"".join(bodies)


EIGHT = bytes(range(8))


def small_torch() -> bytes:
    """A flat state dict, a nested one, tied weights, a view, a scalar, an empty tensor, and things that are none."""
    value = dictionary(
        {
            "w": tensor(storage("0", 6), (2, 3)),
            "tied": tensor(storage("0", 6), (2, 3)),
            "row": tensor(storage("0", 6), (3,), None, 3),
            "inner": dictionary({"s": tensor(storage("1", 1, named("torch", "LongStorage")), ()), "n": b"N"}),
            "list": b"](" + tensor(storage("2", 0), (0, 4)) + text("x") + b"e",
            "epoch": number(2**40),
        }
    )
    return checkpoint(value, {"0": bytes(range(24)), "1": EIGHT, "2": b""})


def small_legacy() -> bytes:
    """The same kinds of tensors in the older format."""
    value = dictionary(
        {
            "w": tensor(storage("7", 6, legacy=True), (2, 3)),
            "tied": tensor(storage("7", 6, legacy=True), (6,)),
            "inner": dictionary({"s": tensor(storage("9", 1, legacy=True), ())}),
        }
    )
    return legacy(value, {"9": bytes(4), "7": bytes(range(24))})
