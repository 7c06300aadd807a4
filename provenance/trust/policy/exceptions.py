"""`[[exception]]`: one rule's findings accepted for one model, by its digest, until a date.

An exception never hides anything: its findings stay in the report, and its use, its end and its being of no use are
each a warning of their own.
"""

from __future__ import annotations

from provenance.documents.policy import Acceptance
from provenance.documents.report import FindingRow
from provenance.records import RuleOutcome, RuleResult
from provenance.trust.policy.interface import Case, ruled


def accepted(case: Case, finding: FindingRow) -> bool:
    """Whether an exception that still holds accepts the finding for this model."""
    return any(entry.rule == finding.rule and not _expired(case, entry) for entry in _about(case))


def judge(case: Case) -> tuple[RuleOutcome, ...]:
    """`exception.RULE` for each exception that is about this model."""
    found = {finding.rule for exhibit in case.exhibits for finding in exhibit.findings or ()}
    return tuple(_judge(case, entry, entry.rule in found) for entry in _about(case))


def _judge(case: Case, entry: Acceptance, used: bool) -> RuleOutcome:
    rule = f"exception.{entry.rule}"
    if not used:
        message = "the model has no such finding; remove the exception"
    elif _expired(case, entry):
        message = f"it ended on {entry.expires}, so its findings count again; remove it or have it approved anew"
    else:
        message = f"accepted until {entry.expires} by {entry.approved_by}: {entry.reason}"
    return ruled(rule, RuleResult.WARN, message)


def _about(case: Case) -> tuple[Acceptance, ...]:
    return tuple(entry for entry in case.policy.exception if entry.subject == case.subject_sha256)


def _expired(case: Case, entry: Acceptance) -> bool:
    return case.at.date() > entry.expires
