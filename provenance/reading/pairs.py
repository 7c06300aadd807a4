"""Plan one pass over two models: which files must be walked together, and which pairs meet in the order of storage.

Two checkpoints of one architecture mostly store their tensors in the same order, however they are sharded. Where they
do, both sides of a pair come by at the same time and are compared on the fly. Pairs that cross (a before b on one side,
b before a on the other) cannot all be met in one pass; the plan keeps the heaviest set that does not cross, by bytes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from provenance.records import Tensor

Pair = tuple[Tensor, Tensor]
"""A tensor of the candidate and its counterpart in the base."""


@dataclass(frozen=True, slots=True)
class Component:
    """Files of both models that pairs connect, and its pairs, as indices into the caller's sequence."""

    candidate_files: tuple[str, ...]
    """Sorted by path, as is `base_files`: the order in which they are walked."""
    base_files: tuple[str, ...]
    in_order: tuple[int, ...]
    """Met in one pass, in the order in which they are met."""
    crossing: tuple[int, ...]
    """To be read again."""


def element_bytes(pair: Pair) -> tuple[int, int]:
    """Bytes of one element of each side; raises `ValueError` where the two cannot be taken in step."""
    first, second = pair
    elements = first.elements
    if elements != second.elements or (elements and (first.nbytes % elements or second.nbytes % elements)):
        raise ValueError(f"{first.name} and {second.name} do not hold equally many elements of whole bytes")
    return (first.nbytes // elements, second.nbytes // elements) if elements else (1, 1)


def components(pairs: Sequence[Pair]) -> tuple[Component, ...]:
    """Split `pairs` into groups that share no file, in order of their first pairs."""
    groups = _Groups()
    for candidate, base in pairs:
        groups.join(("candidate", candidate.file), ("base", base.file))
    members: dict[tuple[str, str], list[int]] = {}
    for index, (candidate, _) in enumerate(pairs):
        members.setdefault(groups.find(("candidate", candidate.file)), []).append(index)
    return tuple(_component(pairs, indices) for indices in members.values())


def _component(pairs: Sequence[Pair], indices: Sequence[int]) -> Component:
    in_order = heaviest_in_order(pairs, _apart(pairs, indices))
    met = set(in_order)
    return Component(
        candidate_files=tuple(sorted({pairs[index][0].file for index in indices})),
        base_files=tuple(sorted({pairs[index][1].file for index in indices})),
        in_order=tuple(in_order),
        crossing=tuple(index for index in indices if index not in met),
    )


def _apart(pairs: Sequence[Pair], indices: Sequence[int]) -> list[int]:
    """`indices` without the pairs of a tensor that begins inside another one of its side: bytes come by once.

    Of tensors that share storage the first is met, and of several that begin together the longest.
    """
    kept = [set(_not_inside({pairs[index][side] for index in indices})) for side in (0, 1)]
    return [index for index in indices if pairs[index][0] in kept[0] and pairs[index][1] in kept[1]]


def _not_inside(tensors: Iterable[Tensor]) -> Iterator[Tensor]:
    file, end = "", 0
    for tensor in sorted(tensors, key=_longest_first):
        if tensor.file != file:
            file, end = tensor.file, 0
        if tensor.offset >= end:
            yield tensor
            end = tensor.offset + tensor.nbytes


def _longest_first(tensor: Tensor) -> tuple[str, int, bool, int, str]:
    """Order on disk; one without bytes stands before the one that begins at its place, not inside it."""
    return tensor.file, tensor.offset, tensor.nbytes > 0, -tensor.nbytes, tensor.name


def heaviest_in_order(pairs: Sequence[Pair], indices: Sequence[int]) -> list[int]:
    """The subset of `indices` with the most bytes whose tensors follow each other on both sides, in that order.

    O(n log n). Going by the candidate's storage, `frontier` holds the chains worth continuing: where each ends in the
    base and what it weighs, both increasing.
    """
    # Of several pairs of one candidate tensor the last in the base comes first, so that no chain takes two of them.
    order = sorted(indices, key=lambda index: _place(pairs[index][1]), reverse=True)
    order.sort(key=lambda index: _place(pairs[index][0]))
    ends: list[tuple[str, int]] = []
    frontier: list[tuple[int, int]] = []  # (bytes of the chain, its last pair)
    previous: dict[int, int | None] = {}
    for index in order:
        candidate, base = pairs[index]
        at = bisect_left(ends, _place(base))
        weight, previous[index] = frontier[at - 1] if at else (0, None)
        weight += max(1, candidate.nbytes + base.nbytes)
        stop = at
        while stop < len(ends) and frontier[stop][0] <= weight:
            stop += 1
        if stop > at or at == len(ends) or ends[at] != _place(base):
            ends[at:stop] = [_place(base)]
            frontier[at:stop] = [(weight, index)]
    chain = []
    last = frontier[-1][1] if frontier else None
    while last is not None:
        chain.append(last)
        last = previous[last]
    return chain[::-1]


def _place(tensor: Tensor) -> tuple[str, int]:
    return tensor.file, tensor.offset


class _Groups:
    """Disjoint sets of files (union-find)."""

    def __init__(self) -> None:
        self._parents: dict[tuple[str, str], tuple[str, str]] = {}

    def find(self, node: tuple[str, str]) -> tuple[str, str]:
        """The representative of the group of `node`."""
        root = node
        while (parent := self._parents.setdefault(root, root)) != root:
            root = parent
        while node != root:
            node, self._parents[node] = self._parents[node], root
        return root

    def join(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        """Make one group of two."""
        self._parents[self.find(one)] = self.find(other)
