"""What a scanner is to the benchmark: packages to install, a command to run, and how its answer is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """What a scanner says of one folder."""

    FLAGGED = "flagged"
    """At least one finding of warning, medium or worse, by the scanner's own scale."""
    CLEAN = "clean"
    """It looked, and reports nothing of that kind."""
    UNREAD = "unread"
    """It says itself that it did not look, or not at everything: neither a detection nor a false alarm."""
    ERROR = "error"
    """It crashed, ran out of time or memory, or its answer could not be read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one run is read."""

    outcome: Outcome
    findings: tuple[str, ...] = ()
    """Each finding that counts, in one line that is the same on every host: rule, place below the folder, message."""
    code: int = 0
    """Exit code of the last command."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one command left behind; `code` is None where it was killed by the clock."""

    code: int | None
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """One row of the tables."""

    name: str
    requirements: tuple[str, ...]
    """Pinned requirements of its own environment; empty: it runs in ours."""
    surfaces: str
    """What it claims to look at, for the reader of the table."""
    command: Callable[[Path, Path], list[str]]
    """(folder of the environment's programs, what is scanned) to a command line."""
    read: Callable[[Done, Path], Answer]
    """(what the command left, what was scanned) to an answer."""
    slow: bool = False
    """Takes seconds a folder: of test data, it is run on its own only."""
    targets: Callable[[Path, Path], list[Path]] = lambda folder, _scratch: [folder]
    """(folder, scratch folder) to what is scanned, one command each; an empty list is UNREAD."""


def worst(answers: list[Answer]) -> Answer:
    """One answer for a folder that took several commands: a finding wins, then an error, then what was not read."""
    if not answers:
        return Answer(Outcome.UNREAD)
    order = (Outcome.FLAGGED, Outcome.ERROR, Outcome.UNREAD, Outcome.CLEAN)
    outcome = min((answer.outcome for answer in answers), key=order.index)
    findings = tuple(sorted({finding for answer in answers for finding in answer.findings}))
    return Answer(outcome, findings, max(answer.code for answer in answers))
