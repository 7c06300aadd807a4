"""Declared relations against possible ones."""

from __future__ import annotations

import pytest

from provenance.checks.declared_relation import DECLARED_RELATION
from provenance.records import Finding, Relation, Severity
from tests.checks.cases import based, card
from tests.checks.models import contents, evidence

CHANGED = (Relation.FINE_TUNED, Relation.ABLITERATED, Relation.LOW_RANK_EDIT)


def run(declared: str, *possible: Relation, base_model: str = "Qwen/Qwen3-0.6B", **options: str) -> list[Finding]:
    yaml = f"base_model: {base_model}" + (f"\nbase_model_relation: {declared}" if declared else "")
    return list(DECLARED_RELATION.run(based(card(yaml), *possible[:1], possible=possible, **options)))


@pytest.mark.parametrize(
    ("declared", "possible"),
    [
        ("quantized", (Relation.QUANTIZED,)),
        ("quantized", (Relation.DTYPE_CAST,)),
        ("quantized", (Relation.FINE_TUNED, Relation.REQUANTIZED)),
        ("finetune", CHANGED),
        ("finetune", (Relation.LORA_MERGED,)),
        ("merge", (Relation.MERGED, Relation.FRANKENMERGED)),
        ("merge", CHANGED),
        ("adapter", (Relation.ADAPTER,)),
        ("", CHANGED),
        ("unheard-of", CHANGED),
    ],
)
def test_what_fits_or_may_fit(declared: str, possible: tuple[Relation, ...]) -> None:
    assert run(declared, *possible) == []


@pytest.mark.parametrize(
    ("declared", "possible", "severity"),
    [
        ("quantized", CHANGED, Severity.ERROR),
        ("quantized", (Relation.UNRELATED,), Severity.ERROR),
        ("finetune", (Relation.UNRELATED,), Severity.ERROR),
        ("adapter", CHANGED, Severity.ERROR),
        ("merge", (Relation.UNRELATED,), Severity.ERROR),
        ("finetune", (Relation.QUANTIZED,), Severity.ERROR),
        ("finetune", (Relation.IDENTICAL,), Severity.WARNING),
        ("merge", (Relation.IDENTICAL, Relation.REPACKED), Severity.WARNING),
        ("", (Relation.UNRELATED,), Severity.ERROR),
    ],
)
def test_what_is_ruled_out(declared: str, possible: tuple[Relation, ...], severity: Severity) -> None:
    (found,) = run(declared, *possible)
    assert (found.rule, found.severity) == ("relation-mismatch", severity)


def test_what_is_possible_is_listed() -> None:
    (found,) = run("quantized", *CHANGED)
    assert found.message == "declares 'quantized'; the weights leave only: abliterated, fine-tuned, low-rank-edit"


def test_an_open_question_is_no_contradiction() -> None:
    assert run("quantized", Relation.FINE_TUNED, Relation.INCONCLUSIVE) == []


def test_with_another_base_nothing_is_said() -> None:
    assert run("quantized", *CHANGED, base_model="meta/llama") == []


def test_with_a_folder_of_unknown_name_the_relation_still_counts() -> None:
    assert len(run("quantized", *CHANGED, base="/data/base")) == 1
    assert run("", Relation.UNRELATED, base="/data/base") == []


def test_without_a_comparison_nothing_is_said() -> None:
    assert list(DECLARED_RELATION.run(evidence(contents(card("base_model_relation: quantized"))))) == []
