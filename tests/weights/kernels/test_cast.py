"""Casts are the ones torch makes: every code of the narrow dtypes, and boundary values of the wide ones."""

from __future__ import annotations

import itertools
import random
import struct

import pytest

from provenance.weights import kernels
from tests.weights.kernels.stored import FLOATS, bits, tensor, torch_dtype

NARROW = ("F16", "BF16", "F8_E4M3", "F8_E5M2")


def mismatches(candidate: bytes, base: bytes, candidate_dtype: str, base_dtype: str) -> int:
    accumulator = kernels.Accumulator()
    kernels.accumulate(memoryview(candidate), memoryview(base), candidate_dtype, base_dtype, accumulator)
    return accumulator.statistics().cast_mismatch


def cast(base: bytes, base_dtype: str, target: str) -> bytes:
    """What torch makes of `base` in `target`."""
    import torch

    return bytes(bits(tensor(base, base_dtype).to(torch_dtype(target))).view(torch.uint8).numpy().tobytes())


def midpoints() -> bytes:
    """Floats at and beside every midpoint between neighbours of each narrow dtype, and beyond its range."""
    values = []
    for dtype in NARROW:
        width = kernels.FLOAT_BYTES[dtype]
        every = b"".join(code.to_bytes(width, "little") for code in range(0, 1 << 8 * width, 1 if width == 1 else 37))
        known = tensor(every, dtype).double()
        finite = sorted(set(known[known.isfinite()].tolist()))
        values += [(low + high) / 2 for low, high in itertools.pairwise(finite)]
        values += [finite[-1] * factor for factor in (1.01, 1.03, 1.0625, 1.07, 2, 1e3)]
    words = [struct.unpack("<i", struct.pack("<f", value))[0] for value in values if abs(value) < 3e38]
    return b"".join(struct.pack("<i", word + step) for word in words for step in (-1, 0, 1) if word + step >= -(2**31))


@pytest.mark.parametrize("target", FLOATS)
@pytest.mark.parametrize("base_dtype", NARROW)
def test_every_code_of_a_narrow_dtype(base_dtype: str, target: str) -> None:
    width = kernels.FLOAT_BYTES[base_dtype]
    base = b"".join(code.to_bytes(width, "little") for code in range(1 << 8 * width))
    assert mismatches(cast(base, base_dtype, target), base, target, base_dtype) == 0


@pytest.mark.parametrize("target", FLOATS)
def test_midpoints_go_to_even_and_what_is_too_large_goes_where_ieee_says(target: str) -> None:
    base = midpoints()
    assert mismatches(cast(base, "F32", target), base, target, "F32") == 0


@pytest.mark.parametrize("target", FLOATS)
@pytest.mark.parametrize("base_dtype", ["F32", "F64"])
def test_random_wide_values(base_dtype: str, target: str) -> None:
    base = random.Random(target).randbytes(8 * 4000)
    assert mismatches(cast(base, base_dtype, target), base, target, base_dtype) == 0


@pytest.mark.parametrize(("target", "code"), [("F16", "007c"), ("BF16", "807f"), ("F8_E5M2", "7c"), ("F8_E4M3", "7e")])
def test_overflow_gives_infinity_where_there_is_one(target: str, code: str) -> None:
    largest = struct.pack("<f", 3.4e38)
    assert mismatches(bytes.fromhex(code), largest, target, "F32") == 0
    zero = bytes(kernels.FLOAT_BYTES[target])
    assert mismatches(zero, largest, target, "F32") == 1


@pytest.mark.parametrize("target", FLOATS)
def test_a_neighbouring_code_is_not_a_cast(target: str) -> None:
    base = b"".join(struct.pack("<f", value) for value in (0.1, -0.37, 1.9, 3.0))
    rounded = bytearray(cast(base, "F32", target))
    assert mismatches(bytes(rounded), base, target, "F32") == 0
    rounded[0] ^= 1
    assert mismatches(bytes(rounded), base, target, "F32") == 1


@pytest.mark.parametrize("target", FLOATS)
@pytest.mark.parametrize("word", [0x7F800001, 0x7FC00000, 0x7FFFFFFF, 0xFFFFFFFF, 0xFFC00000])
def test_nan_is_the_cast_of_nan_and_a_number_never_is(target: str, word: int) -> None:
    nan = struct.pack("<I", word)
    assert mismatches(cast(nan, "F32", target), nan, target, "F32") == 0
    width = kernels.FLOAT_BYTES[target]
    for code in (0, 1, 1 << (8 * width - 1)):
        assert mismatches(code.to_bytes(width, "little"), nan, target, "F32") == 1


@pytest.mark.parametrize("target", FLOATS)
def test_a_cast_keeps_the_sign_of_zero(target: str) -> None:
    width = kernels.FLOAT_BYTES[target]
    minus_zero, zero = struct.pack("<f", -0.0), struct.pack("<f", 0.0)
    signed = (1 << (8 * width - 1)).to_bytes(width, "little")
    assert mismatches(signed, minus_zero, target, "F32") == 0
    assert mismatches(signed, zero, target, "F32") == 1
