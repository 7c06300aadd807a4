"""`provenance diff`: what a model is to its base. Describes, and judges nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provenance.errors import UsageError
from provenance.records import Relation

if TYPE_CHECKING:
    from provenance.documents.report import Report
    from provenance.pipeline.gather import Watch


def diff(model: str, *, base: str, progress: Watch) -> Report:
    """The report of a comparison; raises `CouldNotLook` where either model's weights cannot be read."""
    from provenance.pipeline.compose import compose
    from provenance.pipeline.gather import gather

    gathered = gather(model, base, describe=True, watch=progress)
    return compose(gathered, verb="diff", candidate=model, base=base)


def expected_relations(text: str) -> tuple[Relation, ...]:
    """`A,B` as relations, in order; an unknown or missing name raises `UsageError`."""
    relations = []
    for name in (part.strip() for part in text.split(",")):
        try:
            relations.append(Relation(name))
        except ValueError:
            known = ", ".join(Relation)
            raise UsageError(f"--expect: no relation {name!r}", todo=f"use some of {known}") from None
    return tuple(relations)
