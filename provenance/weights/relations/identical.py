"""The same weight files: same headers, and every tensor's bytes the same."""

from __future__ import annotations

from provenance.records import Relation, TensorState
from provenance.weights.relations.interface import Kind, Survey, in_state


def _possible(survey: Survey) -> bool:
    return survey.identical_headers and survey.only(TensorState.IDENTICAL, TensorState.UNSUPPORTED)


IDENTICAL = Kind(
    relation=Relation.IDENTICAL,
    explains=in_state(TensorState.IDENTICAL),
    holds=lambda survey: survey.identical_headers and survey.only(TensorState.IDENTICAL),
    possible=_possible,
)
