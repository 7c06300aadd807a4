"""One small checkpoint for each rule that a torch file can break."""

from __future__ import annotations

import struct

from provenance.reading.formats.rules import Rule

from . import torch_forge as forge
from .cases import Hostile
from .torch_forge import EIGHT, File, checkpoint, dictionary, floats, legacy, members, storage, tensor, zip64_end

_HONEST = members(dictionary({"a": floats()}), {"0": EIGHT})
_RAW = {"0": EIGHT}


def _zip(rule: Rule, what: str, data: bytes) -> Hostile:
    return Hostile(rule, f"torch, {what}", {"pytorch_model.bin": data})


def _value(rule: Rule, what: str, **items: bytes) -> Hostile:
    return _zip(rule, what, checkpoint(dictionary(items), _RAW))


def _wrong(rule: Rule, what: str, **changes: object) -> Hostile:
    return _zip(rule, what, forge.changed(_HONEST, b"m/data/0", **changes))


_SIZE = sum(46 + len(one.name) for one in _HONEST)
_START = sum(30 + len(one.name) + len(one.data) for one in _HONEST)
_OUTER = File(b"m/data/1", forge.zipped(File(b"m/data/2", EIGHT))[:46])
"""Its bytes are another member's header and data."""


def _last_record(change: bytes, at: int) -> bytes:
    """The honest file with a change in the last record of its directory."""
    data = forge.zipped(*_HONEST)
    place = data.rfind(b"PK\1\2") + at
    return data[:place] + change + data[place + len(change) :]


TORCH_CASES = (
    _zip(Rule.ZIP_DIRECTORY, "a member less than counted", forge.zipped(*_HONEST, count=len(_HONEST) + 1)),
    _zip(Rule.ZIP_DIRECTORY, "a member more than counted", forge.zipped(*_HONEST, count=len(_HONEST) - 1)),
    _zip(
        Rule.ZIP_DIRECTORY,
        "the zip64 record counts otherwise",
        forge.zipped(*_HONEST, zip64=zip64_end(len(_HONEST) - 1, _SIZE, _START)),
    ),
    _zip(
        Rule.ZIP_DIRECTORY,
        "a longer zip64 record",
        forge.zipped(*_HONEST, zip64=zip64_end(len(_HONEST), _SIZE, _START, length=60)),
    ),
    _zip(Rule.ZIP_DIRECTORY, "no record", _last_record(b"PK\1\3", 0)),
    _zip(Rule.ZIP_DIRECTORY, "a name past the end", _last_record(b"\xff\0", 28)),
    _wrong(Rule.ZIP_LOCAL_HEADER, "another name", local_name=b"m/data/1"),
    _wrong(Rule.ZIP_LOCAL_HEADER, "a longer name", local_name=b"m/data/00"),
    _wrong(Rule.ZIP_LOCAL_HEADER, "other sizes", local_sizes=(4, 4)),
    _wrong(Rule.ZIP_LOCAL_HEADER, "other flags", local_flags=0),
    _wrong(Rule.ZIP_LOCAL_HEADER, "sizes left out without the flag", local_sizes=(0, 0)),
    _wrong(Rule.ZIP_LOCAL_HEADER, "stored, and of two sizes", sizes=(8, 9)),
    _wrong(Rule.ZIP_LOCAL_HEADER, "past the directory", sizes=(900, 900)),
    _wrong(Rule.ZIP_LOCAL_HEADER, "begins in the directory", start=_START),
    _wrong(
        Rule.ZIP_LOCAL_HEADER,
        "other zip64 sizes",
        local_sizes=(0xFFFFFFFF, 0xFFFFFFFF),
        local_extra=struct.pack("<2H2Q", 1, 16, 8, 9),
    ),
    _wrong(Rule.ZIP_FOLDER, "by its attributes", attributes=0x10),
    _zip(Rule.ZIP_FOLDER, "by its name", forge.zipped(*_HONEST, File(b"m/data/", b"x"))),
    _zip(
        Rule.ZIP_OVERLAP,
        "a member inside another",
        forge.zipped(*_HONEST, _OUTER, File(b"m/data/2", b"", sizes=(8, 8), start=_START + 30 + len(_OUTER.name))),
    ),
    _zip(Rule.ZIP_DUPLICATE, "a second pickle", forge.zipped(*_HONEST, _HONEST[0])),
    _zip(Rule.ZIP_DUPLICATE, "in capitals", forge.zipped(*_HONEST, File(b"M/DATA.PKL", b"x"))),
    _zip(Rule.STORAGE_MISSING, "no such member", checkpoint(dictionary({"a": floats("1")}), _RAW)),
    _zip(Rule.STORAGE_SIZE, "longer than the pickle says", checkpoint(dictionary({"a": floats("0", 1)}), _RAW)),
    _zip(Rule.STORAGE_SIZE, "shorter than the pickle says", checkpoint(dictionary({"a": floats("0", 3)}), _RAW)),
    _value(Rule.PAST_STORAGE, "by its shape", a=tensor(storage("0", 2), (3,))),
    _value(Rule.PAST_STORAGE, "by its offset", a=tensor(storage("0", 2), (2,), None, 1)),
    _value(Rule.PAST_STORAGE, "by its strides", a=tensor(storage("0", 2), (2,), (2,))),
    _value(Rule.BAD_SHAPE, "negative size", a=tensor(storage("0", 2), (-1,), (1,))),
    _value(Rule.BAD_SHAPE, "negative stride", a=tensor(storage("0", 2), (2,), (-1,))),
    _value(Rule.BAD_SHAPE, "negative offset", a=tensor(storage("0", 2), (1,), None, -1)),
    _value(Rule.SIZE_OVERFLOW, "wraps to 0", a=tensor(storage("0", 2), (2**32, 2**32))),
    _value(Rule.SIZE_OVERFLOW, "hidden by a zero", a=tensor(storage("0", 2), (2**40, 2**40, 0), (1, 1, 1))),
    _value(Rule.SIZE_OVERFLOW, "a negative storage", a=tensor(storage("0", -1), (0,))),
    _value(Rule.SIZE_OVERFLOW, "an endless storage", a=tensor(storage("0", 2**80), (0,))),
    _value(Rule.TOO_MANY_DIMENSIONS, "65", a=tensor(storage("0", 2), (1,) * 65)),
    Hostile(
        Rule.STORAGE_MISSING,
        "torch's older format, a storage that is not listed",
        {"m.pt": legacy(dictionary({"a": floats(legacy=True)}), {}, keys=b"]")},
    ),
    Hostile(
        Rule.STORAGE_SIZE,
        "torch's older format, another count",
        {"m.pt": legacy(dictionary({"a": floats("0", 3, legacy=True)}), _RAW)},
    ),
    Hostile(
        Rule.STORAGE_SIZE,
        "torch's older format, cut",
        {"m.pt": legacy(dictionary({"a": floats(legacy=True)}), _RAW)[:-1]},
    ),
    Hostile(
        Rule.STORAGE_SIZE,
        "torch's older format, no count",
        {"m.pt": legacy(dictionary({"a": floats(legacy=True)}), _RAW)[:-9]},
    ),
)
