"""The report and the verdict as JSON, `v0`: what `-o json=PATH` writes and what `attest --report` and `report` read.

A wire document is its own shape, made from records by the explicit functions at the foot of this file, never a dump of
them. Readers ignore keys they do not know (in-toto's rule for consumers); what is needed is required and never empty.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from provenance import records
from provenance.records import Assurance, Confidence, ModelKind, Outcome, Relation, RuleResult, Severity, TensorState

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Blake3 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

SCHEMA_VERSION: Literal["v0"] = "v0"


class Document(BaseModel):
    """Strict values, camelCase names, frozen; unknown keys are ignored, as in-toto asks of consumers."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        ser_json_inf_nan="null",
        allow_inf_nan=False,
        # Half of the documents are of no concern to most runs.
        defer_build=True,
    )


class Tool(Document):
    """What made the report. `rules_sha256` changes whenever a rule is added or reworded."""

    name: Literal["provenance"] = "provenance"
    version: str
    rules_sha256: Sha256


class Inputs(Document):
    """What was asked for: enough to repeat the run."""

    verb: str
    candidate: str
    base: str | None = None
    options: dict[str, str] = Field(default_factory=dict)


class ListedFile(Document):
    """One file of the model; `sha256` is null in a run without digests."""

    path: Annotated[str, Field(min_length=1)]
    size: Annotated[int, Field(ge=0)]
    sha256: Sha256 | None


class File(ListedFile):
    """One file of the model, digested."""

    sha256: Sha256


class Subject(Document):
    """The model, by both of its names (docs/digests.md), and every file the first one commits to.

    In a run without digests both names and every digest are null, and the assurance is `none`. Where part of a folder
    could not be looked at, both names are null: `skipped` says what, and `files` are the rest.
    """

    name: str
    kind: ModelKind
    sha256: Sha256 | None
    tensor_root: Blake3 | None
    tensor_count: Annotated[int, Field(ge=0)]
    files: Annotated[list[ListedFile], Field(min_length=1)]
    excluded: list[str]
    assurance: Assurance = Assurance.BYTES


class Delta(Document):
    """Statistics of candidate minus base over one tensor; floats are rounded to 5 significant digits."""

    elements: Annotated[int, Field(ge=0)]
    changed: Annotated[int, Field(ge=0)]
    changed_fraction: float
    relative_norm: float | None = Field(
        description="Frobenius norm of the delta over the base's; null where the base is zero"
    )
    cosine: float | None = Field(description="null where either tensor is zero or holds values that are not finite")
    max_abs: float | None
    nonfinite: Annotated[int, Field(ge=0)]


class TensorRow(Document):
    """One tensor of the candidate, and what it is to the base where one was compared."""

    name: str
    dtype: str
    shape: list[int]
    file: str
    blake3: Blake3 | None
    state: TensorState | None = None
    base_name: str | None = None
    base_dtype: str | None = None
    delta: Delta | None = None
    note: str | None = None


class LineageSummary(Document):
    """What the candidate is to its base."""

    base: str
    base_sha256: Sha256
    base_tensor_root: Blake3 | None
    relations: Annotated[list[Relation], Field(min_length=1)]
    possible: list[Relation]
    counts: dict[str, int]
    basis: str
    architecture: str
    reread_bytes: Annotated[int, Field(ge=0)] = 0


class LocationRow(Document):
    """Where a finding is."""

    file: str | None = None
    tensor: str | None = None
    offset: int | None = None
    line: int | None = None
    json_path: str | None = None


class FindingRow(Document):
    """One thing a check saw."""

    rule: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    severity: Severity
    confidence: Confidence
    message: str
    advice: str
    location: LocationRow


class Measurement(Document):
    """A behavioural measurement; none are made by this version, so the list is always empty and `skipped` says so."""

    probe: str
    value: float
    low: float
    high: float
    n: Annotated[int, Field(ge=1)]
    instrument: str


