"""Writes headers byte by byte, honest and dishonest, and holds files in memory for the readers."""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from provenance.records import Header

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
NUMBER_CODES = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", U64: "Q", I64: "q", F64: "d"}


@dataclass(frozen=True)
class Bytes:
    """A file in memory."""

    data: bytes
    path: str

    @property
    def size(self) -> int:
        return len(self.data)

    def pread(self, nbytes: int, offset: int) -> bytes:
        assert nbytes >= 0
        assert offset >= 0
        return self.data[offset : offset + nbytes]


@dataclass(frozen=True)
class OnDisk:
    """A file on disk, opened for each read."""

    file: Path

    @property
    def path(self) -> str:
        return self.file.name

    @property
    def size(self) -> int:
        return self.file.stat().st_size

    def pread(self, nbytes: int, offset: int) -> bytes:
        descriptor = os.open(self.file, os.O_RDONLY)
        try:
            return os.pread(descriptor, nbytes, offset)
        finally:
            os.close(descriptor)


# safetensors ---------------------------------------------------------------------------------------------------------


def entry(dtype: object, shape: object, begin: object, end: object, **more: object) -> dict[str, object]:
    """One tensor of a safetensors header."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end], **more}


def safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    """A file of `header` (JSON, or the text itself) and `data`, with its honest `length` unless one is given."""
    text = header if isinstance(header, bytes) else json.dumps(header, ensure_ascii=False).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


# GGUF ----------------------------------------------------------------------------------------------------------------


def string(text: str | bytes) -> bytes:
    """A length and the text."""
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw)) + raw


def value(kind: int, content: object) -> bytes:
    """A metadata value without its type."""
    if kind == STRING:
        assert isinstance(content, str | bytes)
        return string(content)
    if kind == BOOL:
        assert isinstance(content, int)
        return bytes([content])
    return struct.pack("<" + NUMBER_CODES[kind], content)


def scalar(key: str | bytes, kind: int, content: object) -> bytes:
    """One metadata entry."""
    return string(key) + struct.pack("<I", kind) + value(kind, content)


def array(kind: int, *items: bytes, count: int | None = None) -> bytes:
    """An array of values that are bytes already."""
    return struct.pack("<IQ", kind, len(items) if count is None else count) + b"".join(items)


def array_entry(key: str, body: bytes) -> bytes:
    """One metadata entry that holds an array."""
    return string(key) + struct.pack("<I", ARRAY) + body


def info(name: str | bytes, dimensions: tuple[int, ...], kind: int, offset: int) -> bytes:
    """One tensor info; dimensions innermost first, as in the file."""
    return string(name) + struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, kind, offset)


def gguf(
    entries: tuple[bytes, ...] = (),
    infos: tuple[bytes, ...] = (),
    data: bytes = b"",
    *,
    version: int = 3,
    tensor_count: int | None = None,
    entry_count: int | None = None,
    alignment: int = 32,
) -> bytes:
    """A GGUF file, padded before `data` if it has tensors."""
    counts = (
        len(infos) if tensor_count is None else tensor_count,
        len(entries) if entry_count is None else entry_count,
    )
    header = b"GGUF" + struct.pack("<IQQ", version, *counts) + b"".join(entries) + b"".join(infos)
    return header + (bytes(-len(header) % alignment) if infos else b"") + data


# Small honest files --------------------------------------------------------------------------------------------------


def small_safetensors() -> bytes:
    """Every kind of field: metadata, a matrix, a scalar, an empty tensor, 4-bit elements, padding spaces."""
    header = {
        "__metadata__": {"format": "pt", "note": "ärger"},
        "b.weight": entry("F32", [2, 3], 4, 28),
        "a.weight": entry("BF16", [2], 0, 4),
        "empty": entry("F16", [0, 5], 28, 28),
        "nibbles": entry("F4", [6], 28, 31),
        "scalar": entry("U8", [], 31, 32),
    }
    text = json.dumps(header, ensure_ascii=False).encode()
    return safetensors(text + b" " * (-len(text) % 8), bytes(range(32)))


def small_gguf() -> bytes:
    """Every kind of value, and tensors out of order, quantized, empty and scalar."""
    numbers = tuple(scalar(f"n.{kind}", kind, 7) for kind in NUMBER_CODES)
    entries = (
        scalar("general.architecture", STRING, "llama"),
        scalar("general.alignment", U32, 32),
        scalar("flag", BOOL, 1),
        array_entry("tokens", array(STRING, string("a"), string("ä"))),
        array_entry("flags", array(BOOL, b"\1", b"\0")),
        array_entry("nested", array(ARRAY, array(U8, b"\1", b"\2"), array(F32))),
        *numbers,
    )
    infos = (
        info("second", (32, 2), 8, 32),  # Q8_0: 2 blocks of 34 bytes
        info("first", (5,), 0, 0),  # F32: 20 bytes
        info("empty", (0, 3), 1, 128),
        info("scalar", (), 26, 128),  # I32
    )
    return gguf(entries, infos, bytes(range(132)) + bytes(28))


def assert_sound(header: Header, size: int) -> None:
    """What every header that was handed out promises."""
    end = header.nbytes
    names = set()
    for tensor in header.tensors:
        assert tensor.offset >= (0 if header.format == "torch" else end) or tensor.nbytes == 0
        assert tensor.nbytes >= 0
        assert all(0 <= dimension < 2**63 for dimension in tensor.shape)
        assert tensor.name.isprintable()
        assert tensor.offset + tensor.nbytes <= size
        end = max(end, tensor.offset + tensor.nbytes)
        names.add(tensor.name)
    assert len(names) == len(header.tensors)
    assert header.nbytes <= end <= size
