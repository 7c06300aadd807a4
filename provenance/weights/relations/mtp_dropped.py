"""The multi-token-prediction module was left out, all of it, and nothing else is missing."""

from __future__ import annotations

from provenance.records import Relation, TensorState
from provenance.weights.relations.interface import Kind, Predicate, Survey, is_mtp


def _explains(survey: Survey) -> Predicate:
    dropped = all(c.state is TensorState.MISSING for c in survey.comparisons if is_mtp(c))
    return lambda comparison: dropped and is_mtp(comparison)


def _possible(survey: Survey) -> bool:
    # Some families store the module as one layer more, which only a map of their names could tell.
    return any(c.state is TensorState.MISSING and (is_mtp(c) or not survey.mapped) for c in survey.comparisons)


MTP_DROPPED = Kind(
    relation=Relation.MTP_DROPPED,
    explains=_explains,
    holds=lambda survey: survey.any(TensorState.MISSING),
    possible=_possible,
)
