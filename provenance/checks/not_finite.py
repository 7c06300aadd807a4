"""Elements of weights that are no numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.facts import TensorFact
from provenance.records import Evidence, Finding, ModelEvidence, Severity, Skipped, Tensor

WEIGHTS_NOT_FINITE = Rule(
    ident="weights-not-finite",
    title="weights that are NaN or infinite",
    severity=Severity.ERROR,
    meaning="Tensors of the model have elements that are NaN or infinite; the tensors with most of them are named. Of "
    "ggml's quantized blocks the scales are looked at. Masks are not meant: minus infinity is what they are made of; "
    "nor are infinite tensors of one element, and infinite vectors among the constants of an ONNX graph. Where "
    "only tensors of the base have such elements it is a `warning`.",
    why="A value too large for a narrower type becomes infinite when it is cast, and every answer that passes "
    "through it becomes NaN. One such row of an embedding is a word that breaks the model.",
    example="1 of 21 tensors holds NaN or infinity: 'model.norm.weight' (3 elements)",
    advice="Cast from the base again, to a type that holds its values, such as bfloat16 in place of float16. Where "
    "the base itself holds them, ask its publisher.",
)

_SHOWN = 3

Count = tuple[int, str, str]
"""How many elements, negated, of which tensor in which file: sorted, the worst comes first."""


def _run(evidence: Evidence) -> Iterator[Finding]:
    if own := [(-count, tensor.name, tensor.file) for tensor, count in _own(evidence.candidate)]:
        total = sum(len(header.tensors) for header in evidence.candidate.headers)
        yield _finding(own, total, "", Severity.ERROR)
    elif not isinstance(evidence.lineage, Skipped):
        compared = {
            (-tensor.statistics.nonfinite, tensor.name, tensor.file)
            for tensor in evidence.lineage.tensors
            if tensor.statistics is not None and tensor.statistics.nonfinite
        }
        if compared:
            yield _finding(compared, len(evidence.lineage.tensors), ", here or in the base", Severity.WARNING)


def _own(model: ModelEvidence) -> Iterator[tuple[Tensor, int]]:
    seen = {(fact.file, fact.tensor): fact for fact in facts(model, TensorFact) if fact.nonfinite}
    if not seen:
        return
    for header in model.headers:
        for tensor in header.tensors:
            fact = seen.get((tensor.file, tensor.name))
            if fact and not _is_mask(tensor) and not _is_constant(tensor, fact, header.format):
                yield tensor, fact.nonfinite


def _is_constant(tensor: Tensor, fact: TensorFact, kind: str) -> bool:
    """A number that a graph computes with, such as what a mask is filled with: infinite, and no matrix of weights."""
    small = tensor.elements == 1 or (kind == "onnx" and len(tensor.shape) < 2)
    return small and fact.infinite == fact.nonfinite


def _is_mask(tensor: Tensor) -> bool:
    """A buffer that is added to scores: GPT-2 calls its causal mask `attn.bias`, of one batch and one head."""
    name = tensor.name.rpartition(".")[2]
    return "mask" in name or (name == "bias" and len(tensor.shape) > 2)


def _finding(counts: Iterable[Count], total: int, where: str, severity: Severity) -> Finding:
    worst = sorted(counts)
    shown = ", ".join(f"{quoted(name)} ({-count} element{'s' * (count != -1)})" for count, name, _ in worst[:_SHOWN])
    more = f" and {len(worst) - _SHOWN} more" if len(worst) > _SHOWN else ""
    verb = "holds" if len(worst) == 1 else "hold"
    message = f"{len(worst)} of {total} tensors {verb} NaN or infinity{where}: {shown}{more}"
    return WEIGHTS_NOT_FINITE.finding(message, file=worst[0][2], tensor=worst[0][1], severity=severity)


NOT_FINITE = Check("not-finite", (WEIGHTS_NOT_FINITE,), _run)
