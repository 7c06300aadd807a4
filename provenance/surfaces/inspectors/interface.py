"""What an inspector is: for the files it wants, a consumer of their bytes that ends in frozen facts.

The engine pushes every file once, in order; digests and inspectors see the same chunks, so what was inspected is what
was digested. A consumer cannot seek, keeps nothing of a chunk, and holds no more of a file than its own bound.

Where seeking cannot be helped (an archive lists its members at its end) there is an examiner. It reads what it needs
before the pass, and what it read is held against the bytes of the pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from provenance.facts import Fact
from provenance.records import ByteReader, Consumer, Unit

Facts = tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class InspectionContext:
    """What is known of a model's files beside their bytes."""

    executables: frozenset[str] = frozenset()
    """Paths of the files whose mode allows execution."""


def _little(unit: Unit) -> int:
    """Facts of a line or two."""
    del unit
    return 0


@dataclass(frozen=True, slots=True)
class Inspector:
    """One kind of fact. `make` gives a consumer for a whole file, or None where the file is not its business."""

    name: str
    make: Callable[[Unit, InspectionContext], Consumer[Facts] | None]
    cost: Callable[[Unit], int] = _little
    """Bytes of memory that the facts of one file may take, by its name and size: for a budget over all files."""
    ends: bool = False
    """Has something to say of a file of which only the ends are read (`Unit.gap`); any other is not asked."""


@dataclass(frozen=True, slots=True)
class Examiner:
    """One kind of fact for which a file is read here and there. Reads little of a large file, and bounds what it reads.

    `examine` raises nothing for what the file holds. Of files that may hold code or weights it says how far it came, in
    an `ExaminationFact`; none of its facts means that the file is not its business.
    """

    name: str
    examine: Callable[[ByteReader, InspectionContext], Facts]


class Buffered:
    """Keeps the first `limit` bytes of a file, at most, and hands them to `read` when the file has ended."""

    def __init__(self, limit: int, read: Callable[[Unit, bytes], Facts]) -> None:
        self._limit = limit
        self._read = read
        self._kept = bytearray()
        self._unit: Unit | None = None

    def begin(self, unit: Unit) -> None:
        """Remember whose bytes follow."""
        self._unit = unit

    def update(self, chunk: memoryview) -> None:
        """Keep what there is room for."""
        room = self._limit - len(self._kept)
        if room > 0:
            self._kept += chunk[:room]

    def finish(self) -> Facts:
        """What `read` makes of the bytes kept."""
        assert self._unit is not None, "begin comes first"
        data = bytes(self._kept)
        self._kept.clear()  # what is parsed costs enough
        return self._read(self._unit, data)


class Digested:
    """The SHA-256 of a whole file of any size, handed to `read` with the hex digest when the file has ended."""

    def __init__(self, read: Callable[[Unit, str], Facts]) -> None:
        self._read = read
        self._digest = hashlib.sha256()
        self._unit: Unit | None = None

    def begin(self, unit: Unit) -> None:
        """Remember whose bytes follow."""
        self._unit = unit

    def update(self, chunk: memoryview) -> None:
        """Digest them."""
        self._digest.update(chunk)

    def finish(self) -> Facts:
        """What `read` makes of the digest."""
        assert self._unit is not None, "begin comes first"
        return self._read(self._unit, self._digest.hexdigest())
