"""Reports, claims and policies to judge: a fine model from which each test takes one thing away."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from provenance.documents.policy import read, validate
from provenance.documents.predicates import MODEL_LINEAGE, MODEL_SCAN, from_report
from provenance.documents.report import (
    ClaimRow,
    CoverageRow,
    FindingRow,
    Inputs,
    LineageSummary,
    ListedFile,
    LocationRow,
    Report,
    SkippedRow,
    Subject,
    Tool,
)
from provenance.records import (
    Assurance,
    Confidence,
    FailedClaim,
    FileDigest,
    Manifest,
    ModelKind,
    Relation,
    RuleOutcome,
    RuleResult,
    Severity,
    Verdict,
    VerifiedClaim,
    VerifiedClaims,
)
from provenance.trust.policy import LoadedPolicy, judge, judge_claims, load
from provenance.trust.policy.exhibits import case as case_of
from provenance.trust.policy.interface import Case

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
SUBJECT = "5" * 64
BASE = "b" * 64
FILES = ("model.safetensors", "config.json", "LICENSE")


def finding(
    rule: str = "remote-code", severity: Severity = Severity.ERROR, file: str | None = "config.json"
) -> FindingRow:
    return FindingRow(
        rule=rule,
        severity=severity,
        confidence=Confidence.HIGH,
        message="seen",
        advice="look",
        location=LocationRow(file=file),
    )


def lineage(
    *relations: Relation,
    possible: Sequence[Relation] = (),
    base_sha256: str = BASE,
    counts: dict[str, int] | None = None,
) -> LineageSummary:
    return LineageSummary(
        base="the-base",
        base_sha256=base_sha256,
        base_tensor_root=None,
        relations=list(relations),
        possible=list(possible or relations),
        counts={"identical": 3} if counts is None else counts,
        basis="3 of 3 tensors are identical",
        architecture="llama",
    )


def skipped(surface: str, *, asked: bool = False) -> SkippedRow:
    return SkippedRow(surface=surface, reason="no reason", asked=asked)


def report(
    *,
    findings: Sequence[FindingRow] = (),
    compared: LineageSummary | None = None,
    skips: Sequence[SkippedRow] = (),
    coverage: Sequence[CoverageRow] = (),
    files: Sequence[str] = FILES,
    tensors: int = 3,
    assurance: Assurance = Assurance.BYTES,
    attestations: Sequence[ClaimRow] = (),
) -> Report:
    return Report(
        tool=Tool(version="0", rules_sha256="c" * 64),
        inputs=Inputs(verb="check", candidate="model"),
        subject=Subject(
            name="model",
            kind=ModelKind.DIRECTORY,
            sha256=SUBJECT,
            tensor_root="d" * 64,
            tensor_count=tensors,
            files=[ListedFile(path=path, size=1, sha256="e" * 64) for path in files],
            excluded=[],
            assurance=assurance,
        ),
        relations=compared.relations if compared else [],
        lineage=compared,
        tensors=[],
        findings=list(findings),
        measurements=[],
        attestations=list(attestations),
        coverage=[CoverageRow(surface="files", examined=3, total=3, unit="files"), *coverage],
        skipped=[skipped("behaviour"), *skips],
    )


def claim_of(
    made: Report, which: str = MODEL_SCAN, *, signer: str = "lab", signed_at: str | None = None
) -> VerifiedClaim:
    """The verified claim that signing `made` leads to."""
    predicate = dict(from_report(made, time_created="2026-11-20T00:00:00Z"))[which]
    return claim(which, json.loads(predicate.model_dump_json(by_alias=True)), signer=signer, signed_at=signed_at)


def claim(
    predicate_type: str,
    predicate: dict[str, object],
    *,
    signer: str = "lab",
    subject: str = SUBJECT,
    signed_at: str | None = None,
) -> VerifiedClaim:
    return VerifiedClaim(
        predicate_type=predicate_type,
        signer=signer,
        key_id="a" * 64,
        subject_sha256=subject,
        statement_sha256=hashlib.sha256(json.dumps(predicate).encode()).hexdigest(),
        predicate=predicate,
        signed_at=signed_at,
        source="model.sigstore.jsonl:1",
    )


def claims(*verified: VerifiedClaim, failures: Sequence[FailedClaim] = ()) -> VerifiedClaims:
    return VerifiedClaims(claims=verified, failures=tuple(failures))


def both(made: Report, *, signer: str = "lab") -> VerifiedClaims:
    """What `attest` signs of a report with a lineage."""
    return claims(claim_of(made, signer=signer), claim_of(made, MODEL_LINEAGE, signer=signer))


def manifest(files: Sequence[str] = FILES) -> Manifest:
    digests = tuple(FileDigest(path=path, size=1, sha256="e" * 64) for path in files)
    return Manifest(kind=ModelKind.DIRECTORY, files=digests, tensors=(), subject_sha256=SUBJECT, tensor_root=None)


def policy(text: str = "") -> LoadedPolicy:
    """The policy with these tables."""
    made = validate(read(f"version = 1\n{text}".encode(), where="test"), where="test")
    return LoadedPolicy(policy=made, name="test", sha256="f" * 64, source="test", keys={})


def case(model: Report | Manifest, text: str = "", *, given: VerifiedClaims | None = None) -> Case:
    """`model` before a judge who goes by the policy `text`."""
    return case_of(model, given, policy(text).policy, AT)


def decide(
    model: Report | Manifest, by: LoadedPolicy | str = "default", *, given: VerifiedClaims | None = None
) -> Verdict:
    """The verdict on `model` by a policy, or by a built-in one of this name."""
    loaded = load(by) if isinstance(by, str) else by
    if isinstance(model, Manifest):
        return judge_claims(model, given or claims(), loaded, at=AT)
    return judge(model, loaded, claims=given, at=AT)


def results(rows: Sequence[RuleOutcome]) -> dict[str, RuleResult]:
    """Rule to result; a rule that was judged more than once must always have had the same."""
    found: dict[str, RuleResult] = {}
    for row in rows:
        assert found.setdefault(row.rule, row.result) == row.result
    return found


def only(rows: Sequence[RuleOutcome], rule: str) -> RuleOutcome:
    """The one outcome of `rule`."""
    (row,) = [row for row in rows if row.rule == rule]
    return row
