"""Tokenizers come apart into the same parts, whatever file they are in."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from provenance.facts import TextFact, VocabularyFact
from provenance.surfaces import tokenizer_json, tokenizer_parts
from provenance.surfaces.tokenizer_parts import (
    from_added_tokens,
    from_gguf,
    from_merges,
    from_ranks,
    from_settings,
    from_vocabulary,
)

BPE: dict[str, Any] = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [{"id": 3, "content": "<|end|>", "special": True, "normalized": False}],
    "normalizer": None,
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False},
    "post_processor": None,
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "dropout": None, "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]},
}


def changed(**parts: Any) -> dict[str, Any]:
    value = copy.deepcopy(BPE)
    for key, item in parts.items():
        if key in value["model"] and key != "type":
            value["model"][key] = item
        else:
            value[key] = item
    return value


def from_tokenizer_json(file: str, value: object) -> tuple[TextFact, ...]:
    found = tokenizer_json.read(file, json.dumps(value).encode())
    return tuple(fact for fact in found if isinstance(fact, TextFact))


def by_role(facts: tuple[TextFact | VocabularyFact, ...]) -> dict[str, TextFact]:
    texts = [fact for fact in facts if isinstance(fact, TextFact)]
    assert len({fact.role for fact in texts}) == len(texts)
    return {fact.role.removeprefix("tokenizer:"): fact for fact in texts}


def differing(value: dict[str, Any]) -> set[str]:
    mine, theirs = by_role(from_tokenizer_json("f", value)), by_role(from_tokenizer_json("f", BPE))
    assert mine.keys() == theirs.keys()
    return {role for role in mine if mine[role].sha256 != theirs[role].sha256}


def test_the_parts_of_a_tokenizer() -> None:
    parts = by_role(from_tokenizer_json("tokenizer.json", BPE))
    assert set(parts) == {"tokens", "merges", "model", *tokenizer_parts.PARTS}
    assert parts["tokens"].text == '0 "a"\n1 "b"\n2 "ab"\n3 "<|end|>"'
    assert parts["merges"].text == '"a" "b"'


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"vocab": {"a": 1, "b": 0, "ab": 2}}, {"tokens"}),
        ({"vocab": {"a": 0, "b": 1, "ab": 2, "x": 2}}, {"tokens"}),
        ({"vocab": {"a": 0, "b": 1, "\u0430": 2}}, {"tokens"}),
        ({"merges": [["b", "a"]]}, {"merges"}),
        ({"merges": [["a", "b"], ["ab", "a"]]}, {"merges"}),
        ({"normalizer": {"type": "Replace", "pattern": {"String": "yes"}, "content": "no"}}, {"normalizer"}),
        ({"decoder": {"type": "Replace", "pattern": {"String": "a"}, "content": "b"}}, {"decoder"}),
        ({"post_processor": {"type": "TemplateProcessing"}}, {"post_processor"}),
        ({"pre_tokenizer": None}, {"pre_tokenizer"}),
        ({"dropout": 0.5}, {"model"}),
        ({"added_tokens": [{"id": 3, "content": "<|end|>", "special": False, "normalized": False}]}, {"added_tokens"}),
    ],
    ids=str,
)
def test_a_change_shows_in_its_part_alone(change: dict[str, Any], parts: set[str]) -> None:
    assert differing(changed(**change)) == parts


def test_what_only_another_writer_does_differently_is_no_difference() -> None:
    assert not differing(changed(merges=["a b"]))
    assert not differing(changed(padding={"pad_id": 3}))
    newer = copy.deepcopy(BPE)
    newer["model"] |= {"ignore_merges": False, "byte_fallback": False, "unk_token": None, "end_of_word_suffix": ""}
    assert not differing(newer)
    assert not differing(dict(reversed(BPE.items())))


def test_zero_is_not_unset() -> None:
    unigram = {"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.5]]}}
    without = copy.deepcopy(unigram)
    without["model"]["unk_id"] = None
    mine, theirs = by_role(from_tokenizer_json("f", unigram)), by_role(from_tokenizer_json("f", without))
    assert mine["model"].sha256 != theirs["model"].sha256
    assert mine["tokens"].text == '0 "<unk>"\n1 "a"'


def test_scores_are_a_part() -> None:
    one = {"model": {"type": "Unigram", "vocab": [["a", -1.5]]}}
    other = {"model": {"type": "Unigram", "vocab": [["a", -9.5]]}}
    mine, theirs = by_role(from_tokenizer_json("f", one)), by_role(from_tokenizer_json("f", other))
    assert {role for role in mine if mine[role].sha256 != theirs[role].sha256} == {"scores"}


def test_the_same_vocabulary_in_every_format() -> None:
    merges = "#version: 0.2\na b\n"
    gguf = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": ("a", "b", "ab", "<|end|>", "[PAD4]"),
        "tokenizer.ggml.token_type": (1, 1, 1, 3, 5),
        "tokenizer.ggml.merges": ("a b",),
    }
    parts = by_role(from_tokenizer_json("tokenizer.json", BPE))
    ours = by_role(from_gguf("m.gguf", gguf))
    assert ours["tokens"].sha256 == parts["tokens"].sha256
    assert ours["merges"].sha256 == parts["merges"].sha256 == from_merges("merges.txt", merges)[0].sha256
    vocabulary = from_vocabulary("vocab.json", {**BPE["model"]["vocab"], "<|end|>": 3})
    assert by_role(vocabulary)["tokens"].sha256 == parts["tokens"].sha256


def test_settings_of_gguf() -> None:
    metadata = {
        "general.name": "x",
        "tokenizer.ggml.tokens": ("a",),
        "tokenizer.ggml.eos_token_id": 7,
        "tokenizer.ggml.padding_token_id": 9,
        "tokenizer.ggml.scores": (0.5,),
    }
    parts = by_role(from_gguf("m.gguf", metadata))
    assert set(parts) == {"tokens", "ggml-scores", "ggml-settings"}
    assert "eos_token_id" in str(parts["ggml-settings"].text)
    assert "padding" not in str(parts["ggml-settings"].text)
    assert from_gguf("m.gguf", {"tokenizer.ggml.tokens": "text"}) == ()
    assert from_gguf("m.gguf", {}) == ()


def test_special_tokens_by_content() -> None:
    plain = from_settings("f", {"eos_token": "<x>", "pad_token": "<p>", "bos_token": None})
    rich = from_settings("f", {"eos_token": {"content": "<x>", "lstrip": False}, "pad_token": "<q>"})
    assert [fact.role for fact in plain] == ["tokenizer:special", "tokenizer:padding"]
    assert plain[0].sha256 == rich[0].sha256
    assert plain[1].sha256 != rich[1].sha256
    assert plain[0].sha256 != from_settings("f", {"eos_token": "<y>"})[0].sha256
    assert from_settings("f", {"pad_token": {"content": "<p>"}}) == (plain[1],)
    assert from_settings("f", []) == ()


def test_lines_are_ascii() -> None:
    fact = by_role(from_vocabulary("vocab.json", {"Ġа\u202e": 1}))["tokens"]
    assert fact.text is not None
    assert fact.text == '1 "\\u0120\\u0430\\u202e"'
    assert json.loads(fact.text.split(" ", 1)[1]) == "Ġа\u202e"


def test_beyond_the_bound_only_the_digest_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer_parts, "MAX_KEPT", 10)
    parts = by_role(from_tokenizer_json("f", BPE))
    assert parts["tokens"].text is None
    assert len(parts["tokens"].sha256) == 64


def test_extra_tokens_in_either_file() -> None:
    decoder = {"7": {"content": "<x>", "special": True}, "8": "<y>", "no id": {"content": "z"}, "9": {"content": 5}}
    (settings,) = from_settings("tokenizer_config.json", {"added_tokens_decoder": decoder})
    (added,) = from_added_tokens("added_tokens.json", {"<y>": 8, "<x>": 7, "odd": "id"})
    assert settings.text == added.text == '7 "<x>"\n8 "<y>"'
    assert settings.role == "tokenizer:extra-tokens"
    assert from_added_tokens("f", []) == ()


def test_settings_that_decide() -> None:
    value = {"tokenizer_class": "XTokenizer", "add_bos_token": False, "model_max_length": 10**30, "clean_up": True}
    (fact,) = from_settings("f", value)
    assert (fact.role, fact.text) == ("tokenizer:settings", 'tokenizer_class "XTokenizer"\nadd_bos_token false')
    (fact,) = from_settings("f", {"model_max_length": 512, "fast_tokenizer_files": ["tokenizer.4.0.0.json"]})
    assert fact.text == 'fast_tokenizer_files ["tokenizer.4.0.0.json"]\nmodel_max_length 512'


def test_a_line_separator_of_unicode_is_no_end_of_a_merge() -> None:
    (fact,) = from_merges("merges.txt", "a \u2028b\r\nc d")
    assert fact.text == '"a" "\\u2028b"\n"c" "d"'


def test_a_part_is_digested_in_batches() -> None:
    import hashlib

    lines = [f"{i}" for i in range(10_000)]
    fact = tokenizer_parts.part("f", "x", lines)
    assert fact.text == "\n".join(lines)
    assert fact.sha256 == hashlib.sha256(fact.text.encode()).hexdigest()
    assert tokenizer_parts.part("f", "x", ()).text == ""


def test_ids_in_any_order_and_beyond_all_bounds() -> None:
    fact, shown = tokenizer_parts.tokens("f", [(2, "b"), (1, "a"), (2, "a"), (2, "b"), (10**30, "x"), (-7, "y")])
    assert fact.text is not None
    assert fact.text.split("\n")[:4] == ['-1 "y"', '1 "a"', '2 "a"', '2 "b"']
    assert (shown.tokens, shown.lowest, shown.highest) == (6, -1, 2**62)
    assert shown.shared == ((2, '"a"', '"b"'),)
    assert shown.repeated == (('"a"', 1, 2),)


def test_an_empty_vocabulary_reaches_nowhere() -> None:
    assert tokenizer_parts.tokens("f", [])[1] == VocabularyFact("f", 0, 0, -1)


def test_what_the_ids_show_is_bounded() -> None:
    _, shown = tokenizer_parts.tokens("f", [(1, f"t{i}") for i in range(1000)] + [(i, "t0") for i in range(1000)])
    assert (len(shown.shared), len(shown.repeated)) == (100, 100)


def test_truncation_is_a_part_where_there_is_one() -> None:
    assert by_role(from_tokenizer_json("f", changed(truncation={"max_length": 8})))["truncation"].text


def test_ranks_are_ids() -> None:
    parts = by_role(from_ranks("x.tiktoken", "YQ== 0\r\nIGE= 1\nw6k= 2\nno line\n**** 3\nYg== -1\nYg== 99999999999\n"))
    assert parts["tokens"].text == '0 "a"\n1 "\\u0120a"\n2 "\\u00c3\\u00a9"'
