"""Pushes bytes to inspectors as the reading engine does: in order, through one buffer that is overwritten each time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from provenance.facts import ContentFact, Fact
from provenance.records import Consumer, Unit
from provenance.surfaces.inspectors import EXAMINERS, Facts, InspectionContext, Inspector, consumers

MIB = 1024 * 1024
T = TypeVar("T")


def push(consumer: Consumer[T], file: str, data: bytes, chunk: int = MIB) -> T:
    consumer.begin(Unit(file, 0, len(data)))
    buffer = bytearray(chunk)
    for start in range(0, len(data), chunk):
        piece = data[start : start + chunk]
        buffer[: len(piece)] = piece
        consumer.update(memoryview(buffer)[: len(piece)])
        buffer[:] = b"\xee" * chunk
    return consumer.finish()


def inspect(file: str, data: bytes, *, executable: bool = False, chunk: int = MIB) -> Facts:
    """The facts of every inspector that wants the file."""
    context = InspectionContext(frozenset({file}) if executable else frozenset())
    return tuple(_inspect(file, data, context, chunk))


def _inspect(file: str, data: bytes, context: InspectionContext, chunk: int) -> Iterator[Fact]:
    for consumer in consumers(Unit(file, 0, len(data)), context):
        yield from push(consumer, file, data, chunk)


def inspect_with(inspector: Inspector, file: str, data: bytes, chunk: int = MIB) -> Facts | None:
    """The facts of one inspector; None where it does not want the file."""
    consumer = inspector.make(Unit(file, 0, len(data)), InspectionContext())
    return None if consumer is None else push(consumer, file, data, chunk)


def kinds(file: str, data: bytes, chunk: int = MIB) -> list[str]:
    return [fact.kind for fact in inspect(file, data, chunk=chunk) if isinstance(fact, ContentFact)]


@dataclass(frozen=True, slots=True)
class InMemory:
    """A file of the model for examiners."""

    path: str
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def pread(self, nbytes: int, offset: int) -> bytes:
        return self.data[offset : offset + nbytes]


def examine(file: str, data: bytes) -> Facts:
    """The facts of every examiner."""
    context = InspectionContext()
    return tuple(fact for examiner in EXAMINERS for fact in examiner.examine(InMemory(file, data), context))
