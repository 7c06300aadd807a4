"""The state of every tensor, from the match, the digests and the statistics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from provenance.records import DeltaStatistics, TensorComparison, TensorDigest, TensorState
from provenance.weights.pairing import Pairing, TensorPair, Unpaired


def compare(
    pairing: Pairing,
    candidate: Iterable[TensorDigest],
    base: Iterable[TensorDigest],
    statistics: Mapping[TensorPair, DeltaStatistics],
) -> tuple[TensorComparison, ...]:
    """One comparison for every pair, added and missing tensor, in natural order of their roles.

    A pair that has neither equal digests nor statistics was not looked at, and is unsupported.
    """
    ours = {(digest.file, digest.name): digest.blake3 for digest in candidate}
    theirs = {(digest.file, digest.name): digest.blake3 for digest in base}
    comparisons = []
    for pair in pairing.pairs:
        digests = ours.get((pair.candidate.file, pair.candidate.name)), theirs.get((pair.base.file, pair.base.name))
        same_bytes = None if None in digests else digests[0] == digests[1]
        comparisons.append(_compared(pair, same_bytes, statistics.get(pair)))
    comparisons += [_added(unpaired) for unpaired in pairing.added]
    comparisons += [_missing(unpaired) for unpaired in pairing.missing]
    return tuple(sorted(comparisons, key=_order))


def _compared(pair: TensorPair, same_bytes: bool | None, statistics: DeltaStatistics | None) -> TensorComparison:
    state, note = _state(pair, same_bytes, statistics)
    notes = [pair.note, note]
    if statistics is not None and statistics.nonfinite:
        are = "element is" if statistics.nonfinite == 1 else "elements are"
        notes.append(f"{statistics.nonfinite} {are} NaN or infinite on one side or both")
    return TensorComparison(
        name=pair.candidate.name,
        base_name=pair.base.name,
        role=pair.role,
        state=state,
        candidate_dtype=pair.candidate.dtype,
        base_dtype=pair.base.dtype,
        shape=pair.candidate.shape,
        statistics=statistics,
        note="; ".join(n for n in notes if n),
        file=pair.candidate.file,
    )


def _state(pair: TensorPair, same_bytes: bool | None, statistics: DeltaStatistics | None) -> tuple[TensorState, str]:
    if pair.candidate.shape != pair.base.shape:
        return TensorState.RESHAPED, f"shape {_shape(pair.candidate.shape)}, in the base {_shape(pair.base.shape)}"
    if pair.same_storage and same_bytes:
        return TensorState.IDENTICAL, ""
    if pair.same_storage and same_bytes is False and pair.obstacle:
        return TensorState.CHANGED, f"its bytes differ; how far its values do is not known: {pair.obstacle}"
    if pair.obstacle or statistics is None:
        return TensorState.UNSUPPORTED, pair.obstacle or "its values were not compared"
    if pair.candidate.dtype == pair.base.dtype:
        same_values = "equal values in other bytes: signs of zero, or NaN payloads"
        return TensorState.CHANGED, "" if statistics.changed else same_values
    return TensorState.CHANGED if statistics.cast_mismatch else TensorState.CAST, ""


def _added(unpaired: Unpaired) -> TensorComparison:
    tensor = unpaired.tensor
    return TensorComparison(
        name=tensor.name,
        base_name="",
        role=unpaired.role,
        state=TensorState.UNSUPPORTED if unpaired.obstacle else TensorState.ADDED,
        candidate_dtype=tensor.dtype,
        shape=tensor.shape,
        note=unpaired.obstacle or unpaired.note,
        file=tensor.file,
    )


def _missing(unpaired: Unpaired) -> TensorComparison:
    tensor = unpaired.tensor
    return TensorComparison(
        name=tensor.name,
        base_name=tensor.name,
        role=unpaired.role,
        state=TensorState.UNSUPPORTED if unpaired.obstacle else TensorState.MISSING,
        base_dtype=tensor.dtype,
        shape=tensor.shape,
        note=unpaired.obstacle or unpaired.note,
    )


def _order(c: TensorComparison) -> tuple[object, ...]:
    return _natural(c.role), c.role, c.name, c.base_name, c.state, c.candidate_dtype, c.base_dtype, c.shape, c.note


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _natural(text: str) -> list[tuple[str, int, str]]:
    """Sort key by which layer 2 comes before layer 10; a number is compared by its length, then its digits."""
    pieces = re.findall(r"([^0-9]*)0*([0-9]*)", text)
    return [(words, len(digits), digits) for words, digits in pieces]
