"""Contents of one tensor at a time: what is counted, and that it does not depend on how the bytes were cut."""

from __future__ import annotations

import itertools
import random
import struct

import pytest

from provenance.facts import TensorFact
from provenance.records import Tensor, Unit
from provenance.weights import kernels
from provenance.weights.contents import HEAD_BYTES, NOT_FINITE, ContentsConsumer
from tests.weights.kernels.stored import FLOATS
from tests.weights.kernels.stored import tensor as as_torch


def numbers(head: bytes, nbytes: int) -> str:
    return "a mark" if head.startswith(b"MARK") else ""


def look(data: bytes, dtype: str, shape: tuple[int, ...], cuts: tuple[int, ...] = ()) -> TensorFact | None:
    consumer = ContentsConsumer(numbers)
    consumer.begin(Unit("f", 0, len(data), Tensor("t", dtype, shape, "f", 0, len(data))))
    places = [0, *cuts, len(data)]
    for start, end in itertools.pairwise(places):
        consumer.update(memoryview(data)[start:end])
    return consumer.finish()


def test_ordinary_weights_have_nothing_to_say() -> None:
    assert look(struct.pack("<4f", 1, -2, 3e38, 0), "F32", (4,)) is None
    assert look(b"", "F32", (0,)) is None


@pytest.mark.parametrize("dtype", FLOATS)
def test_what_is_not_finite_is_what_torch_says(dtype: str) -> None:
    data = random.Random(0).randbytes(8 * 4001)
    values = as_torch(data, dtype).double()
    expected, infinite = int((~values.isfinite()).sum()), int(values.isinf().sum())
    fact = look(data, dtype, (len(data) // kernels.FLOAT_BYTES[dtype],), cuts=(1, 2, 9, 4099, 4100, 20_001))
    assert fact == (TensorFact("f", "t", expected, infinite=infinite) if expected else None)


def test_scales_of_quantized_blocks_are_looked_at() -> None:
    pytest.importorskip("gguf")
    from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

    for name, fields in NOT_FINITE.items():
        if name in GGMLQuantizationType.__members__ and name != "Q8_1":
            assert fields[0].stride == GGML_QUANT_SIZES[GGMLQuantizationType[name]][1], name


def test_a_scale_that_is_nan_makes_its_block_nan() -> None:
    import gguf.quants
    import numpy as np

    for kind in ("Q4_0", "Q8_0", "Q2_K", "Q4_K", "Q6_K", "IQ4_XS", "TQ2_0", "NVFP4"):
        for field in NOT_FINITE[kind]:
            block = bytearray(field.stride)
            block[field.offset : field.offset + field.width] = b"\x7f\x7e"[-field.width :]
            if field.width == 1:
                block[field.offset] = 0x7F
            assert (found := look(bytes(block) * 2, kind, (512,))) is not None
            assert found.nonfinite == 2, kind
            # The reference decoder agrees, for scales that it does not take for zero.
            if kind != "NVFP4":
                array = np.frombuffer(bytes(block), np.uint8)
                assert np.isnan(gguf.quants.dequantize(array, gguf.GGMLQuantizationType[kind])).any(), kind


@pytest.mark.parametrize(
    ("data", "dtype", "shape", "zero"),
    [
        (bytes(40_000), "F32", (100, 100), True),
        (b"\0\0\x80?" * 10_000, "F32", (100, 100), False),
        (b"\x80?" * 3, "BF16", (3,), False),
        (bytes(18 * 1000), "Q4_0", (32_000,), True),
        (b"\7" * 999, "I8", (999,), False),
    ],
)
def test_one_value_throughout(data: bytes, dtype: str, shape: tuple[int, ...], zero: bool) -> None:
    for cuts in ((), (1,), (3, 5, 17), (len(data) // 2,), (len(data) - 1,)):
        assert look(data, dtype, shape, cuts) == TensorFact("f", "t", constant=True, zero=zero)
        assert look(data[:-1] + b"\x11", dtype, shape, cuts) is None


def test_one_element_is_not_a_run_of_them() -> None:
    assert look(bytes(4), "F32", ()) is None


def test_the_first_bytes_are_handed_over_whole_however_they_come() -> None:
    data = b"MARK" + random.Random(1).randbytes(2 * HEAD_BYTES)
    for cuts in ((), (1, 2, 3), (HEAD_BYTES + 1,)):
        assert look(data, "U8", (len(data),), cuts) == TensorFact("f", "t", program="a mark")


def test_without_the_extension_numpy_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    data = random.Random(2).randbytes(20_000)
    expected = look(data, "F16", (10_000,))
    monkeypatch.setattr(kernels, "_native", None)
    assert look(data, "F16", (10_000,), cuts=(777,)) == expected
