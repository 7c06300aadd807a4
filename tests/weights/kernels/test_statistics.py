"""The statistics themselves: known answers, and torch as an oracle for every pair of dtypes."""

from __future__ import annotations

import itertools
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.records import DeltaStatistics
from provenance.weights import kernels
from provenance.weights.kernels import reference
from tests.weights.kernels.stored import FLOATS, INTEGERS, bf16, codes, expected


def statistics(
    candidate: bytes, base: bytes, candidate_dtype: str = "BF16", base_dtype: str = "BF16"
) -> DeltaStatistics:
    accumulator = kernels.Accumulator()
    kernels.accumulate(memoryview(candidate), memoryview(base), candidate_dtype, base_dtype, accumulator)
    return accumulator.statistics()


ONE, MINUS_ONE, TWO, ZERO, MINUS_ZERO = 0x3F80, 0xBF80, 0x4000, 0x0000, 0x8000
INFINITY, MINUS_INFINITY, NAN, OTHER_NAN, TINY = 0x7F80, 0xFF80, 0x7FC0, 0xFF81, 0x0001


@pytest.mark.parametrize(
    ("candidate", "base", "changed", "nonfinite", "mismatch", "max_abs"),
    [
        (ONE, ONE, 0, 0, 0, 0.0),
        (TWO, ONE, 1, 0, 1, 1.0),
        (MINUS_ONE, ONE, 1, 0, 1, 2.0),
        (MINUS_ZERO, ZERO, 0, 0, 1, 0.0),
        (TINY, ZERO, 1, 0, 1, 2.0**-133),
        (NAN, NAN, 0, 1, 0, 0.0),
        (NAN, OTHER_NAN, 0, 1, 0, 0.0),
        (NAN, ONE, 1, 1, 1, 0.0),
        (ZERO, NAN, 1, 1, 1, 0.0),
        (INFINITY, INFINITY, 0, 1, 0, 0.0),
        (INFINITY, MINUS_INFINITY, 1, 1, 1, 0.0),
        (INFINITY, NAN, 1, 1, 1, 0.0),
        (ONE, INFINITY, 1, 1, 1, 0.0),
    ],
)
@pytest.mark.parametrize("padding", [0, 1, 63, 64, 5000])
def test_one_element(
    candidate: int, base: int, changed: int, nonfinite: int, mismatch: int, max_abs: float, padding: int
) -> None:
    before = bf16(ONE) * padding
    found = statistics(before + bf16(candidate), before + bf16(base))
    assert (found.elements, found.changed, found.nonfinite) == (padding + 1, changed, nonfinite)
    assert (found.cast_mismatch, found.max_abs) == (mismatch, max_abs)


def test_sums_of_a_small_tensor() -> None:
    found = statistics(bf16(ONE, TWO, MINUS_ONE, NAN), bf16(ONE, ONE, TWO, ONE))
    assert found == DeltaStatistics(
        elements=4,
        changed=3,
        max_abs=3.0,
        norm_delta=10**0.5,
        norm_base=6**0.5,
        norm_candidate=6**0.5,
        inner=1.0 + 2.0 - 2.0,
        nonfinite=1,
        cast_mismatch=3,
    )
    assert found.cosine == pytest.approx(1 / 6)


def test_nothing_pushed() -> None:
    found = statistics(b"", b"")
    assert (found.elements, found.changed, found.relative_norm, found.cosine) == (0, 0, 0.0, None)


def test_the_largest_and_the_smallest_values_neither_overflow_nor_vanish() -> None:
    found = statistics(bf16(0x7F7F, TINY), bf16(0xFF7F, ZERO))
    assert found.max_abs == 2 * struct.unpack("<f", b"\0\0\x7f\x7f")[0]
    assert found.nonfinite == 0
    assert statistics(bf16(TINY), bf16(ZERO)).norm_delta == 2.0**-133


@pytest.mark.parametrize(("candidate_dtype", "base_dtype"), list(itertools.product(FLOATS, FLOATS)))
def test_every_pair_of_float_dtypes_agrees_with_torch(candidate_dtype: str, base_dtype: str) -> None:
    rng = random.Random(f"{candidate_dtype} {base_dtype}")
    for elements in (1, 300):
        candidate = rng.randbytes(elements * kernels.FLOAT_BYTES[candidate_dtype])
        base = rng.randbytes(elements * kernels.FLOAT_BYTES[base_dtype])
        _agrees(statistics(candidate, base, candidate_dtype, base_dtype), candidate, base, candidate_dtype, base_dtype)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(FLOATS), st.sampled_from(FLOATS), st.integers(1, 200))
