"""What the pipeline hands to the engine, and the consumer the engine feeds."""

from __future__ import annotations

import pytest

from provenance.records import Tensor, Unit
from provenance.weights.deltas import DeltaConsumer, comparable
from provenance.weights.pairing import pair
from tests.weights.models import Stored, floats, matrix, model


def unit(dtype: str, shape: tuple[int, ...], nbytes: int) -> Unit:
    return Unit("f", 0, nbytes, Tensor("t", dtype, shape, "f", 0, nbytes))


def test_pairs_to_read_leave_out_what_cannot_or_need_not_be_read() -> None:
    base = {
        "changed": matrix(1),
        "equal": matrix(2),
        "cast": matrix(3),
        "reshaped": matrix(4),
        "blocks": Stored("Q8_0", (1, 32), bytes(34)),
    }
    candidate = {
        **base,
        "changed": matrix(5),
        "cast": matrix(3, dtype="F32"),
        "reshaped": Stored("BF16", (4, 16), base["reshaped"].data),
    }
    ours, theirs = model(candidate), model(base)
    pairing = pair(ours.headers, theirs.headers)
    assert [p.role for p in comparable(pairing)] == ["changed", "equal", "cast"]
    assert [p.role for p in comparable(pairing, ours.digests, theirs.digests)] == ["changed", "cast"]


def test_pairs_come_in_the_order_of_the_bases_files() -> None:
    weights = {name: matrix(name) for name in "abcd"}
    pairing = pair(model(weights, ["dcba"]).headers, model(weights, ["ca", "db"]).headers)
    assert [p.role for p in comparable(pairing)] == ["c", "a", "d", "b"]


def test_statistics_of_a_tensor_pushed_in_pieces() -> None:
    candidate, base = floats(1, 2, 3, 4, dtype="F32"), floats(1, 2, 3, 5)
    consumer = DeltaConsumer()
    consumer.begin(unit("F32", (2, 2), 16), unit("BF16", (2, 2), 8))
    for start in range(0, 4, 2):
        stop = start + 2
        consumer.update(memoryview(candidate)[start * 4 : stop * 4], memoryview(base)[start * 2 : stop * 2])
    statistics = consumer.finish()
    assert (statistics.elements, statistics.changed, statistics.max_abs) == (4, 1, 1.0)
    assert statistics.relative_norm == pytest.approx(1 / 39**0.5)


@pytest.mark.parametrize("shape", [(0,), (3, 0, 2)])
def test_a_tensor_without_elements(shape: tuple[int, ...]) -> None:
    consumer = DeltaConsumer()
    consumer.begin(unit("BF16", shape, 0), unit("F32", shape, 0))
    statistics = consumer.finish()
    assert (statistics.elements, statistics.changed, statistics.changed_fraction) == (0, 0, 0.0)


def test_a_scalar() -> None:
    consumer = DeltaConsumer()
    consumer.begin(unit("F32", (), 4), unit("F32", (), 4))
    consumer.update(memoryview(floats(2, dtype="F32")), memoryview(floats(1, dtype="F32")))
    assert consumer.finish().max_abs == 1.0


def test_elements_that_were_never_pushed_are_not_passed_over() -> None:
    consumer = DeltaConsumer()
    consumer.begin(unit("BF16", (4,), 8), unit("BF16", (4,), 8))
    consumer.update(memoryview(bytes(4)), memoryview(bytes(4)))
    with pytest.raises(ValueError, match="2 of 4 elements"):
        consumer.finish()


@pytest.mark.parametrize("other", [unit("BF16", (5,), 10), Unit("f", 0, 8)])
def test_sides_that_do_not_match_are_refused(other: Unit) -> None:
    for sides in ((unit("BF16", (4,), 8), other), (other, unit("BF16", (4,), 8))):
        with pytest.raises(ValueError, match="same number of elements"):
            DeltaConsumer().begin(*sides)
