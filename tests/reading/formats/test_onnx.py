"""ONNX models written field by field: initialisers with raw bytes are read, everything else is named."""

from __future__ import annotations

import pytest

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats import onnx as onnx_format
from provenance.reading.formats import onnx_tensors, protobuf, read_header
from provenance.records import External, Header, Tensor

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


@pytest.mark.parametrize(("kind", "dtype"), onnx_tensors.DTYPES.items())
def test_every_dtype(kind: int, dtype: tuple[str, int]) -> None:
    header = read(onnx(initializer("w", (2, 1), bytes(2 * dtype[1]), kind, packed=True)))
    assert (header.tensors[0].dtype, header.tensors[0].shape) == (dtype[0], (2, 1))


@pytest.mark.parametrize(
    "part",
    [
        initializer("w", (100,), None, 7, more=message(7, b"\x81\1" * 100)),
        initializer("w", (200,), None, 6, more=message(5, bytes(700))),
        initializer("w", (1,), bytes(4), more=message(4, bytes(4))),
        initializer("w", (1,), None, more=message(4, bytes(4)) + number(3, 1)),
        initializer("w", (1,), None, more=number(4, 1)),
        initializer("w", (1,), bytes(4), more=message(9, bytes(4))),
        initializer("w", (1,), None, more=number(14, 1) + message(13, message(1, b"location") + message(2, b"../x"))),
        initializer("w", (1,), bytes(4), more=number(14, 1)),
        initializer("w", (1,), None, 8, message(6, b"text")),
        initializer("w", (2,), b"x", 22),
        initializer("w", (1,), None),
    ],
    ids=range(11),
)
def test_values_that_are_no_raw_bytes_of_the_file_are_named(part: bytes) -> None:
    header = read(onnx(part, initializer("other", (1,), bytes(4))))
    assert [tensor.name for tensor in header.tensors] == ["other"]
    assert [(skipped.surface, skipped.asked) for skipped in header.unread] == [("w", True)]


def test_what_else_holds_values_is_named_once() -> None:
    numbers = message(1, b"table") + b"".join(number(8, 7) for _ in range(100))
    blob = message(1, b"blob") + message(4, bytes(5000))
    header = read(onnx(node(numbers), node(numbers), node(blob), more=message(20, b"")))
    assert [skipped.surface for skipped in header.unread] == [
        "a list of numbers in a node",
        "a long text in a node",
        "a training graph",
    ]
    assert all(skipped.asked for skipped in header.unread)


def test_tensors_of_nodes_are_read_wherever_they_are() -> None:
    value = message(5, initializer("", (1,), b"same")[2:])
    constant = message(1, b"value") + value
    inside = message(6, node(constant, output="inner") + initializer("w", (2,), b"in graph"))
    sparse = message(1, initializer("", (2,), b"in value")[2:]) + message(2, initializer("", (1,), b"rest")[2:])
    both = message(10, initializer("", (1,), b"one ")[2:]) + message(10, initializer("", (1,), b"two ")[2:])
    function = message(1, b"f") + message(10, b"d") + message(9, number(2, 17))
    function += message(7, node(constant, output="c")[2:]) + message(11, message(1, b"a") + value)
    data = onnx(
        node(constant, output="c"),
        node(message(1, b"then_branch") + inside, output="if"),
        node(message(1, b"sparse_value") + message(22, sparse), output="s"),
        node(message(1, b"many") + both, output="m"),
        node(message(1, b"trees") + message(7, bytes(400)), output="t"),
        message(15, message(1, initializer("sp", (1,), b"init")[2:]) + message(2, initializer("", (1,), b"inds")[2:])),
        more=message(25, function) + message(14, message(1, b"key") + message(2, b"value")),
    )
    header = read(data)
    assert header.unread == ()
    assert {t.name: data[t.offset : t.offset + t.nbytes] for t in header.tensors} == {
        "c": b"same",
        "if.then_branch/inner": b"same",
        "if.then_branch/w": b"in graph",
        "s": b"in value",
        "s.indices": b"rest",
        "m.many.0": b"one ",
        "m.many.1": b"two ",
        "t.trees": bytes(400),
        "sp": b"init",
        "sp.indices": b"inds",
        "d:f/c": b"same",
        "d:f/default.a": b"same",
    }


