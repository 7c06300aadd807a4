"""The same values in another dtype: every element is the base's, rounded to nearest even where it has to be."""

from __future__ import annotations

from provenance.records import Relation, TensorComparison, TensorState
from provenance.weights.relations.interface import EQUAL, PLAIN_FLOATS, Kind, in_state


def _could_be_cast(comparison: TensorComparison) -> bool:
    if comparison.state in EQUAL:
        return True
    plain = comparison.candidate_dtype in PLAIN_FLOATS and comparison.base_dtype in PLAIN_FLOATS
    return comparison.state is TensorState.UNSUPPORTED and plain


DTYPE_CAST = Kind(
    relation=Relation.DTYPE_CAST,
    explains=in_state(TensorState.CAST),
    holds=lambda survey: survey.any(TensorState.CAST),
    possible=lambda survey: (
        all(map(_could_be_cast, survey.comparisons))
        and any(c.candidate_dtype != c.base_dtype for c in survey.comparisons)
    ),
)
