"""What a hostile case is."""

from __future__ import annotations

from dataclasses import dataclass

from provenance.reading.formats.rules import Rule


@dataclass(frozen=True, slots=True)
class Hostile:
    """A model of a few files that breaks exactly one rule."""

    rule: Rule
    what: str
    files: dict[str, bytes]
