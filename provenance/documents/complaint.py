"""A document's validation error as one clear line: which key, what is wrong with it, what was probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from provenance.errors import UsageError

Path = tuple[int | str, ...]
"""Keys and positions from the document's root."""

_MAX_SHOWN = 80


def complaint(
    error: ValidationError,
    *,
    where: str,
    known: Callable[[Path], Iterable[str]],
    forms: Mapping[str, str],
    missing: Callable[[Path], str],
) -> UsageError:
    """The first thing that is wrong; an unknown key before all, since it is often why another one is missing.

    `known` lists the keys of the table at a path, `forms` says in words what a pattern asks for, and `missing` what to
    do about a key that is not there.
    """
    details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
    if details[0]["type"] == "missing":
        path = _path(details[0])
        return UsageError(f"`{_written(path)}` is missing", where=where, todo=missing(path))
    what, todo = _told(details[0], known, forms)
    return UsageError(what, where=where, todo=todo)


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """`did you mean …?` with the nearest candidate, or nothing."""
    near = difflib.get_close_matches(word, list(candidates), n=1)
    return f"did you mean `{near[0]}`?" if near else ""


def _told(detail: ErrorDetails, known: Callable[[Path], Iterable[str]], forms: Mapping[str, str]) -> tuple[str, str]:
    path = _path(detail)
    name, given = _written(path), detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            keys = tuple(known(path[:-1]))
            return f"unknown key `{name}`", did_you_mean(str(path[-1]), keys) or f"known here: {', '.join(keys)}"
        case "enum" | "literal_error":
            allowed = re.findall(r"'([^']*)'", detail["ctx"]["expected"]) or [detail["ctx"]["expected"]]
            hint = did_you_mean(str(given), allowed) or f"use {' or '.join(allowed)}"
            return f"`{name}` is {_short(given)}", hint + (" or a list" if "[any]" in detail["loc"] else "")
        case "string_pattern_mismatch":
            form = forms[detail["ctx"]["pattern"]]
            hint = did_you_mean(str(given), re.findall(r"`([^`]*)`", form))
            return f"`{name}` is {_short(given)}", hint or f"write {form}"
        case "too_short":
            return f"`{name}` is empty", "name at least one, or leave the key out"
        case "model_type" | "dict_type":
            return f"`{name}` is not a table", f"write [{name}]"
        case "tuple_type":
            return f"`{name}` is not a list", f"write {name} = [...], or [[{name}]] for a list of tables"
        case "json_invalid":  # the values were written as JSON by us, so nothing but their depth can be wrong with it
            return "nested too deeply", "see docs/policy.md"
        case _ if not name or isinstance(given, dict | list):
            return f"`{name}`: {detail['msg']}".removeprefix("``: "), "see docs/policy.md"
        case _:
            return f"`{name}` is {_short(given)}", f"{detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _path(detail: ErrorDetails) -> Path:
    # Parts in brackets are pydantic's own: a branch of a union, or `[key]` for the name of a table.
    return tuple(part for part in detail["loc"] if not str(part).startswith("["))


def _written(path: Path) -> str:
    """`exception[0].reason`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"
