"""Pair mode: two models read side by side, and a second look at the pairs that one pass could not bring together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Generic, TypeVar

from provenance.reading.crew import BUFFER_BYTES, Job, Worker
from provenance.reading.digests import TensorDigester
from provenance.reading.files import OpenFile
from provenance.reading.pairs import Component, Pair, element_bytes
from provenance.reading.side import Side
from provenance.records import PairConsumer, Tensor, Unit

F = TypeVar("F")
T = TypeVar("T")
P = TypeVar("P")

PairFactory = Callable[[Unit, Unit], PairConsumer[P]]
"""Makes the consumer of one pair. Called from any of the threads."""

_Take = Callable[[int, int], tuple[memoryview, memoryview]]
"""The next so many bytes of the candidate's tensor and of the base's."""


class Comparison(Generic[F, T, P]):
    """Both sides, the pairs, and what their consumers say."""

    def __init__(self, candidate: Side[F, T], base: Side[F, T], pairs: Sequence[Pair], factory: PairFactory[P]) -> None:
        self._candidate = candidate
        self._base = base
        self._pairs = pairs
        self._factory = factory
        self.records: list[P | None] = [None] * len(pairs)

    def first_pass(self, parts: Sequence[Component]) -> Iterator[Job]:
        """Jobs that read every file of both models once; files that pairs connect are one job."""
        for part in parts:
            nbytes = sum(self._candidate.model.files[path].size for path in part.candidate_files)
            nbytes += sum(self._base.model.files[path].size for path in part.base_files)
            yield Job(nbytes, partial(self._walk, part))
        walked = {path for part in parts for path in part.candidate_files}
        yield from (self._candidate.alone(path) for path in self._candidate.model.files if path not in walked)
        walked = {path for part in parts for path in part.base_files}
        yield from (self._base.alone(path) for path in self._base.model.files if path not in walked)

    def equal(self, index: int) -> bool:
        """True where the first pass showed that both tensors of a crossing pair are the same stored bytes."""
        candidate, base = self._pairs[index]
        same = self._candidate.first_seen[candidate] == self._base.first_seen[base]
        return same and candidate.dtype == base.dtype

    def second_look(self, index: int) -> Job:
        """The job of reading both tensors of one pair again, in step."""
        return Job(sum(tensor.nbytes for tensor in self._pairs[index]), partial(self._look_again, index))

    def _walk(self, part: Component, worker: Worker) -> None:
        left = _Cursor(self._candidate, part.candidate_files, worker.buffers[0])
        right = _Cursor(self._base, part.base_files, worker.buffers[1])

        def take(candidate_bytes: int, base_bytes: int) -> tuple[memoryview, memoryview]:
            return worker.both(partial(left.take, candidate_bytes), partial(right.take, base_bytes))

        for index in part.in_order:
            candidate, base = self._pairs[index]
            worker.both(partial(left.advance, candidate), partial(right.advance, base))
            self.records[index] = self._in_step(index, take)
        worker.both(left.finish, right.finish)

    def _look_again(self, index: int, worker: Worker) -> None:
        candidate, base = self._pairs[index]
        left = _SecondLook(self._candidate, candidate, worker.buffers[0])
        right = _SecondLook(self._base, base, worker.buffers[1])

        def take(candidate_bytes: int, base_bytes: int) -> tuple[memoryview, memoryview]:
            return worker.both(partial(left.take, candidate_bytes), partial(right.take, base_bytes))

        record = self._in_step(index, take)
        left.check()
        right.check()
        self.records[index] = record

    def _in_step(self, index: int, take: _Take) -> P:
        """Push the same elements of both tensors to the pair's consumer, from first to last."""
        pair = self._pairs[index]
        candidate, base = (Unit(tensor.file, tensor.offset, tensor.nbytes, tensor) for tensor in pair)
        consumer = self._factory(candidate, base)
        consumer.begin(candidate, base)
        wide, other = element_bytes(pair)
        step = BUFFER_BYTES // max(wide, other)
        elements = pair[0].elements
        for start in range(0, elements, step):
            count = min(step, elements - start)
            consumer.update(*take(count * wide, count * other))
        return consumer.finish()


class _Cursor(Generic[F, T]):
    """One side of a component: its files, read one after another."""

    def __init__(self, side: Side[F, T], paths: Sequence[str], buffer: memoryview) -> None:
        self._side = side
        self._waiting = deque(paths)
        self._buffer = buffer
        self._stream = side.stream(self._waiting.popleft())

    def advance(self, tensor: Tensor) -> None:
        """Read on to the first byte of `tensor`."""
        while self._stream.file.path != tensor.file:
            self._next_file()
        while ahead := tensor.offset - self._stream.position:
            self._stream.take(self._buffer[:ahead])

    def take(self, nbytes: int) -> memoryview:
        """Read the next `nbytes`, at most a buffer."""
        return self._stream.take(self._buffer[:nbytes])

    def finish(self) -> None:
        """Read all that is left."""
        while self._waiting:
            self._next_file()
        self._drain()

    def _next_file(self) -> None:
        self._drain()
        self._stream = self._side.stream(self._waiting.popleft())

    def _drain(self) -> None:
        while self._stream.left:
            self._stream.take(self._buffer)
        self._side.finish(self._stream)


class _SecondLook(Generic[F, T]):
    """One tensor read again, which must be what it was the first time."""

    def __init__(self, side: Side[F, T], tensor: Tensor, buffer: memoryview) -> None:
        self._side = side
        self._file: OpenFile = side.model.files[tensor.file]
        self._tensor = tensor
        self._buffer = buffer
        self._position = tensor.offset
        self._digester = TensorDigester()
        self._digester.begin(Unit(tensor.file, tensor.offset, tensor.nbytes, tensor))

    def take(self, nbytes: int) -> memoryview:
        """Read the next `nbytes`, at most a buffer."""
        chunk = self._buffer[:nbytes]
        self._file.read_into(chunk, self._position)
        self._position += nbytes
        self._side.meter(nbytes)
        self._digester.update(chunk)
        return chunk

    def check(self) -> None:
        """Raise `CouldNotLook` where the tensor is not what was read first."""
        if self._digester.finish().blake3 != self._side.first_seen[self._tensor]:
            raise self._file.changed(f"{self._tensor.name} is not what it was at first")