class CoverageRow(Document):
    """How much of one surface was read."""

    surface: str
    examined: Annotated[int, Field(ge=0)]
    total: Annotated[int, Field(ge=0)]
    unit: str
    note: str | None = None


class SkippedRow(Document):
    """What was not looked at, and why."""

    surface: str
    reason: str
    asked: bool


class ClaimRow(Document):
    """One attestation that was presented: verified, or stopped at a numbered step."""

    source: str
    verified: bool
    predicate_type: str | None = None
    signer: str | None = None
    key_id: str | None = None
    statement_sha256: str | None = None
    signed_at: str | None = None
    step: int | None = None
    reason: str | None = None


class Report(Document):
    """Evidence, findings and coverage of one run. Only this is ever signed as evidence."""

    schema_version: Literal["v0"] = SCHEMA_VERSION
    tool: Tool
    inputs: Inputs
    subject: Subject
    relations: list[Relation]
    lineage: LineageSummary | None
    tensors: list[TensorRow]
    findings: list[FindingRow]
    measurements: list[Measurement]
    attestations: list[ClaimRow]
    coverage: Annotated[list[CoverageRow], Field(min_length=1)]
    skipped: list[SkippedRow]


class RuleRow(Document):
    """One policy rule, judged."""

    rule: str
    result: RuleResult
    message: str


class VerdictDocument(Document):
    """What a policy says of the report. It is shown, never read back: a verdict is always made again."""

    schema_version: Literal["v0"] = SCHEMA_VERSION
    outcome: Outcome
    policy: str
    policy_sha256: Sha256
    at: str
    rules: Annotated[list[RuleRow], Field(min_length=1)]


class ReportFile(Document):
    """The JSON file: two documents, of which only `report` is evidence. `verdict` is null where no policy judged."""

    report: Report
    verdict: VerdictDocument | None = None


# ---------------------------------------------------------------------------------------------------------------------
# From records
# ---------------------------------------------------------------------------------------------------------------------


def from_evidence(
    evidence: records.Evidence,
    findings: tuple[records.Finding, ...],
    *,
    tool: Tool,
    inputs: Inputs,
    coverage: tuple[records.Coverage, ...],
    claims: records.VerifiedClaims | None = None,
) -> Report:
    """The report of one run."""
    lineage = evidence.lineage if isinstance(evidence.lineage, records.Lineage) else None
    skipped = [s for s in (evidence.base, evidence.lineage) if isinstance(s, records.Skipped)]
    return Report(
        tool=tool,
        inputs=inputs,
        subject=subject(evidence.candidate),
        relations=list(lineage.relations) if lineage else [],
        lineage=_lineage(lineage) if lineage else None,
        tensors=_tensors(evidence.candidate.manifest, lineage),
        findings=[_finding(finding) for finding in findings],
        measurements=[],
        attestations=_claims(claims) if claims else [],
        coverage=[_coverage(row) for row in coverage],
        skipped=[
            SkippedRow(surface=s.surface, reason=s.reason, asked=s.asked)
            for s in dict.fromkeys((*skipped, *evidence.skipped))
        ],
    )


def subject(model: records.ModelEvidence) -> Subject:
    """The model's two names and its files."""
    manifest = model.manifest
    return Subject(
        name=model.name,
        kind=manifest.kind,
        sha256=manifest.subject_sha256,
        tensor_root=manifest.tensor_root,
        tensor_count=len(manifest.tensors),
        files=[ListedFile(path=f.path, size=f.size, sha256=f.sha256) for f in manifest.files],
        excluded=list(manifest.excluded),
        assurance=Assurance.NONE if manifest.subject_sha256 is None else Assurance.BYTES,
    )


