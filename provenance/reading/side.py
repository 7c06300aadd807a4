"""One model of a reading: makes the streams of its files, drains them, and gathers what their consumers say."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Generic, TypeVar

from provenance.errors import CouldNotLook
from provenance.reading.crew import BUFFER_BYTES, Job, Meter, Worker
from provenance.reading.digests import TensorDigester
from provenance.reading.model import OpenModel
from provenance.reading.sha256 import TWO_AT_ONCE
from provenance.reading.streams import FileFactory, FileStream, TensorFactory
from provenance.records import Tensor, Unit

F = TypeVar("F")
T = TypeVar("T")

LARGE = 8 * BUFFER_BYTES
"""Files that are worth reading by twos, in bytes."""


@dataclass(frozen=True, slots=True)
class Reading(Generic[F, T]):
    """What the consumers of one model said, in the same order whatever the threads did."""

    files: tuple[F, ...]
    """Records of file consumers: by path, then in the order of the factories."""
    tensors: tuple[T, ...]
    """Records of tensor consumers: by file, offset, then in the order of the factories."""


@dataclass(frozen=True, slots=True)
class _Watched:
    """What a tensor was when it was read first."""

    tensor: Tensor
    blake3: str


class _Watcher:
    """Consumer of a tensor that may be read again."""

    def begin(self, unit: Unit) -> None:
        assert unit.tensor is not None
        self._tensor = unit.tensor
        self._digester = TensorDigester()
        self._digester.begin(unit)

    def update(self, chunk: memoryview) -> None:
        self._digester.update(chunk)

    def finish(self) -> _Watched:
        return _Watched(self._tensor, self._digester.hexdigest())


class Side(Generic[F, T]):
    """One model being read: makes its streams and gathers their records."""

    def __init__(
        self,
        model: OpenModel,
        file_factories: Sequence[FileFactory[F]],
        tensor_factories: Sequence[TensorFactory[T]],
        meter: Meter,
        watched: Collection[Tensor] = (),
        gaps: Mapping[str, range] | None = None,
        failed: dict[str, CouldNotLook] | None = None,
    ) -> None:
        self.model = model
        self.meter = meter
        self.first_seen: dict[Tensor, str] = {}
        """BLAKE3 of the watched tensors, those that may be read again."""
        self._watched = watched
        self._gaps = gaps or {}
        self._failed = failed
        self.given_up: set[str] = set()
        self._headers = {header.file: header for header in model.headers}
        self._file_factories = file_factories
        self._tensor_factories = (*tensor_factories, self._watch)
        self._records: dict[str, tuple[list[F], list[T]]] = {}

    def _watch(self, unit: Unit) -> _Watcher | None:
        return _Watcher() if unit.tensor in self._watched else None

    def stream(self, path: str) -> FileStream[F, T | _Watched]:
        """The file, at its first byte."""
        return FileStream(
            self.model.files[path],
            self._headers.get(path),
            self._file_factories,
            self._tensor_factories,
            self.meter,
            self._gaps.get(path, range(0)),
        )

    def finish(self, stream: FileStream[F, T | _Watched]) -> None:
        """Keep what the consumers of a wholly read file say."""
        stream.finish()
        stream.file.release()
        tensor_records: list[T] = []
        for record in stream.tensor_records:
            if isinstance(record, _Watched):
                self.first_seen[record.tensor] = record.blake3
            else:
                tensor_records.append(record)
        self._records[stream.file.path] = (stream.file_records, tensor_records)

    def alone(self, path: str) -> Job:
        """The job of reading one file by itself."""
        nbytes = self.model.files[path].size - len(self._gaps.get(path, ()))
        return Job(nbytes, partial(self._read_alone, path))

    def _read_alone(self, path: str, worker: Worker) -> None:
        try:
            stream = self.stream(path)
            drain(stream, worker)
            self.finish(stream)
        except CouldNotLook as error:
            self.give_up(path, error)

    def give_up(self, path: str, error: CouldNotLook) -> None:
        """Do without the records of a file that cannot be read; raises `error` where that ends the run."""
        if self._failed is None:
            raise error
        self._failed[path] = error
        self.given_up.add(path)
        self._records[path] = [], []

    def jobs(self, threads: int) -> list[Job]:
        """The jobs of reading every file; large files by twos where no thread is left idle by it."""
        large: list[str] = []
        rest: list[str] = []
        for path, file in self.model.files.items():
            if path in self.given_up:
                continue
            (large if file.size >= LARGE and path not in self._gaps else rest).append(path)
        large.sort(key=lambda path: -self.model.files[path].size)
        twos = pairs_of(len(large), threads)
        return [
            *(self._together(*large[2 * index : 2 * index + 2]) for index in range(twos)),
            *(self.alone(path) for path in (*large[2 * twos :], *rest)),
        ]

    def _together(self, path: str, other: str) -> Job:
        """The job of reading two files side by side."""
        nbytes = self.model.files[path].size + self.model.files[other].size
        return Job(nbytes, partial(self._read_together, path, other))

    def _read_together(self, path: str, other: str, worker: Worker) -> None:
        try:
            streams = self.stream(path), self.stream(other)
            drain_two(*streams, worker)
            for stream in streams:
                self.finish(stream)
        except CouldNotLook:
            if self._failed is None:
                raise
            for one in (path, other):  # which of them it was, and what the other holds
                self._read_alone(one, worker)

    def reading(self) -> Reading[F, T]:
        """All records, in the order of the listing."""
        records = [self._records[path] for path in self.model.files]
        return Reading(
            tuple(record for files, _ in records for record in files),
            tuple(record for _, tensors in records for record in tensors),
        )


def drain(stream: FileStream[F, T], worker: Worker) -> None:
    """Read the rest of a file. A helper feeds the consumers of the whole file (SHA-256), up to a ring behind."""
    if worker.helper is None:
        while stream.left:
            stream.take(worker.buffers[0])
        return
    behind: deque[Future[None]] = deque()
    buffers = cycle(worker.buffers)
    while stream.left:
        if len(behind) == len(worker.buffers):
            behind.popleft().result()
        offset, chunk = stream.read(next(buffers))
        behind.append(worker.helper.submit(stream.feed_file, chunk))
        stream.feed_tensors(chunk, offset)
    for future in behind:
        future.result()


def drain_two(one: FileStream[F, T], other: FileStream[F, T], worker: Worker) -> None:
    """Read the rest of two files, a piece of each in turn, until one of them ends."""
    while one.left and other.left:
        offset, chunk = one.read(worker.buffers[0])
        other_offset, other_chunk = other.read(worker.buffers[1])
        one.feed_files(chunk, other, other_chunk)
        one.feed_tensors(chunk, offset)
        other.feed_tensors(other_chunk, other_offset)
    drain(one, worker)
    drain(other, worker)


def pairs_of(files: int, threads: int) -> int:
    """How many of `files` alike to read by twos, so that the threads end together.

    Two side by side take less time than one after the other, and more than one does: rounds in which each thread has
    two, and of what is left one for each thread before any has two.
    """
    rounds, left = divmod(files, 2 * threads)
    return rounds * threads + max(0, left - threads) if TWO_AT_ONCE else 0
