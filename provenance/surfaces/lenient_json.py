"""A JSON document as a loader would see it, and what is wrong with it.

The strict reader decides. Where it refuses a document that Python's loaders accept all the same (a key that stands
twice, `NaN`), the document is read again as they read it, so that what it hides is still seen.
"""

from __future__ import annotations

import json

from provenance.documents.strict_json import StrictJsonError, loads
from provenance.facts import JsonFact

MAX_VALUES = 1_000_000
"""Commas and opening brackets; each may cost a hundred bytes of memory. The largest vocabularies have 260 thousand."""
TOO_LARGE = "too large to look at"


def read(file: str, data: bytes) -> JsonFact:
    """The document in `data`. `value` is None where no loader could read it; `error` says what a strict reader says."""
    values = data.count(b",") + data.count(b"[") + data.count(b"{")
    if values > MAX_VALUES:
        return JsonFact(file, None, error=f"{TOO_LARGE}: more than {MAX_VALUES} values")
    try:
        return JsonFact(file, loads(data))
    except StrictJsonError as error:
        if error.rule not in ("duplicate-key", "not-finite"):
            return JsonFact(file, None, error=str(error))
        return _as_loaders_do(file, data, str(error))


def too_large(file: str, nbytes: int, limit: int) -> JsonFact:
    """The fact of a document that was not looked at."""
    return JsonFact(file, None, error=f"{TOO_LARGE}: {nbytes} bytes of JSON, the limit is {limit}")


def _as_loaders_do(file: str, data: bytes, error: str) -> JsonFact:
    """Python's own reading: the last of equal keys wins, `NaN` and `Infinity` are numbers. Depth is already bounded."""
    twice: dict[str, None] = {}

    def last_wins(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in pairs:
            if key in found:
                twice[key] = None
            found[key] = value
        return found

    try:
        value: object = json.loads(data.decode("utf-8"), object_pairs_hook=last_wins)
    except (ValueError, RecursionError) as failure:
        return JsonFact(file, None, tuple(twice), f"{error}; {failure}")
    return JsonFact(file, value, tuple(twice), error)
