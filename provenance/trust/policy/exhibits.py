"""Turns a report and verified claims into a case: the same evidence in the same shape, whoever measured it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from provenance.documents.policy import Policy
from provenance.documents.predicates import MODEL_LINEAGE, MODEL_SCAN, ModelLineage, ModelScan
from provenance.documents.report import Report
from provenance.records import FailedClaim, Manifest, VerifiedClaim, VerifiedClaims
from provenance.trust.policy.failures import SUBJECT_STEP
from provenance.trust.policy.interface import THIS_RUN, Case, Exhibit

SEMANTICS_STEP = 10
"""The step of verification (docs/verification.md) that is taken once more here, beside the one about the subject."""


def case(model: Report | Manifest, claims: VerifiedClaims | None, policy: Policy, at: datetime) -> Case:
    """All that is known about `model`: this run's report, or a manifest where only attestations say more.

    A report of `verify` is no more than a manifest: it has no finding because nothing was looked for.
    """
    subject = model.subject.sha256 if isinstance(model, Report) else model.subject_sha256
    examined = isinstance(model, Report) and model.inputs.verb != "verify"
    exhibits = [_of_report(model)] if isinstance(model, Report) and examined else []
    accepted: list[VerifiedClaim] = []
    failures = list(claims.failures if claims is not None else _failed_rows(model))
    for claim in claims.claims if claims is not None else ():
        failure, exhibit = _examine(claim, subject)
        if failure is not None:
            failures.append(failure)
            continue
        accepted.append(claim)
        exhibits += [exhibit] if exhibit is not None else []
    return Case(
        policy=policy,
        at=at,
        subject_sha256=subject,
        files=tuple(file.path for file in (model.subject.files if isinstance(model, Report) else model.files)),
        exhibits=tuple(exhibits),
        claims=tuple(accepted),
        failures=tuple(failures),
        examined=examined,
    )


def _failed_rows(model: Report | Manifest) -> Iterator[FailedClaim]:
    """Failures that a saved report tells of: they stay failures when it is judged again without its bundles.

    Its verified rows are a file's word and count for nothing.
    """
    for row in model.attestations if isinstance(model, Report) else ():
        if not row.verified:
            yield FailedClaim(source=row.source, step=row.step or 0, reason=row.reason or "it did not verify")


def _of_report(report: Report) -> Exhibit:
    return Exhibit(
        origin=THIS_RUN,
        assurance=report.subject.assurance,
        coverage=tuple(report.coverage),
        skipped=tuple(report.skipped),
        findings=tuple(report.findings),
        tensor_count=report.subject.tensor_count,
        lineage=report.lineage,
    )


def _examine(claim: VerifiedClaim, subject: str | None) -> tuple[FailedClaim | None, Exhibit | None]:
    """The exhibit in a claim, or why the claim is none. Types that are not ours are verified and hold no exhibit."""
    if claim.subject_sha256 != subject:
        reason = f"it is about another model, sha256:{claim.subject_sha256}"
        return FailedClaim(claim.source, SUBJECT_STEP, reason, claim.predicate_type), None
    try:
        if claim.predicate_type == MODEL_SCAN:
            return None, _of_scan(claim)
        if claim.predicate_type == MODEL_LINEAGE:
            return None, _of_lineage(claim)
    except ValueError:
        reason = "its predicate is not what its type requires"
        return FailedClaim(claim.source, SEMANTICS_STEP, reason, claim.predicate_type), None
    return None, None


def _of_scan(claim: VerifiedClaim) -> Exhibit:
    scan = ModelScan.model_validate_json(json.dumps(claim.predicate, default=dict))
    return Exhibit(
        origin=f"{claim.signer}'s model-scan attestation",
        assurance=scan.assurance,
        coverage=tuple(scan.coverage),
        skipped=tuple(scan.skipped),
        findings=tuple(scan.findings),
        tensor_count=scan.tensor_count,
        lineage=None,
    )


def _of_lineage(claim: VerifiedClaim) -> Exhibit:
    said = ModelLineage.model_validate_json(json.dumps(claim.predicate, default=dict))
    if (said.relations, said.base_sha256) != (said.lineage.relations, said.lineage.base_sha256):
        raise ValueError("the predicate says one thing in two places, and not the same")
    return Exhibit(
        origin=f"{claim.signer}'s model-lineage attestation",
        assurance=said.assurance,
        coverage=tuple(said.coverage),
        skipped=tuple(said.skipped),
        findings=None,
        tensor_count=None,
        lineage=said.lineage,
    )
