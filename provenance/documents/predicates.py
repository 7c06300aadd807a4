"""What our statements say, `v0`: the predicates of `model-scan` and `model-lineage`, each made from one report.

A statement has one subject, the model, by its directory digest (or its plain SHA-256 for a single file). A predicate
repeats every file that digest commits to, so a verifier needs no side car to name the file that changed, and carries
its own coverage: what was not looked at is signed too.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from provenance.documents import URI_AUTHORITY
from provenance.documents.report import (
    Blake3,
    CoverageRow,
    Document,
    File,
    FindingRow,
    Inputs,
    LineageSummary,
    Report,
    Sha256,
    SkippedRow,
    TensorRow,
    Tool,
)
from provenance.records import Assurance, ModelKind, Relation, TensorState

MODEL_SCAN = f"{URI_AUTHORITY}/attestation/model-scan/v0"
MODEL_LINEAGE = f"{URI_AUTHORITY}/attestation/model-lineage/v0"

MAX_CHANGED_TENSORS = 256
"""Most changed tensors that a lineage predicate names; the counts are always complete."""


class ModelScan(Document):
    """Every file of the model, what is wrong with it, and what was not looked at."""

    tool: Tool
    inputs: Inputs
    time_created: str
    kind: ModelKind
    assurance: Assurance
    files: Annotated[list[File], Field(min_length=1)]
    excluded: list[str]
    tensor_root: Blake3 | None
    tensor_count: Annotated[int, Field(ge=0)]
    findings: list[FindingRow]
    coverage: Annotated[list[CoverageRow], Field(min_length=1)]
    skipped: list[SkippedRow]


class ModelLineage(Document):
    """What the model is to its base, tensor by tensor in counts and the most changed by name."""

    tool: Tool
    inputs: Inputs
    time_created: str
    assurance: Assurance
    base_name: str
    base_sha256: Sha256
    relations: Annotated[list[Relation], Field(min_length=1)]
    lineage: LineageSummary
    changed_tensors: Annotated[list[TensorRow], Field(max_length=MAX_CHANGED_TENSORS)]
    coverage: Annotated[list[CoverageRow], Field(min_length=1)]
    skipped: list[SkippedRow]


Predicate = ModelScan | ModelLineage

PREDICATES: dict[str, type[ModelScan] | type[ModelLineage]] = {MODEL_SCAN: ModelScan, MODEL_LINEAGE: ModelLineage}
"""Predicate type URI to its document."""


def from_report(report: Report, *, time_created: str) -> tuple[tuple[str, Predicate], ...]:
    """What a report supports, as (predicate type, predicate): always a scan, a lineage where one was measured.

    Raises `ValueError` for a report of a run without digests: it says nothing of any bytes.
    """
    subject = report.subject
    made: list[tuple[str, Predicate]] = [
        (
            MODEL_SCAN,
            ModelScan(
                tool=report.tool,
                inputs=report.inputs,
                time_created=time_created,
                kind=subject.kind,
                assurance=subject.assurance,
                files=digested(report),
                excluded=subject.excluded,
                tensor_root=subject.tensor_root,
                tensor_count=subject.tensor_count,
                findings=report.findings,
                coverage=report.coverage,
                skipped=report.skipped,
            ),
        )
    ]
    if report.lineage is not None:
        made.append(
            (
                MODEL_LINEAGE,
                ModelLineage(
                    tool=report.tool,
                    inputs=report.inputs,
                    time_created=time_created,
                    assurance=subject.assurance,
                    base_name=report.lineage.base,
                    base_sha256=report.lineage.base_sha256,
                    relations=report.lineage.relations,
                    lineage=report.lineage,
                    changed_tensors=most_changed(report)[:MAX_CHANGED_TENSORS],
                    coverage=report.coverage,
                    skipped=report.skipped,
                ),
            )
        )
    return tuple(made)


def digested(report: Report) -> list[File]:
    """The files by their digests; raises `ValueError` where one has none."""
    return [File.model_validate(file, from_attributes=True) for file in report.subject.files]


def most_changed(report: Report) -> list[TensorRow]:
    """Every tensor that is not identical or cast, the largest relative change first.

    What has no such measure (reshaped, added, missing, unsupported) comes after what has, by state and name.
    """
    loud = [state for state in TensorState if state not in (TensorState.IDENTICAL, TensorState.CAST)]
    rows = [(row, loud.index(row.state)) for row in report.tensors if row.state in loud]
    return [row for row, _ in sorted(rows, key=lambda pair: (-_relative_norm(pair[0]), pair[1], pair[0].name))]


def _relative_norm(row: TensorRow) -> float:
    if row.delta is None:
        return -1.0  # added, missing, reshaped or unsupported: after every measured change
    # None where the base is zero, or something is not finite: nothing is known to be larger.
    return float("inf") if row.delta.relative_norm is None else row.delta.relative_norm
