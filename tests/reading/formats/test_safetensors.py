"""safetensors headers: what is read out of honest ones, and where the bounds are."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.errors import LimitExceeded, MalformedFile
from provenance.reading.formats import bounded_json
from provenance.reading.formats.safetensors import DTYPE_BITS, MAX_DIMENSIONS, MAX_NAME_CHARACTERS, SAFETENSORS
from provenance.records import Header, Tensor

from .forge import Bytes, assert_sound, entry, safetensors, small_safetensors


def read(data: bytes) -> Header:
    return SAFETENSORS.read_header(Bytes(data, "m.safetensors"))


def test_the_small_file_reads_as_it_was_written() -> None:
    data = small_safetensors()
    header = read(data)
    start = len(data) - 32
    file = "m.safetensors"
    assert (header.file, header.format, header.version, header.nbytes) == (file, "safetensors", 0, start)
    assert header.metadata == {"format": "pt", "note": "ärger"}
    assert header.tensors == (
        Tensor("a.weight", "BF16", (2,), file, start, 4),
        Tensor("b.weight", "F32", (2, 3), file, start + 4, 24),
        Tensor("empty", "F16", (0, 5), file, start + 28, 0),
        Tensor("nibbles", "F4", (6,), file, start + 28, 3),
        Tensor("scalar", "U8", (), file, start + 31, 1),
    )


@pytest.mark.parametrize(("dtype", "bits"), DTYPE_BITS.items())
def test_every_dtype_has_its_size(dtype: str, bits: int) -> None:
    header = read(safetensors({"a": entry(dtype, [2, 4], 0, bits)}, bytes(bits)))
    assert (header.tensors[0].dtype, header.tensors[0].nbytes) == (dtype, bits)
    with pytest.raises(MalformedFile, match="size-mismatch"):
        read(safetensors({"a": entry(dtype, [2, 4], 0, bits + 1)}, bytes(bits + 1)))


@pytest.mark.parametrize("padding", [b"", b" ", b" " * 4096, b" \n\t\r"])
def test_the_header_may_be_padded(padding: bytes) -> None:
    data = safetensors(json.dumps({"a": entry("U8", [1], 0, 1)}).encode() + padding, b"x")
    assert read(data).nbytes == len(data) - 1


def test_null_metadata_is_none_as_in_the_reference_reader() -> None:
    assert read(safetensors({"__metadata__": None})).metadata == {}
    assert read(safetensors({})).metadata == {}


def test_bounds_are_reached_but_not_crossed() -> None:
    name = "n" * MAX_NAME_CHARACTERS
    assert read(safetensors({name: entry("U8", [1] * MAX_DIMENSIONS, 0, 1)}, b"x")).tensors[0].name == name
    empty = read(safetensors({"a": entry("U8", [0, 2**63 - 1], 0, 0)}))
    assert (empty.tensors[0].elements, empty.tensors[0].nbytes) == (0, 0)


def test_empty_tensors_may_share_a_place() -> None:
    header = read(safetensors({name: entry("F32", [0], 0, 0) for name in "cab"}))
    assert [tensor.name for tensor in header.tensors] == ["a", "b", "c"]


def test_a_minus_zero_in_a_name_is_just_a_name() -> None:
    names = ['layer-0"', "-0", "[-0]", "a\\"]
    header = read(safetensors({name: entry("U8", [1], place, place + 1) for place, name in enumerate(names)}, b"abcd"))
    assert [tensor.name for tensor in header.tensors] == names


@pytest.mark.parametrize("number", ["-0", "-0 ", "\n-0"])
def test_a_minus_zero_outside_names_is_refused(number: str) -> None:
    text = f'{{"a":{{"dtype":"U8","shape":[0],"data_offsets":[{number},0]}}}}'
    with pytest.raises(MalformedFile, match="negative-zero"):
        read(safetensors(text.encode()))


def test_the_rule_says_where() -> None:
    data = safetensors({"a": entry("U8", [1], 0, 1)}, b"xyz")
    with pytest.raises(MalformedFile) as caught:
        read(data)
    assert (caught.value.rejection, caught.value.offset) == ("trailing-bytes", len(data) - 2)


def test_more_tensors_than_memory_are_a_limit_and_no_rejection() -> None:
    one = json.dumps(entry("U8", [0], 0, 0))
    many = ",".join(f'"{number}":{one}' for number in range(bounded_json.MAX_PUNCTUATION // 10))
    with pytest.raises(LimitExceeded, match=r"^m\.safetensors: JSON of about"):
        read(safetensors(f"{{{many}}}".encode()))


def test_more_text_than_memory_is_a_limit_and_no_rejection() -> None:
    wide = "é" * (bounded_json.MAX_TEXT_BYTES // 8 + 1)
    for metadata in ({"a": "a" * bounded_json.MAX_TEXT_BYTES}, {"a": wide}):
        with pytest.raises(LimitExceeded, match=r"^m\.safetensors: .* bytes of JSON"):
            read(safetensors({"__metadata__": metadata}))


@dataclass(frozen=True)
class Changing(Bytes):
    """Another JSON text each time it is read, as a file under attack may be."""

    def pread(self, nbytes: int, offset: int) -> bytes:
        return super().pread(nbytes, offset) if offset == 0 else b"[]"


def test_a_header_that_changes_between_two_reads_is_refused() -> None:
    with pytest.raises(MalformedFile, match="not-safetensors"):
        SAFETENSORS.read_header(Changing(safetensors(b"{}"), "m.safetensors"))


names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=8)
shapes = st.lists(st.integers(0, 4), max_size=4)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(names, st.sampled_from(sorted(DTYPE_BITS)), shapes), unique_by=lambda tensor: tensor[0], max_size=6
    )
)
def test_whatever_tiles_is_read_back(tensors: list[tuple[str, str, list[int]]]) -> None:
    written, offset = {}, 0
    for name, dtype, shape in tensors:
        bits = DTYPE_BITS[dtype]
        for dimension in shape:
            bits *= dimension
        nbytes = bits // 8 if bits % 8 == 0 else 0
        written[name] = entry(dtype, shape if bits % 8 == 0 else [0], offset, offset + nbytes)
        offset += nbytes
    data = safetensors(written, bytes(offset))
    header = read(data)
    assert_sound(header, len(data))
    read_back = {
        tensor.name: entry(
            tensor.dtype,
            list(tensor.shape),
            tensor.offset - header.nbytes,
            tensor.offset - header.nbytes + tensor.nbytes,
        )
        for tensor in header.tensors
    }
    assert read_back == written
