"""Against the reference reader: what `safe_open` refuses we refuse, and where we alone refuse a named rule says why."""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from pathlib import Path

import pytest

from provenance.errors import MalformedFile
from provenance.reading.formats.rules import Rule
from provenance.reading.formats.safetensors import SAFETENSORS

from .forge import Bytes, entry, safetensors, small_safetensors
from .hostile import SAFETENSORS_CASES, Hostile

safe_open = pytest.importorskip("safetensors").safe_open

STRICTER = {
    Rule.NOT_SAFETENSORS,  # white space before the brace, which the format's text forbids
    Rule.DUPLICATE_KEY,  # the last one wins there
    Rule.BAD_ENTRY,  # the list form, and fields that no reader reads
    Rule.EMPTY_NAME,
    Rule.NAME_TOO_LONG,
    Rule.HIDDEN_CHARACTER,
    Rule.TOO_MANY_DIMENSIONS,
    Rule.SIZE_OVERFLOW,  # between 2**63 and 2**64
}
"""Rules by which we refuse what the reference reader takes."""


def ours(data: bytes) -> str:
    """The rule that we refuse `data` by, or nothing."""
    try:
        SAFETENSORS.read_header(Bytes(data, "m.safetensors"))
    except MalformedFile as error:
        return error.rejection
    return ""


def theirs(data: bytes, folder: Path) -> bool:
    """Whether the reference reader takes `data`."""
    file = folder / "m.safetensors"
    file.write_bytes(data)
    try:
        with safe_open(file, "np") as opened:
            opened.keys()
    except Exception:  # noqa: BLE001 - its errors have no base of their own
        return False
    return True


@pytest.mark.parametrize("case", SAFETENSORS_CASES, ids=lambda case: f"{case.rule}: {case.what}")
def test_we_refuse_more_than_they_only_by_the_stricter_rules(case: Hostile, tmp_path: Path) -> None:
    for data in case.files.values():
        if theirs(data, tmp_path):
            assert case.rule in STRICTER


@pytest.mark.parametrize("rule", sorted(STRICTER))
def test_each_stricter_rule_is_stricter(rule: Rule, tmp_path: Path) -> None:
    cases = [case for case in SAFETENSORS_CASES if case.rule is rule]
    assert any(theirs(data, tmp_path) for case in cases for data in case.files.values())


def test_an_honest_file_is_taken_by_both(tmp_path: Path) -> None:
    assert theirs(small_safetensors(), tmp_path)
    assert ours(small_safetensors()) == ""


VALUES: tuple[object, ...] = (
    0,
    1,
    2,
    3,
    7,
    -1,
    1.0,
    2**31,
    2**63,
    2**64,
    10**30,
    True,
    None,
    "1",
    [],
    {},
    "F32",
    "F4",
    "BOOL",
    "Q9",
    "\0",
    "é",
)


def _value(source: random.Random, *more: int) -> object:
    return copy.deepcopy(source.choice((*VALUES, *more)))


def mutated_structure(source: random.Random) -> bytes:
    """An honest file with one to three fields of its header changed, or its data cut or extended."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name in "abc":
        rows = source.randrange(4)
        header[name] = entry("F32", [rows, 2], offset, offset + 8 * rows)
        offset += 8 * rows
    data = bytes(offset)
    for _ in range(source.randrange(1, 4)):
        name = source.choice(["a", "b", "c", "__metadata__"])
        target = header.get(name)
        field = source.choice(["dtype", "shape", "data_offsets", "more", "rename", "drop", "data", "whole"])
        items = target.get(field) if isinstance(target, dict) else None
        if field == "data":
            data = data[: -source.randrange(1, 5)] if source.random() < 0.5 else data + b"x"
        elif field == "rename":
            header[source.choice(["", "d", "a", "é", "\n"])] = header.pop(name, {})
        elif field == "drop":
            header.pop(name, None)
        elif isinstance(items, list) and items and source.random() < 0.8:
            items[source.randrange(len(items))] = _value(source, *range(0, 40, 4))
        elif isinstance(target, dict) and field != "whole":
            target[field] = _value(source)
        else:
            header[name] = _value(source)
    return safetensors(header, data)


def mutated_text(source: random.Random) -> bytes:
    """An honest file with one to three bytes of its header changed, doubled or dropped; the length is kept honest."""
    header = {"__metadata__": {"a": "b"}, "x": entry("BF16", [2, 3], 0, 12), "y": entry("U8", [4], 12, 16)}
    text = bytearray(json.dumps(header).encode())
    for _ in range(source.randrange(1, 4)):
        place = source.randrange(len(text))
        byte = source.choice(b'{}[]",:0123456789 -+.eEtfn\\u/\n\0\x7f\xc3\xa9')
        action = source.randrange(3)
        text[place : place + (action != 2)] = b"" if action == 1 else bytes([byte])
    return safetensors(bytes(text), bytes(16))


@pytest.mark.parametrize("mutate", [mutated_structure, mutated_text])
def test_what_they_refuse_we_refuse(mutate: object, tmp_path: Path) -> None:
    source = random.Random(20261)
    verdicts: Counter[str] = Counter()
    for _ in range(800):
        data = mutated_structure(source) if mutate is mutated_structure else mutated_text(source)
        rule, taken = ours(data), theirs(data, tmp_path)
        if not taken:
            assert rule, f"only we take {data!r}"
            verdicts["both refuse"] += 1
        elif rule:
            assert Rule(rule) in STRICTER, f"we refuse by {rule} what they take: {data!r}"
            verdicts["we alone refuse"] += 1
        else:
            verdicts["both take"] += 1
    assert verdicts["both refuse"] > 300
    assert verdicts["both take"] > 10
