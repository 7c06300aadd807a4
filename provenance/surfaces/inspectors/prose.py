"""Texts for people and their agents: cards, notes, rules for coding agents, Modelfiles."""

from __future__ import annotations

import re
from dataclasses import replace
from posixpath import basename

from provenance.facts import ProseFact
from provenance.records import Unit
from provenance.surfaces.inspectors.interface import Buffered, Facts, InspectionContext, Inspector
from provenance.surfaces.prose import modelfile, notes

MAX_MARKED_UP = 2 * 1024 * 1024
"""Bytes of a Markdown text; the longest cards have some hundred thousand. What is beyond is said to be unread."""
MAX_PLAIN = 1024 * 1024
"""Bytes of a plain text at the top; longer ones are lists and data."""

_MARKED_UP = re.compile(r".*\.(?:md|markdown|mdx|mdc|rst)|readme(?:\.[a-z]{2,5})?", re.IGNORECASE)
_MODELFILE = re.compile(r"(?:.*[._-])?modelfile(?:[._-].*)?", re.IGNORECASE)
_LISTS = re.compile(r"(?:vocab|merges|.*requirements.*|.*constraints.*)\.txt", re.IGNORECASE)


def _make(unit: Unit, _context: InspectionContext) -> Buffered | None:
    name = basename(unit.file)
    if _MODELFILE.fullmatch(name):
        return Buffered(MAX_PLAIN + 1, _modelfile)
    if _MARKED_UP.fullmatch(name) or notes.is_for_agents(unit.file):
        return None if name.lower().endswith(".json") else Buffered(MAX_MARKED_UP + 1, _marked_up)
    top = "/" not in unit.file and name.lower().endswith(".txt") and not _LISTS.fullmatch(name)
    return Buffered(MAX_PLAIN, _plain) if top and unit.nbytes <= MAX_PLAIN else None


def _marked_up(unit: Unit, data: bytes) -> Facts:
    text, error = _text(data, MAX_MARKED_UP)
    return (ProseFact(unit.file, "notes", notes.features(unit.file, text, marked_up=True), error),)


def _plain(unit: Unit, data: bytes) -> Facts:
    text, _ = _text(data, MAX_PLAIN)
    found = notes.features(unit.file, text, marked_up=False)
    return (ProseFact(unit.file, "notes", found),) if found else ()


def _modelfile(unit: Unit, data: bytes) -> Facts:
    text, error = _text(data, MAX_PLAIN)
    fact = modelfile.read(unit.file, text)
    return (replace(fact, error=error or fact.error),)


def _text(data: bytes, limit: int) -> tuple[str, str]:
    """What was read of a text, and what was not."""
    error = f"longer than {limit} bytes, and not read to its end" if len(data) > limit else ""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data[:limit].decode("utf-16", "replace"), error
    return data[:limit].decode("utf-8", "replace"), error


def _cost(unit: Unit) -> int:
    """Nothing of it is kept; but to take a text apart takes copies of it, and time, and a model may have many."""
    return 8 * min(unit.nbytes, MAX_MARKED_UP)


PROSE = Inspector("prose", _make, _cost)
