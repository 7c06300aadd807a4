"""C and numpy give the same bits, and so do any two ways of cutting a tensor into chunks, at any alignment."""

from __future__ import annotations

import itertools
import random
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.weights import kernels
from provenance.weights.kernels import reference
from tests.weights.kernels.stored import FLOATS, INTEGERS, bf16, codes

needs_native = pytest.mark.skipif(not kernels.native_available(), reason="the C kernel was not built (no compiler)")

Path = Callable[[memoryview, memoryview, str, str, kernels.Accumulator], None]


def in_numpy(a: memoryview, b: memoryview, a_dtype: str, b_dtype: str, accumulator: kernels.Accumulator) -> None:
    reference.accumulate(a, b, a_dtype, b_dtype, accumulator.sums, accumulator.counts)


def state(
    candidate: bytes, base: bytes, dtypes: tuple[str, str], path: Path, cuts: tuple[int, ...] = (), shift: int = 0
) -> tuple[bytes, bytes]:
    """Every bit of an accumulator that `path` fed, cut at elements `cuts`, `shift` bytes off alignment."""
    accumulator = kernels.Accumulator()
    widths = [(kernels.FLOAT_BYTES | kernels.INTEGER_BYTES)[dtype] for dtype in dtypes]
    sides = [memoryview(bytes(shift) + data)[shift:] for data in (candidate, base)]
    edges = [0, *sorted(cuts), len(candidate) // widths[0]]
    for start, stop in itertools.pairwise(edges):
        pieces = [side[start * width : stop * width] for side, width in zip(sides, widths, strict=True)]
        path(pieces[0], pieces[1], *dtypes, accumulator)
    return accumulator.sums.tobytes(), accumulator.counts.tobytes()


def weights(seed: int, elements: int, special: float = 0.0) -> bytes:
    """Codes near those of real weights, with a share of arbitrary ones (NaN, infinities and subnormals among them)."""
    rng = random.Random(seed)
    return bf16(
        *(
            rng.randrange(0x10000)
            if rng.random() < special
            else 0x3C00 + rng.randrange(0x100) | rng.choice((0, 0x8000))
            for _ in range(elements)
        )
    )


@needs_native
@settings(max_examples=200, deadline=None)
@given(st.data(), st.integers(0, 300), st.integers(0, 3), st.booleans())
def test_c_and_numpy_agree_on_any_bytes(data: st.DataObject, elements: int, shift: int, same: bool) -> None:
    candidate = data.draw(codes("BF16", elements))
    base = candidate if same else data.draw(codes("BF16", elements))
    cuts = tuple(data.draw(st.lists(st.integers(0, elements), max_size=4)))
    dtypes = ("BF16", "BF16")
    wanted = state(candidate, base, dtypes, in_numpy)
    assert state(candidate, base, dtypes, kernels.accumulate, cuts, shift) == wanted


@needs_native
@pytest.mark.parametrize("special", [0.0, 0.001, 1.0])
@pytest.mark.parametrize("elements", [4095, 4096, 4097, 50_000])
def test_c_and_numpy_agree_on_long_tensors(elements: int, special: float) -> None:
    candidate, base = weights(1, elements, special), weights(2, elements, special)
    # Equal in the middle, so that whole blocks take the shorter way.
    base = base[: elements // 2] + candidate[elements // 2 : elements] + base[elements:]
    dtypes = ("BF16", "BF16")
    wanted = state(candidate, base, dtypes, in_numpy)
    assert state(candidate, base, dtypes, kernels.accumulate) == wanted
    assert state(candidate, base, dtypes, kernels.accumulate, cuts=(1, 64, 65, 4000), shift=1) == wanted
    assert state(candidate, candidate, dtypes, kernels.accumulate) == state(candidate, candidate, dtypes, in_numpy)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.booleans())
def test_chunks_and_alignment_change_no_bit(data: st.DataObject, floats: bool) -> None:
    kinds = st.sampled_from(FLOATS if floats else INTEGERS)
    dtypes = data.draw(kinds), data.draw(kinds)
    elements = data.draw(st.integers(0, 200))
    candidate, base = (data.draw(codes(dtype, elements)) for dtype in dtypes)
    cuts = tuple(data.draw(st.lists(st.integers(0, elements), max_size=5)))
    shift = data.draw(st.integers(0, 7))
    assert state(candidate, base, dtypes, in_numpy, cuts, shift) == state(candidate, base, dtypes, in_numpy)


def test_chunks_longer_than_a_step_change_no_bit() -> None:
    elements = reference.STEP * 2 + 77
    candidate, base = weights(3, elements), weights(4, elements)
    dtypes = ("BF16", "BF16")
    whole = state(candidate, base, dtypes, in_numpy)
    assert state(candidate, base, dtypes, in_numpy, cuts=(13, reference.STEP + 5)) == whole


def test_numpy_adds_rows_in_order() -> None:
    """What the agreement rests on: a sum along the outer axis is one row after the other, not pairwise."""
    import numpy as np

    rows = np.random.default_rng(0).standard_normal((4097, kernels.LANES)) * 10.0 ** np.arange(kernels.LANES)
    total = np.zeros(kernels.LANES)
    for row in rows:
        total += row
    assert (np.add.reduce(rows, axis=0) == total).all()


@needs_native
def test_the_extension_leaves_subnormals_on() -> None:
    """`-ffast-math` would switch them off for the whole process when the library is loaded."""
    assert sys.float_info.min / 2 * float("1") != 0.0
    assert float("5e-324") * float("1") == 5e-324


@needs_native
@pytest.mark.parametrize("broken", ["short sums", "short counts", "read-only", "text", "strided"])
def test_the_extension_checks_what_it_is_given(broken: str) -> None:
    from array import array

    from provenance.weights.kernels import _native

    accumulator = kernels.Accumulator()
    sums: object = accumulator.sums
    counts: object = accumulator.counts
    data: object = memoryview(bytes(8))
    if broken == "short sums":
        sums = accumulator.sums[1:]
    elif broken == "short counts":
        counts = array("q", [0])
    elif broken == "read-only":
        sums = accumulator.sums.tobytes()
    elif broken == "text":
        data = "weights!"
    else:
        data = memoryview(bytes(16))[::2]
    with pytest.raises((TypeError, ValueError, BufferError)):
        _native.accumulate_bf16(data, memoryview(bytes(8)), sums, counts)  # type: ignore[arg-type]
    assert accumulator.counts[0] == 0


@needs_native
def test_the_extension_lets_go_of_its_buffers() -> None:
    data = bytearray(64)
    accumulator = kernels.Accumulator()
    kernels.accumulate(memoryview(data), memoryview(data), "BF16", "BF16", accumulator)
    data.extend(b"a buffer still held could not grow")
    accumulator.counts.append(0)


def test_without_the_extension_numpy_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    candidate, base = weights(5, 200), weights(6, 200)
    with_extension = state(candidate, base, ("BF16", "BF16"), kernels.accumulate)
    monkeypatch.setattr(kernels, "_native", None)
    assert not kernels.native_available()
    assert state(candidate, base, ("BF16", "BF16"), kernels.accumulate) == with_extension


@needs_native
@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([1, 2, 4, 8]), st.integers(0, 5), st.integers(0, 5), st.integers(0, 700))
def test_c_and_numpy_count_the_same_elements(
    data: st.DataObject, width: int, before: int, behind: int, blocks: int
) -> None:
    mask = data.draw(st.integers(0, (1 << 8 * width) - 1))
    field = kernels.Field(before + width + behind, before, width, mask, data.draw(st.integers(0, mask)) & mask)
    stored = random.Random(blocks).randbytes(blocks * field.stride)
    expected = sum(
        int.from_bytes(stored[at + before : at + before + width], "little") & mask == field.value
        for at in range(0, len(stored), field.stride)
    )
    assert kernels.count_elements(memoryview(stored), field) == expected
    assert reference.count_elements(memoryview(stored), *field) == expected


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_counts_of_long_tensors_do_not_overflow(width: int) -> None:
    field = kernels.Field(width, 0, width, 0, 0)
    assert kernels.count_elements(memoryview(bytes(width * 70_001)), field) == 70_001


