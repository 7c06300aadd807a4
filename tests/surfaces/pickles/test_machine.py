"""The machine on symbols: what streams import and call, and each flaw, by streams made for it."""

from __future__ import annotations

import collections
import io
import pickle
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.surfaces.pickles.machine import Budget, Machine
from provenance.surfaces.pickles.window import Window
from tests.surfaces.feeding import InMemory
from tests.surfaces.pickles.test_recognise import DATA
from tests.surfaces.samples import Calls


def walk(data: bytes) -> Machine:
    machine = Machine(Window(InMemory("a.pkl", data)), Budget())
    machine.run()
    return machine


def names(machine: Machine) -> list[str]:
    return [f"{module}.{name}" for module, name in sorted(machine.references)]


def flaws(data: bytes) -> list[str]:
    return [flaw.kind for flaw in walk(data).flaws]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value", [*DATA, list(range(100_000)), "é" * 100_000, {i: str(i) for i in range(3000)}], ids=repr
)
def test_plain_data_is_walked_to_its_end(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    machine = walk(data)
    assert machine.complete
    assert not machine.flaws
    assert machine.window.position == len(data)
    assert all(name.startswith(("builtins.", "_codecs.")) for name in names(machine))


@pytest.mark.parametrize("protocol", range(6))
def test_imports_and_calls(protocol: int) -> None:
    machine = walk(pickle.dumps([Calls(), Calls(), collections.OrderedDict(a=1), collections.Counter], protocol))
    expected = ["collections.Counter", "collections.OrderedDict", "posix.getpid"]
    assert [name for name in names(machine) if name != "copyreg._reconstructor"] == expected
    assert ("posix", "getpid") in machine.called
    assert ("collections", "Counter") not in machine.called
    assert machine.complete
    assert not machine.flaws


@pytest.mark.parametrize(
    "data",
    [
        b"cos\nsystem\n(Vid\ntR.",
        b"(Vid\nios\nsystem\n.",
        b"(cos\nsystem\nVid\no.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93)R.",
        b"\x80\x04\x8c\x02os\x940\x8c\x06system\x940h\x00h\x01\x93)\x81.",
        b"\x80\x04\x8c\x02os2\x940\x8c\x06system\x93)R.",
        b"Vos\np7\n0Vsystem\np8\n0g7\ng8\n\x93)R.",
        b"V\\u006fs\nS'\\x73ystem'\n\x93)R.",
        b"U\x02osT\x06\0\0\0system\x93)}\x92.",
        b"\x80\x02cos\nsystem\nq\x000h\x00U\x02id\x85R.",
        b"\x80\x02(cos\nsystem\n1cos\nsystem\n)R.",
        b"((cos\nsystem\n)R.",
        b"\x80\x09cos\nsystem\n)R.",
        b"\x80\x04\x95\xff\xff\0\0\0\0\0\0cos\nsystem\n)R.",
    ],
    ids=repr,
)
def test_every_way_to_call(data: bytes) -> None:
    machine = walk(data)
    assert names(machine) == ["os.system"]
    assert machine.called == {("os", "system")}
    assert machine.complete


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("unresolved-global", b"\x80\x04K\x01\x8c\x06system\x93)R."),
        ("unresolved-global", b"c" + b"a" * 5000 + b"\nx\n."),
        ("unresolved-global", b"\x80\x04cmine\nname\n)R\x8c\x01x\x93."),
        ("extension-code", b"\x82\x01)R."),
        ("extension-code", b"\x84\x01\0\0\0."),
        ("computed-call", b"cmine\nf\n)R)R."),
        ("computed-call", b"cmine\nf\n)R)\x81."),
        ("computed-call", b"\x80\x02U\x01xQ)R."),
        ("write-to-global", b"cos\nenviron\nVPATH\nV/tmp\ns."),
        ("write-to-global", b"cos\nenviron\n(VPATH\nV/tmp\nu."),
        ("write-to-global", b"cmine\nmodule\n}b."),
        ("write-to-global", b"cmine\nlist\nVx\na."),
        ("frame", b"\x80\x04\x95\x01\0\0\0\0\0\0\0K\x01."),
        ("frame", b"\x80\x04\x95\x09\0\0\0\0\0\0\0N."),
        ("frame", b"\x80\x04\x95\x0c\0\0\0\0\0\0\0\x95\x02\0\0\0\0\0\0\0N.."),
        ("memo", b"Nr\xff\xff\xff\x7f."),
        ("long-number", b"L" + b"1" * 5000 + b"L\n."),
        ("allocation", b"cbuiltins\nbytearray\n(L99999999999999L\ntR."),
        ("broken-stream", b"N0R."),
        ("broken-stream", b"\xff"),
        ("broken-stream", b"h\x07."),
        ("broken-stream", b"t."),
        ("broken-stream", b"K\x01)R."),
        ("truncated", b"]"),
        ("truncated", b"U\xffab"),
        ("truncated", b"\x8e" + struct.pack("<Q", 1 << 63)),
        ("truncated", b"cos\nsys"),
    ],
    ids=lambda value: value if isinstance(value, str) else repr(value)[:40],
)
def test_each_flaw(kind: str, data: bytes) -> None:
    assert flaws(data)[:1] == [kind]


