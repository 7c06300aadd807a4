"""The one face of the arithmetic over stored bytes: a numpy reference, and C for bf16 where a compiler was at hand.

    reference.py   what is computed, in numpy, for every pair of dtypes
    _native.c      the same for bf16 against bf16, the same bits, near the speed of reading; and two small loops

Both add element i of a tensor to lane i mod `LANES` of each sum, in order, in float64, so a result depends neither on
which of them ran nor on how the bytes were cut into chunks, and may be signed.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from types import MappingProxyType
from typing import NamedTuple

from provenance.records import DeltaStatistics

try:
    from provenance.weights.kernels import _native
    from provenance.weights.kernels._native import count_elements as _count_elements
    from provenance.weights.kernels._native import repeats as _repeats
except ImportError:  # built without a compiler, or before there was such loops
    _native = None  # type: ignore[assignment]

LANES = 64
"""Partial sums a tensor's sum is kept in; the same number stands in `_native.c`."""

FLOAT_BYTES = MappingProxyType({"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1})
"""Bytes an element of each float dtype takes."""

INTEGER_BYTES = MappingProxyType(
    {"I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1}
)
"""Bytes an element of each integer dtype takes."""


class Accumulator:
    """Running sums and counts over one pair of tensors; one thread at a time."""

    __slots__ = ("counts", "sums")

    def __init__(self) -> None:
        self.sums = array("d", bytes(8 * (4 * LANES + 1)))
        """Lanes of sum(delta²), sum(base²), sum(candidate²) and sum(candidate x base), then max(|delta|)."""
        self.counts = array("q", bytes(8 * 4))
        """Elements seen, changed, not finite, and not what a cast of the base gives."""

    def statistics(self) -> DeltaStatistics:
        """The statistics of everything accumulated so far."""
        elements, changed, nonfinite, cast_mismatch = self.counts
        delta, base, candidate, inner = (_total(self.sums[i * LANES : (i + 1) * LANES]) for i in range(4))
        return DeltaStatistics(
            elements=elements,
            changed=changed,
            max_abs=self.sums[-1],
            norm_delta=math.sqrt(delta),
            norm_base=math.sqrt(base),
            norm_candidate=math.sqrt(candidate),
            inner=inner,
            nonfinite=nonfinite,
            cast_mismatch=cast_mismatch,
        )


def native_available() -> bool:
    """True where the C kernel was built; results are the same without it, only slower."""
    return _native is not None


def comparable(candidate_dtype: str, base_dtype: str) -> bool:
    """True where elements of the two dtypes can be compared: both floats, or both integers."""
    return any(candidate_dtype in kinds and base_dtype in kinds for kinds in (FLOAT_BYTES, INTEGER_BYTES))


def accumulate(
    candidate: memoryview, base: memoryview, candidate_dtype: str, base_dtype: str, accumulator: Accumulator
) -> None:
    """Add the next elements of both tensors, as stored (little-endian, at any alignment), to `accumulator`.

    Raises ValueError where the two do not hold the same number of whole elements, or are not `comparable`.
    """
    if not comparable(candidate_dtype, base_dtype):
        raise ValueError(f"no elementwise comparison of {candidate_dtype} with {base_dtype}")
    if _native is not None and candidate_dtype == base_dtype == "BF16":
        _native.accumulate_bf16(candidate, base, accumulator.sums, accumulator.counts)
        return
    from provenance.weights.kernels import reference

    reference.accumulate(candidate, base, candidate_dtype, base_dtype, accumulator.sums, accumulator.counts)


class Field(NamedTuple):
    """Where an element stands in each block of `stride` bytes, and what it is looked for: `value` under `mask`."""

    stride: int
    offset: int
    width: int
    """1, 2, 4 or 8 bytes, little-endian."""
    mask: int
    value: int


def count_elements(data: memoryview, field: Field) -> int:
    """How many blocks of `data` hold the element; ValueError where `data` does not end with a block.

    The C loop needs no numpy, and lets go of the interpreter's lock.
    """
    if data.nbytes % field.stride:
        raise ValueError("data must be whole blocks, each with its element")
    if _native is not None:
        return _count_elements(data, *field)
    from provenance.weights.kernels import reference

    return reference.count_elements(data, *field)


def repeats(data: memoryview, period: int) -> bool:
    """Whether every byte of `data` is the one `period` bytes before it, where there is one."""
    if _native is not None:
        return _repeats(data, period)
    from provenance.weights.kernels import reference

    return reference.repeats(data, period)


def _total(lanes: Iterable[float]) -> float:
    """Sum in order. The built-in `sum` rounds differently from Python 3.12 on, and results must not depend on that."""
    total = 0.0
    for lane in lanes:
        total += lane
    return total
