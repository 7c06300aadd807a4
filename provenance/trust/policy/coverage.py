"""`[coverage]`: what it means that something was not looked at. Nothing that was not looked at may look fine."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from provenance.documents.report import SkippedRow
from provenance.records import Assurance, RuleOutcome, RuleResult
from provenance.trust.policy.interface import Case, Exhibit, listed, ruled, told

OWN_TABLES = frozenset({"base", "lineage", "attestations"})
"""Surfaces whose absence other tables judge where nobody asked for them."""


def judge(case: Case) -> tuple[RuleOutcome, ...]:
    """`coverage.assurance`, `asked`, `unread`, `not-asked`, and `coverage.tensors` where not one was read."""
    if not case.exhibits:
        return ()  # `findings.on-missing` says so
    table = case.policy.coverage
    asked = _each(case, lambda exhibit: (f"{row.surface} ({row.reason})" for row in exhibit.skipped if row.asked))
    unread = _each(case, _partly_read)
    idle = _each(case, lambda exhibit: (row.surface for row in _idle(exhibit) if row.surface not in table.may_skip))
    excused = _each(case, lambda exhibit: (row.surface for row in _idle(exhibit) if row.surface in table.may_skip))
    outcomes = [
        _assurance(case),
        _all_or(asked, "asked", table.asked, "all that was asked for was looked at", "asked for, and not looked at"),
        _all_or(unread, "unread", table.unread, "every surface was read to its end", "not read to the end"),
        _all_or(idle, "not-asked", table.not_asked, _fine(excused), "not asked for, and not looked at"),
    ]
    if any(exhibit.tensor_count == 0 for exhibit in case.exhibits):
        message = "not one tensor of the model was read; name a model with safetensors or GGUF weights"
        outcomes.append(ruled("coverage.tensors", RuleResult.UNKNOWN, message))
    return tuple(outcomes)


def _assurance(case: Case) -> RuleOutcome:
    strongest_first, needed = list(Assurance), case.policy.coverage.assurance
    weak = [e for e in case.exhibits if strongest_first.index(e.assurance) > strongest_first.index(needed)]
    if weak:
        rests = listed(f"{exhibit.assurance}{told(exhibit.origin)}" for exhibit in weak)
        message = f"rests on {rests}, weaker than {needed}; give the model itself to provenance check"
        return ruled("coverage.assurance", RuleResult.UNKNOWN, message)
    return ruled("coverage.assurance", RuleResult.PASS, f"everything rests on {needed} or stronger")


def _partly_read(exhibit: Exhibit) -> Iterable[str]:
    for row in exhibit.coverage:
        if row.examined != row.total:
            yield f"{row.surface} ({row.examined} of {row.total} {row.unit})"


def _idle(exhibit: Exhibit) -> Iterable[SkippedRow]:
    return (row for row in exhibit.skipped if not row.asked and row.surface not in OWN_TABLES)


def _each(case: Case, names: Callable[[Exhibit], Iterable[str]]) -> list[str]:
    return [f"{name}{told(exhibit.origin)}" for exhibit in case.exhibits for name in names(exhibit)]


def _fine(excused: list[str]) -> str:
    return f"not looked at, which the policy allows: {listed(excused)}" if excused else "no surface was left out"


def _all_or(missing: list[str], key: str, consequence: str, fine: str, otherwise: str) -> RuleOutcome:
    rule = f"coverage.{key}"
    if not missing:
        return ruled(rule, RuleResult.PASS, fine)
    return ruled(rule, consequence, f"{otherwise}: {listed(missing)}")