def test_floats_in_typed_fields_lie_as_they_would_in_raw_bytes() -> None:
    packed = initializer("w", (2,), None, more=message(4, b"abcdefgh"))
    single = initializer("d", (), None, 11, more=varint(10 << 3 | 1) + b"12345678")
    data = onnx(packed, single)
    assert {t.name: data[t.offset : t.offset + t.nbytes] for t in read(data).tensors} == {
        "w": b"abcdefgh",
        "d": b"12345678",
    }


def test_a_few_numbers_are_part_of_the_header() -> None:
    def model(last: int) -> Header:
        shape = initializer("shape", (2,), None, 7, more=message(7, bytes([1, last])))
        axis = node(message(1, b"axes") + number(8, 1) + number(8, 2) + varint(7 << 3 | 5) + bytes(4))
        return read(onnx(shape, axis, initializer("zero", (1,), None, 6, more=number(5, 0))))

    assert (model(1).tensors, model(1).unread) == ((), ())
    assert model(1).blake3 == model(1).blake3
    assert model(1).blake3 != model(2).blake3


def test_graphs_inside_graphs_are_bounded() -> None:
    graph = b""
    for _ in range(20):
        graph = node(message(1, b"g") + message(6, graph), output="n")
    with pytest.raises(UnsupportedFile, match="more than 16 deep"):
        read(onnx(graph))


def test_where_values_in_other_files_end_is_known() -> None:
    def external(**entries: str) -> bytes:
        pairs = [message(13, message(1, k.encode()) + message(2, v.encode())) for k, v in entries.items()]
        return initializer("w", (4,), None, more=number(14, 1) + b"".join(pairs))

    header = read(onnx(external(location="model.onnx_data", offset="4096", length="16", checksum="x")))
    assert header.external == (External("w", "model.onnx_data", 4112),)
    assert [skipped.surface for skipped in header.unread] == ["w"]
    assert read(onnx(external(location="a"))).external == (External("w", "a", 16),)
    assert read(onnx(external(offset="1"))).external == ()


_NOBODYS = [
    b"\x08\x07",
    b"\x08\x07" + bytes(20),
    number(1, 8) + message(2, b"tests") + message(8, number(2, 17)),
    number(1, 8) + message(2, b"a meta graph of TensorFlow"),
    number(1, 8) + message(7, b"a graph without operators"),
    number(1, 8) + message(7, b"") + bytes(9),
    number(1, 8) + message(99, b"a field of another message") + message(7, message(2, b"graph")),
    number(1, 8) * 5000 + onnx(),
    number(1, 0) + onnx()[2:],
    number(1, 8) + message(2, b"x", 100) + bytes(9),
    number(1, 8) + varint(3 << 3 | 3) + bytes(9),
]


@pytest.mark.parametrize("data", _NOBODYS, ids=range(len(_NOBODYS)))
def test_other_messages_are_nobodys_unless_their_name_says_onnx(data: bytes) -> None:
    assert read_header(Bytes(data, "model.bin")) is None
    if data not in (_NOBODYS[6], _NOBODYS[7]):
        with pytest.raises((MalformedFile, UnsupportedFile)):
            read_header(Bytes(data, "model.onnx"))


def test_a_model_in_another_order_is_read_where_its_name_says_onnx() -> None:
    data = onnx(initializer("w", (1,), bytes(4)))[2:] + number(1, 8)
    assert read_header(Bytes(data, "model.bin")) is None
    assert len(read(data).tensors) == 1


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
        with pytest.raises(UnsupportedFile, match="more than 8 tensors"):
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


def test_properties_are_kept_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    properties = message(14, message(1, b"note") + message(2, b"one")) * 2
    assert read(small_onnx() + properties).metadata == {"note": "one", "note (2)": "one"}
    monkeypatch.setattr(onnx_format, "MAX_PROPERTIES", 15)
    header = read(small_onnx() + properties)
    assert header.metadata == {"note": "one"}
    assert [skipped.surface for skipped in header.unread] == ["more properties than are read"]
