"""What a relation rests on, in one sentence a person reads."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from math import isnan

from provenance.records import DeltaStatistics, TensorComparison, TensorState
from provenance.weights.naming import shard_set, shown
from provenance.weights.relations.interface import Survey
from provenance.weights.relations.untested import at_chance

_MOST = 4
"""Files and reasons that are named; a hostile model could have thousands."""


def basis(survey: Survey) -> str:
    """Counts of the states, the largest change, and what stands in the way of saying more."""
    tensors = _counted(len(survey.comparisons), "tensor")
    parts = [f"{tensors}: {_states(survey.comparisons)}", _copies(survey), _alone(survey), _largest(survey)]
    parts += [_nonfinite(survey), _reasons(survey)]
    if at_chance(survey):
        parts.append("values share no more than chance: unrelated, or laundered")
    return "; ".join(part for part in parts if part)


def _states(comparisons: Iterable[TensorComparison]) -> str:
    counts = Counter(c.state for c in comparisons)
    return ", ".join(f"{counts[state]} {state}" for state in TensorState if counts[state])


def _copies(survey: Survey) -> str:
    """The states in each checkpoint, where the candidate stores some tensor in several: a loader takes one of them."""
    by_role: dict[str, set[str]] = defaultdict(set)
    by_set: dict[str, list[TensorComparison]] = defaultdict(list)
    for c in survey.comparisons:
        if c.file:
            by_role[c.role].add(c.file)
            by_set[shard_set(c.file)].append(c)
    if all(len(files) == 1 for files in by_role.values()):
        return ""
    return _first([f"{shown(name)}: {_states(by_set[name])}" for name in sorted(by_set)], "more files")


def _alone(survey: Survey) -> str:
    if survey.adapter:
        return "every tensor is an adapter's and fits a module of the base, whose own weights are not in it"
    unmet = survey.only(TensorState.ADDED, TensorState.MISSING)
    return "no tensor of the candidate has a counterpart in the base" if unmet else ""


def _largest(survey: Survey) -> str:
    changed = [(c, c.statistics) for c in survey.comparisons if c.state is TensorState.CHANGED and c.statistics]
    if not changed:
        return ""
    comparison, statistics = min(changed, key=lambda pair: (-_relative_change(pair[1]), pair[0].role))
    return f"largest relative change {_relative_change(statistics):.2g} in {shown(comparison.role)}"


def _relative_change(statistics: DeltaStatistics) -> float:
    # NaN where both norms are beyond float64: nothing is known to be larger.
    return float("inf") if isnan(statistics.relative_norm) else statistics.relative_norm


def _nonfinite(survey: Survey) -> str:
    """A cast past the largest value gives infinity: exact as a cast, and no longer the same model."""
    broken = [c.statistics.nonfinite for c in survey.comparisons if c.statistics and c.statistics.nonfinite]
    if not broken:
        return ""
    elements, tensors = _counted(sum(broken), "element"), _counted(len(broken), "tensor")
    casts = "; a cast past the largest value gives infinity" if survey.any(TensorState.CAST) else ""
    return f"{elements} of {tensors} {'is' if sum(broken) == 1 else 'are'} NaN or infinite on one side or both{casts}"


def _reasons(survey: Survey) -> str:
    """Why tensors are unsupported, the most frequent reason first."""
    notes = Counter(c.note for c in survey.comparisons if c.state is TensorState.UNSUPPORTED)
    ordered = sorted(notes, key=lambda note: (-notes[note], note))
    if len(ordered) == 1:
        return ordered[0]
    return _first([f"{notes[note]} unsupported: {note}" for note in ordered], "more reasons")


def _first(texts: list[str], what: str) -> str:
    left = len(texts) - _MOST
    return "; ".join(texts[:_MOST] + ([f"{left} {what}"] if left > 0 else []))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + "s" * (count != 1)
