"""The bounded walk: it believes no length, and forgets no byte."""

from __future__ import annotations

import struct

import blake3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.errors import LimitExceeded, MalformedFile
from provenance.reading.formats.cursor import MAX_MEMORY, MAX_STRING_BYTES, Cursor

from .forge import Bytes, string


def walk(data: bytes) -> Cursor:
    return Cursor(Bytes(data, "m"))


def test_values_in_order() -> None:
    cursor = walk(struct.pack("<IQ2h", 1, 2, -3, 4) + string("five") + b"!")
    assert cursor.offset == 0
    assert cursor.u32() == 1
    assert cursor.u64() == 2
    assert cursor.numbers("h", 2) == (-3, 4)
    assert cursor.string() == b"five"
    assert (cursor.offset, cursor.remaining) == (28, 1)
    assert cursor.take(1) == b"!"
    assert cursor.take(0) == b""
    with pytest.raises(MalformedFile, match="truncated"):
        cursor.take(1)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 900_000), max_size=8))
def test_any_steps_give_the_same_bytes_and_the_same_digest(steps: list[int]) -> None:
    data = bytes(range(251)) * (1 + sum(steps) // 251)
    cursor = walk(data)
    taken = b"".join(cursor.take(step) for step in steps)
    assert taken == data[: sum(steps)]
    assert cursor.offset == sum(steps)
    assert cursor.blake3() == cursor.blake3() == blake3.blake3(taken).hexdigest()


@pytest.mark.parametrize("length", [0, 1, 2**31, 2**63, 2**64 - 1])
def test_a_string_is_as_long_as_the_file_allows(length: int) -> None:
    cursor = walk(struct.pack("<Q", length) + b"x" * (length if length < 2 else 1))
    if length < 2:
        assert cursor.string() == b"x" * length
        return
    with pytest.raises(MalformedFile, match="string-past-end") as caught:
        cursor.string()
    assert caught.value.offset == 0


@pytest.mark.parametrize(("items", "least", "fits"), [(0, 8, True), (2, 8, True), (3, 8, False), (2**64 - 1, 1, False)])
def test_a_count_is_as_large_as_the_file_allows(items: int, least: int, fits: bool) -> None:
    cursor = walk(struct.pack("<Q", items) + bytes(16))
    if fits:
        assert cursor.count(least, "things") == items
        return
    with pytest.raises(MalformedFile, match=r"things .*count-past-end"):
        cursor.count(least, "things")


def test_a_longest_string() -> None:
    assert len(walk(string(b"x" * MAX_STRING_BYTES)).string()) == MAX_STRING_BYTES
    with pytest.raises(LimitExceeded):
        walk(string(b"x" * (MAX_STRING_BYTES + 1))).string()


def test_the_memory_of_all_values_together_is_bounded() -> None:
    cursor = walk(b"")
    cursor.charge(MAX_MEMORY)
    cursor.charge(0)
    with pytest.raises(LimitExceeded, match=r"^m: the header holds values of more than"):
        cursor.charge(1)


def test_a_wide_character_costs_four_times_its_string() -> None:
    narrow, wide = walk(string("a" * 1000)), walk(string("é" * 500))
    for cursor, cost in ((narrow, 1064), (wide, 4064)):
        cursor.charge(MAX_MEMORY - cost)
        assert len(cursor.string()) == 1000
        with pytest.raises(LimitExceeded):
            cursor.charge(1)


def test_numbers_are_charged_before_they_are_read() -> None:
    with pytest.raises(LimitExceeded):
        walk(bytes(MAX_MEMORY // 40 + 1)).numbers("B", MAX_MEMORY // 40 + 1)