def from_verdict(verdict: records.Verdict) -> VerdictDocument:
    """The verdict as it is shown."""
    return VerdictDocument(
        outcome=verdict.outcome,
        policy=verdict.policy,
        policy_sha256=verdict.policy_sha256,
        at=verdict.at,
        rules=[RuleRow(rule=r.rule, result=r.result, message=r.message) for r in verdict.rules],
    )


def _lineage(lineage: records.Lineage) -> LineageSummary:
    counts = {state.value: 0 for state in TensorState}
    for row in lineage.tensors:
        counts[row.state.value] += 1
    return LineageSummary(
        base=lineage.base,
        base_sha256=lineage.base_subject_sha256,
        base_tensor_root=lineage.base_tensor_root,
        relations=list(lineage.relations),
        possible=[relation for relation in Relation if relation in lineage.possible],
        counts={state: count for state, count in counts.items() if count},
        basis=lineage.basis,
        architecture=lineage.architecture,
        reread_bytes=lineage.reread_bytes,
    )


def _tensors(manifest: records.Manifest, lineage: records.Lineage | None) -> list[TensorRow]:
    compared: dict[tuple[str, str], records.TensorComparison] = {}
    beside: list[records.TensorComparison] = []  # a tensor compared twice (a tied head), or only in the base
    for row in lineage.tensors if lineage else ():
        place = (row.file, row.name)
        if not row.file or place in compared:
            beside.append(row)
        else:
            compared[place] = row
    rows = [
        _tensor(t.name, t.dtype, t.shape, t.file, t.blake3, compared.get((t.file, t.name))) for t in manifest.tensors
    ]
    rows += [_tensor(row.name, row.candidate_dtype or row.base_dtype, row.shape, row.file, None, row) for row in beside]
    return rows


def _tensor(
    name: str, dtype: str, shape: tuple[int, ...], file: str, blake3: str | None, row: records.TensorComparison | None
) -> TensorRow:
    return TensorRow(
        name=name,
        dtype=dtype,
        shape=list(shape),
        file=file,
        blake3=blake3,
        state=row.state if row else None,
        base_name=row.base_name or None if row else None,
        base_dtype=row.base_dtype or None if row else None,
        delta=_delta(row.statistics) if row and row.statistics else None,
        note=row.note or None if row else None,
    )


def _delta(s: records.DeltaStatistics) -> Delta:
    return Delta(
        elements=s.elements,
        changed=s.changed,
        changed_fraction=_rounded(s.changed_fraction) or 0.0,
        relative_norm=_rounded(s.relative_norm),
        cosine=_rounded(s.cosine),
        max_abs=_rounded(s.max_abs),
        nonfinite=s.nonfinite,
    )


def _rounded(value: float | None) -> float | None:
    """Five significant digits: float sums differ in the last bits between vector widths, a signed number must not."""
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return None
    return float(f"{value:.4e}")


def _finding(finding: records.Finding) -> FindingRow:
    place = finding.location
    return FindingRow(
        rule=finding.rule,
        severity=finding.severity,
        confidence=finding.confidence,
        message=finding.message,
        advice=finding.advice,
        location=LocationRow(
            file=place.file or None,
            tensor=place.tensor or None,
            offset=place.offset,
            line=place.line,
            json_path=place.json_path or None,
        ),
    )


def _coverage(row: records.Coverage) -> CoverageRow:
    return CoverageRow(
        surface=row.surface, examined=row.examined, total=row.total, unit=row.unit, note=row.note or None
    )


def _claims(claims: records.VerifiedClaims) -> list[ClaimRow]:
    verified = [
        ClaimRow(
            source=c.source,
            verified=True,
            predicate_type=c.predicate_type,
            signer=c.signer,
            key_id=c.key_id,
            statement_sha256=c.statement_sha256,
            signed_at=c.signed_at,
        )
        for c in claims.claims
    ]
    failed = [
        ClaimRow(source=f.source, verified=False, predicate_type=f.predicate_type or None, step=f.step, reason=f.reason)
        for f in claims.failures
    ]
    return verified + failed
