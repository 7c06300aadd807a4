"""Weights that differ from the base's, and whether the model says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from provenance.checks.base_names import declarations
from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.facts import CardFact
from provenance.records import Evidence, Finding, Lineage, Severity, Skipped, TensorComparison, TensorState

WEIGHTS_CHANGED = Rule(
    ident="weights-changed",
    title="weights are not the base's",
    severity=Severity.WARNING,
    meaning="Tensors were changed or reshaped, or have no counterpart on the other side; these are counted apart, as "
    "are tensors that could not be compared. The tensors that changed most are named, by the Frobenius norm of the "
    "difference relative to the base's. It is an `info` where the model declares that it is derived (a base model, or "
    "the relation `finetune`, `merge` or `adapter`). Casts and re-packing are not meant.",
    why="Changed weights are a changed model. Whether the change is the declared one is for the relation, and for "
    "probes of behaviour, to say.",
    example="9 of 29 tensors changed; most: 'model.layers.1.mlp.down_proj.weight' (relative norm 0.12)",
    advice="See `provenance diff` for every tensor, and require the relations you accept in a policy.",
)

_CHANGED = frozenset({TensorState.CHANGED, TensorState.RESHAPED, TensorState.ADDED, TensorState.MISSING})
_SHOWN = 3


def _run(evidence: Evidence) -> Iterator[Finding]:
    if isinstance(evidence.lineage, Skipped):
        return
    changed = [tensor for tensor in evidence.lineage.tensors if tensor.state in _CHANGED]
    if changed:
        derived = {"finetune", "merge", "adapter"}.intersection(
            card.relation for card in facts(evidence.candidate, CardFact)
        )
        declared = derived or (declarations(evidence.candidate) and not _denies_change(evidence))
        severity = Severity.INFO if declared else None
        worst, twice = _most(changed)[0], _twice(evidence.lineage)
        file = worst.file if worst.name in twice else ""
        message = _message(evidence.lineage, changed, twice)
        yield WEIGHTS_CHANGED.finding(message, file=file, tensor=worst.name, severity=severity)


def _denies_change(evidence: Evidence) -> bool:
    """The model calls itself quantized: a declaration, and one of unchanged weights."""
    return any(card.relation == "quantized" for card in facts(evidence.candidate, CardFact))


def _twice(lineage: Lineage) -> frozenset[str]:
    """Names that stand in two files."""
    files = {(tensor.name, tensor.file) for tensor in lineage.tensors if tensor.file}
    return frozenset(name for name, number in Counter(name for name, _ in files).items() if number > 1)


def _message(lineage: Lineage, changed: list[TensorComparison], twice: frozenset[str]) -> str:
    count = Counter(tensor.state for tensor in lineage.tensors)
    unpaired = {
        "have no counterpart in the base": count[TensorState.ADDED],
        "of the base have none here": count[TensorState.MISSING],
    }
    if sum(unpaired.values()) == len(lineage.tensors):
        here, there = unpaired.values()
        return f"no tensor found a counterpart: {here} here, {there} in the base"
    parts = {"changed": count[TensorState.CHANGED], "reshaped": count[TensorState.RESHAPED], **unpaired}
    parts["could not be compared"] = count[TensorState.UNSUPPORTED]
    told = [f"{number} {what}" for what, number in parts.items() if number]
    first, _, rest = told[0].partition(" ")
    told[0] = f"{first} of {len(lineage.tensors)} tensors {rest}"
    measured = [tensor for tensor in _most(changed)[:_SHOWN] if tensor.statistics]
    most = "; most: " + ", ".join(_shown(tensor, twice) for tensor in measured) if measured else ""
    return f"{', '.join(told)}{most}"


def _most(changed: list[TensorComparison]) -> list[TensorComparison]:
    """Measured tensors first, the largest relative norm first; then the others by name."""
    return sorted(
        changed, key=lambda tensor: (-tensor.statistics.relative_norm if tensor.statistics else 1.0, tensor.name)
    )


def _shown(tensor: TensorComparison, twice: frozenset[str]) -> str:
    """The tensor's name, behind that of its file where two files hold one of the name."""
    assert tensor.statistics is not None
    name = f"{tensor.file}: {tensor.name}" if tensor.name in twice and tensor.file else tensor.name
    return f"{quoted(name)} (relative norm {tensor.statistics.relative_norm:.3g})"


CHANGED_WEIGHTS = Check("changed-weights", (WEIGHTS_CHANGED,), _run)
