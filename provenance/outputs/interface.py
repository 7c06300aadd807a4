"""What an output is: a pure function from a report, its verdict and the words of the rules to text.

Outputs decide nothing and escape everything: whatever a report quotes was written by whoever made the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from provenance.documents.report import Report, VerdictDocument
    from provenance.records import Severity


@dataclass(frozen=True, slots=True)
class RuleText:
    """The words of one rule, as plain values: outputs know rules by what the hall hands them, not by their checks."""

    title: str
    meaning: str
    advice: str
    severity: Severity


class Render(Protocol):
    """Turns a report into text that ends in a newline. Rules that the mapping does not know are shown by their id."""

    def __call__(self, report: Report, verdict: VerdictDocument | None, rules: Mapping[str, RuleText], /) -> str:
        """The whole text; the same for the same values, on every host."""


@dataclass(frozen=True, slots=True)
class Output:
    """One kind of output; each module of this folder ends in one, named `OUTPUT`."""

    kind: str
    suffix: str
    """What a file of this kind is usually called: `.json`."""
    render: Render


class Kind(NamedTuple):
    """A kind before its module is loaded: enough for `--help`."""

    name: str
    summary: str
    """One line: who reads it."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What a text for people may use of the place it is shown in. The default fits a file and a log."""

    width: int = 80
    color: bool = False
    unicode: bool = True
