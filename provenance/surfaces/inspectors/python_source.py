"""Python files, kept as text. Nothing is imported, compiled or run."""

from __future__ import annotations

import hashlib

from provenance.facts import TextFact
from provenance.records import Unit
from provenance.surfaces.inspectors.interface import Facts, InspectionContext, Inspector
from provenance.surfaces.template_text import MAX_SHOWN


class _PythonSource:
    """Digests a file of any size, and keeps its text where that is small."""

    def __init__(self) -> None:
        self._unit: Unit | None = None
        self._digest = hashlib.sha256()
        self._kept = bytearray()

    def begin(self, unit: Unit) -> None:
        """Remember whose bytes follow."""
        self._unit = unit

    def update(self, chunk: memoryview) -> None:
        """Digest, and keep one byte more than is shown, to tell a text that is too long."""
        self._digest.update(chunk)
        self._kept += chunk[: MAX_SHOWN + 1 - len(self._kept)]

    def finish(self) -> Facts:
        """The one fact."""
        assert self._unit is not None, "begin comes first"
        text = bytes(self._kept).decode("utf-8", "surrogateescape") if len(self._kept) <= MAX_SHOWN else None
        return (TextFact(self._unit.file, "python", self._digest.hexdigest(), text),)


def _make(unit: Unit, _context: InspectionContext) -> _PythonSource | None:
    return _PythonSource() if unit.file.lower().endswith((".py", ".pyw")) else None


def _cost(unit: Unit) -> int:
    """A character takes four bytes where one of them lies beyond the basic plane."""
    return 4 * unit.nbytes if unit.nbytes <= MAX_SHOWN else 0


PYTHON_SOURCE = Inspector("python-source", _make, _cost)
