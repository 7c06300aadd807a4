"""GGUF headers: what is read out of honest ones, and where the bounds are."""

from __future__ import annotations

import math
import struct

import pytest

from provenance.errors import LimitExceeded, MalformedFile
from provenance.reading.formats.ggml_types import GGML_TYPES, GgmlType
from provenance.reading.formats.gguf import GGUF, MAX_ALIGNMENT, MAX_KEY_BYTES, MAX_NAME_BYTES
from provenance.records import Header, MetadataValue, Tensor

from .forge import (
    ARRAY,
    BOOL,
    F32,
    F64,
    I8,
    I64,
    NUMBER_CODES,
    STRING,
    U8,
    U16,
    U32,
    U64,
    Bytes,
    array,
    array_entry,
    assert_sound,
    gguf,
    info,
    scalar,
    small_gguf,
    string,
)


def read(data: bytes) -> Header:
    header = GGUF.read_header(Bytes(data, "m.gguf"))
    assert_sound(header, len(data))
    return header


def test_the_small_file_reads_as_it_was_written() -> None:
    data = small_gguf()
    header = read(data)
    start = len(data) - 160
    assert (header.file, header.format, header.version, header.nbytes) == ("m.gguf", "gguf", 3, start)
    assert header.tensors == (
        Tensor("first", "F32", (5,), "m.gguf", start, 20),
        Tensor("second", "Q8_0", (2, 32), "m.gguf", start + 32, 68),
        Tensor("empty", "F16", (3, 0), "m.gguf", start + 128, 0),
        Tensor("scalar", "I32", (), "m.gguf", start + 128, 4),
    )
    assert header.metadata["tokens"] == ("a", "ä")
    assert header.metadata["flags"] == (True, False)
    assert header.metadata["nested"] == ((1, 2), ())
    assert header.metadata["flag"] is True
    assert {header.metadata[f"n.{kind}"] for kind in NUMBER_CODES} == {7}
    assert list(header.metadata)[:2] == ["general.architecture", "general.alignment"]


@pytest.mark.parametrize("version", [2, 3])
def test_versions_2_and_3_are_one_layout(version: int) -> None:
    assert read(gguf((scalar("a", U8, 1),), version=version)).version == version


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (U8, 255, 255),
        (I8, -128, -128),
        (U64, 2**64 - 1, 2**64 - 1),
        (I64, -(2**63), -(2**63)),
        (F32, 0.5, 0.5),
        (F64, 0.1, 0.1),
        (F64, -math.inf, -math.inf),
        (BOOL, 0, False),
        (STRING, "", ""),
        (STRING, "{{ messages }}\n\0", "{{ messages }}\n\0"),
    ],
)
def test_values(kind: int, content: object, expected: MetadataValue) -> None:
    value = read(gguf((scalar("a", kind, content),))).metadata["a"]
    assert value == expected
    assert type(value) is type(expected)


def test_tokens_that_are_not_utf8_are_escaped_and_a_scalar_is_refused() -> None:
    tokens = array(STRING, string(b"\xff\xfe"), string("\\xff"), string("é"))
    assert read(gguf((array_entry("t", tokens),))).metadata["t"] == ("\\xff\\xfe", "\\xff", "é")


def test_arrays_nest_four_deep() -> None:
    four = array(ARRAY, array(ARRAY, array(ARRAY, array(U16, struct.pack("<H", 513)))))
    assert read(gguf((array_entry("a", four),))).metadata["a"] == ((((513,),),),)


@pytest.mark.parametrize("kind", GGML_TYPES, ids=lambda kind: kind.name)
def test_every_ggml_type_has_its_size(kind: GgmlType) -> None:
    nbytes = 3 * kind.nbytes
    padded = nbytes + -nbytes % 32
    header = read(gguf((), (info("a", (kind.elements, 3), kind.number, 0),), bytes(padded)))
    assert header.tensors == (Tensor("a", kind.name, (3, kind.elements), "m.gguf", header.nbytes, nbytes),)


