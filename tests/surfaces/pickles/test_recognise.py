"""The opcode walk against pickles made by CPython and torch, and against texts that only look like them."""

from __future__ import annotations

import collections
import io
import os
import pickle
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.surfaces.pickles.recognise import walk


class Calls:
    """Pickled, it calls os.getpid when loaded. Nothing here ever loads it."""

    def __reduce__(self) -> tuple[object, tuple[()]]:
        return os.getpid, ()


DATA = [
    {"a": [1, 2, (3, 4, 5, 6)], "b": {1, 2}, "c": None, "d": True},
    [1.5, -7, 2**40, 2**100, 0],
    "x" * 300,
    b"bytes \xff",
    bytearray(b"array"),
    frozenset({1}),
    ("é", "\n", "'quoted'"),
    [[], {}, (), ""],
]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", DATA, ids=str)
def test_walks_what_cpython_writes_to_its_end(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    found = walk(data, len(data))
    assert not found.broken
    assert found.stop == found.end == len(data)
    # Before they had opcodes of their own, bytes and sets were made by calls.
    assert found.calls == any(word in data for word in (b"_codecs", b"builtin", b"__main__"))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", [Calls(), [Calls()] * 3, collections.OrderedDict(a=1), {"k": (Calls(), 1)}], ids=str)
def test_sees_imports_and_calls(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    found = walk(data, len(data))
    assert (found.imports, found.calls, found.stop) == (True, True, len(data))


def test_legacy_torch_is_several_pickles() -> None:
    import torch

    buffer = io.BytesIO()
    torch.save({"w": torch.zeros(3)}, buffer, _use_new_zipfile_serialization=False)
    data = buffer.getvalue()
    found = walk(data, len(data))
    assert found.stop > 15
    assert walk(data[:15], len(data)).stop == 15


def test_a_call_is_seen_before_the_stream_breaks() -> None:
    data = b"cos\nsystem\n(S'id'\ntR" + b"\xff\xff no opcode"
    found = walk(data, len(data))
    assert found.calls
    assert found.broken
    assert found.end == data.index(b"\xff")


def test_inst_and_obj_are_calls() -> None:
    for data in (b"(S'id'\nios\nsystem\n.", b"(cos\nsystem\nS'id'\no."):
        found = walk(data, len(data))
        assert found.calls
        assert found.stop == len(data)


@pytest.mark.parametrize(
    "text",
    [
        b"cab\nwhat\nI 1\nRe\n",
        b"cat\ndog\ncow\ncub\nbat\n",
        b"checkpoints\n__pycache__\n.venv\n",
        b"cab\ncable\nReed\n",
        b"(iOS\nnot one word\n",
        b"(c) 2026 The authors\n",
        b"# A model card\n",
        b"I1 is a number\n",
        b"Valid text\nPlease read\n",
        b"S is not quoted\n",
        b'{"json": true}',
        b"",
    ],
)
def test_no_text_reaches_a_call(text: bytes) -> None:
    assert not walk(text, len(text)).calls


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"R", "nothing to call"),
        (b"t", "no mark"),
        (b"N(R", "the mark is in the way"),
        (b"\xff", "no opcode"),
        (b"Inot a number\n", "not a number"),
        (b"c\nx\n", "not a name"),
        (b"cno module\nx\n", "not a name either"),
        (b"(p0\n", "nothing to remember"),
        (b"(00", "nothing to drop"),
        (b"U\xff1", "longer than the file"),
    ],
)
def test_what_the_machine_would_refuse_is_broken(data: bytes, why: str) -> None:
    found = walk(data, len(data))
    assert found.broken, why
    assert not found.calls


def test_an_argument_that_goes_on_past_the_head_is_not_broken() -> None:
    data = pickle.dumps(b"x" * 100_000, 4)
    found = walk(data[:1000], len(data))
    assert not found.broken
    assert not found.stop
    line = b"V" + b"x" * 5000
    assert not walk(line[:100], len(line)).broken


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04U\x05posixU\x06system\x93U\x02id\x85R.",
        b"U\x05posixU\x06system\x93U\x02id\x85R.",
        b"T\x05\0\0\0posixX\x06\0\0\0system\x93U\x02id\x85R.",
        b"cos\nsystem\nVid\nR.",
        b"cos\nsystem\n(lVid\naR.",
        b"cos\nsystem\n(dVid\nNsR.",
        b"cos\n" + b"path.os." * 100 + b"system\n(Vid\ntR.",
        b"I\x0b1 \r\n0cos\nsystem\n(Vid\ntR.",
        b"cos\nenviron\nVPATH\nV/tmp\ns",
        b"cos\nenviron\n(VPATH\nV/tmp\nu",
        b"cos\nenviron\n}b",
        b"N.N.cos\nsystem\n(Vid\ntR.",
        b"cos\nsystem\np0\n0N0g0\n(Vid\ntR.",
    ],
    ids=repr,
)
def test_no_machine_is_laxer_than_the_walk(data: bytes) -> None:
    """Each of these does something on CPython's C machine or on its Python one."""
    assert walk(data, len(data)).calls


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\nI1\nR",
        b"cos\nsystem\n0Vtext\n(Vid\ntR",
        b"cat\ndog\ncow\ncub\nbat\n",
        b"cat\ndog\n]Vid\na",
    ],
)
def test_what_cannot_be_a_call_is_none(data: bytes) -> None:
    found = walk(data, len(data))
    assert found.imports
    assert not found.calls


@pytest.mark.parametrize("begin", [b"V", b"S'", b"c", b"cos\n", b"I", b"F1", b"(ios\n", b"N0V"])
def test_a_line_longer_than_the_head_hides_nothing(begin: bytes) -> None:
    filler = {b"I": b" ", b"F1": b"0", b"c": b""}.get(begin, b"a")
    head = (begin + filler * 70_000)[:65536]
    assert not walk(head, 100_000).broken


def test_a_name_of_a_module_is_not_endless() -> None:
    script = b"const a=" + b"1," * 40_000
    assert walk(script[:65536], len(script)).broken
    assert walk(b"P" * 65536, 70_000).broken


@pytest.mark.parametrize(
    "data",
    [
        b"(" * 65536,
        b"(" * 30000 + b"1" * 30000,
        b"N" * 30000 + b"(1" * 15000,
        b"]" + b"(e" * 30000,
        b"V" + b"a" * 65000,
        b"(V\n" * 20000,
        b"c" + b"a" * 65000,
        b"I" + b" " * 65000 + b"!",
        b"F" + b"1" * 65000 + b"!",
        b"S'" + b"'" * 65000,
    ],
    ids=["marks", "pops", "deep pops", "appends", "line", "lines", "name", "spaces", "digits", "quotes"],
)
def test_hostile_streams_take_no_time(data: bytes) -> None:
    start = time.process_time()
    walk(data, len(data))
    assert time.process_time() - start < 2


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_never_raises(data: bytes, more: int) -> None:
    found = walk(data, len(data) + more)
    assert 0 <= found.end <= len(data)
    assert found.opcodes <= len(data)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_text_never_calls(text: str) -> None:
    data = text.encode()
    assert not walk(data, len(data)).calls
