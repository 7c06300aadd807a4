"""Elements of weights that are no numbers."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.interface import Check, Rule, quoted
from provenance.records import Evidence, Finding, Severity, Skipped

WEIGHTS_NOT_FINITE = Rule(
    ident="weights-not-finite",
    title="weights that are NaN or infinite",
    severity=Severity.WARNING,
    meaning="Tensors that were compared value by value with the base's have elements that are NaN or infinite, in the "
    "model, in the base, or in both; the tensors with most of them are named. Only tensors whose bytes differ from "
    "the base's are compared value by value.",
    why="A value too large for a narrower type becomes infinite when it is cast, and every answer that passes "
    "through it becomes NaN. The cast is exact by its own rules, so nothing else tells.",
    example="1 of 21 tensors holds NaN or infinity, here or in the base: 'model.norm.weight' (3 elements)",
    advice="Cast from the base again, to a type that holds its values, such as bfloat16 in place of float16. Where "
    "the base itself holds them, ask its publisher.",
)

_SHOWN = 3


def _run(evidence: Evidence) -> Iterator[Finding]:
    if isinstance(evidence.lineage, Skipped):
        return
    counts = {
        (-tensor.statistics.nonfinite, tensor.name, tensor.file): tensor
        for tensor in evidence.lineage.tensors
        if tensor.statistics is not None and tensor.statistics.nonfinite
    }
    if counts:
        worst = sorted(counts)
        shown = ", ".join(
            f"{quoted(name)} ({-count} element{'s' * (count != -1)})" for count, name, _ in worst[:_SHOWN]
        )
        more = f" and {len(worst) - _SHOWN} more" if len(worst) > _SHOWN else ""
        verb = "holds" if len(worst) == 1 else "hold"
        total = len(evidence.lineage.tensors)
        message = f"{len(worst)} of {total} tensors {verb} NaN or infinity, here or in the base: {shown}{more}"
        yield WEIGHTS_NOT_FINITE.finding(message, file=worst[0][2], tensor=worst[0][1])


NOT_FINITE = Check("not-finite", (WEIGHTS_NOT_FINITE,), _run)
