"""The JSON of weight files, bounded in memory before it is parsed.

A few bytes of JSON become hundreds in Python (`{},` is 64), and one wide character makes a whole string four times as
long, so a file's size bounds nothing. Counting punctuation does: it bounds the values that the parser can make.
"""

from __future__ import annotations

import re

from provenance.documents import strict_json
from provenance.errors import LimitExceeded, MalformedFile
from provenance.reading.formats.rules import Rule

MAX_TEXT_BYTES = 32 * 1024 * 1024
"""Bytes of text once decoded; the shard index of a model of 200,000 tensors is 23 MiB."""
MAX_PUNCTUATION = 3 * 2**18
"""Of `{`, `[`, `:` and `,` together; a safetensors header of 65,000 matrices has as many, a shard index of 390,000."""
MAX_DEPTH = 8
"""A safetensors header is 3 deep, a shard index 2."""

_NEGATIVE_ZERO = re.compile(rb'"(?:[^"\\]|\\.)*+"|(-0(?![0-9.eE]))', re.DOTALL)
"""A whole string, or outside strings the integer `-0`."""


def parse(data: bytes, file: str) -> object:
    """Strict JSON out of `file`; `MalformedFile` names the broken rule, `LimitExceeded` the bound that was reached."""
    decoded = len(data) if data.isascii() and b"\\u" not in data else 4 * len(data)
    if decoded > MAX_TEXT_BYTES:
        raise LimitExceeded(
            f"{len(data)} bytes of JSON, more than this reader takes", where=file, todo="split the model"
        )
    punctuation = sum(data.count(mark) for mark in (b"{", b"[", b":", b","))
    if punctuation > MAX_PUNCTUATION:
        raise LimitExceeded(
            f"JSON of about {punctuation} values, more than this reader takes", where=file, todo="split the model"
        )
    try:
        value = strict_json.loads(data, max_depth=MAX_DEPTH)
    except strict_json.StrictJsonError as error:
        raise MalformedFile(Rule(error.rule), str(error)[:200], where=file) from None
    if b"-0" in data and any(match[1] for match in _NEGATIVE_ZERO.finditer(data)):
        raise MalformedFile(Rule.NEGATIVE_ZERO, "the number -0 is an integer to some readers only", where=file)
    return value
