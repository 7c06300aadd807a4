"""What a relation is: what it explains of a comparison, when it holds, and when it cannot be ruled out.

Pure: a relation sees comparisons of tensors and facts of the headers, never bytes and never file names or sharding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from provenance.records import Relation, TensorComparison, TensorState
from provenance.weights import naming

EQUAL = frozenset({TensorState.IDENTICAL, TensorState.CAST})
"""States of tensors whose values are known to be the base's."""

PLAIN_FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
"""Dtypes whose stored values are the weights, with no scale and no block around them."""


@dataclass(frozen=True, slots=True)
class Survey:
    """All that relations judge; the order of the comparisons means nothing."""

    comparisons: tuple[TensorComparison, ...]
    identical_headers: bool
    """Names, dtypes, shapes, order, metadata and shards of both sides are byte for byte the same."""
    renamed: bool
    """Stored names, file formats or the number of copies differ between the sides."""
    mapped: bool
    """Names were mapped by a known architecture, so a role tells what a tensor is for."""
    adapter: bool = False
    """Every tensor of the candidate is a low-rank adapter's and fits a module of the base."""
    generated: frozenset[str] = frozenset()
    """Roles of tensors that are computed from the config, not learnt: they rule nothing out of the other tensors."""

    def any(self, *states: TensorState) -> bool:
        """Whether some tensor is in one of `states`."""
        return any(c.state in states for c in self.comparisons)

    def only(self, *states: TensorState) -> bool:
        """Whether every tensor is in one of `states`."""
        return all(c.state in states for c in self.comparisons)


Predicate = Callable[[TensorComparison], bool]


@dataclass(frozen=True, slots=True)
class Kind:
    """One relation that can be proved."""

    relation: Relation
    explains: Callable[[Survey], Predicate]
    """Made once for a survey: whether this relation, alone and proved, accounts for what one comparison shows."""
    holds: Callable[[Survey], bool]
    """Given that every comparison is explained by some relation: whether this one is in the list."""
    possible: Callable[[Survey], bool]
    """Given that some comparison is not explained: whether this relation could still account for it."""


def in_state(state: TensorState) -> Callable[[Survey], Predicate]:
    """For `Kind.explains`: every tensor in `state`, whatever the survey."""
    return lambda _: lambda comparison: comparison.state is state


def is_mtp(comparison: TensorComparison) -> bool:
    """Whether the stored name is that of a multi-token-prediction module (`mtp.*` on the Hub, `nextn` in GGUF)."""
    return naming.is_mtp(comparison.name)


def is_stray(comparison: TensorComparison) -> bool:
    """Whether it is one side's tensor alone, whose name is not mapped: what it is on the other side is not known."""
    return comparison.state is TensorState.UNSUPPORTED and not (comparison.candidate_dtype and comparison.base_dtype)


def is_quantized(comparison: TensorComparison) -> bool:
    """Whether the candidate stores the tensor in other than plain floats and it is not the base's, byte for byte."""
    return comparison.state is not TensorState.IDENTICAL and comparison.candidate_dtype not in PLAIN_FLOATS | {""}
