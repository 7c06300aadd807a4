"""ONNX models written field by field: initialisers with raw bytes are read, everything else is named."""

from __future__ import annotations

import pytest

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats import onnx as onnx_format
from provenance.reading.formats import protobuf, read_header
from provenance.records import Header, Tensor

from .forge import Bytes, assert_sound
from .other_forge import initializer, message, node, number, onnx, small_onnx, varint


def read(data: bytes) -> Header:
    header = read_header(Bytes(data, "model.onnx"))
    assert header is not None
    assert_sound(header, len(data))
    return header


def test_a_small_model() -> None:
    data = small_onnx()
    header = read(data)
    assert [(t.name, t.dtype, t.shape, data[t.offset : t.offset + t.nbytes]) for t in header.tensors] == [
        ("w", "F32", (2, 3), bytes(range(24))),
        ("s", "BOOL", (), b"\1"),
        ("none", "F32", (0, 4), b""),
    ]
    assert (header.format, header.version, header.unread) == ("onnx", 8, ())
    assert isinstance(header.tensors[0], Tensor)


@pytest.mark.parametrize(("kind", "dtype"), onnx_format.DTYPES.items())
def test_every_dtype(kind: int, dtype: tuple[str, int]) -> None:
    header = read(onnx(initializer("w", (2, 1), bytes(2 * dtype[1]), kind, packed=True)))
    assert (header.tensors[0].dtype, header.tensors[0].shape) == (dtype[0], (2, 1))


@pytest.mark.parametrize(
    "part",
    [
        initializer("w", (1,), None, more=message(4, bytes(4))),
        initializer("w", (1,), bytes(4), more=message(4, bytes(4))),
        initializer("w", (1,), bytes(4), more=message(9, bytes(4))),
        initializer("w", (1,), None, more=number(14, 1) + message(13, message(1, b"location") + message(2, b"../x"))),
        initializer("w", (1,), bytes(4), more=number(14, 1)),
        initializer("w", (1,), None, 8, message(6, b"text")),
        initializer("w", (2,), b"x", 22),
        initializer("w", (1,), None),
    ],
    ids=range(8),
)
def test_values_that_are_no_raw_bytes_of_the_file_are_named(part: bytes) -> None:
    header = read(onnx(part, initializer("other", (1,), bytes(4))))
    assert [tensor.name for tensor in header.tensors] == ["other"]
    assert [(skipped.surface, skipped.asked) for skipped in header.unread] == [("w", True)]


def test_what_else_holds_values_is_named_once() -> None:
    constant = message(1, b"value") + message(5, number(1, 1))
    graph = message(1, b"body") + message(6, b"")
    header = read(onnx(node(constant), node(graph), message(15, b""), more=message(25, b"")))
    assert {skipped.surface for skipped in header.unread} == {
        "a constant in a node",
        "a sparse initialiser",
        "a function or training graph",
    }


@pytest.mark.parametrize(
    "data",
    [
        b"\x08\x07",
        b"\x08\x07" + bytes(20),
        number(1, 8) + message(2, b"tests") + message(8, number(2, 17)),
        onnx() + message(7, b""),
        number(1, 8) + message(2, b"a meta graph of TensorFlow"),
        number(1, 8) + message(7, b"a graph without operators"),
        onnx(more=message(99, b"")),
        onnx()[:-1],
        onnx(more=varint(3 << 3 | 3)),
        number(1, 8) * 5000 + onnx(),
    ],
    ids=range(10),
)
def test_other_messages_are_nobodys(data: bytes) -> None:
    assert read_header(Bytes(data, "model.onnx")) is None


def test_fields_of_a_fixed_size_are_passed_over() -> None:
    fixed = varint(50 << 3 | 1) + bytes(8) + varint(51 << 3 | 5) + bytes(4) + number(52, 2**64 - 1)
    assert len(read(onnx(fixed, initializer("w", (1,), bytes(4)))).tensors) == 1


def test_a_large_model_is_not_read_whole() -> None:
    raw = bytes(200_000)
    reads = []

    class Counting(Bytes):
        def pread(self, nbytes: int, offset: int) -> bytes:
            reads.append(nbytes)
            return super().pread(nbytes, offset)

    data = onnx(*(initializer(f"w{index}", (50_000,), raw) for index in range(8)))
    header = read_header(Counting(data, "m"))
    assert header is not None
    assert len(header.tensors) == 8
    assert sum(reads) < 100_000


def test_limits_are_said_and_not_crossed(monkeypatch: pytest.MonkeyPatch) -> None:
    data = onnx(*(initializer(f"w{index}", (1,), bytes(4)) for index in range(9)))
    with monkeypatch.context() as patch:
        patch.setattr(protobuf, "MAX_FIELDS", 20)
        with pytest.raises(UnsupportedFile, match="more than 20 fields"):
            read(data)
    with monkeypatch.context() as patch:
        patch.setattr(onnx_format, "MAX_TENSORS", 8)
        with pytest.raises(UnsupportedFile, match="more than 8 initialisers"):
            read(data)


def test_a_wire_type_that_is_no_more_in_use_is_not_read() -> None:
    with pytest.raises(UnsupportedFile, match="no more in use"):
        read(onnx(varint(5 << 3 | 4)))


def test_cut_and_changed_at_every_byte() -> None:
    data = small_onnx()
    for place in range(len(data)):
        for changed in (data[:place], data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1 :]):
            try:
                header = read_header(Bytes(changed, "m"))
            except (MalformedFile, UnsupportedFile):
                continue
            if header:
                assert_sound(header, len(changed))
