"""The multi-token-prediction module was left out, all of it, and nothing else is missing."""

from __future__ import annotations

from provenance.records import Relation, TensorState
from provenance.weights.naming import hints_at_mtp
from provenance.weights.relations.interface import Kind, Predicate, Survey, is_mtp


def _explains(survey: Survey) -> Predicate:
    dropped = all(c.state is TensorState.MISSING for c in survey.comparisons if is_mtp(c))
    return lambda comparison: dropped and is_mtp(comparison)


def _possible(survey: Survey) -> bool:
    # Some families store the module as one layer more, of which only some names tell.
    return any(hints_at_mtp(c.name) and not c.candidate_dtype for c in survey.comparisons)


MTP_DROPPED = Kind(
    relation=Relation.MTP_DROPPED,
    explains=_explains,
    holds=lambda survey: survey.any(TensorState.MISSING),
    possible=_possible,
)
