"""The judge, and the only maker of verdicts: a pure function of evidence, policy and time.

    loading       a policy by its name or path, with what it extends, its keys and its digest
    presets/      the built-in policies, as TOML
    interface     what a rule is, and the case it judges
    exhibits      a report and verified claims as one case
    failures      why attestations did not verify, in a few words
    formats findings lineage coverage attestations exceptions    one table of the policy each

Each rule passes, warns, fails or is unknown. One failure denies; else one unknown leaves the verdict undecided; else
one warning warns. So more evidence against a model, or less for it, never makes its verdict better.
"""

from __future__ import annotations

from datetime import UTC, datetime

from provenance.documents.report import Report
from provenance.records import Manifest, Outcome, RuleOutcome, RuleResult, Verdict, VerifiedClaims
from provenance.trust.policy import attestations, coverage, exceptions, exhibits, findings, formats, lineage
from provenance.trust.policy.interface import Rule
from provenance.trust.policy.loading import LoadedPolicy, load, refuse_unknown_rules

__all__ = ["RULES", "LoadedPolicy", "judge", "judge_claims", "load", "outcome", "refuse_unknown_rules"]

RULES: tuple[Rule, ...] = (
    attestations.judge,
    findings.judge,
    lineage.judge,
    formats.judge,
    coverage.judge,
    exceptions.judge,
)
"""Every rule, in the order of the verdict."""


def judge(report: Report, policy: LoadedPolicy, *, claims: VerifiedClaims | None = None, at: datetime) -> Verdict:
    """What `policy` says at the time `at` of a model that was examined, and of what is attested about it.

    `claims` is None where no attestation was presented. `at` has a zone.
    """
    return _verdict(report, policy, claims, at)


def judge_claims(manifest: Manifest, claims: VerifiedClaims, policy: LoadedPolicy, *, at: datetime) -> Verdict:
    """What `policy` says of a model that was only digested: all evidence about it is attested."""
    return _verdict(manifest, policy, claims, at)


def outcome(rules: tuple[RuleOutcome, ...]) -> Outcome:
    """The verdict that follows from the rules: denied beats undecided beats warn beats pass."""
    results = {rule.result for rule in rules}
    if RuleResult.FAIL in results:
        return Outcome.DENIED
    if RuleResult.UNKNOWN in results:
        return Outcome.UNDECIDED
    return Outcome.WARN if RuleResult.WARN in results else Outcome.PASS


def _verdict(model: Report | Manifest, policy: LoadedPolicy, claims: VerifiedClaims | None, at: datetime) -> Verdict:
    if at.tzinfo is None:
        raise ValueError("the evaluation time has no zone")
    at = at.astimezone(UTC)
    case = exhibits.case(model, claims, policy.policy, at)
    rules = tuple(row for rule in RULES for row in rule(case))
    return Verdict(
        outcome=outcome(rules),
        policy=policy.name,
        policy_sha256=policy.sha256,
        rules=rules,
        at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
