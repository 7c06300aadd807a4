"""The same tensors, packed otherwise: other shards, names, order, metadata or file format, the same bytes of each.

It stands beside another relation only where names or formats differ: a cast, or a dropped module, cannot be saved
without new files, so new files alone say nothing more.
"""

from __future__ import annotations

from provenance.records import Relation, TensorComparison, TensorState
from provenance.weights.relations.interface import EQUAL, Kind, Survey, in_state, is_stray


def _holds(survey: Survey) -> bool:
    packed_otherwise = survey.renamed or survey.only(TensorState.IDENTICAL)
    return packed_otherwise and not survey.identical_headers and survey.any(*EQUAL)


def _possible(survey: Survey) -> bool:
    base_dtypes = {c.base_dtype for c in survey.comparisons}

    def could_be_equal(c: TensorComparison) -> bool:
        if c.state is not TensorState.UNSUPPORTED:
            return c.state is TensorState.IDENTICAL
        if is_stray(c):
            return c.role in survey.generated or not c.candidate_dtype or c.candidate_dtype in base_dtypes
        return c.candidate_dtype == c.base_dtype

    return not survey.identical_headers and all(map(could_be_equal, survey.comparisons))


REPACKED = Kind(
    relation=Relation.REPACKED,
    explains=in_state(TensorState.IDENTICAL),
    holds=_holds,
    possible=_possible,
)
