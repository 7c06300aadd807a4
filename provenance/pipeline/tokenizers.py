"""Texts, tried on the tokenizers of a model and on those of its base."""

from __future__ import annotations

from dataclasses import replace

from provenance.facts import TextFact
from provenance.records import ModelEvidence, Skipped
from provenance.surfaces.tokenizing import round_trips


def with_round_trips(model: ModelEvidence, base: ModelEvidence | Skipped) -> tuple[ModelEvidence, tuple[Skipped, ...]]:
    """The model with what texts become with its tokenizers, and the tokenizers that none was tried on."""
    mine, theirs = (
        [fact for fact in side.facts if isinstance(fact, TextFact)] if isinstance(side, ModelEvidence) else []
        for side in (model, base)
    )
    found = round_trips(mine, theirs)
    untried = tuple(
        Skipped("tokenizer", f"no text was tried on {fact.file}, because {fact.error}") for fact in found if fact.error
    )
    return replace(model, facts=(*model.facts, *found)), untried
