"""Headers cut at every byte, and with every byte changed: a named rejection or a valid reading, in bounds."""

from __future__ import annotations

import contextlib
import time
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.errors import LimitExceeded, MalformedFile, UnsupportedFile
from provenance.reading.formats import bounded_json, cursor, read_header
from provenance.reading.formats.rules import Rule
from provenance.reading.formats.shards import read_index

from .forge import (
    ARRAY,
    STRING,
    U8,
    U64,
    Bytes,
    array,
    array_entry,
    assert_sound,
    gguf,
    info,
    safetensors,
    scalar,
    small_gguf,
    small_safetensors,
)
from .hostile import GGUF_CASES, SAFETENSORS_CASES

MIB = 1024 * 1024
MASKS = (0x01, 0x02, 0x10, 0x40, 0x80, 0xFF)
INDEX = b'{"metadata": {"total_size": 12}, "weight_map": {"a": "model-00001-of-00001.safetensors", "b": "b"}}'
SMALL = {
    "m.safetensors": small_safetensors(),
    "m.gguf": small_gguf(),
    "no name": small_gguf(),
    "m.safetensors.index.json": INDEX,
}


def header_bytes(path: str, data: bytes) -> int:
    header = None if path.endswith(".json") else read_header(Bytes(data, path))
    return header.nbytes if header else len(data)


def read_or_reject(data: bytes, path: str) -> str:
    """The rule that rejected the bytes, or nothing; anything else than these and a refusal fails the test."""
    header, line, rule = None, "", ""
    try:
        if path.endswith(".json"):
            read_index(Bytes(data, path))
        else:
            header = read_header(Bytes(data, path))
    except MalformedFile as error:
        line, rule = str(error), Rule(error.rejection)
    except UnsupportedFile as error:
        line = str(error)
    if header:
        assert_sound(header, len(data))
    assert line.isprintable()
    return rule


def truncations(path: str, data: bytes) -> Iterator[bytes]:
    for length in range(header_bytes(path, data)):
        yield data[:length]


def flips(path: str, data: bytes) -> Iterator[bytes]:
    for place in range(header_bytes(path, data)):
        for mask in MASKS:
            yield data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]


@pytest.mark.parametrize("path", SMALL)
def test_cut_at_every_byte(path: str) -> None:
    rules = [read_or_reject(data, path) for data in truncations(path, SMALL[path])]
    if path != "no name":
        assert all(rules), "a cut header was read as a whole one"


@pytest.mark.parametrize("path", SMALL)
def test_every_byte_changed(path: str) -> None:
    rules = {read_or_reject(data, path) for data in flips(path, SMALL[path])}
    assert "" in rules, "no change was harmless: the test changes the wrong bytes"
    assert len(rules) > 3


@pytest.mark.parametrize("path", SMALL)
def test_little_time_and_memory(path: str) -> None:
    slowest = 0.0
    tracemalloc.start()
    for data in (
        *truncations(path, SMALL[path]),
        *(cut for number, cut in enumerate(flips(path, SMALL[path])) if number % 7 == 0),
    ):
        began = time.perf_counter()
        read_or_reject(data, path)
        slowest = max(slowest, time.perf_counter() - began)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert slowest < 1
    assert peak < 20 * MIB


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(SMALL)),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_several_bytes_changed(path: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(SMALL[path])
    for place, byte in changes:
        data[place % len(data)] = byte
    read_or_reject(bytes(data), path)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([b"", b"GGUF\3\0\0\0", b"GGUF\2\0\0\0\1\0\0\0\0\0\0\0", b"\x40\0\0\0\0\0\0\0{"]),
    st.binary(max_size=200),
)
def test_any_bytes_after_an_honest_start(start: bytes, rest: bytes) -> None:
    for path in ("m.gguf", "m.safetensors", "m"):
        read_or_reject(start + rest, path)


@pytest.mark.parametrize("case", [*SAFETENSORS_CASES, *GGUF_CASES], ids=lambda case: f"{case.rule}: {case.what}")
def test_hostile_headers_cut_anywhere(case: object) -> None:
    hostile = next(one for one in (*SAFETENSORS_CASES, *GGUF_CASES) if one is case)
    for path, data in hostile.files.items():
        for length in range(0, min(len(data), 400), 3):
            read_or_reject(data[:length], path)


def _texts(text: bytes, count: int) -> bytes:
    return array(STRING, (len(text).to_bytes(8, "little") + text) * count, count=count)


WIDE = "😀".encode()
HUNGRY = {
    "empty strings": gguf((array_entry("a", _texts(b"", 280_000)),)),
    "wide strings": gguf((array_entry("a", _texts(b"a" * 8 + WIDE, 150_000)),)),
    "long strings": gguf(tuple(array_entry(str(key), _texts(WIDE + b"a" * MIB, 1)) for key in range(8))),
    "numbers": gguf((array_entry("a", array(U64, b"\xff" * 3_300_000, count=412_500)),)),
    "bytes": gguf((array_entry("a", array(U8, bytes(412_500), count=412_500)),)),
    "arrays": gguf((array_entry("a", array(ARRAY, array(U8) * 60_000, count=60_000)),)),
    "keys": gguf(tuple(scalar(str(number), U8, 1) for number in range(30_000))),
    "tensors": gguf((), tuple(info(str(number), (2**40, 2**10, 9, 9), 0, 0) for number in range(17_000))),
}
"""GGUF headers that take all the memory an eighth of the bound allows, each by another kind of value."""


@pytest.mark.parametrize("name", HUNGRY)
def test_hungry_headers_stay_in_bounds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Charged memory is real memory: for 128 MiB charged, the peak stays under 200."""
    monkeypatch.setattr(cursor, "MAX_MEMORY", cursor.MAX_MEMORY // 8)
    tracemalloc.start()
    with contextlib.suppress(MalformedFile, LimitExceeded):
        read_header(Bytes(HUNGRY[name], "m"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert MIB // 4 < peak < 200 * MIB // 8 + MIB


def test_a_hungry_json_header_stays_in_bounds() -> None:
    entries = b",".join(
        b'"%037d":"%037d"' % (number, number) for number in range(bounded_json.MAX_PUNCTUATION // 2 - 4)
    )
    data = safetensors(b'{"__metadata__":{' + entries + b"}}")
    tracemalloc.start()
    header = read_header(Bytes(data, "m"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert header is not None
    assert 100 * MIB < peak < 200 * MIB