def test_half_a_block_is_not_counted() -> None:
    with pytest.raises(ValueError, match="whole blocks"):
        kernels.count_elements(memoryview(bytes(3)), kernels.Field(2, 0, 2, 1, 1))


@needs_native
@pytest.mark.parametrize("field", [(2, 0, 3, 0, 0), (2, 1, 2, 0, 0), (2, -1, 1, 0, 0), (0, 0, 0, 0, 0)])
def test_the_extension_counts_no_impossible_elements(field: tuple[int, int, int, int, int]) -> None:
    from provenance.weights.kernels import _native

    with pytest.raises(ValueError, match="whole blocks"):
        _native.count_elements(memoryview(bytes(12)), *field)


@pytest.mark.parametrize("native", [pytest.param(True, marks=needs_native), False])
def test_bytes_that_repeat(native: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not native:
        monkeypatch.setattr(kernels, "_native", None)
    for data, period, expected in (
        (b"", 1, True), (b"a", 4, True), (b"abab", 4, True), (b"ababa", 2, True), (b"abac", 2, False),
        (b"x" * 5000 + b"y", 1, False), (bytes(5000), 18, True),
    ):  # fmt: skip
        assert kernels.repeats(memoryview(data), period) is expected


@needs_native
def test_the_extension_knows_no_period_of_nothing() -> None:
    from provenance.weights.kernels import _native

    with pytest.raises(ValueError, match="at least one byte"):
        _native.repeats(memoryview(bytes(4)), 0)