@pytest.mark.parametrize("alignment", [1, 8, 64, MAX_ALIGNMENT])
def test_the_declared_alignment_rules(alignment: int) -> None:
    entries = (scalar("general.alignment", U32, alignment),)
    step = max(4, alignment)
    infos = (info("a", (1,), 0, 0), info("b", (1,), 0, step))
    header = read(gguf(entries, infos, bytes(step + 4), alignment=alignment))
    assert header.nbytes % alignment == 0
    assert header.tensors[1].offset == header.nbytes + step
    if alignment > 8:
        with pytest.raises(MalformedFile, match="misaligned-tensor"):
            read(gguf(entries, (info("a", (1,), 0, 0), info("b", (1,), 0, 8)), bytes(64), alignment=alignment))


@pytest.mark.parametrize("tail", [4, 5, 31, 32])
def test_padding_after_the_last_tensor_may_be_cut_but_not_exceeded(tail: int) -> None:
    infos = (info("a", (1,), 0, 0),)
    assert read(gguf((), infos, bytes(tail))).tensors[0].nbytes == 4
    with pytest.raises(MalformedFile, match="trailing-bytes"):
        read(gguf((), infos, bytes(33)))
    with pytest.raises(MalformedFile, match="tensor-past-end"):
        read(gguf((), infos, bytes(3)))


@pytest.mark.parametrize("padding", [0, 1, 8])
def test_a_file_without_tensors_may_be_padded(padding: int) -> None:
    data = gguf() + bytes(padding)  # 24 bytes, 8 before the alignment
    assert read(data).nbytes == len(data)


def test_bounds_are_reached_but_not_crossed() -> None:
    header = read(gguf((scalar("k" * MAX_KEY_BYTES, U8, 1),), (info("n" * MAX_NAME_BYTES, (1, 1, 1, 1), 24, 0),), b"x"))
    assert header.tensors[0].shape == (1, 1, 1, 1)
    empty = read(gguf((), (info("a", (0, 2**63 - 1), 0, 0),)))
    assert (empty.tensors[0].shape, empty.tensors[0].nbytes) == ((2**63 - 1, 0), 0)


def test_empty_tensors_do_not_move_the_next_one() -> None:
    infos = (info("b", (8,), 0, 0), info("a", (0,), 0, 0), info("c", (0,), 0, 32))
    assert [tensor.name for tensor in read(gguf((), infos, bytes(32))).tensors] == ["a", "b", "c"]


def test_a_withdrawn_type_is_named() -> None:
    with pytest.raises(MalformedFile, match="Q4_0_4_4, which ggml has withdrawn"):
        read(gguf((), (info("a", (32,), 31, 0),), bytes(32)))


def test_the_rule_says_where() -> None:
    before = gguf((scalar("a", U8, 1),))
    with pytest.raises(MalformedFile) as caught:
        read(gguf((scalar("a", U8, 1), scalar("a", U8, 2))))
    assert (caught.value.rejection, caught.value.offset) == ("duplicate-key", len(before))


def test_more_tensors_than_memory_are_a_limit_and_no_rejection() -> None:
    most_of_it = array_entry("a", array(U8, bytes(3_000_000), count=3_000_000))
    infos = tuple(info(str(number), (0,), 0, 0) for number in range(15_000))
    assert len(read(gguf((most_of_it,), infos[:10_000])).tensors) == 10_000
    with pytest.raises(LimitExceeded, match=r"^m\.gguf: "):
        read(gguf((most_of_it,), infos))


def test_a_header_longer_than_the_window_is_digested_whole() -> None:
    tokens = array(STRING, *(string(f"token {number} " + "x" * 90) for number in range(30_000)))
    data = gguf(
        (array_entry("tokens", tokens), scalar("last", STRING, "y" * 2_500_000)), (info("a", (8,), 0, 0),), bytes(32)
    )
    header = read(data)
    assert header.nbytes == len(data) - 32 > 5_000_000
    assert len(header.metadata["tokens"]) == 30_000  # type: ignore[arg-type]
    assert header.metadata["last"] == "y" * 2_500_000
