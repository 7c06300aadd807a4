"""Weights that differ from the base's, and whether the model says so."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.base_names import declarations
from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.records import CardFact, Evidence, Finding, Lineage, Severity, Skipped, TensorComparison, TensorState

WEIGHTS_CHANGED = Rule(
    ident="weights-changed",
    title="weights differ from the base's",
    severity=Severity.WARNING,
    meaning="Values of tensors differ from the base's, or tensors were added, removed or reshaped. The tensors that "
    "changed most are named, by the Frobenius norm of the difference relative to the base's. It is an `info` where "
    "the model declares that it is derived (a base model, or the relation `finetune`, `merge` or `adapter`). Casts "
    "and re-packing are not meant.",
    why="Changed weights are a changed model. Whether the change is the declared one is for the relation, and for "
    "probes of behaviour, to say.",
    example="9 of 29 tensors differ from the base's; most: 'model.layers.1.mlp.down_proj.weight' (relative norm 0.12)",
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
        yield WEIGHTS_CHANGED.finding(
            _message(evidence.lineage, changed), tensor=_most(changed)[0].name, severity=severity
        )


def _denies_change(evidence: Evidence) -> bool:
    """The model calls itself quantized: a declaration, and one of unchanged weights."""
    return any(card.relation == "quantized" for card in facts(evidence.candidate, CardFact))


def _message(lineage: Lineage, changed: list[TensorComparison]) -> str:
    states = [f"{count} {state.value}" for state in TensorState if (count := _count(changed, state))]
    most = "; most: " + ", ".join(map(_shown, _most(changed)[:_SHOWN])) if _most(changed)[0].statistics else ""
    return f"{len(changed)} of {len(lineage.tensors)} tensors differ from the base's ({', '.join(states)}){most}"


def _count(changed: list[TensorComparison], state: TensorState) -> int:
    return sum(tensor.state is state for tensor in changed)


def _most(changed: list[TensorComparison]) -> list[TensorComparison]:
    """Measured tensors first, the largest relative norm first; then the others by name."""
    return sorted(
        changed, key=lambda tensor: (-tensor.statistics.relative_norm if tensor.statistics else 1.0, tensor.name)
    )


def _shown(tensor: TensorComparison) -> str:
    if tensor.statistics is None:
        return f"{quoted(tensor.name)} ({tensor.state.value})"
    return f"{quoted(tensor.name)} (relative norm {tensor.statistics.relative_norm:.3g})"


CHANGED_WEIGHTS = Check("changed-weights", (WEIGHTS_CHANGED,), _run)
