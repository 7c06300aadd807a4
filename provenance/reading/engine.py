"""The reading engine: opens a model, reads each byte once where storage allows, and pushes it to whoever asked.

    with open_model(resolve("path")) as model:
        reading = read(model, [digest_file], [digest_tensor])

The engine knows no consumer: it owns threads, buffers, descriptors and the order of work, and guarantees that what was
listed, parsed and digested are the same bytes, or raises `CouldNotLook`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from provenance.errors import CouldNotLook
from provenance.reading.comparison import Comparison, PairFactory
from provenance.reading.crew import Meter, run
from provenance.reading.holes import MAX_HOLES, hollow
from provenance.reading.model import OpenModel, open_model
from provenance.reading.pairs import Pair, components, element_bytes
from provenance.reading.side import Reading, Side
from provenance.reading.streams import FileFactory, TensorFactory
from provenance.records import Progress, Tensor

__all__ = [
    "FileFactory",
    "OpenModel",
    "PairFactory",
    "PairReading",
    "Reading",
    "TensorFactory",
    "open_model",
    "read",
    "read_again",
    "read_pair",
]

F = TypeVar("F")
T = TypeVar("T")
P = TypeVar("P")


def read(
    model: OpenModel,
    file_consumers: Sequence[FileFactory[F]] = (),
    tensor_consumers: Sequence[TensorFactory[T]] = (),
    *,
    gaps: Mapping[str, range] | None = None,
    failed: dict[str, CouldNotLook] | None = None,
    threads: int = 2,
    progress: Progress | None = None,
) -> Reading[F, T]:
    """Read every file of `model` once and push it to the consumers that the factories make.

    `gaps` are bytes of files, by path, that are passed over (`ends.py`).

    Raises `CouldNotLook` where a file cannot be read or changes meanwhile, or puts it in `failed` by its path, without
    a record of any consumer; and raises whatever a consumer raises.
    """
    meter = Meter(progress)
    side = Side(model, file_consumers, tensor_consumers, meter, gaps=gaps, failed=failed)
    for path, error in hollow(model.files, gaps or {}, MAX_HOLES).items():
        side.give_up(path, error)
    run(side.jobs(threads), threads, meter)
    return side.reading()


@dataclass(frozen=True, slots=True)
class PairReading(Generic[F, T, P]):
    """What was seen of two models that were read together."""

    candidate: Reading[F, T]
    base: Reading[F, T]
    pairs: tuple[P | None, ...]
    """One for each of the caller's pairs, in their order. None: the first pass could not bring the two together but
    showed that dtypes and BLAKE3 are equal, so nothing was read again to compare them element by element."""
    reread_bytes: int
    """Bytes of both sides read a second time, because the two orders of storage disagree."""


def read_pair(
    candidate: OpenModel,
    base: OpenModel,
    pairs: Sequence[Pair],
    pair_consumer: PairFactory[P],
    file_consumers: Sequence[FileFactory[F]] = (),
    tensor_consumers: Sequence[TensorFactory[T]] = (),
    *,
    threads: int = 2,
    progress: Progress | None = None,
) -> PairReading[F, T, P]:
    """Read both models and compare `pairs` element by element, in the same pass where their orders of storage agree.

    Both tensors of a pair must hold equally many elements of whole bytes; a tensor may stand in several pairs. The
    factories serve both sides. Pairs that cross are read again afterwards, unless the digests of the first pass are
    equal, and what is read again must have the digest of the first pass.

    Raises as `read` does, and `ValueError` for pairs that are not of these models or cannot be taken in step.
    """
    _check_pairs(candidate, base, pairs)
    parts = components(pairs)
    crossing = [index for part in parts for index in part.crossing]
    meter = Meter(progress)
    for model in (candidate, base):
        if errors := [*hollow(model.files, {}, MAX_HOLES).values()]:
            raise errors[0]
    left = Side(candidate, file_consumers, tensor_consumers, meter, {pairs[index][0] for index in crossing})
    right = Side(base, file_consumers, tensor_consumers, meter, {pairs[index][1] for index in crossing})
    comparison = Comparison(left, right, pairs, pair_consumer)
    run(comparison.first_pass(parts), threads, meter)
    again = [index for index in crossing if not comparison.equal(index)]
    run([comparison.second_look(index) for index in again], threads, meter)
    reread = sum(tensor.nbytes for index in again for tensor in pairs[index])
    return PairReading(left.reading(), right.reading(), tuple(comparison.records), reread)


def read_again(
    model: OpenModel,
    pairs: Sequence[Pair],
    pair_consumer: PairFactory[P],
    seen: Mapping[Tensor, str],
    *,
    threads: int = 2,
    progress: Progress | None = None,
) -> tuple[P, ...]:
    """Read pairs of tensors of one model that was read before, element by element; their records in order of `pairs`.

    `seen` are their BLAKE3 digests of the first reading: raises `CouldNotLook` where one is another now.
    """
    _check_pairs(model, model, pairs)
    meter = Meter(progress)
    side: Side[None, None] = Side(model, (), (), meter)
    side.first_seen.update(seen)
    comparison = Comparison(side, side, pairs, pair_consumer)
    run([comparison.second_look(index) for index in range(len(pairs))], threads, meter)
    return tuple(record for record in comparison.records if record is not None)


def _check_pairs(candidate: OpenModel, base: OpenModel, pairs: Sequence[Pair]) -> None:
    """Before the first gigabyte, not after it."""
    for side, model in enumerate((candidate, base)):
        tensors = {tensor for header in model.headers for tensor in header.tensors}
        if unknown := next((pair[side] for pair in pairs if pair[side] not in tensors), None):
            raise ValueError(f"{unknown.name} is not a tensor of {model.listing.name}")
    for pair in pairs:
        element_bytes(pair)
