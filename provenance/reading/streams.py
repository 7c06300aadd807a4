"""One file read once, front to back; each piece goes to every consumer of the file and of the tensor it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from provenance.reading.digests import RangesDigester
from provenance.reading.files import OpenFile
from provenance.records import Consumer, Header, Tensor, Unit

F = TypeVar("F")
T = TypeVar("T")
R = TypeVar("R")

FileFactory = Callable[[Unit], Consumer[F] | None]
"""Makes the consumer of one whole file, or None where it is of no interest. Called from any of the threads."""
TensorFactory = Callable[[Unit], Consumer[T] | None]
"""Makes the consumer of one tensor, or None where it is of no interest. Called from any of the threads."""


@runtime_checkable
class InTwos(Protocol):
    """A consumer that takes pieces of two files in less time at once than one after the other."""

    def update_two(self, chunk: memoryview, other: Any, other_chunk: memoryview) -> None:
        """Called in place of `update` of both; `other` is of the same class."""


Tick = Callable[[int], None]
"""Told of every piece that was read, in bytes; raises to stop the reading."""


_Fed = tuple[Tensor, list[Consumer[T]], list[T]]
"""A tensor that has begun, its consumers, and where their records go once its last byte has gone by."""


class FileStream(Generic[F, T]):
    """Reads one file and feeds its consumers. Pieces lie in the caller's buffer: memory does not grow with the file."""

    def __init__(
        self,
        file: OpenFile,
        header: Header | None,
        file_factories: Sequence[FileFactory[F]],
        tensor_factories: Sequence[TensorFactory[T]],
        tick: Tick,
        gap: range = range(0),
    ) -> None:
        """`gap` is passed over: bytes behind the header that nobody is to read. No tensor is fed then."""
        self.file = file
        self.position = 0
        """Bytes [0, position) have been read, or passed over."""
        self.file_records: list[F] = []
        self.tensor_records: list[T] = []
        self._tick = tick
        self._looked_at = RangesDigester(_passed(file.looked_at, gap))
        self._tensor_factories = tensor_factories
        self._gap = gap
        self._tensors = iter(header.tensors if header and not gap else ())
        self._tensor = next(self._tensors, None)
        """The first that has not begun."""
        self._records: list[list[T]] = []
        """Of every tensor that has begun, in order of storage."""
        self._open: list[_Fed[T]] = []
        """Those that have begun and not ended: one at most, but where tensors share storage."""
        self._whole = _begun(file_factories, Unit(file.path, 0, file.size, gap=len(gap)))

    @property
    def left(self) -> int:
        """Bytes not yet read, those of the gap among them."""
        return self.file.size - self.position

    def take(self, buffer: memoryview) -> memoryview:
        """Read the next bytes, as many as fit, into `buffer` and feed all consumers. Returns the filled part."""
        offset, chunk = self.read(buffer)
        self.feed_file(chunk)
        self.feed_tensors(chunk, offset)
        return chunk

    def read(self, buffer: memoryview) -> tuple[int, memoryview]:
        """Read the next bytes without feeding anyone: their offset, and the filled part of `buffer`."""
        if self._gap and self.position == self._gap.start:
            self.position = self._gap.stop
        end = self._gap.start if self.position < self._gap.start else self.file.size
        offset, chunk = self.position, buffer[: end - self.position]
        self.file.read_on(chunk, offset)
        self.position += len(chunk)
        self._tick(len(chunk))
        return offset, chunk

    def feed_file(self, chunk: memoryview) -> None:
        """Feed the consumers of the whole file; pieces must come in order."""
        for consumer in self._whole:
            consumer.update(chunk)

    def feed_files(self, chunk: memoryview, other: FileStream[F, T], other_chunk: memoryview) -> None:
        """Feed the consumers of this file and of another: both at once those that can be."""
        for mine, theirs in zip_longest(self._whole, other._whole):
            if isinstance(mine, InTwos) and isinstance(theirs, InTwos) and type(mine) is type(theirs):
                mine.update_two(chunk, theirs, other_chunk)
                continue
            if mine is not None:
                mine.update(chunk)
            if theirs is not None:
                theirs.update(other_chunk)

    def feed_tensors(self, chunk: memoryview, offset: int) -> None:
        """Cut the piece at `offset` at the borders of the tensors, without copying, and feed each its part.

        Tensors that share bytes are each fed them: how often in all, the reader of their header bounds.
        """
        self._looked_at.update(chunk, offset)
        end = offset + len(chunk)
        if self._open:
            self._open = [fed for fed in self._open if _goes_on(fed, chunk, offset)]
        while (tensor := self._tensor) is not None and tensor.offset <= end:
            consumers = _begun(self._tensor_factories, Unit(tensor.file, tensor.offset, tensor.nbytes, tensor))
            fed: _Fed[T] = (tensor, consumers, [])
            self._records.append(fed[2])
            if _goes_on(fed, chunk, offset):
                self._open.append(fed)
            self._tensor = next(self._tensors, None)

    def finish(self) -> None:
        """Collect the file's records; `CouldNotLook` where the file is not the one that was listed and parsed."""
        self.file.check_unchanged()
        if not self._looked_at.as_expected():
            raise self.file.changed("what was looked at is not what was digested")
        self.file_records.extend(consumer.finish() for consumer in self._whole)
        self.tensor_records.extend(record for records in self._records for record in records)


def _goes_on(fed: _Fed[T], chunk: memoryview, offset: int) -> bool:
    """Feed the part of the piece at `offset` that is the tensor's; whether there is more of it behind."""
    tensor, consumers, records = fed
    end = tensor.offset + tensor.nbytes
    if part := chunk[max(0, tensor.offset - offset) : end - offset]:
        for consumer in consumers:
            consumer.update(part)
    if end > offset + len(chunk):
        return True
    records.extend(consumer.finish() for consumer in consumers)
    return False


def _passed(looked_at: Mapping[tuple[int, int], bytes], gap: range) -> dict[tuple[int, int], bytes]:
    """The ranges that come by whole: what lies in a gap is held against nothing but the file's times."""
    return {
        (start, nbytes): digest
        for (start, nbytes), digest in looked_at.items()
        if not gap or start + nbytes <= gap.start or start >= gap.stop
    }


def _begun(factories: Sequence[Callable[[Unit], Consumer[R] | None]], unit: Unit) -> list[Consumer[R]]:
    """The consumers that want `unit`, each told so."""
    consumers = [consumer for factory in factories if (consumer := factory(unit)) is not None]
    for consumer in consumers:
        consumer.begin(unit)
    return consumers
