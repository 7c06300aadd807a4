"""Relations that no test of ours can prove yet, and what must be seen for each to stay possible.

A relation is ruled out only where it could not, by what the word means, account for what differs. Giving one a test
of its own is a file beside this one, and its row here goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import median
from types import MappingProxyType

from provenance.records import Relation, TensorComparison, TensorState
from provenance.weights.architectures.dense import EMBEDDING, LM_HEAD
from provenance.weights.relations.interface import EQUAL, Survey, is_mtp, is_quantized

CHANCE_COSINE = 0.05
"""Median |cosine| below which matrices share no more than independent ones; a shared initialisation alone keeps 0.4."""


def _edited(survey: Survey) -> bool:
    """Some value may differ; a renamed and changed tensor shows as one added and one missing."""
    renamed = survey.any(TensorState.ADDED) and survey.any(TensorState.MISSING)
    return renamed or survey.any(TensorState.CHANGED, TensorState.UNSUPPORTED, TensorState.RESHAPED)


def _touches(survey: Survey, belongs: Callable[[TensorComparison], bool]) -> bool:
    """Some tensor that belongs, or that may belong since names were not mapped, is not the base's."""
    return any(c.state not in EQUAL and (belongs(c) or not survey.mapped) for c in survey.comparisons)


def _mostly_equal(survey: Survey) -> bool:
    """At least half of the candidate's matrix elements are the base's: independent matrices share none."""
    matrices = [c for c in survey.comparisons if len(c.shape) > 1 and c.state is not TensorState.MISSING]
    equal = sum(_elements(c) for c in matrices if c.state in EQUAL)
    return equal > 0 and sum(_elements(c) for c in matrices) <= 2 * equal


def _elements(comparison: TensorComparison) -> int:
    product = 1
    for dimension in comparison.shape:
        product *= dimension
    return product


def at_chance(survey: Survey) -> bool:
    """Matrices share no more with the base's than those of an independent model would.

    Median |cosine| over the matrices, embedding and lm_head apart: those of unrelated models are alike in direction.
    """
    cosines = []
    matrices = 0
    for c in survey.comparisons:
        if len(c.shape) < 2 or c.role in (EMBEDDING, LM_HEAD) or c.state in (TensorState.ADDED, TensorState.MISSING):
            continue
        matrices += 1
        if c.state in EQUAL:
            cosines.append(1.0)
        elif c.statistics is not None and c.statistics.cosine is not None:
            cosines.append(abs(c.statistics.cosine))
    return 2 * len(cosines) > matrices and median(cosines) < CHANCE_COSINE


def _keeps_values(survey: Survey) -> bool:
    """An edit that, by its meaning, leaves most of the base's values near where they were."""
    return _edited(survey) and not at_chance(survey)


UNTESTED: Mapping[Relation, Callable[[Survey], bool]] = MappingProxyType(
    {
        Relation.SCALED: _keeps_values,
        Relation.QUANTIZED: lambda survey: any(map(is_quantized, survey.comparisons)),
        Relation.REQUANTIZED: lambda survey: any(map(is_quantized, survey.comparisons)),
        Relation.DEQUANTIZED: _keeps_values,
        Relation.ADAPTER: lambda survey: survey.any(TensorState.ADDED),
        Relation.LORA_MERGED: _keeps_values,
        Relation.LOW_RANK_EDIT: _keeps_values,
        Relation.ABLITERATED: _keeps_values,
        Relation.NOISE_ADDED: _keeps_values,
        Relation.FINE_TUNED: _keeps_values,
        Relation.CONTINUED_PRETRAINED: _edited,
        Relation.SAME_INIT: _edited,
        Relation.MERGED: _keeps_values,
        Relation.FRANKENMERGED: lambda survey: not survey.only(*EQUAL),
        Relation.DEPTH_UPSCALED: lambda survey: survey.any(TensorState.ADDED),
        Relation.PRUNED: lambda survey: _edited(survey) or survey.any(TensorState.MISSING),
        Relation.VOCABULARY_CHANGED: lambda survey: _touches(survey, lambda c: c.role in (EMBEDDING, LM_HEAD)),
        Relation.MTP_CHANGED: lambda survey: _touches(survey, is_mtp),
        Relation.PARTLY_REINITIALISED: _edited,
        Relation.LAUNDERED: _edited,
        Relation.UNRELATED: lambda survey: _edited(survey) and not _mostly_equal(survey),
    }
)
