"""Names, indexes and the parts of one set."""

from __future__ import annotations

import json

import pytest

from provenance.errors import LimitExceeded
from provenance.reading.formats import bounded_json, read_header
from provenance.reading.formats.rules import Rule
from provenance.reading.formats.shards import (
    SplitName,
    check_split,
    is_index,
    read_index,
    split_name,
    split_sets,
)
from provenance.records import Header, ShardIndex

from .forge import I32, STRING, U16, Bytes, entry, gguf, safetensors, scalar
from .hostile import part


def headers(**files: bytes) -> tuple[Header, ...]:
    """Headers of files whose names have `_` for `-` and `__` for `.`."""
    read = [read_header(Bytes(data, name.replace("__", ".").replace("_", "-"))) for name, data in files.items()]
    return tuple(header for header in read if header)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("m-00001-of-00003.gguf", SplitName("m", 1, 3, ".gguf")),
        ("a/b-Q4_K_M-00002-of-00002.gguf", SplitName("a/b-Q4_K_M", 2, 2, ".gguf")),
        ("model-00001-of-000163.safetensors", SplitName("model", 1, 163, ".safetensors")),
        ("model-7-of-61.safetensors", SplitName("model", 7, 61, ".safetensors")),
        ("m-00000-of-00000.gguf", SplitName("m", 0, 0, ".gguf")),
        ("a-1-of-2-3-of-4.gguf", SplitName("a-1-of-2", 3, 4, ".gguf")),
        ("pytorch_model-00001-of-00002.bin", SplitName("pytorch_model", 1, 2, ".bin")),
        ("line\n-1-of-2.gguf", SplitName("line\n", 1, 2, ".gguf")),
    ],
)
def test_names_of_parts(path: str, expected: SplitName) -> None:
    assert split_name(path) == expected


@pytest.mark.parametrize(
    "path",
    ["m.gguf", "model.safetensors", "-1-of-2.gguf", "m-1-of-2.pt", "m-1-of-2.gguf\n", "m-1-of.gguf",
     "m-1-of-1234567.gguf", "m-\u0661-of-\u0662.gguf", "m-1-of-2.gguf.txt"],
)  # fmt: skip
def test_names_of_whole_files(path: str) -> None:
    assert split_name(path) is None


@pytest.mark.parametrize(
    "path",
    ["model.safetensors.index.json", "a/pytorch_model.bin.index.json", "diffusion.safetensors.index.fp16.json"],
)
def test_names_of_indexes(path: str) -> None:
    assert is_index(path)


@pytest.mark.parametrize("path", ["search.index.json", "index.json", "model.safetensors", ".safetensors.index.json"])
def test_names_of_other_json(path: str) -> None:
    assert not is_index(path)


@pytest.mark.parametrize(
    ("metadata", "size"),
    [
        ({"total_size": 12}, 12),
        ({"total_size": 12.0}, 12),
        ({"total_size": 0}, 0),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_an_index_as_found(metadata: object, size: int | None) -> None:
    weight_map = {"a": "model-00001-of-00002.safetensors", "b": "../../etc/passwd"}
    data = json.dumps({"metadata": metadata, "weight_map": weight_map}).encode()
    assert read_index(Bytes(data, "m.index.json")) == ShardIndex("m.index.json", weight_map, size)


def test_an_index_may_be_empty_of_tensors() -> None:
    assert read_index(Bytes(b'{"weight_map":{}}', "m")).weight_map == {}


def test_an_index_larger_than_memory_is_a_limit() -> None:
    with pytest.raises(LimitExceeded, match="shard index"):
        read_index(Bytes(b" " * (bounded_json.MAX_TEXT_BYTES + 1), "m"))
    shards = b",".join(b'"%d":""' % number for number in range(bounded_json.MAX_PUNCTUATION // 2))
    with pytest.raises(LimitExceeded, match="values"):
        read_index(Bytes(b'{"weight_map":{' + shards + b"}}", "m"))


def test_files_are_put_together_by_their_names() -> None:
    one = safetensors({"a": entry("U8", [1], 0, 1)}, b"x")
    found = headers(
        m_1_of_2__safetensors=one,
        n_1_of_2__safetensors=one,
        m_2_of_2__safetensors=one,
        m__safetensors=one,
        m_1_of_3__safetensors=one,
        m_1_of_2__gguf=gguf(),
    )
    assert [[header.file for header in parts] for parts in split_sets(found)] == [
        ["m-1-of-2.safetensors", "m-2-of-2.safetensors"],
        ["n-1-of-2.safetensors"],
        ["m.safetensors"],
        ["m-1-of-3.safetensors"],
        ["m-1-of-2.gguf"],
    ]


def test_an_honest_set_has_nothing_wrong() -> None:
    total = scalar("split.tensors.count", I32, 2)
    parts = headers(m_00001_of_00002__gguf=part(0, 2, "a", total), m_00002_of_00002__gguf=part(1, 2, "b", total))
    assert check_split(parts) == ()
    assert check_split(parts[::-1]) == ()
    one = safetensors({"a": entry("U8", [1], 0, 1)}, b"x")
    two = safetensors({"b": entry("U8", [1], 0, 1)}, b"x")
    assert check_split(headers(m_1_of_2__safetensors=one, m_2_of_2__safetensors=two)) == ()


@pytest.mark.parametrize("count", [None, 0, 1])
def test_a_whole_file_may_carry_what_merging_left(count: int | None) -> None:
    entries = () if count is None else (scalar("split.count", U16, count), scalar("split.tensors.count", I32, 0))
    assert check_split(headers(m__gguf=gguf(entries))) == ()


def test_metadata_of_safetensors_is_not_taken_for_split_metadata() -> None:
    data = safetensors({"__metadata__": {"split.count": "7", "split.tensors.count": "9"}})
    assert check_split(headers(m__safetensors=data)) == ()


def test_a_part_that_does_not_say_so_itself() -> None:
    wrong = check_split(headers(m_00001_of_00001__gguf=gguf()))
    assert {(found.file, found.rule, found.format) for found in wrong} == {
        ("m-00001-of-00001.gguf", "split-number", "gguf"),
        ("m-00001-of-00001.gguf", "split-count", "gguf"),
    }
    assert any("split.no is None" in found.message for found in wrong)


def test_one_rejection_a_file_and_rule_in_order() -> None:
    total = scalar("split.tensors.count", STRING, "many")
    wrong = check_split(headers(m_00003_of_00002__gguf=part(7, 9, "a", total), m_2_of_2__gguf=part(1, 2, "a", total)))
    assert [(found.file, found.rule) for found in wrong] == [
        ("m-00003-of-00002.gguf", Rule.SPLIT_NUMBER),
        ("m-00003-of-00002.gguf", Rule.SPLIT_COUNT),
        ("m-2-of-2.gguf", Rule.DUPLICATE_TENSOR),
    ]
    assert wrong[0].message == "part 3 of 2"
    assert wrong[2].message == "'a' is in 'm-00003-of-00002.gguf' too (1 such tensors)"


def test_a_total_in_words() -> None:
    total = scalar("split.tensors.count", STRING, "many")
    (wrong,) = check_split(headers(m_1_of_1__gguf=part(0, 1, "a", total)))
    assert (wrong.rule, wrong.message) == ("split-tensors", "split.tensors.count is no integer, and the parts hold 1")
