"""The same tensors, packed otherwise: other shards, names, order, metadata or file format, the same bytes of each.

It stands beside another relation only where names or formats differ: a cast, or a dropped module, cannot be saved
without new files, so new files alone say nothing more.
"""

from __future__ import annotations

from provenance.records import Relation, TensorState
from provenance.weights.relations.interface import Kind, Survey, in_state


def _holds(survey: Survey) -> bool:
    return not survey.identical_headers and (survey.renamed or survey.only(TensorState.IDENTICAL))


def _possible(survey: Survey) -> bool:
    return not survey.identical_headers and all(
        c.state is TensorState.IDENTICAL or (c.state is TensorState.UNSUPPORTED and c.candidate_dtype == c.base_dtype)
        for c in survey.comparisons
    )


REPACKED = Kind(
    relation=Relation.REPACKED,
    explains=in_state(TensorState.IDENTICAL),
    holds=_holds,
    possible=_possible,
)
