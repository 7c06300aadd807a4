"""Relations that no test of ours can prove yet, and what must be seen for each to stay possible.

A relation is ruled out only where it could not, by what the word means, account for what differs. Giving one a test
of its own is a file beside this one, and its row here goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from statistics import median
from types import MappingProxyType

from provenance.records import Relation, TensorComparison, TensorState
from provenance.weights.architectures.dense import EMBEDDING, LM_HEAD
from provenance.weights.naming import adapter_part, hints_at_adapter, hints_at_mtp
from provenance.weights.relations.interface import EQUAL, Survey, is_quantized, is_stray

_LAYER = re.compile(r"(?:^|\.)([0-9]{1,6})(?:\.|$)")
"""The number of a layer: the first in a name, before those of experts."""

CHANCE_COSINE = 0.05
"""Median |cosine| below which matrices share no more than independent ones; a shared initialisation alone keeps 0.4."""


def _edited(survey: Survey) -> bool:
    """Some value may differ; a renamed and changed tensor shows as one added and one missing."""
    renamed = survey.any(TensorState.ADDED) and survey.any(TensorState.MISSING)
    return renamed or survey.any(TensorState.CHANGED, TensorState.UNSUPPORTED, TensorState.RESHAPED)


def _touches_ends(survey: Survey) -> bool:
    """Embedding or head, or what may be one of them since its name is not mapped, is not the base's.

    One of the same shape may be: a tokenizer can give the base's rows to other words.
    """
    return any(
        c.state not in EQUAL and (c.role in (EMBEDDING, LM_HEAD) or _may_be_end(c, survey)) for c in survey.comparisons
    )


def _may_be_end(comparison: TensorComparison, survey: Survey) -> bool:
    matrix = len(comparison.shape) == 2 and comparison.role not in survey.generated
    return matrix and (is_stray(comparison) or not (survey.mapped or _LAYER.search(comparison.name)))


def _longer(survey: Survey) -> bool:
    """The candidate has layers, by the numbers in the names, that the base has not; or its names have no numbers."""
    ours = {n for c in survey.comparisons if c.candidate_dtype for n in _LAYER.findall(c.name)[:1]}
    theirs = {n for c in survey.comparisons if c.base_dtype for n in _LAYER.findall(c.base_name)[:1]}
    alone = [c for c in survey.comparisons if not c.base_dtype and not hints_at_adapter(c.name)]
    return bool(alone) and (not ours or bool(ours - theirs))


def _only_adapter(survey: Survey) -> bool:
    """Nothing but an adapter's tensors, which may be another base's."""
    return all(adapter_part(c.name) for c in survey.comparisons)


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
        Relation.LORA_MERGED: _keeps_values,
        Relation.LOW_RANK_EDIT: _keeps_values,
        Relation.ABLITERATED: _keeps_values,
        Relation.NOISE_ADDED: _keeps_values,
        Relation.FINE_TUNED: _keeps_values,
        Relation.CONTINUED_PRETRAINED: _edited,
        Relation.SAME_INIT: _edited,
        Relation.MERGED: _keeps_values,
        Relation.FRANKENMERGED: lambda survey: not survey.only(*EQUAL),
        Relation.DEPTH_UPSCALED: _longer,
        Relation.PRUNED: lambda survey: _edited(survey) or survey.any(TensorState.MISSING),
        Relation.VOCABULARY_CHANGED: _touches_ends,
        Relation.MTP_CHANGED: lambda survey: any(
            c.state not in EQUAL and hints_at_mtp(c.name) for c in survey.comparisons
        ),
        Relation.PARTLY_REINITIALISED: _edited,
        Relation.LAUNDERED: _edited,
        Relation.UNRELATED: lambda survey: (_edited(survey) or _only_adapter(survey)) and not _mostly_equal(survey),
    }
)
