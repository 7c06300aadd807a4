"""Members of untyped JSON, taken one at a time; what is missing or of another type fails its step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from provenance.errors import NotVerified
from provenance.trust.attest.interface import Step

T = TypeVar("T")

_NAMES: dict[type[object], str] = {str: "a string", list: "an array", dict: "an object"}


def member(document: Mapping[str, object], key: str, kind: type[T], *, step: Step) -> T:
    """`document[key]`, which is a `kind`. Raises `NotVerified(step)`."""
    value = document.get(key)
    if not isinstance(value, kind):
        raise NotVerified(step, f"`{key}` is missing or not {_NAMES[kind]}")
    return value


def shown(text: str) -> str:
    """`text` quoted for a message, at most 120 characters of it."""
    return repr(text if len(text) <= 120 else f"{text[:120]}…")
