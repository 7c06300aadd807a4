"""Declared bases, by every name a base can have."""

from __future__ import annotations

import pytest

from provenance.checks.base_names import Match, declarations, match
from provenance.checks.declared_base import DECLARED_BASE
from provenance.records import Finding, Relation
from tests.checks.cases import CACHE, based, card, json_file
from tests.checks.models import contents, evidence, header, model


def rules(findings: object) -> list[str]:
    assert not isinstance(findings, str)
    return [finding.rule for finding in findings if isinstance(finding, Finding)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("declared", "base", "expected"),
    [
        ("Qwen/Qwen3-0.6B", CACHE, Match.SAME),
        ("qwen/qwen3-0.6b", CACHE, Match.SAME),
        ("https://huggingface.co/Qwen/Qwen3-0.6B", CACHE, Match.SAME),
        ("Qwen/Qwen3-0.6B@main", CACHE, Match.SAME),
        ("Qwen/Qwen3 0.6B", CACHE, Match.SAME),
        ("Qwen3 0.6B", CACHE, Match.SAME),
        ("Qwen/Qwen3-0.6B-Base", CACHE, Match.OTHER),
        ("unsloth/Qwen3-0.6B", CACHE, Match.OTHER),
        ("Qwen/Qwen3-0.6B", "hf://Qwen/Qwen3-0.6B@abc", Match.SAME),
        ("Qwen/Qwen3-1.7B", "hf://Qwen/Qwen3-0.6B@abc", Match.OTHER),
        ("gpt2", "/c/models--gpt2/snapshots/x", Match.SAME),
        ("Qwen/Qwen3-0.6B", "/data/Qwen/Qwen3-0.6B", Match.SAME),
        ("Qwen/Qwen3-0.6B", "Qwen3-0.6B/", Match.SAME),
        ("Qwen/Qwen3-0.6B", "./Qwen3-0.6B.gguf", Match.SAME),
        ("Qwen/Qwen3-0.6B", "/data/base", Match.UNKNOWN),
        ("Qwen/Qwen3-0.6B", "/data/Qwen3-1.7B", Match.UNKNOWN),
        ("Qwen/Qwen3-0.6B", ".", Match.UNKNOWN),
        ("/workspace/checkpoint-10", CACHE, Match.UNKNOWN),
        ("./out", CACHE, Match.UNKNOWN),
        ("a/b/c", CACHE, Match.UNKNOWN),
        ("", CACHE, Match.UNKNOWN),
        ("evil\nname", CACHE, Match.UNKNOWN),
    ],
)
def test_names(declared: str, base: str, expected: Match) -> None:
    assert match(declared, model(name=base)) is expected


def test_a_base_in_gguf_says_where_it_is_from() -> None:
    metadata = {"general.repo_url": "https://huggingface.co/Qwen/Qwen3-0.6B"}
    base = model(name="base.gguf", headers=[header("base.gguf", ["w"], kind="gguf", metadata=metadata)])
    assert match("Qwen/Qwen3-0.6B", base) is Match.SAME
    assert match("Qwen/Qwen3-1.7B", base) is Match.OTHER


def test_every_place_that_declares() -> None:
    made = contents(
        {**card("base_model: [a/b, c/d]"), **json_file("adapter_config.json", {"base_model_name_or_path": "e/f"})}
    )
    assert [(found.file, found.name) for found in declarations(made)] == [
        ("README.md", "a/b"),
        ("README.md", "c/d"),
        ("adapter_config.json", "e/f"),
    ]
    assert declarations(contents(json_file("sub/adapter_config.json", {"base_model_name_or_path": "e/f"}))) == ()
    assert declarations(contents(json_file("adapter_config.json", {"base_model_name_or_path": None}))) == ()


def test_one_of_several_declared_bases_is_enough() -> None:
    assert rules(DECLARED_BASE.run(based(card("base_model: [a/b, Qwen/Qwen3-0.6B]")))) == []
    assert rules(DECLARED_BASE.run(based(card("base_model: [a/b, c/d]")))) == ["base-mismatch"]


def test_without_a_base_nothing_is_said_of_declarations() -> None:
    assert list(DECLARED_BASE.run(evidence(contents(card("base_model: a/b"))))) == []
    assert rules(DECLARED_BASE.run(evidence(contents(card("base_model: *x"))))) == ["card-unreadable"]


def test_equal_weights_need_no_declaration() -> None:
    assert rules(DECLARED_BASE.run(based(card("license: mit"), Relation.REPACKED))) == []
    assert rules(DECLARED_BASE.run(based(card("license: mit"), Relation.DTYPE_CAST))) == ["base-undeclared"]


def test_a_card_that_cannot_be_read_may_well_declare_a_base() -> None:
    aliased = card("base_model: &b Qwen/Qwen3-0.6B\nx: *b")
    assert rules(DECLARED_BASE.run(based(aliased, Relation.FINE_TUNED))) == ["card-unreadable"]
    twice = card("base_model: a/b\nlicense: mit\nlicense: mit")
    assert rules(DECLARED_BASE.run(based(twice, Relation.FINE_TUNED))) == ["card-unreadable"]


def test_where_the_weights_say_which_base_it_is_names_do_not_matter() -> None:
    declaring = card("base_model: Qwen/Qwen3-0.6B")
    for relation in (Relation.IDENTICAL, Relation.DTYPE_CAST, Relation.QUANTIZED):
        assert rules(DECLARED_BASE.run(based(declaring, relation, base="/data/base"))) == []
    for relation in (Relation.FINE_TUNED, Relation.INCONCLUSIVE):
        assert rules(DECLARED_BASE.run(based(declaring, relation, base="/data/base"))) == ["base-not-comparable"]


def test_the_message_names_both() -> None:
    (found,) = DECLARED_BASE.run(based(card("base_model: a/b")))
    assert found.message == f"declares 'a/b', the base is '{CACHE}'"
