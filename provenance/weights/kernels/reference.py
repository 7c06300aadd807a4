"""Delta statistics in numpy: the definition that `_native.c` is held to, and the path for every other pair of dtypes.

Of each pair of elements a (candidate) and b (base), widened exactly to float64:

    changed         a != b; -0 equals +0, NaN equals NaN
    not finite      either is NaN or infinite: counted, and left out of the sums and of the maximum
    cast mismatch   a's bits are not those of b rounded to the candidate's dtype, nearest even; NaN matches NaN
    sums            (a-b)², b², a² and ab, in float64, in lanes (see `__init__.py`); the largest |a-b|

A cast is the one that torch makes: to float32 first, then from there; past the largest value it gives infinity, or
that largest value in F8_E4M3, which has no infinity. Integers are compared exactly, and their casts keep the value.

This is the one module of the package that imports numpy at the top; import it inside functions.
"""

from __future__ import annotations

from array import array
from functools import cache

import numpy as np
import numpy.typing as npt

from provenance.weights.kernels import FLOAT_BYTES, INTEGER_BYTES, LANES

Bits = npt.NDArray[np.unsignedinteger]
"""Elements as stored, in an unsigned integer of their width."""
Values = npt.NDArray[np.float64]

STEP = 512 * LANES
"""Elements worked on at once: a few float64 arrays of 256 KiB stay in the second cache."""


def accumulate(
    candidate: memoryview,
    base: memoryview,
    candidate_dtype: str,
    base_dtype: str,
    sums: array[float],
    counts: array[int],
) -> None:
    """Add equally many elements of both to an Accumulator's `sums` and `counts`; any alignment, any length."""
    a_stored, b_stored = _stored(candidate, candidate_dtype), _stored(base, base_dtype)
    if len(a_stored) != len(b_stored):
        raise ValueError("candidate and base must hold the same number of whole elements")
    start = 0
    with np.errstate(all="ignore"):
        while start < len(a_stored):
            lane = counts[0] % LANES
            stop = min(len(a_stored), start + (LANES - lane if lane else STEP))
            a, b = (_rows(stored[start:stop], lane) for stored in (a_stored, b_stored))
            _add_block(a, b, candidate_dtype, base_dtype, np.frombuffer(sums), np.frombuffer(counts, np.int64))
            counts[0] += stop - start
            start = stop


def count_elements(data: memoryview, stride: int, offset: int, width: int, mask: int, value: int) -> int:
    """How many elements are `value` under `mask`; see `kernels.count_elements`."""
    blocks = np.frombuffer(data, np.uint8).reshape(-1, stride)[:, offset : offset + width]
    elements = np.ascontiguousarray(blocks).view(f"<u{width}")
    return int(np.count_nonzero((elements & elements.dtype.type(mask)) == elements.dtype.type(value)))


def repeats(data: memoryview, period: int) -> bool:
    """Whether every byte is the one `period` bytes before it."""
    stored = np.frombuffer(data, np.uint8)
    return bool(np.array_equal(stored[period:], stored[:-period])) if period < len(stored) else True


def _stored(data: memoryview, dtype: str) -> Bits:
    width = (FLOAT_BYTES | INTEGER_BYTES)[dtype]
    if data.nbytes % width:
        raise ValueError("candidate and base must hold the same number of whole elements")
    return np.frombuffer(data, dtype=f"<u{width}")


