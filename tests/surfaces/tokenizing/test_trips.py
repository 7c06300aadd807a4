"""What is said of texts that a tokenizer changes: beside the base's, and alone."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from fixtures.corpus.repositories import tokenizer as tiny
from provenance.facts import RoundTripFact, TextFact
from provenance.surfaces import tokenizer_json
from provenance.surfaces.tokenizing import round_trips
from provenance.surfaces.tokenizing.texts import TEXTS

Edit = Callable[[Any], object]


def facts(edit: Edit = lambda value: None, file: str = "tokenizer.json") -> list[TextFact]:
    value = copy.deepcopy(tiny())
    edit(value)
    found = tokenizer_json.read(file, json.dumps(value).encode())
    return [fact for fact in found if isinstance(fact, TextFact)]


def swap(first: str, second: str) -> Edit:
    def edit(value: Any) -> None:
        vocab = value["model"]["vocab"]
        vocab[first], vocab[second] = vocab[second], vocab[first]

    return edit


def add(content: str, **flags: bool) -> Edit:
    return lambda value: value["added_tokens"].append({"id": 999, "content": content, "normalized": False, **flags})


def steps(**parts: Any) -> Edit:
    return lambda value: value.update(parts)


def kinds(found: tuple[RoundTripFact, ...]) -> dict[str, set[str]]:
    return {fact.reference: {feature.kind for feature in fact.differences} for fact in found}


def test_equal_parts_need_no_texts() -> None:
    (found,) = round_trips(facts(), facts())
    assert found == RoundTripFact("tokenizer.json", "base: tokenizer.json", 0)


def test_an_honest_tokenizer_alone() -> None:
    (found,) = round_trips(facts(), ())
    assert found == RoundTripFact("tokenizer.json", "", len(TEXTS))


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (swap("yes", "no"), "other-ids"),
        (swap("1", "9"), "other-ids"),
        (lambda value: value["model"].update(merges=value["model"]["merges"][:-8]), "other-ids"),
        (steps(normalizer={"type": "Lowercase"}), "other-ids"),
        (steps(pre_tokenizer={"type": "ByteLevel", "add_prefix_space": True}), "other-ids"),
        (
            steps(
                decoder={
                    "type": "Sequence",
                    "decoders": [
                        {"type": "ByteLevel"},
                        {"type": "Replace", "pattern": {"String": "safe"}, "content": "risky"},
                    ],
                }
            ),
            "other-text",
        ),
        (add("quick"), "cut-apart"),
        (add("quick", lstrip=True), "cut-apart"),
        (lambda value: value["added_tokens"].pop(), "cut-apart"),
        (lambda value: value["added_tokens"][1].update(lstrip=True), "cut-apart"),
    ],
)
def test_what_differs_from_the_base(edit: Edit, kind: str) -> None:
    alone, beside = round_trips(facts(edit), facts())
    assert {feature.kind for feature in beside.differences} == {kind}
    assert beside.texts == len(TEXTS)
    assert (alone.differences == ()) == (kind != "other-text")


def test_the_first_difference_is_named() -> None:
    _, beside = round_trips(facts(swap("yes", "no")), facts())
    vocab: Any = tiny()["model"]
    ids = vocab["vocab"]
    assert beside.differences[0].detail == (
        f"'yes no true false' becomes {ids['no']} 'yes' here, and {ids['yes']} 'yes' in the base"
    )


def test_appended_tokens_that_no_text_holds_change_nothing() -> None:
    assert kinds(round_trips(facts(add("<|never|>", special=True)), facts()))["base: tokenizer.json"] == set()


def test_a_token_that_swallows_letters_is_another_text() -> None:
    edit = add("quick", rstrip=True)

    def both(value: Any) -> None:
        edit(value)
        value["added_tokens"][-1]["content"] = "quic"
        value["decoder"] = {
            "type": "Sequence",
            "decoders": [{"type": "Replace", "pattern": {"String": "quic"}, "content": "slic"}, {"type": "ByteLevel"}],
        }

    assert "other-text" in kinds(round_trips(facts(both), facts()))["base: tokenizer.json"]


def test_a_tokenizer_that_does_not_give_a_text_back() -> None:
    decoder = {
        "type": "Sequence",
        "decoders": [{"type": "ByteLevel"}, {"type": "Replace", "pattern": {"String": "0"}, "content": "9"}],
    }
    (found,) = round_trips(facts(steps(decoder=decoder)), ())
    assert {feature.kind for feature in found.differences} == {"not-reversed"}
    assert found.differences[0].detail.startswith("'0 1 2 3 4 5 6 7 8 9' comes back as '9 1")


@pytest.mark.parametrize(
    "edit",
    [
        steps(decoder=None),
        steps(normalizer={"type": "BertNormalizer"}),
        steps(normalizer={"type": "NFKD"}),
        lambda value: value["model"].update(vocab={"a": 0, "b": 1, "ab": 2}, merges=[["a", "b"]]),
        steps(decoder={"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True}),
    ],
)
def test_what_honest_tokenizers_lose_is_not_said(edit: Edit) -> None:
    (found,) = round_trips(facts(edit), ())
    assert (found.differences, found.error) == ((), "")


def test_what_was_not_tried_says_why() -> None:
    odd = steps(pre_tokenizer={"type": "UnicodeScripts"})
    assert [fact.error for fact in round_trips(facts(odd), facts())] == [
        "its pre-tokenizer has a step 'UnicodeScripts'"
    ]
    assert [fact.error for fact in round_trips(facts(), facts(odd))] == [
        "",
        "of the base's, its pre-tokenizer has a step 'UnicodeScripts'",
    ]


def test_only_so_many_tokenizers_of_one_model() -> None:
    many = [fact for number in range(6) for fact in facts(file=f"{number}/tokenizer.json")]
    assert [bool(fact.error) for fact in round_trips(many, ())] == [False] * 4 + [True] * 2


def test_other_files_are_no_tokenizer() -> None:
    assert round_trips([*facts(file="vocab.json"), TextFact("tokenizer.json", "tokenizer:model", "", "{}")], ()) == ()
    assert round_trips((), facts()) == ()
