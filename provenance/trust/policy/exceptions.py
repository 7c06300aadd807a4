"""`[[exception]]`: one rule's findings accepted for one model, by its digest, until a date.

An exception never hides anything: its findings stay in the report, and its use, its end and its being of no use are
each a warning of their own. So is a file that was not read, where all that was found in it is accepted.
"""

from __future__ import annotations

from provenance.documents.policy import Acceptance
from provenance.documents.report import FindingRow
from provenance.records import RuleOutcome, RuleResult
from provenance.trust.policy.interface import Case, brief, ruled


def accepted(case: Case, finding: FindingRow) -> bool:
    """Whether an exception that still holds accepts the finding for this model."""
    return any(entry.rule == finding.rule and not _expired(case, entry) for entry in _about(case))


def accepted_files(case: Case) -> frozenset[str]:
    """Files in which something was found, and nothing but what is accepted.

    Who accepts what is wrong with a file that nobody could read has accepted that it was not read. A file with one
    further finding, whoever made it, is none of these.
    """
    found = [finding for exhibit in case.exhibits for finding in exhibit.findings or () if finding.location.file]
    refused = {finding.location.file for finding in found if not accepted(case, finding)}
    return frozenset(finding.location.file or "" for finding in found) - refused


def judge(case: Case) -> tuple[RuleOutcome, ...]:
    """`exception.RULE` for each exception that is about this model."""
    found = {finding.rule for exhibit in case.exhibits for finding in exhibit.findings or ()}
    return tuple(_judge(case, entry, entry.rule in found) for entry in _about(case))


def _judge(case: Case, entry: Acceptance, used: bool) -> RuleOutcome:
    rule, accepts = f"exception.{entry.rule}", brief(entry.rule)
    if not used:
        message = f"the model has no such finding as {accepts}; remove the exception"
    elif _expired(case, entry):
        message = f"{accepts} was accepted until {entry.expires}, and counts again"
        message += "; remove the exception, or have it approved anew"
    else:
        message = f"{accepts} is accepted until {entry.expires}; by {entry.approved_by}: {entry.reason}"
    return ruled(rule, RuleResult.WARN, message)


def _about(case: Case) -> tuple[Acceptance, ...]:
    return tuple(entry for entry in case.policy.exception if entry.subject == case.subject_sha256)


def _expired(case: Case, entry: Acceptance) -> bool:
    return case.at.date() > entry.expires
