"""Pickles and archives that torch would not write: each is left unread, with the reason, and none is executed."""

from __future__ import annotations

import struct

import pytest

from provenance.errors import UnsupportedFile
from provenance.reading.formats import read_header, torch_legacy, torch_pickle, torch_tensors, zip_directory
from provenance.reading.formats.torch_legacy import MAGIC
from provenance.records import Header

from . import torch_forge as forge
from .forge import Bytes
from .torch_forge import (
    EIGHT,
    FLOATS,
    ORDERED,
    File,
    checkpoint,
    dictionary,
    floats,
    legacy,
    many,
    members,
    named,
    number,
    numbers,
    storage,
    tensor,
    text,
    zip64_end,
    zipped,
)
from .torch_oracle import loaded

RAW = {"0": EIGHT}
HONEST = members(dictionary({"a": floats()}), RAW)
UNTYPED = named("torch.storage", "UntypedStorage")


def read(data: bytes) -> Header:
    header = read_header(Bytes(data, "m.bin"))
    assert header is not None
    return header


def refusal(data: bytes) -> str:
    with pytest.raises(UnsupportedFile) as caught:
        read(data)
    return caught.value.what


def call(function: str, *arguments: bytes) -> bytes:
    return named("torch._utils", function) + many(*arguments) + b"R"


FIRST = call("_rebuild_tensor", storage("0", 2), number(1), numbers(1), numbers(1))
HOOKED = many(storage("0", 2), number(0), numbers(2), numbers(1), b"\x89")
VALUES = {
    "an import": named("os", "system") + many(text("true")) + b"R",
    "an import with a line break": named("posix", "system\x1b[2K") + b")R",
    "a call of a dtype": named("torch", "float32") + b")R",
    "a call of a text": text("x") + b")R",
    "a call without a tuple": named("collections", "OrderedDict") + b"]R",
    "OrderedDict of a text": named("collections", "OrderedDict") + many(text("x")) + b"R",
    "OrderedDict of tuples": named("collections", "OrderedDict") + many(b"]NN\x86a") + b"R",
    "OrderedDict of three": named("collections", "OrderedDict") + many(b"]](NNNea") + b"R",
    "OrderedDict of no keys": named("collections", "OrderedDict") + many(b"]](NNea") + b"R",
    "the first tensor of nothing": call("_rebuild_tensor", b"N"),
    "a tensor of nothing": call("_rebuild_tensor_v2", b"N"),
    "a tensor with hooks": named("torch._utils", "_rebuild_tensor_v2") + HOOKED[:-1] + dictionary({"x": b"N"}) + b"tR",
    "sizes that are no numbers": call(
        "_rebuild_tensor_v2", storage("0", 2), number(0), many(text("2")), numbers(1), b"\x89", ORDERED
    ),
    "strides that are no numbers": call(
        "_rebuild_tensor_v2", storage("0", 2), number(0), numbers(2), many(text("1")), b"\x89", ORDERED
    ),
    "fewer strides than sizes": tensor(storage("0", 2), (2,), ()),
    "a dtype that is none": call(
        "_rebuild_tensor_v3", storage("0", 2, UNTYPED), number(0), numbers(2), numbers(1), b"\x89", ORDERED, FLOATS
    ),
    "a tensor of nothing, with a dtype": call("_rebuild_tensor_v3", b"N"),
    "a parameter of nothing": call("_rebuild_parameter", b"N", b"\x88", ORDERED),
    "a size of nothing": named("torch", "Size") + b")R",
    "an encoded tensor": named("_codecs", "encode") + many(floats()) + b"R",
    "a storage of two kinds": many(storage("0", 2), storage("0", 2, named("torch", "IntStorage"))),
    "a storage of a function": storage("0", 2, named("torch", "Size")),
    "a storage on no device": storage("0", 2, location="meta"),
    "a storage by its number": number(3) + b"Q",
    "a storage of the older format": storage("0", 2, legacy=True),
    "an append to a tuple": b")Na",
    "items of a list": b"]NNs",
    "half an item": b"}(Nu",
    "a tensor as a key": b"}" + floats() + b"Ns",
    "a key that is a large number": b"}" + number(2**61 - 1) + b"Ns",
    "a state of a dictionary": b"}}b",
    "a state that is a list": ORDERED + b"]b",
    "a tensor among the attributes": ORDERED + dictionary({"x": b"]" + floats() + b"a"}) + b"b",
    "a tensor in attributes of attributes": (
        ORDERED + dictionary({"x": ORDERED + dictionary({"y": floats()}) + b"b"}) + b"b"
    ),
    "text that is not UTF-8": text(b"\xff"),
    "nothing on the stack": b"0",
    "an empty stack": b"\x86",
    "one of two": b"N\x86",
    "no mark": b"t",
    "an empty memo": b"h\1",
    "STOP at once": b"",
    "an opcode of protocol 4": b"\x95" + bytes(8) + b"N",
    "an unknown opcode": b"\xff",
    "a module line without an end": b"cos",
    "a text without an end": b"X\xff\0\0\0x",
    "no name": dictionary({"": floats()}),
    "a long name": dictionary({"n" * 1025: floats()}),
    "a name with a variation selector": dictionary({"a\ufe00": floats()}),
    "a set of tensors": named("__builtin__", "set") + many(b"]" + floats() + b"a") + b"R",
    "a set of lists": named("builtins", "set") + many(b"]]a") + b"R",
    "itself": b"]q\0h\0a",
    "much of the same": b"]q\0(" + b"h\0" * 2000 + b"e",
}


