"""Candidate minus base, element by element, over one pass of both tensors."""

from __future__ import annotations

from collections.abc import Iterable

from provenance.records import DeltaStatistics, TensorDigest, Unit
from provenance.weights import kernels
from provenance.weights.pairing import Pairing, TensorPair


def comparable(
    pairing: Pairing, candidate: Iterable[TensorDigest] = (), base: Iterable[TensorDigest] = ()
) -> tuple[TensorPair, ...]:
    """The pairs whose values have to be read together, in the order of the base's files.

    With the digests of both sides, pairs of equal stored bytes are left out: their delta is known to be zero.
    """
    ours = {(digest.file, digest.name): digest.blake3 for digest in candidate}
    theirs = {(digest.file, digest.name): digest.blake3 for digest in base}
    pairs = [
        pair
        for pair in pairing.pairs
        if not pair.obstacle and pair.candidate.shape == pair.base.shape and not _known_equal(pair, ours, theirs)
    ]
    return tuple(sorted(pairs, key=lambda pair: (pair.base.file, pair.base.offset, pair.candidate.file)))


def _known_equal(
    pair: TensorPair, ours: dict[tuple[str, str], str | None], theirs: dict[tuple[str, str], str | None]
) -> bool:
    digest = ours.get((pair.candidate.file, pair.candidate.name))
    return pair.same_storage and digest is not None and digest == theirs.get((pair.base.file, pair.base.name))


class DeltaConsumer:
    """Takes one pair's bytes in step and returns their `DeltaStatistics`; a fresh one for each pair."""

    def __init__(self) -> None:
        self._accumulator = kernels.Accumulator()
        self._dtypes = ("", "")
        self._elements = 0

    def begin(self, candidate: Unit, base: Unit) -> None:
        """Both units are tensors with equally many elements of `kernels.comparable` dtypes."""
        if candidate.tensor is None or base.tensor is None or candidate.tensor.elements != base.tensor.elements:
            raise ValueError("a delta is taken between two tensors with the same number of elements")
        self._dtypes = (candidate.tensor.dtype, base.tensor.dtype)
        self._elements = candidate.tensor.elements

    def update(self, candidate: memoryview, base: memoryview) -> None:
        """The same consecutive elements of both, whole elements; the GIL is released for bf16 pairs."""
        kernels.accumulate(candidate, base, *self._dtypes, self._accumulator)

    def finish(self) -> DeltaStatistics:
        """Statistics over every element; ValueError where some were never pushed."""
        statistics = self._accumulator.statistics()
        if statistics.elements != self._elements:
            raise ValueError(f"{statistics.elements} of {self._elements} elements were pushed")
        return statistics
