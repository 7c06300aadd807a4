"""`[findings]`: what the checks found, in this run and in the scans that were attested."""

from __future__ import annotations

from provenance.documents.report import FindingRow
from provenance.records import RuleOutcome, RuleResult
from provenance.trust.policy import exceptions
from provenance.trust.policy.interface import Case, counted, enumerated, ruled


def judge(case: Case) -> tuple[RuleOutcome, ...]:
    """`findings.deny-severity`, and what else applies; `findings.on-missing` where there is no scan to judge."""
    scans = [exhibit for exhibit in case.exhibits if exhibit.findings is not None]
    if not scans:
        message = "nothing says what a scan finds; present a model-scan attestation, or run provenance check"
        return (ruled("findings.on-missing", case.policy.findings.on_missing, message),)
    hits: dict[str, list[tuple[str, str]]] = {"deny": [], "deny-severity": [], "warn": [], "warn-severity": []}
    for exhibit in scans:
        for finding in exhibit.findings or ():
            if not exceptions.accepted(case, finding) and (key := _key(case, finding)):
                hits[key].append((_described(finding), exhibit.origin))
    outcomes = [_outcome(key, found, case) for key, found in hits.items() if found]
    if not hits["deny-severity"]:
        message = f"no finding of severity {case.policy.findings.deny_severity} or above"
        outcomes.append(ruled("findings.deny-severity", RuleResult.PASS, message))
    return tuple(outcomes)


def _key(case: Case, finding: FindingRow) -> str | None:
    """The key of the table that the finding falls under; a rule named in a list is judged by the list alone."""
    table = case.policy.findings
    if finding.rule in table.deny:
        return "deny"
    if finding.rule in table.warn:
        return "warn"
    if finding.severity.rank >= table.deny_severity.rank:
        return "deny-severity"
    return "warn-severity" if finding.severity.rank >= table.warn_severity.rank else None


def _outcome(key: str, found: list[tuple[str, str]], case: Case) -> RuleOutcome:
    table = case.policy.findings
    what = {
        "deny": "of a rule that is denied",
        "deny-severity": f"of severity {table.deny_severity} or above",
        "warn": "of a rule that warns",
        "warn-severity": f"of severity {table.warn_severity} or above",
    }[key]
    result = RuleResult.FAIL if key.startswith("deny") else RuleResult.WARN
    example = found[0][0].partition(" ")[0]
    message = f"{counted(len({name for name, _ in found}), 'finding')} {what}: {enumerated(found)}"
    return ruled(f"findings.{key}", result, f"{message}; see provenance explain {example}")


def _described(finding: FindingRow) -> str:
    place = finding.location.file or finding.location.tensor
    return f"{finding.rule} in {place}" if place else finding.rule