def test_any_bytes_agree_with_torch(data: st.DataObject, candidate_dtype: str, base_dtype: str, elements: int) -> None:
    candidate = data.draw(codes(candidate_dtype, elements))
    base = data.draw(codes(base_dtype, elements))
    _agrees(statistics(candidate, base, candidate_dtype, base_dtype), candidate, base, candidate_dtype, base_dtype)


def _agrees(found: DeltaStatistics, candidate: bytes, base: bytes, candidate_dtype: str, base_dtype: str) -> None:
    if "F64" in (candidate_dtype, base_dtype):
        # Squares of random doubles leave float64's range; exact integers are the point there.
        wanted = expected_counts(candidate, base, candidate_dtype, base_dtype)
    else:
        wanted = expected(candidate, base, candidate_dtype, base_dtype)
    for name, value in wanted.items():
        if isinstance(value, int) or name == "max_abs":
            assert getattr(found, name) == value, name
        else:
            scale = found.norm_base * found.norm_candidate if name == "inner" else value
            assert getattr(found, name) == pytest.approx(value, rel=1e-12, abs=1e-12 * scale), name


def expected_counts(candidate: bytes, base: bytes, candidate_dtype: str, base_dtype: str) -> dict[str, float]:
    from tests.weights.kernels import stored

    a, b = stored.tensor(candidate, candidate_dtype), stored.tensor(base, base_dtype)
    numbers = ~(a.double().isnan() & b.double().isnan())
    return {
        "changed": int(((a.double() != b.double()) & numbers).sum()),
        "nonfinite": int((~(a.double().isfinite() & b.double().isfinite())).sum()),
        "cast_mismatch": int(((stored.bits(a) != stored.bits(b.to(a.dtype))) & numbers).sum()),
    }


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_are_compared_exactly(dtype: str) -> None:
    width = kernels.INTEGER_BYTES[dtype]
    rng = random.Random(dtype)
    base = [rng.randbytes(width) for _ in range(100)]
    candidate = [value if i % 3 else bytes([value[0] ^ 1]) + value[1:] for i, value in enumerate(base)]
    found = statistics(b"".join(candidate), b"".join(base), dtype, dtype)
    assert (found.elements, found.changed, found.cast_mismatch, found.nonfinite) == (100, 34, 34, 0)


def test_large_integers_that_are_one_float_are_still_different() -> None:
    found = statistics(struct.pack("<q", 2**60 + 1), struct.pack("<q", 2**60), "I64", "I64")
    assert (found.changed, found.max_abs) == (1, 0.0)


def test_integers_of_two_dtypes_are_compared_by_value() -> None:
    found = statistics(struct.pack("<3q", -1, 7, 255), struct.pack("<3Q", 2**64 - 1, 7, 255), "I64", "U64")
    assert (found.changed, found.cast_mismatch) == (1, 1)
    assert statistics(struct.pack("<2i", -5, 9), struct.pack("<2b", -5, 9), "I32", "I8").cast_mismatch == 0


@pytest.mark.parametrize(
    ("candidate_dtype", "base_dtype"), [("BF16", "I8"), ("U8", "F8_E4M3"), ("Q4_K", "Q4_K"), ("", "")]
)
def test_what_cannot_be_compared_is_refused(candidate_dtype: str, base_dtype: str) -> None:
    assert not kernels.comparable(candidate_dtype, base_dtype)
    with pytest.raises(ValueError, match="no elementwise comparison"):
        statistics(b"\0\0", b"\0\0", candidate_dtype, base_dtype)


@pytest.mark.parametrize(
    ("candidate", "base", "dtype"),
    [(b"\0" * 4, b"\0" * 2, "BF16"), (b"\0" * 3, b"\0" * 3, "BF16"), (b"\0" * 6, b"\0" * 6, "F32")],
)
def test_sides_of_different_length_are_refused(candidate: bytes, base: bytes, dtype: str) -> None:
    with pytest.raises(ValueError, match="same number of whole elements"):
        statistics(candidate, base, dtype, dtype)
    accumulator = kernels.Accumulator()
    with pytest.raises(ValueError, match="same number of whole elements"):
        reference.accumulate(
            memoryview(candidate), memoryview(base), dtype, dtype, accumulator.sums, accumulator.counts
        )