@pytest.mark.parametrize("name", VALUES)
def test_a_pickle_that_is_no_state_dict_is_not_read(name: str) -> None:
    what = refusal(checkpoint(VALUES[name], RAW))
    assert what.startswith(("which ", "whose ", "with ", "in which ")), what
    assert what.isprintable()


@pytest.mark.parametrize(
    "value",
    [
        dictionary({"a": tensor(storage("0", 2), (2,), None, 0, b"}")}),
        dictionary({"a": call("_rebuild_parameter", floats(), b"\x88", ORDERED)}),
        ORDERED + text("a") + floats() + b"s" + dictionary({"_metadata": ORDERED + b"q\1", "again": b"h\1"}) + b"b",
        b"}U\1a" + floats() + b"s",
        named("collections", "OrderedDict") + many(b"]](" + text("a") + FIRST + b"ea") + b"R",
        b"}r\0\1\0\0(" + text("a") + floats() + b"u" + b"\x85" + b"j\0\1\0\0" + b"\x86",
        dictionary(
            {
                "a": call(
                    "_rebuild_tensor_v3", storage("0", 8, UNTYPED), number(0), numbers(4), numbers(1), b"\x89",
                    ORDERED, named("torch", "float16"), b"}",
                )
            }
        ),
    ],
)  # fmt: skip
def test_pickles_that_torch_loads_too(value: bytes) -> None:
    data = checkpoint(value, RAW)
    header = read(data)
    ours = {t.name: (t.dtype, t.shape, data[t.offset : t.offset + t.nbytes]) for t in header.tensors}
    assert ours == loaded(data)
    assert ours


