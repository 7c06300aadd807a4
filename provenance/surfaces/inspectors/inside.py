"""Pickles and archives: what is in them, by their opcodes and directories. Nothing is unpickled or unpacked to disk."""

from __future__ import annotations

from provenance.records import ByteReader
from provenance.surfaces.containers.nest import look_into
from provenance.surfaces.containers.sources import Blocks
from provenance.surfaces.inspectors.interface import Examiner, Facts, InspectionContext


def _examine(file: ByteReader, context: InspectionContext) -> Facts:
    del context
    return look_into(file.path, Blocks(file))


INSIDE = Examiner("inside", _examine)
