"""One small model for each rule that a weight file can break: the names of the rules are the names of the cases."""

from __future__ import annotations

import json
import struct

from provenance.errors import MalformedFile
from provenance.reading.formats import read_header
from provenance.reading.formats.rules import Rule
from provenance.reading.formats.shards import check_split, is_index, read_index, split_sets

from .cases import Hostile
from .forge import (
    ARRAY,
    BOOL,
    I32,
    STRING,
    U8,
    U16,
    U32,
    U64,
    Bytes,
    array,
    array_entry,
    entry,
    gguf,
    info,
    safetensors,
    scalar,
    string,
)
from .hostile_others import OTHER_CASES
from .hostile_torch import TORCH_CASES


def broken_rules(files: dict[str, bytes]) -> set[str]:
    """Every rule that the files break, alone and together."""
    broken, headers = set(), []
    for path, data in files.items():
        try:
            if is_index(path):
                read_index(Bytes(data, path))
            elif header := read_header(Bytes(data, path)):
                headers.append(header)
        except MalformedFile as error:
            broken.add(error.rejection)
    return broken | {found.rule for parts in split_sets(headers) for found in check_split(parts)}


def _st(rule: Rule, what: str, header: object, data: bytes = b"", length: int | None = None) -> Hostile:
    return Hostile(rule, f"safetensors, {what}", {"model.safetensors": safetensors(header, data, length)})


def _gg(rule: Rule, what: str, data: bytes) -> Hostile:
    return Hostile(rule, f"gguf, {what}", {"model.gguf": data})


def _index(rule: Rule, what: str, document: object) -> Hostile:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Hostile(rule, f"index, {what}", {"model.safetensors.index.json": data})


def _meta(rule: Rule, what: str, *entries: bytes, entry_count: int | None = None) -> Hostile:
    return _gg(rule, what, gguf(entries, entry_count=entry_count))


def _info(rule: Rule, what: str, *infos: bytes, data: bytes = b"") -> Hostile:
    return _gg(rule, what, gguf((), infos, data))


def part(number: int, count: int, name: str, *more: bytes) -> bytes:
    """One part of a split GGUF model with one tensor; `number` counts from 0."""
    entries = (scalar("split.no", U16, number), scalar("split.count", U16, count), *more)
    return gguf(entries, (info(name, (8,), 0, 0),), bytes(32))


_ONE = entry("U8", [1], 0, 1)
_BYTE = b"x"
_TOTAL = scalar("split.tensors.count", I32, 2)

