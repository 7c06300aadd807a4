"""What a relation rests on, in one sentence a person reads."""

from __future__ import annotations

from collections import Counter
from math import isnan

from provenance.errors import one_line
from provenance.records import DeltaStatistics, TensorComparison, TensorState
from provenance.weights.relations.interface import Survey
from provenance.weights.relations.untested import at_chance

_LONGEST_NAME = 120


def basis(survey: Survey) -> str:
    """Counts of the states, the largest change, and what stands in the way of saying more."""
    counts = Counter(c.state for c in survey.comparisons)
    tensors = f"{len(survey.comparisons)} tensor" + "s" * (len(survey.comparisons) != 1)
    parts = [tensors + ": " + ", ".join(f"{counts[state]} {state}" for state in TensorState if counts[state])]
    if survey.only(TensorState.ADDED, TensorState.MISSING):
        parts.append("no tensor of the candidate has a counterpart in the base")
    parts += [part for part in (_largest(survey), _reason(survey)) if part]
    if at_chance(survey):
        parts.append("values share no more than chance: unrelated, or laundered")
    return "; ".join(parts)


def _largest(survey: Survey) -> str:
    changed = [(c, c.statistics) for c in survey.comparisons if c.state is TensorState.CHANGED and c.statistics]
    if not changed:
        return ""
    comparison, statistics = min(changed, key=lambda pair: (-_relative_change(pair[1]), pair[0].role))
    return f"largest relative change {_relative_change(statistics):.2g} in {_name(comparison)}"


def _relative_change(statistics: DeltaStatistics) -> float:
    # NaN where both norms are beyond float64: nothing is known to be larger.
    return float("inf") if isnan(statistics.relative_norm) else statistics.relative_norm


def _reason(survey: Survey) -> str:
    """Why most of the unsupported tensors are unsupported."""
    notes = Counter(c.note for c in survey.comparisons if c.state is TensorState.UNSUPPORTED)
    return min(notes, key=lambda note: (-notes[note], note)) if notes else ""


def _name(comparison: TensorComparison) -> str:
    name = one_line(comparison.role)
    return name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
