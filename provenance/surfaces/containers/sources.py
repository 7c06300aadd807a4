"""Bytes that can be read anywhere, and the budget for what one file of a model may expand to."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from provenance.records import ByteReader
from provenance.surfaces.pickles.machine import Budget as PickleBudget
from provenance.surfaces.pickles.window import Source

BLOCK = 8 * 1024
MAX_RUN = 1024 * 1024
KEPT_BLOCKS = 64

MAX_MEMBERS = 100_000
"""Members of all archives inside one file."""
MAX_EXPANDED = 1024**3
"""Bytes that are expanded for one file, those expanded twice counted twice."""
MAX_DEPTH = 8
"""Archives inside archives."""
BOMB_BYTES, BOMB_RATIO = 64 * 1024**2, 100
"""What expands to so much, and so many times its own size, is a bomb: deflate can say no more than 1:1032, and honest
weights and texts stay far below 1:100."""


class OverBudgetError(Exception):
    """A limit was reached; what it says follows `which`."""


class BombError(OverBudgetError):
    """Expands to far more than honest data does."""


class UnreadableError(Exception):
    """The bytes are not of the form they claim; says how."""


@dataclass(slots=True)
class Ledger:
    """What is left of the work on one file of the model."""

    size: int
    """Of the file."""
    members: int = MAX_MEMBERS
    expanded: int = MAX_EXPANDED
    pickles: PickleBudget = field(default_factory=PickleBudget)

    def take_member(self) -> None:
        """One member more."""
        self.members -= 1
        if self.members < 0:
            raise OverBudgetError(f"which holds more than {MAX_MEMBERS:,} members")

    def take_expanded(self, nbytes: int) -> None:
        """So many bytes more, expanded."""
        self.expanded -= nbytes
        spent = MAX_EXPANDED - self.expanded
        if spent > BOMB_BYTES and spent > BOMB_RATIO * self.size:
            raise BombError(f"which expands to more than {BOMB_RATIO} times its size")
        if self.expanded < 0:
            raise OverBudgetError(f"which expands to more than {MAX_EXPANDED // 1024**2:,} MiB")


class Blocks:
    """A file of the model, read in blocks: few ranges to be held against the pass, and the ones around are at hand."""

    def __init__(self, file: ByteReader) -> None:
        self.size = file.size
        self._file = file
        self._kept: OrderedDict[int, bytes] = OrderedDict()

    def pread(self, nbytes: int, offset: int) -> bytes:
        """As `Source` says."""
        end = min(offset + nbytes, self.size)
        if offset >= end:
            return b""
        first, last = offset // BLOCK, (end - 1) // BLOCK
        data = b"".join(self._run(first, last))
        return data[offset - first * BLOCK : end - first * BLOCK]

    def _run(self, first: int, last: int) -> list[bytes]:
        if first == last:
            return [self._block(first)]
        found = []
        per_run = MAX_RUN // BLOCK
        for begin in range(first, last + 1, per_run):
            until = min(begin + per_run, last + 1)
            found.append(self._file.pread((until - begin) * BLOCK, begin * BLOCK))
        return found

    def _block(self, number: int) -> bytes:
        block = self._kept.get(number)
        if block is None:
            block = self._kept[number] = self._file.pread(BLOCK, number * BLOCK)
            if len(self._kept) > KEPT_BLOCKS:
                self._kept.popitem(last=False)
        return block


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a source: a member that is stored as it is."""

    source: Source
    start: int
    size: int

    def pread(self, nbytes: int, offset: int) -> bytes:
        """As `Source` says."""
        room = min(nbytes, self.size - offset)
        return self.source.pread(room, self.start + offset) if room > 0 else b""