def _rows(stored: Bits, lane: int) -> Bits:
    """`stored` filled with zeros to whole rows of LANES, from column `lane` on. They change no count and no sum."""
    if lane == 0 and len(stored) % LANES == 0:
        return stored
    padded = np.zeros(-(-(lane + len(stored)) // LANES) * LANES, stored.dtype)
    padded[lane : lane + len(stored)] = stored
    return padded


def _add_block(
    a_bits: Bits, b_bits: Bits, a_dtype: str, b_dtype: str, sums: Values, counts: npt.NDArray[np.int64]
) -> None:
    a, b = widen(a_bits, a_dtype), widen(b_bits, b_dtype)
    if a_dtype in INTEGER_BYTES:
        changed = mismatch = _integers(a_bits, a_dtype) != _integers(b_bits, b_dtype)
    else:
        one_number = ~(np.isnan(a) & np.isnan(b))
        changed = (a != b) & one_number
        mismatch = (a_bits != cast(b, b_bits, b_dtype, a_dtype)) & one_number
    finite = np.isfinite(a) & np.isfinite(b)
    counts[1] += np.count_nonzero(changed)
    counts[2] += finite.size - np.count_nonzero(finite)
    counts[3] += np.count_nonzero(mismatch)
    if not finite.all():
        a, b = np.where(finite, a, 0.0), np.where(finite, b, 0.0)
    delta = a - b
    lanes = sums[:-1].reshape(4, LANES)
    work = np.empty((1 + len(a) // LANES, LANES))
    for total, left, right in zip(lanes, (delta, b, a, a), (delta, b, a, b), strict=True):
        work[0] = total
        np.multiply(left.reshape(-1, LANES), right.reshape(-1, LANES), out=work[1:])
        # Along the outer axis numpy adds row after row, which is the order promised; a test holds it to that.
        np.add.reduce(work, axis=0, out=total)
    sums[-1] = max(sums[-1], np.abs(delta, out=delta).max())


def widen(bits: Bits, dtype: str) -> Values:
    """The values of stored elements; exact, but for integers beyond 2⁵³."""
    match dtype:
        case "F64":
            return bits.view(np.float64)
        case "F32":
            return bits.view(np.float32).astype(np.float64)
        case "F16":
            return bits.view(np.float16).astype(np.float64)
        case "BF16":
            return (bits.astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)
        case "F8_E4M3" | "F8_E5M2":
            values: Values = _eight_bit_values(dtype)[bits]
            return values
        case _:
            return _integers(bits, dtype).astype(np.float64)


def cast(values: Values, bits: Bits, dtype: str, target: str) -> Bits:
    """The bits that a cast of floats `values` (stored as `bits` in `dtype`) to the float dtype `target` gives."""
    if dtype == target:
        return bits
    if target == "F64":
        return values.view(np.uint64)
    single = values.astype(np.float32)
    match target:
        case "F32":
            return single.view(np.uint32)
        case "F16":
            return single.astype(np.float16).view(np.uint16)
        case "BF16":
            word = single.view(np.uint32)
            nearest_even = np.uint32(0x7FFF) + ((word >> np.uint32(16)) & np.uint32(1))
            rounded = ((word + nearest_even) >> np.uint32(16)).astype(np.uint16)
            return np.where(np.isnan(single), np.uint16(0x7FC0), rounded)
        case _ if bits.itemsize <= 2:
            return _eight_bit_cast_of_all(dtype, target)[bits]
        case _:
            return _eight_bit_cast(single, target)


def _integers(bits: Bits, dtype: str) -> npt.NDArray[np.integer]:
    return bits.view(f"<i{bits.itemsize}") if dtype.startswith("I") else bits


@cache
def _eight_bit_values(dtype: str) -> Values:
    """Value of each of the 256 codes. E4M3 is OCP's `FN`: no infinity, NaN where all bits but the sign are set."""
    mantissa_bits, bias = (3, 7) if dtype == "F8_E4M3" else (2, 15)
    code = np.arange(128)
    exponent, mantissa = code >> mantissa_bits, (code & ((1 << mantissa_bits) - 1)) / (1 << mantissa_bits)
    values = np.where(exponent == 0, mantissa * 2.0 ** (1 - bias), (1 + mantissa) * 2.0 ** (exponent - bias))
    if dtype == "F8_E4M3":
        values[0x7F] = np.nan
    else:
        values[0x7C:] = np.inf, np.nan, np.nan, np.nan
    return np.concatenate([values, -values])


@cache
def _eight_bit_midpoints(dtype: str) -> Values:
    """Midpoints between neighbouring magnitudes; in E5M2 the last is that between its largest value and infinity."""
    values = _eight_bit_values(dtype)
    finite = values[:128][np.isfinite(values[:128])]
    midpoints = (finite[1:] + finite[:-1]) / 2
    return midpoints if dtype == "F8_E4M3" else np.append(midpoints, finite[-1] + (finite[-1] - finite[-2]) / 2)


def _eight_bit_cast(single: npt.NDArray[np.float32], target: str) -> Bits:
    midpoints = _eight_bit_midpoints(target)
    magnitude = np.abs(single).astype(np.float64)
    below = np.searchsorted(midpoints, magnitude, side="left")
    # On a midpoint `below` is the lower of two neighbouring codes, of which the even one is nearest-even's choice.
    tie = midpoints[np.minimum(below, len(midpoints) - 1)] == magnitude
    code = np.where(np.isnan(single), 0x7F, below + (tie & (below % 2 == 1)))
    signed: npt.NDArray[np.uint8] = (code | (np.signbit(single) << 7)).astype(np.uint8)
    return signed


@cache
def _eight_bit_cast_of_all(dtype: str, target: str) -> Bits:
    """What every code of a narrow dtype is cast to: a look-up is ten times faster than the search."""
    codes = np.arange(1 << 8 * FLOAT_BYTES[dtype]).astype(f"<u{FLOAT_BYTES[dtype]}")
    with np.errstate(all="ignore"):
        return _eight_bit_cast(widen(codes, dtype).astype(np.float32), target)
