"""One JSON reader for everything an attacker may have written: RFC 8259, and RFC 7493's ban on duplicate names.

Python's own reader lets the last of two equal keys win, reads `NaN` and `1e999`, and keeps lone surrogates; each of
these lets two readers see two documents in the same bytes.
"""

from __future__ import annotations

import json
import math
import re
from typing import NoReturn

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 128

_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""A whole string (possessive: no backtracking on hostile input), or one bracket."""


class StrictJsonError(ValueError):
    """The bytes are not strict JSON. `rule` is the kebab-case name of the broken rule."""

    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        super().__init__(message)


def loads(data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> object:
    """Parse UTF-8 `data` into plain Python values.

    Raises `StrictJsonError` with one of the rules `too-large not-utf8 not-json too-deep duplicate-key not-finite
    number-too-long lone-surrogate`.
    """
    if len(data) > max_bytes:
        raise StrictJsonError("too-large", f"{len(data)} bytes of JSON, the limit is {max_bytes}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StrictJsonError("not-utf8", f"byte {error.start} is not UTF-8") from None
    _check_depth(data, max_depth)
    try:
        value: object = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_integer
        )
    except StrictJsonError:
        raise
    except json.JSONDecodeError as error:
        raise StrictJsonError("not-json", f"{error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise StrictJsonError("too-deep", f"nested deeper than {max_depth}") from None
    if "\\u" in text:
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise StrictJsonError("lone-surrogate", "a string holds half of a surrogate pair") from None
    return value


def _check_depth(data: bytes, max_depth: int) -> None:
    """Bound the nesting before the recursive parser sees it; brackets inside strings do not count."""
    if data.count(b"[") + data.count(b"{") <= max_depth:
        return
    depth = 0
    for token in _BRACKETS.finditer(data):
        first = data[token.start()]
        if first in b"[{":
            depth += 1
            if depth > max_depth:
                raise StrictJsonError("too-deep", f"nested deeper than {max_depth}")
        elif first in b"]}":
            depth -= 1


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise StrictJsonError("duplicate-key", f"the key {key!r} stands twice in one object")
            seen.add(key)
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise StrictJsonError("not-finite", f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise StrictJsonError("not-finite", f"{text} is not a finite number")
    return value


def _integer(text: str) -> int:
    if len(text) > 40:
        raise StrictJsonError("number-too-long", f"an integer of {len(text)} digits")
    return int(text)
