"""The plan of one pass over two models, against a search through all possibilities."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.reading.pairs import Pair, components, element_bytes, heaviest_in_order
from provenance.records import Tensor


def tensor(file: str, offset: int, nbytes: int = 4, shape: tuple[int, ...] = (2,)) -> Tensor:
    return Tensor(f"{file}:{offset}", "BF16", shape, file, offset, nbytes)


def place(one: Tensor) -> tuple[str, int]:
    return one.file, one.offset


def in_order(chosen: list[Pair]) -> bool:
    """Both sides move forward from each pair to the next."""
    return all(
        place(one[0]) < place(next_one[0]) and place(one[1]) < place(next_one[1]) for one, next_one in pairwise(chosen)
    )


def weight(chosen: list[Pair]) -> int:
    return sum(max(1, one.nbytes + other.nbytes) for one, other in chosen)


places = st.tuples(st.sampled_from("ab"), st.integers(0, 4), st.integers(0, 5))
some_pairs = st.lists(
    st.tuples(places, places).map(lambda both: (tensor(*both[0]), tensor(*both[1]))), max_size=8, unique=True
)


@given(some_pairs)
@settings(max_examples=300, deadline=None)
def test_the_heaviest_subset_that_does_not_cross(pairs: list[Pair]) -> None:
    chosen = [pairs[index] for index in heaviest_in_order(pairs, range(len(pairs)))]
    assert in_order(chosen)
    best = max(
        weight(sorted(some, key=lambda pair: place(pair[0])))
        for count in range(len(pairs) + 1)
        for some in combinations(pairs, count)
        if in_order(sorted(some, key=lambda pair: place(pair[0])))
    )
    assert weight(chosen) == best


def test_equal_orders_are_met_entirely_and_opposite_orders_once() -> None:
    pairs = [(tensor("a", 10 * number), tensor("b", 7 * number)) for number in range(50)]
    assert heaviest_in_order(pairs, range(50)) == list(range(50))
    opposite = [(tensor("a", 10 * number), tensor("b", 7 * (50 - number))) for number in range(50)]
    assert len(heaviest_in_order(opposite, range(50))) == 1


def test_one_large_pair_outweighs_many_small_ones() -> None:
    large = (tensor("a", 0, 1000), tensor("b", 900, 1000))
    small = [(tensor("a", 2000 + number, 1), tensor("b", number, 1)) for number in range(100)]
    assert heaviest_in_order([large, *small], range(101)) == [0]
    assert len(heaviest_in_order([(tensor("a", 0, 1), tensor("b", 900, 1)), *small], range(101))) == 100


def test_a_tensor_in_two_pairs_is_met_once() -> None:
    embedding, head = tensor("a", 0), tensor("a", 100)
    tied = tensor("b", 0)
    assert len(heaviest_in_order([(embedding, tied), (head, tied)], range(2))) == 1
    assert len(heaviest_in_order([(tied, embedding), (tied, head)], range(2))) == 1


def test_components_share_no_file() -> None:
    pairs = [
        (tensor("c1", 0), tensor("b1", 0)),
        (tensor("c2", 0), tensor("b2", 0)),
        (tensor("c1", 8), tensor("b3", 0)),
        (tensor("c3", 0), tensor("b2", 8)),
    ]
    one, two = components(pairs)
    assert (one.candidate_files, one.base_files) == (("c1",), ("b1", "b3"))
    assert (two.candidate_files, two.base_files) == (("c2", "c3"), ("b2",))
    assert (one.in_order, two.in_order) == ((0, 2), (1, 3))
    assert one.crossing == two.crossing == ()
    assert components([]) == ()


@given(some_pairs)
@settings(max_examples=100, deadline=None)
def test_every_pair_is_in_one_component(pairs: list[Pair]) -> None:
    parts = components(pairs)
    indices = sorted(index for part in parts for index in part.in_order + part.crossing)
    assert indices == list(range(len(pairs)))
    for side in ("candidate_files", "base_files"):
        files = [path for part in parts for path in getattr(part, side)]
        assert len(files) == len(set(files))
    for part in parts:
        assert {pairs[index][0].file for index in part.in_order + part.crossing} == set(part.candidate_files)
        assert {pairs[index][1].file for index in part.in_order + part.crossing} == set(part.base_files)


def test_one_name_on_both_sides_is_two_files() -> None:
    parts = components([(tensor("x", 0), tensor("y", 0)), (tensor("y", 0), tensor("z", 0))])
    assert len(parts) == 2


def test_many_pairs_are_planned_quickly() -> None:
    """As many tensors as a large mixture of experts, in an order without structure."""
    count = 40_009
    pairs = [(tensor("a", number), tensor("b", number * 7919 % count)) for number in range(count)]
    (part,) = components(pairs)
    assert len(part.in_order) + len(part.crossing) == count


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((4, (2,)), (8, (2,)), (2, 4)),
        ((6, (3, 1)), (3, (3,)), (2, 1)),
        ((0, (0, 4)), (0, (4, 0)), (1, 1)),
        ((2, ()), (4, ()), (2, 4)),
    ],
)
def test_bytes_of_an_element(
    one: tuple[int, tuple[int, ...]], other: tuple[int, tuple[int, ...]], expected: tuple[int, int]
) -> None:
    assert element_bytes((tensor("a", 0, *one), tensor("b", 0, *other))) == expected


@pytest.mark.parametrize(("one", "other"), [((4, (2,)), (6, (3,))), ((18, (32,)), (64, (32,))), ((0, (0,)), (2, (1,)))])
def test_what_cannot_be_taken_in_step(one: tuple[int, tuple[int, ...]], other: tuple[int, tuple[int, ...]]) -> None:
    with pytest.raises(ValueError, match="equally many elements"):
        element_bytes((tensor("a", 0, *one), tensor("b", 0, *other)))