SAFETENSORS_CASES = (
    _st(Rule.TRUNCATED, "header past the end", {"a": _ONE}, _BYTE, 4096),
    Hostile(Rule.TRUNCATED, "safetensors, empty file", {"model.safetensors": b""}),
    Hostile(Rule.TRUNCATED, "safetensors, length alone", {"model.safetensors": struct.pack("<Q", 2)}),
    _st(Rule.NOT_SAFETENSORS, "leading space", b' {"a":' + json.dumps(_ONE).encode() + b"}", _BYTE),
    _st(Rule.NOT_SAFETENSORS, "an array", b"[]"),
    Hostile(Rule.NOT_SAFETENSORS, "a GGUF file", {"model.safetensors": gguf()}),
    Hostile(Rule.NOT_SAFETENSORS, "a pickle", {"MODEL.SAFETENSORS": b"\x80\x04cos\nsystem\n."}),
    _st(Rule.HEADER_TOO_LARGE, "100 MB and a byte", {"a": _ONE}, _BYTE, 100_000_001),
    _st(Rule.HEADER_TOO_LARGE, "2**64 - 1", {"a": _ONE}, _BYTE, 2**64 - 1),
    _st(Rule.NOT_UTF8, "name", b'{"\xff":' + json.dumps(_ONE).encode() + b"}", _BYTE),
    _st(Rule.NOT_JSON, "cut", b'{"a":'),
    _st(Rule.NOT_JSON, "NUL padding", b"{}\0\0\0"),
    _st(Rule.NOT_JSON, "two documents", b"{}{}"),
    _st(Rule.NOT_JSON, "length zero", b"{}", length=0),
    _st(Rule.TOO_DEEP, "arrays", b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    _st(Rule.NOT_FINITE, "NaN", b'{"a":NaN}'),
    _st(Rule.NOT_FINITE, "overflow", b'{"a":1e999}'),
    _st(Rule.NUMBER_TOO_LONG, "5000 digits", b'{"a":' + b"9" * 5000 + b"}"),
    _st(Rule.NEGATIVE_ZERO, "offset", b'{"a-0":{"dtype":"U8","shape":[1],"data_offsets":[-0,1]}}', _BYTE),
    _st(Rule.LONE_SURROGATE, "name", b'{"\\ud800":' + json.dumps(_ONE).encode() + b"}", _BYTE),
    _st(Rule.DUPLICATE_KEY, "tensor", b'{"a":%(e)s,"a":%(e)s}' % {b"e": json.dumps(_ONE).encode()}, _BYTE),
    _st(
        Rule.DUPLICATE_KEY, "escaped tensor", b'{"a":%(e)s,"\\u0061":%(e)s}' % {b"e": json.dumps(_ONE).encode()}, _BYTE
    ),
    _st(Rule.DUPLICATE_KEY, "metadata", b'{"__metadata__":{"a":"1","a":"2"}}'),
    _st(Rule.DUPLICATE_KEY, "dtype", b'{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}', _BYTE),
    _st(Rule.BAD_METADATA, "a list", {"__metadata__": []}),
    _st(Rule.BAD_METADATA, "a number", {"__metadata__": {"a": 1}}),
    _st(Rule.EMPTY_NAME, "tensor", {"": _ONE}, _BYTE),
    _st(Rule.HIDDEN_CHARACTER, "NUL", {"a\0b": _ONE}, _BYTE),
    _st(Rule.HIDDEN_CHARACTER, "escape sequence", {"a\x1b[2Kb": _ONE}, _BYTE),
    _st(Rule.HIDDEN_CHARACTER, "delete", {"a\x7f": _ONE}, _BYTE),
    _st(Rule.HIDDEN_CHARACTER, "right to left", {"a\u202eb": _ONE}, _BYTE),
    _st(Rule.HIDDEN_CHARACTER, "zero width", {"a\u200bb": _ONE}, _BYTE),
    _st(Rule.NAME_TOO_LONG, "1025", {"n" * 1025: _ONE}, _BYTE),
    _st(Rule.BAD_ENTRY, "a string", {"a": "b"}),
    _st(Rule.BAD_ENTRY, "the list form", {"a": ["U8", [1], [0, 1]]}, _BYTE),
    _st(Rule.BAD_ENTRY, "no shape", {"a": {"dtype": "U8", "data_offsets": [0, 1]}}, _BYTE),
    _st(Rule.BAD_ENTRY, "a field no one reads", {"a": entry("U8", [1], 0, 1, payload="x")}, _BYTE),
    _st(Rule.UNKNOWN_DTYPE, "not there yet", {"a": entry("Q4_K", [1], 0, 1)}, _BYTE),
    _st(Rule.UNKNOWN_DTYPE, "no string", {"a": entry(["U8"], [1], 0, 1)}, _BYTE),
    _st(Rule.BAD_SHAPE, "negative", {"a": entry("U8", [-1], 0, 1)}, _BYTE),
    _st(Rule.BAD_SHAPE, "float", {"a": entry("U8", [1.0], 0, 1)}, _BYTE),
    _st(Rule.BAD_SHAPE, "boolean", {"a": entry("U8", [True], 0, 1)}, _BYTE),
    _st(Rule.BAD_SHAPE, "no list", {"a": entry("U8", 1, 0, 1)}, _BYTE),
    _st(Rule.BAD_OFFSETS, "backwards", {"a": entry("U8", [1], 1, 0)}, _BYTE),
    _st(Rule.BAD_OFFSETS, "negative", {"a": entry("U8", [1], -1, 0)}, _BYTE),
    _st(Rule.BAD_OFFSETS, "three", {"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1, 1]}}, _BYTE),
    _st(Rule.BAD_OFFSETS, "null", {"a": {"dtype": "U8", "shape": [1], "data_offsets": None}}, _BYTE),
    _st(Rule.TOO_MANY_DIMENSIONS, "nine", {"a": entry("U8", [1] * 9, 0, 1)}, _BYTE),
    _st(Rule.SIZE_OVERFLOW, "wraps to 0", {"a": entry("F32", [2**62, 4], 0, 0)}),
    _st(Rule.SIZE_OVERFLOW, "hidden by a zero", {"a": entry("F32", [2**40, 2**40, 0], 0, 0)}),
    _st(Rule.SIZE_OVERFLOW, "one dimension", {"a": entry("F32", [0, 2**63], 0, 0)}),
    _st(Rule.PARTIAL_BYTE, "three nibbles", {"a": entry("F4", [3], 0, 2)}, b"xx"),
    _st(Rule.SIZE_MISMATCH, "too short", {"a": entry("F32", [1], 0, 1)}, _BYTE),
    _st(Rule.SIZE_MISMATCH, "too long", {"a": entry("U8", [1], 0, 2)}, b"xx"),
    _st(Rule.TENSOR_OVERLAP, "shared", {"a": _ONE, "b": _ONE}, _BYTE),
    _st(Rule.TENSOR_OVERLAP, "empty inside", {"a": entry("U8", [2], 0, 2), "b": entry("U8", [0], 1, 1)}, b"xx"),
    _st(Rule.TENSOR_GAP, "at the front", {"a": entry("U8", [1], 1, 2)}, b"xx"),
    _st(Rule.TENSOR_GAP, "between", {"a": _ONE, "b": entry("U8", [1], 2, 3)}, b"xxx"),
    _st(Rule.TENSOR_PAST_END, "by one byte", {"a": entry("U8", [2], 0, 2)}, _BYTE),
    _st(Rule.TRAILING_BYTES, "a zip file", {"a": _ONE}, _BYTE + b"PK\5\6"),
    _st(Rule.TRAILING_BYTES, "no tensors", {}, _BYTE),
)

GGUF_CASES = (
    Hostile(Rule.NOT_GGUF, "empty file", {"model.gguf": b""}),
    Hostile(Rule.NOT_GGUF, "an archive", {"model.GGUF": b"PK\3\4" + bytes(60)}),
    Hostile(Rule.NOT_GGUF, "safetensors", {"model.gguf": safetensors({"a": _ONE}, _BYTE)}),
    _gg(Rule.TRUNCATED, "magic alone", b"GGUF"),
    _gg(Rule.TRUNCATED, "one count", gguf()[:16]),
    _gg(Rule.TRUNCATED, "no padding", gguf((), (info("a", (0,), 0, 0),))[:-1]),
    _gg(Rule.GGUF_VERSION_1, "1", gguf(version=1)),
    _gg(Rule.GGUF_VERSION_UNKNOWN, "0", gguf(version=0)),
    _gg(Rule.GGUF_VERSION_UNKNOWN, "4", gguf(version=4)),
    _gg(Rule.GGUF_VERSION_UNKNOWN, "text", b"GGUF models are fine"),
    _gg(Rule.GGUF_BIG_ENDIAN, "3", b"GGUF" + struct.pack(">IQQ", 3, 0, 0)),
    _gg(Rule.COUNT_PAST_END, "tensors", gguf(tensor_count=2**62)),
    _gg(Rule.COUNT_PAST_END, "entries", gguf(entry_count=2**63)),
    _meta(Rule.COUNT_PAST_END, "array", array_entry("a", array(U8, b"\1", count=2**62))),
    _meta(Rule.COUNT_PAST_END, "array of strings", array_entry("a", array(STRING, bytes(15), count=2))),
    _meta(Rule.STRING_PAST_END, "key", struct.pack("<Q", 2**63) + bytes(20)),
    _meta(Rule.STRING_PAST_END, "value", string("a") + struct.pack("<IQ", STRING, 1)),
    _meta(Rule.NOT_UTF8, "key", scalar(b"\xff", U8, 1)),
    _meta(Rule.NOT_UTF8, "value", scalar("a", STRING, b"\xc3")),
    _info(Rule.NOT_UTF8, "tensor", info(b"\xff", (0,), 0, 0)),
    _meta(Rule.EMPTY_NAME, "key", scalar("", U8, 1)),
    _info(Rule.EMPTY_NAME, "tensor", info("", (0,), 0, 0)),
    _meta(Rule.NAME_TOO_LONG, "key", scalar("k" * 65536, U8, 1)),
    _info(Rule.NAME_TOO_LONG, "tensor", info("n" * 128, (0,), 0, 0)),
    _info(Rule.NAME_TOO_LONG, "tensor, in bytes", info("ä" * 64, (0,), 0, 0)),
    _meta(Rule.HIDDEN_CHARACTER, "NUL alias", scalar("general.name", U8, 1), scalar("general.name\0", U8, 1)),
    _info(Rule.HIDDEN_CHARACTER, "tensor", info("a\nb", (0,), 0, 0)),
    _meta(Rule.DUPLICATE_KEY, "key", scalar("a", U8, 1), scalar("a", U8, 2)),
    _info(Rule.DUPLICATE_TENSOR, "tensor", info("a", (0,), 0, 0), info("a", (0,), 0, 0)),
    _meta(Rule.UNKNOWN_VALUE_TYPE, "13", string("a") + struct.pack("<IQ", 13, 0)),
    _meta(Rule.UNKNOWN_VALUE_TYPE, "in an empty array", array_entry("a", array(13))),
    _meta(Rule.BAD_BOOL, "2", scalar("a", BOOL, 2)),
    _meta(Rule.BAD_BOOL, "in an array", array_entry("a", array(BOOL, b"\0", b"\xff"))),
    _meta(Rule.TOO_DEEP, "five", array_entry("a", array(ARRAY, array(ARRAY, array(ARRAY, array(ARRAY, array(U8))))))),
    _meta(Rule.BAD_ALIGNMENT, "0", scalar("general.alignment", U32, 0)),
    _meta(Rule.BAD_ALIGNMENT, "48", scalar("general.alignment", U32, 48)),
    _meta(Rule.BAD_ALIGNMENT, "2**17", scalar("general.alignment", U32, 2**17)),
    _meta(Rule.BAD_ALIGNMENT, "64 bits", scalar("general.alignment", U64, 32)),
    _meta(Rule.BAD_ALIGNMENT, "text", scalar("general.alignment", STRING, "32")),
    _info(Rule.TOO_MANY_DIMENSIONS, "five", info("a", (1,) * 5, 24, 0)),
    _info(Rule.TOO_MANY_DIMENSIONS, "2**32 - 1", string("a") + struct.pack("<I", 2**32 - 1) + bytes(16)),
    _info(Rule.SIZE_OVERFLOW, "wraps to 0", info("a", (2**62, 4), 0, 0)),
    _info(Rule.SIZE_OVERFLOW, "beside a zero", info("a", (0, 2**63), 0, 0)),
    _info(Rule.UNKNOWN_GGML_TYPE, "99", info("a", (1,), 99, 0), data=bytes(32)),
    _info(Rule.UNKNOWN_GGML_TYPE, "withdrawn", info("a", (32,), 31, 0), data=bytes(32)),
    _info(Rule.IMPOSSIBLE_GGML_TYPE, "9999", info("a", (1,), 9999, 0), data=bytes(32)),
    _info(Rule.PARTIAL_BLOCK, "half", info("a", (16, 2), 8, 0), data=bytes(64)),
    _info(Rule.PARTIAL_BLOCK, "scalar", info("a", (), 8, 0), data=bytes(64)),
    _info(Rule.MISALIGNED_TENSOR, "16", info("a", (4,), 0, 0), info("b", (4,), 0, 16), data=bytes(32)),
    _info(Rule.TENSOR_OVERLAP, "shared", info("a", (8,), 0, 0), info("b", (8,), 0, 0), data=bytes(32)),
    _info(Rule.TENSOR_GAP, "between", info("a", (8,), 0, 0), info("b", (8,), 0, 64), data=bytes(96)),
    _info(Rule.TENSOR_GAP, "wraps 2**64", info("a", (8,), 0, 2**64 - 32), data=bytes(32)),
    _info(Rule.TENSOR_PAST_END, "by one byte", info("a", (8,), 0, 0), data=bytes(31)),
    _info(Rule.TRAILING_BYTES, "a zip file", info("a", (8,), 0, 0), data=bytes(32) + b"PK\5\6"),
    _info(Rule.TRAILING_BYTES, "after the padding", info("a", (1,), 24, 0), data=bytes(33)),
    _gg(Rule.TRAILING_BYTES, "no tensors", gguf() + bytes(64)),
)

SHARD_CASES = (
    _index(Rule.BAD_INDEX, "a list", []),
    _index(Rule.BAD_INDEX, "no weight_map", {"metadata": {}}),
    _index(Rule.BAD_INDEX, "a list of weights", {"weight_map": []}),
    _index(Rule.BAD_INDEX, "a shard that is a number", {"weight_map": {"a": 1}}),
    _index(Rule.BAD_INDEX, "a negative size", {"weight_map": {}, "metadata": {"total_size": -1}}),
    _index(Rule.BAD_INDEX, "a size in words", {"weight_map": {}, "metadata": {"total_size": "much"}}),
    _index(Rule.BAD_INDEX, "half a byte", {"weight_map": {}, "metadata": {"total_size": 0.5}}),
    _index(Rule.DUPLICATE_KEY, "tensor", b'{"weight_map":{"a":"b","a":"../c"}}'),
    _index(Rule.NOT_JSON, "html", b"<html>"),
    Hostile(
        Rule.SPLIT_NUMBER,
        "swapped metadata",
        {"m-00001-of-00002.gguf": part(1, 2, "a"), "m-00002-of-00002.gguf": part(0, 2, "b")},
    ),
    Hostile(
        Rule.SPLIT_NUMBER,
        "a number twice",
        {
            "m-1-of-2.safetensors": safetensors({"a": _ONE}, _BYTE),
            "m-01-of-2.safetensors": safetensors({"b": _ONE}, _BYTE),
        },
    ),
    Hostile(Rule.SPLIT_NUMBER, "part 2 of 1", {"m-00002-of-00001.safetensors": safetensors({"a": _ONE}, _BYTE)}),
    Hostile(Rule.SPLIT_COUNT, "a part missing", {"m-00001-of-00002.gguf": part(0, 2, "a", _TOTAL)}),
    Hostile(Rule.SPLIT_COUNT, "renamed", {"m.gguf": part(0, 2, "a", _TOTAL)}),
    Hostile(Rule.SPLIT_COUNT, "count in words", {"m.gguf": gguf((scalar("split.count", STRING, "2"),))}),
    Hostile(
        Rule.SPLIT_COUNT,
        "metadata of a larger set",
        {"m-00001-of-00002.gguf": part(0, 3, "a"), "m-00002-of-00002.gguf": part(1, 2, "b")},
    ),
    Hostile(
        Rule.SPLIT_TENSORS,
        "three declared",
        {
            "m-00001-of-00002.gguf": part(0, 2, "a", scalar("split.tensors.count", I32, 3)),
            "m-00002-of-00002.gguf": part(1, 2, "b"),
        },
    ),
    Hostile(
        Rule.DUPLICATE_TENSOR,
        "in two parts",
        {"m-00001-of-00002.gguf": part(0, 2, "a", _TOTAL), "m-00002-of-00002.gguf": part(1, 2, "a", _TOTAL)},
    ),
)

__all__ = [
    "GGUF_CASES", "HOSTILE", "OTHER_CASES", "SAFETENSORS_CASES", "TORCH_CASES", "Hostile", "broken_rules", "part",
]  # fmt: skip

HOSTILE = (*SAFETENSORS_CASES, *GGUF_CASES, *TORCH_CASES, *OTHER_CASES, *SHARD_CASES)
