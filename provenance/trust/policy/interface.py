"""What a rule is: a pure function from a case to outcomes, one file for each table of the policy.

A case holds all that the judge may know. Its exhibits have one shape wherever they come from: this run's report, or the
predicate of an attestation that was verified. Every exhibit is judged, and the worst one counts: what is presented can
be withheld, but never outvoted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from provenance.documents.policy import Policy
from provenance.documents.report import CoverageRow, FindingRow, LineageSummary, SkippedRow
from provenance.errors import one_line
from provenance.records import Assurance, FailedClaim, RuleOutcome, RuleResult, VerifiedClaim

THIS_RUN = ""
"""Origin of the exhibit that is this run's own report."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One body of evidence about the model."""

    origin: str
    """`THIS_RUN`, or whose attestation it is: `lab's model-scan attestation`."""
    assurance: Assurance
    coverage: tuple[CoverageRow, ...]
    skipped: tuple[SkippedRow, ...]
    findings: tuple[FindingRow, ...] | None
    """What a scan found; None where this is not a scan."""
    tensor_count: int | None
    """Tensors that were read; None where this is not a scan."""
    lineage: LineageSummary | None


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a verdict rests on."""

    policy: Policy
    at: datetime
    """Evaluation time, with a zone."""
    subject_sha256: str | None
    """None where nothing was digested."""
    files: tuple[str, ...]
    """Path of every file of the model."""
    exhibits: tuple[Exhibit, ...]
    claims: tuple[VerifiedClaim, ...]
    """Verified, and about this subject."""
    failures: tuple[FailedClaim, ...]
    """Presented, and not verified, about another subject, or not what their type requires."""
    examined: bool
    """Whether the model itself was examined in this run; without that, all evidence is attested."""


Rule = Callable[[Case], tuple[RuleOutcome, ...]]


def ruled(rule: str, result: RuleResult | str, message: str) -> RuleOutcome:
    """The outcome of one rule; `message` may hold names that others chose.

    Its first clause says what is wrong in at most about a hundred characters, and the rest what to do.
    """
    return RuleOutcome(rule=rule, result=RuleResult(result), message=one_line(message))


def brief(name: str, limit: int = 50) -> str:
    """`name` in at most `limit` characters: what is too long loses its middle, since paths differ at both ends."""
    name = one_line(name)
    if len(name) <= limit:
        return name
    tail = 2 * limit // 3
    return f"{name[: limit - tail - 1]}…{name[-tail:]}"


def enumerated(items: Iterable[tuple[str, str]], room: int = 66) -> str:
    """`a and 4 more; also b, c and 2 more`, for (name, origin): a first clause that stays short, then what it left out.

    A message's first clause, up to the first `; `, is what headlines quote; the first name gets `room` of it. A name
    that several origins give counts once, by the first of them.
    """
    origins: dict[str, str] = {}
    for name, origin in items:
        origins.setdefault(name, origin)
    (name, origin), *others = origins.items()
    rest = f" and {len(others)} more" if others else ""
    also = f"; also {listed((other + told(by) for other, by in others), 2)}" if others else ""
    return f"{brief(name, room)}{rest}{says(origin)}{also}"


def listed(items: Iterable[str], limit: int = 3) -> str:
    """`a, b, c and 4 more`, each once and none longer than 120 characters."""
    names = [name if len(name) <= 120 else f"{name[:119]}…" for name in dict.fromkeys(items)]
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")


def counted(number: int, noun: str) -> str:
    """`1 finding`, `2 findings`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def told(origin: str) -> str:
    """In brackets, on whose word something is: nothing for this run's own."""
    return f" (says {origin})" if origin != THIS_RUN else ""


def says(origin: str) -> str:
    """The same as a clause of its own."""
    return f"; says {origin}" if origin != THIS_RUN else ""