def test_what_is_shared_until_it_is_immense() -> None:
    stream = io.BytesIO()
    stream.write(b"\x80\x04N\x94")
    for level in range(40):
        stream.write(b"0h" + bytes([level]) + b"h" + bytes([level]) + b"\x86\x94")
    stream.write(b".")
    assert flaws(stream.getvalue()) == ["expansion"]
    shared = ["a shared value"] * 50
    assert flaws(pickle.dumps([[shared] * 100] * 100)) == []


def test_nested_deeper_than_any_pickler_writes() -> None:
    assert flaws(b"]" + b"\x85" * 20_000 + b".") == ["expansion"]


def test_flaws_globals_and_opcodes_are_bounded() -> None:
    many = b"".join(b"cm%d\nx\n0" % i for i in range(12_000)) + b"N."
    machine = walk(many)
    assert len(machine.references) == 10_000
    assert [flaw.kind for flaw in machine.flaws] == ["too-many-globals"]
    machine = Machine(Window(InMemory("a", b"N0" * 100 + b"N.")), Budget(opcodes=50))
    machine.run()
    assert not machine.complete
    assert len(walk(b"\x82\x01" + b"".join(b"\x83" + struct.pack("<H", i) for i in range(100))).flaws) == 20


def test_long_arguments_are_never_read() -> None:
    class Huge:
        path, size, read = "a", 1 << 40, 0

        def pread(self, nbytes: int, offset: int) -> bytes:
            Huge.read += nbytes
            head = b"\x80\x04\x8e" + struct.pack("<Q", (1 << 40) - 12)
            return head[offset : offset + nbytes] if offset < 11 else b"."

    machine = Machine(Window(Huge()), Budget())
    machine.run()
    assert machine.complete
    assert Huge.read < 1 << 20


@pytest.mark.parametrize(
    "data",
    [
        b"(" * 2_000_000,
        b"N" * 1_000_000 + b"(1" * 500_000,
        b"]" + b"(e" * 500_000,
        b"(V\n" * 500_000,
        b"c" + b"a" * 2_000_000,
        b"N\x94" * 1_000_000,
        b"](" + b"N" * 1_000_000 + b"e.",
        b"\x82\x01" * 300_000,
    ],
    ids=["marks", "pops", "appends", "lines", "name", "memo", "list", "extensions"],
)
def test_hostile_streams_take_linear_time(data: bytes) -> None:
    start = time.process_time()
    walk(data)
    assert time.process_time() - start < 10


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_never_raises(data: bytes) -> None:
    machine = walk(data)
    assert machine.window.position <= len(data)


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.binary() | st.floats() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    ),
    st.integers(0, 5),
)
def test_agrees_with_cpythons_picklers(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    machine = walk(data)
    assert machine.complete
    assert machine.window.position == len(data)
