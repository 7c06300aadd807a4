"""Writes NumPy arrays and ONNX models byte by byte."""

from __future__ import annotations

import struct

from .torch_forge import File, zipped

FLOAT = 1


def npy(descr: str = "<f4", shape: str = "(2,)", data: bytes = bytes(8), *, columns: str = "False", major: int = 1,
        text: str | None = None) -> bytes:  # fmt: skip
    """One array."""
    said = f"{{'descr': '{descr}', 'fortran_order': {columns}, 'shape': {shape}, }}" if text is None else text
    header = said.encode() + b" " * (-(len(said) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + bytes([major, 0]) + struct.pack("<H" if major == 1 else "<I", len(header)) + header + data


def npz(*arrays: tuple[bytes, bytes], **changes: object) -> bytes:
    """A zip of arrays by the names of their members."""
    return zipped(*(File(name, data, **changes) for name, data in arrays))  # type: ignore[arg-type]


def varint(value: int) -> bytes:
    """A number of seven bits a byte, least first."""
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    """A varint field."""
    return varint(field << 3) + varint(value)


def message(field: int, content: bytes, length: int | None = None) -> bytes:
    """A length-delimited field."""
    return varint(field << 3 | 2) + varint(len(content) if length is None else length) + content


def initializer(name: str | bytes, shape: tuple[int, ...], raw: bytes | None, kind: int = FLOAT, more: bytes = b"",
                *, packed: bool = False) -> bytes:  # fmt: skip
    """A `TensorProto` among a graph's initialisers."""
    raw_name = name.encode() if isinstance(name, str) else name
    dims = message(1, b"".join(map(varint, shape))) if packed else b"".join(number(1, size) for size in shape)
    data = b"" if raw is None else message(9, raw)
    return message(5, dims + number(2, kind) + message(8, raw_name) + data + more)


def node(*attributes: bytes, output: str = "") -> bytes:
    """A `NodeProto` with attributes."""
    said = message(1, b"x") + message(2, output.encode()) + message(3, b"name") + message(4, b"Op")
    return message(1, said + b"".join(message(5, one) for one in attributes))


def onnx(*parts: bytes, more: bytes = b"") -> bytes:
    """A model whose graph has these parts."""
    graph = message(2, b"graph") + b"".join(parts)
    return number(1, 8) + message(2, b"tests") + message(7, graph) + message(8, number(2, 17)) + more


def small_npy() -> bytes:
    """A matrix."""
    return npy("<f4", "(2, 3)", bytes(range(24)))


def small_npz() -> bytes:
    """A vector and a scalar."""
    return npz((b"a.npy", npy()), (b"b.npy", npy("|u1", "()", b"x")))


def small_onnx() -> bytes:
    """Nodes, a matrix, a scalar, an empty tensor."""
    return onnx(
        node(message(1, b"axis") + number(3, 1)),
        initializer("w", (2, 3), bytes(range(24))),
        initializer("s", (), b"\1", 9),
        initializer("none", (0, 4), None),
    )
