"""Not a model but what is added to one: every tensor is a low-rank adapter's and fits a module of the base.

The base's own weights are not in it, so nothing is said of them; which base it was trained on is its word.
"""

from __future__ import annotations

from provenance.records import Relation, TensorState
from provenance.weights.naming import hints_at_adapter
from provenance.weights.relations.interface import Kind, Predicate, Survey, is_stray


def _explains(survey: Survey) -> Predicate:
    return lambda comparison: survey.adapter and comparison.state is TensorState.ADDED


def _possible(survey: Survey) -> bool:
    return any(
        c.candidate_dtype and (is_stray(c) or (c.state is TensorState.ADDED and hints_at_adapter(c.name)))
        for c in survey.comparisons
        if c.role not in survey.generated
    )


ADAPTER = Kind(
    relation=Relation.ADAPTER,
    explains=_explains,
    holds=lambda survey: survey.adapter,
    possible=_possible,
)