ARCHIVES = {
    "a comment": zipped(*HONEST, comment=b"x"),
    "several disks": zipped(*HONEST, disk=1),
    "a gap behind the directory": zipped(*HONEST, gap=b"x"),
    "encrypted": forge.changed(HONEST, b"m/data/0", flags=forge.UTF8 | 1),
    "a name that is not UTF-8": zipped(*HONEST, File(b"m/\xff", b"")),
    "no folder": zipped(File(b"data.pkl", b""), *HONEST),
    "another folder first": zipped(File(b"n/x", b""), *HONEST),
    "big-endian": checkpoint(dictionary({"a": floats()}), RAW, byteorder=b"big"),
    "no byte order known": checkpoint(dictionary({"a": floats()}), RAW, byteorder=b"middle"),
    "version 11": checkpoint(dictionary({"a": floats()}), RAW, version=b"11"),
    "no version": checkpoint(dictionary({"a": floats()}), RAW, version=b"three"),
    "a script": zipped(*HONEST, File(b"m/constants.pkl", b"")),
    "zip64 somewhere else": zipped(*HONEST, zip64=zip64_end(5, 5, 5, locator=0)),
    "no zip64 sizes": forge.changed(HONEST, b"m/data/0", sizes=(0xFFFFFFFF, 0xFFFFFFFF)),
    "another zip64 field": forge.changed(
        HONEST, b"m/data/0", sizes=(0xFFFFFFFF, 8), central_extra=struct.pack("<2HQ", 9, 8, 8)
    ),
    "a byte behind": zipped(*HONEST) + b"\0",
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_that_torch_would_not_write_is_not_read(name: str) -> None:
    assert refusal(ARCHIVES[name]).startswith(("which ", "whose "))


def test_zip64_and_sizes_behind_the_data_are_read() -> None:
    size, start = sum(46 + len(one.name) for one in HONEST), sum(30 + len(one.name) + len(one.data) for one in HONEST)
    field = struct.pack("<2HQQ", 1, 16, 8, 8)
    for data in (
        zipped(*HONEST, zip64=zip64_end(len(HONEST), size, start)),
        forge.changed(HONEST, b"m/data/0", flags=forge.SIZES_BEHIND, local_sizes=(0, 0)),
        forge.changed(HONEST, b"m/data/0", local_sizes=(0xFFFFFFFF, 0xFFFFFFFF), local_extra=field),
        forge.changed(HONEST, b"m/data/0", sizes=(0xFFFFFFFF, 0xFFFFFFFF), local_sizes=(8, 8),
                      central_extra=struct.pack("<2HI", 9, 4, 0) + field),
        checkpoint(dictionary({"a": floats()}), RAW, byteorder=None),
    ):  # fmt: skip
        header = read(data)
        assert [data[t.offset : t.offset + t.nbytes] for t in header.tensors] == [EIGHT]


def test_other_archives_are_nobodys() -> None:
    for data in (zipped(File(b"a.txt", b"x")), zipped(), b"PK\3\4" + bytes(100), zipped(File(b"data.pkl", b"x"))):
        assert read_header(Bytes(data, "m.bin")) is None


LISTED = dictionary({"a": floats(legacy=True)})
LEGACY = {
    "another protocol": legacy(LISTED, RAW, protocol=1002),
    "big-endian": legacy(LISTED, RAW, little=b"\x89"),
    "no facts about the writer": MAGIC + forge.pickle(number(1001)) + forge.pickle(b"]") * 3,
    "a key that is a number": legacy(LISTED, RAW, keys=b"]" + number(0) + b"a"),
    "a key twice": legacy(LISTED, RAW, keys=b"](" + text("0") * 2 + b"e"),
    "a key of no storage": legacy(LISTED, RAW, keys=b"]" + text("1") + b"a"),
    "no list of keys": legacy(LISTED, RAW, keys=b"N"),
    "bytes behind": legacy(LISTED, RAW) + b"x",
    "cut in a pickle": legacy(LISTED, RAW)[:60],
    "the magic alone": MAGIC,
    "a storage without dtype": legacy(dictionary({"a": tensor(storage("0", 2, UNTYPED, legacy=True), (2,))}), RAW),
    "a storage of the newer format": legacy(dictionary({"a": floats()}), RAW),
    "a view of a storage": legacy(LISTED.replace(b"NtQ", b"KtQ"), RAW),
}


@pytest.mark.parametrize("name", LEGACY)
def test_an_older_checkpoint_that_torch_would_not_write_is_not_read(name: str) -> None:
    assert refusal(LEGACY[name]).startswith(("which ", "whose ", "with "))


def test_limits_are_said_and_not_crossed(monkeypatch: pytest.MonkeyPatch) -> None:
    value = dictionary({str(index): floats() for index in range(40)})
    data = checkpoint(value, RAW)
    assert len(read(checkpoint(dictionary({str(index): floats() for index in range(4)}), RAW)).tensors) == 4
    with monkeypatch.context() as patch:
        patch.setattr(torch_pickle, "MAX_OPCODES", 100)
        assert "more than 100 opcodes" in refusal(data)
    with monkeypatch.context() as patch:
        patch.setattr(torch_pickle, "MAX_PASSED", 20)
        passed = named("collections", "OrderedDict") + many(b"](" + b"](" + text("a") + b"Ne" + b"e") + b"R"
        assert len(read(checkpoint(many(floats(), passed), RAW)).tensors) == 1
        assert "passes more than 20 values" in refusal(data)
    with monkeypatch.context() as patch:
        patch.setattr(torch_tensors, "MAX_VALUES", 30)
        assert "more values" in refusal(data)
    with monkeypatch.context() as patch:
        patch.setattr(zip_directory, "MAX_MEMBERS", 3)
        assert "more than this reader takes" in refusal(data)
    with monkeypatch.context() as patch:
        patch.setattr("provenance.reading.formats.torch_zip.MAX_PICKLE_BYTES", 10)
        assert "larger than this reader takes" in refusal(data)
    with monkeypatch.context() as patch:
        patch.setattr(torch_legacy, "_FIRST_LOOK", 20)
        patch.setattr(torch_legacy, "MAX_PICKLE_BYTES", 150)
        assert "larger than this reader takes" in refusal(legacy(LISTED, RAW))


def test_keys_may_stand_in_a_tuple() -> None:
    data = legacy(LISTED, RAW, keys=many(text("0")))
    assert len(read(data).tensors) == len(loaded(data) or ()) == 1
