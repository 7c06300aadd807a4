"""Inspectors: from the bytes of a file to frozen facts.

Adding one is a file, an entry here, a test and a section of docs/surfaces.md.
"""

from __future__ import annotations

from provenance.records import Consumer, Unit
from provenance.surfaces.inspectors.card import CARD_FRONT_MATTER
from provenance.surfaces.inspectors.content import CONTENT
from provenance.surfaces.inspectors.documents import DOCUMENTS
from provenance.surfaces.inspectors.host_settings import HOST_SETTINGS
from provenance.surfaces.inspectors.inside import INSIDE
from provenance.surfaces.inspectors.interface import Examiner, Facts, InspectionContext, Inspector
from provenance.surfaces.inspectors.prose import PROSE
from provenance.surfaces.inspectors.source_code import SOURCE_CODE
from provenance.surfaces.inspectors.templates import TEMPLATES
from provenance.surfaces.inspectors.tokenizers import TOKENIZERS

INSPECTORS: tuple[Inspector, ...] = (
    CONTENT,
    DOCUMENTS,
    CARD_FRONT_MATTER,
    TEMPLATES,
    TOKENIZERS,
    SOURCE_CODE,
    PROSE,
    HOST_SETTINGS,
)

EXAMINERS: tuple[Examiner, ...] = (INSIDE,)

__all__ = ["EXAMINERS", "INSPECTORS", "Examiner", "Facts", "InspectionContext", "Inspector", "consumers"]


def consumers(unit: Unit, context: InspectionContext) -> tuple[Consumer[Facts], ...]:
    """A fresh consumer from every inspector that wants the whole file `unit`; never empty."""
    made = (inspector.make(unit, context) for inspector in INSPECTORS)
    return tuple(consumer for consumer in made if consumer is not None)
