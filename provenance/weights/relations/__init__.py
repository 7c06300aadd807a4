"""What a candidate is to its base, from the states of their tensors.

To add a relation: a file that ends in its constant, an entry below, its row taken out of `untested.py`, and its
section in docs/lineage.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from provenance.records import Relation, TensorComparison
from provenance.weights.pairing import Pairing
from provenance.weights.relations.adapter import ADAPTER
from provenance.weights.relations.basis import basis
from provenance.weights.relations.compare import compare
from provenance.weights.relations.dtype_cast import DTYPE_CAST
from provenance.weights.relations.identical import IDENTICAL
from provenance.weights.relations.interface import Kind, Survey
from provenance.weights.relations.mtp_dropped import MTP_DROPPED
from provenance.weights.relations.repacked import REPACKED
from provenance.weights.relations.untested import UNTESTED

__all__ = ["RELATIONS", "Classification", "classify", "compare"]

RELATIONS: tuple[Kind, ...] = (IDENTICAL, REPACKED, DTYPE_CAST, ADAPTER, MTP_DROPPED)
"""Those that can be proved, in the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class Classification:
    """The relation part of a `records.Lineage`."""

    relations: tuple[Relation, ...]
    possible: frozenset[Relation]
    """Each relation that could account for what differs; the proved ones alone where everything is explained."""
    basis: str


def classify(pairing: Pairing, comparisons: tuple[TensorComparison, ...]) -> Classification:
    """The relations proved, or `inconclusive` with every one that is not ruled out.

    ValueError without a comparison: of two models without a tensor nothing can be said.
    """
    if not comparisons:
        raise ValueError("a relation rests on at least one tensor")
    survey = Survey(
        comparisons,
        pairing.identical_headers,
        pairing.renamed,
        mapped=pairing.architecture != "names",
        adapter=pairing.adapter,
        generated=frozenset(u.role for u in (*pairing.added, *pairing.missing) if u.generated),
    )
    explanations = [kind.explains(survey) for kind in RELATIONS]
    if all(any(explains(c) for explains in explanations) for c in comparisons):
        relations = tuple(kind.relation for kind in RELATIONS if kind.holds(survey))
        return Classification(relations, frozenset(relations), basis(survey))
    possible = {kind.relation for kind in RELATIONS if kind.possible(survey)}
    possible |= {relation for relation, stays_possible in UNTESTED.items() if stays_possible(survey)}
    return Classification((Relation.INCONCLUSIVE,), frozenset(possible), basis(survey))
