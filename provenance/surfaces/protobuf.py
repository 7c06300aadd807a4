"""Models in protocol buffers, which have no mark: told by their fields, walked as far as the head reaches.

Fields and wire types of ONNX are those of `onnx.proto3` (IR version 13).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_FIELDS = 5000
MAX_IR_VERSION = 30
_VARINT, _BYTES = 0, 2
_MODEL = {
    **dict.fromkeys((1, 5), _VARINT),
    **dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), _BYTES),
}
"""ir_version, model_version; producer_name, producer_version, domain, doc_string, graph, opset_import, metadata_props,
training_info, functions, configuration."""
_GRAPH = dict.fromkeys((1, 2, 5, 10, 11, 12, 13, 14, 15, 16), _BYTES)
"""node, name, initializer, doc_string, input, output, value_info, quantization_annotation, sparse_initializer,
metadata_props."""
_IR_VERSION, _PRODUCER, _DOMAIN, _DOC, _MAIN = 1, 2, 4, 6, 7
_WORDS = re.compile(rb"[^\x00-\x1f\x7f]*+")
_SURELY = 8
_MAX_WORDS = 4096
"""Bytes of a producer's name, its version or a domain."""


class Field(NamedTuple):
    """One field of a message."""

    number: int
    wire: int
    value: int
    """The number, or the length in bytes."""
    begin: int
    end: int
    """Of its bytes; `end` may lie beyond what is at hand."""


def fields(head: bytes, begin: int, end: int) -> Iterator[Field | None]:
    """The fields from `begin` on, of a message that ends at `end`; None, and no more, where there can be none.

    Stops at the end of `head`, which may hold less than the message. A field may claim more than there is.
    """
    position = begin
    for _ in range(MAX_FIELDS):
        if position >= min(end, len(head)):
            return
        tag, after = _varint(head, position)
        value, start = _varint(head, after)
        number, wire = tag >> 3, tag & 7
        stop = start + value if wire == _BYTES else start
        if min(tag, value) < 0:
            # Cut off by the end of the head, or no number at all.
            if len(head) - position > 20 or len(head) >= end:
                yield None
            return
        if number == 0 or wire not in (_VARINT, _BYTES):
            yield None
            return
        yield Field(number, wire, value, start, stop)
        position = stop


def is_onnx(head: bytes, size: int) -> bool:
    """Whether a file of `size` bytes is an ONNX model, whatever the order of its fields.

    Every field has to be one of a model's, and what says which to be what it should: a version below 30, names that are
    text, a graph that begins like one. Where the version does not stand in the head, the graph has to go on like one.
    A graph that is longer than the file is one that was cut short.
    """
    seen: set[int] = set()
    last = None
    for last in fields(head, 0, size):
        if last is None or _MODEL.get(last.number) != last.wire or not _plausible(head, last):
            return False
        if last.end > size and not (last.number == _MAIN and _IR_VERSION in seen):
            return False
        seen.add(last.number)
    beyond = last is not None and last.end > len(head)
    if _IR_VERSION in seen:
        return _MAIN in seen or (beyond and len(seen) > 2)
    return last is not None and last.number == _MAIN and beyond and _parts(head, last) >= _SURELY


def _plausible(head: bytes, found: Field) -> bool:
    if found.number == _IR_VERSION:
        return 1 <= found.value <= MAX_IR_VERSION
    if _PRODUCER <= found.number <= _DOMAIN:
        return found.value <= _MAX_WORDS and _is_text(head[found.begin : found.end])
    if found.number == _DOC:
        return b"\x00" not in head[found.begin : found.end]
    if found.number == _MAIN:
        return _parts(head, found) > 0
    return True


def _parts(head: bytes, graph: Field) -> int:
    """How many fields of a graph are at hand; 0 where one of them is not a graph's."""
    inside = list(fields(head, graph.begin, graph.end))
    known = all(field and _GRAPH.get(field.number) == field.wire and field.end <= graph.end for field in inside)
    return len(inside) if known else 0


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _WORDS.fullmatch(raw) is not None


def _varint(head: bytes, position: int) -> tuple[int, int]:
    """A number of at most ten bytes and where it ends; -1 where there is none."""
    value = 0
    for shift, byte in enumerate(head[position : position + 10]):
        value |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return value, position + shift + 1
    return -1, len(head)
