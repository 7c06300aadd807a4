"""Plan one pass over two models: which files must be walked together, and which pairs meet in the order of storage.

Two checkpoints of one architecture mostly store their tensors in the same order, however they are sharded. Where they do,
both sides of a pair come by at the same time and are compared on the fly. Pairs that cross (a is before b on one side and
after it on the other) cannot all be met in one pass; the plan keeps the heaviest set that does not cross, by bytes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
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
    candidate_files = sorted({pairs[index][0].file for index in indices}, key=str.encode)
    base_files = sorted({pairs[index][1].file for index in indices}, key=str.encode)
    candidate_rank = {path: rank for rank, path in enumerate(candidate_files)}
    base_rank = {path: rank for rank, path in enumerate(base_files)}
    places = [
        (
            (candidate_rank[pairs[index][0].file], pairs[index][0].offset),
            (base_rank[pairs[index][1].file], pairs[index][1].offset),
            pairs[index][0].nbytes + pairs[index][1].nbytes,
        )
        for index in indices
    ]
    kept = [indices[position] for position in heaviest_increasing(places)]
    met = set(kept)
    crossing = tuple(index for index in indices if index not in met)
    return Component(tuple(candidate_files), tuple(base_files), tuple(kept), crossing)


Place = tuple[int, int]
"""Where a tensor lies on its side: rank of its file, offset."""


def heaviest_increasing(items: Sequence[tuple[Place, Place, int]]) -> list[int]:
    """Positions of the heaviest subsequence of `(candidate place, base place, weight)` that increases on both sides.

    Weights count at least 1. O(n log n): going by candidate place, `frontier` holds, for each base place that is worth
    ending at, the heaviest chain that ends there, heavier the further right.
    """
    order = sorted(range(len(items)), key=lambda i: (items[i][0], _reversed(items[i][1])))
    ends: list[Place] = []
    frontier: list[tuple[int, int]] = []  # (weight of the chain, its last position)
    before: dict[int, int | None] = {}
    for position in order:
        _, base, weight = items[position]
        at = bisect_left(ends, base)
        chain, before[position] = frontier[at - 1] if at else (0, None)
        chain += max(weight, 1)
        dominated = at
        while dominated < len(ends) and frontier[dominated][0] <= chain:
            dominated += 1
        if dominated > at or at == len(ends) or ends[at] != base:
            ends[at:dominated] = [base]
            frontier[at:dominated] = [(chain, position)]
    return _chain(frontier[-1][1] if frontier else None, before)


def _reversed(place: Place) -> Place:
    """Sorts the other way round, so that of several pairs with one candidate tensor at most one is kept."""
    return (-place[0], -place[1])


def _chain(last: int | None, before: dict[int, int | None]) -> list[int]:
    positions = []
    while last is not None:
        positions.append(last)
        last = before[last]
    return positions[::-1]


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


def files_of(parts: Iterable[Component]) -> tuple[frozenset[str], frozenset[str]]:
    """Files of the candidate and of the base that are walked in pairs."""
    parts = tuple(parts)
    return (
        frozenset(path for part in parts for path in part.candidate_files),
        frozenset(path for part in parts for path in part.base_files),
    )
