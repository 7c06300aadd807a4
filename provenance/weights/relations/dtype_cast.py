"""The same values in another dtype: every element is the base's, rounded to nearest even where it has to be."""

from __future__ import annotations

from provenance.records import Relation, TensorComparison, TensorState
from provenance.weights.relations.interface import EQUAL, PLAIN_FLOATS, Kind, Survey, in_state, is_stray


def _possible(survey: Survey) -> bool:
    strays = [c for c in survey.comparisons if is_stray(c) and c.role not in survey.generated]
    pairs = [c for c in survey.comparisons if not is_stray(c)]
    stored = {c.candidate_dtype or c.base_dtype for c in strays}
    some_cast = any(c.candidate_dtype != c.base_dtype for c in pairs) or len(stored) > 1
    return some_cast and stored <= PLAIN_FLOATS and all(map(_could_be_cast, pairs))


def _could_be_cast(comparison: TensorComparison) -> bool:
    if comparison.state in EQUAL:
        return True
    plain = comparison.candidate_dtype in PLAIN_FLOATS and comparison.base_dtype in PLAIN_FLOATS
    return comparison.state is TensorState.UNSUPPORTED and plain


DTYPE_CAST = Kind(
    relation=Relation.DTYPE_CAST,
    explains=in_state(TensorState.CAST),
    holds=lambda survey: survey.any(TensorState.CAST),
    possible=_possible,
)
