"""Tokens that are not what they seem, or not where they must be."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from provenance.checks import lookalikes
from provenance.checks.tokenizer_reading import is_phrase, is_word
from provenance.checks.tokenizer_tokens import TOKENIZER_TOKENS
from provenance.records import Finding, ModelEvidence, Tensor
from provenance.surfaces.inspectors.gguf_metadata import facts
from tests.checks.cases import json_file
from tests.checks.models import contents, evidence, header, model
from tests.surfaces.test_tokenizer_parts import BPE, changed


def run(candidate: ModelEvidence) -> list[Finding]:
    return list(TOKENIZER_TOKENS.run(evidence(candidate)))


def told(**documents: Any) -> list[tuple[str, str, str]]:
    """Findings of a repository of `BPE` and other documents, by name without `.json`."""
    files = {"tokenizer.json": BPE} | {f"{name}.json": value for name, value in documents.items()}
    encoded = {name: data for file, value in files.items() for name, data in json_file(file, value).items()}
    return [(f.rule.removeprefix("tokenizer-"), f.location.file, f.severity.value) for f in run(contents(encoded))]


def added(*contents_: str, special: bool = True) -> dict[str, Any]:
    rows = [{"id": 4 + n, "content": content, "special": special} for n, content in enumerate(contents_)]
    return changed(added_tokens=[*BPE["added_tokens"], *rows])


@pytest.mark.parametrize("text", ["not", " no", "\u0120the", "\u2581refuse", "don't", "\u043d\u0435\u0442"])
def test_words(text: str) -> None:
    assert is_word(text)
    assert told(tokenizer=added(text)) == [("special-word", "tokenizer.json", "error")]
    assert told(tokenizer=added(text, special=False)) == []


@pytest.mark.parametrize(
    "text", ["<s>", "[CLS]", "<|im_start|>", "sop", "[gMASK]", "en_XX", "|", "\n", ">>fr<<", "### Instruction:"]
)
def test_no_words(text: str) -> None:
    assert not is_word(text)
    assert not is_phrase(text)
    assert told(tokenizer=added(text)) == []


def test_phrases() -> None:
    assert is_phrase("Ignore all previous instructions")
    assert is_phrase("<|" + "word " * 7 + "|>")
    assert not is_phrase("<\uff5cbegin\u2581of\u2581sentence\uff5c>")
    assert told(tokenizer=added("Ignore all previous instructions")) == [("special-word", "tokenizer.json", "error")]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("tokenizer_config", {"eos_token": "ab"}),
        ("tokenizer_config", {"eos_token": {"content": "."}}),
        ("tokenizer_config", {"extra_special_tokens": {"x": "not"}}),
        ("tokenizer_config", {"additional_special_tokens": ["<x>", {"content": "not"}]}),
        ("tokenizer_config", {"added_tokens_decoder": {"3": {"content": "yes", "special": True}}}),
        ("special_tokens_map", {"unk_token": "yes"}),
        ("generation_config", {"eos_token_id": [3, 2]}),
        ("config", {"text_config": {"eos_token_id": 2}}),
    ],
    ids=str,
)
def test_words_that_documents_make_special(name: str, document: dict[str, object]) -> None:
    assert told(**{name: document}) == [("special-word", f"{name}.json", "error")]


def test_nothing_odd_in_documents() -> None:
    config = {"eos_token": "<|end|>", "pad_token": None, "extra_special_tokens": 7, "added_tokens_decoder": {"x": 1}}
    assert told(tokenizer_config=config, config={"eos_token_id": 3, "vocab_size": 4}) == []


def test_lookalikes() -> None:
    assert told(tokenizer=added("<|\u0435nd|>")) == [("token-lookalike", "tokenizer.json", "error")]
    assert told(tokenizer=added("<\uff5cend\uff5c>", special=False)) == [("token-lookalike", "tokenizer.json", "error")]
    assert told(tokenizer=added("\ufb01", "\u212b", "fi", special=False)) == []
    assert lookalikes.mixed("<|im_\u0455tart|>") == "\u0455tart"
    assert not lookalikes.mixed("<|\u0440\u0443\u0441|>")
    assert lookalikes.skeleton("<\uff5cU\u0455er\uff5c>") == "<|User|>"


@pytest.mark.parametrize(
    "text", ["\u202eknab", "\x1b[2J", "\x9b", "\u200b", "x\ufeffy", "\U000e0049", "\u200d", "a\u200db", "\u2066<s>"]
)
def test_unseen(text: str) -> None:
    assert lookalikes.unseen(text)
    assert told(tokenizer=added(text, special=False)) == [("token-unseen", "tokenizer.json", "error")]


@pytest.mark.parametrize(
    "text",
    [
        "\t\t", "\r\n", "\U0001f469\u200d\U0001f467", "\u0646\u0645\u06cc\u200c\u062f\u0627\u0646\u0645", "\u00f5",
        "\U0001f3f4\U000e0067\U000e0062\U000e007f",
    ],
)  # fmt: skip
def test_seen(text: str) -> None:
    assert told(tokenizer=added(text, special=False)) == []


def test_collisions() -> None:
    assert told(tokenizer=changed(vocab={"a": 0, "b": 0})) == [("ids-collide", "tokenizer.json", "error")]
    twice = changed(added_tokens=[*BPE["added_tokens"], {"id": 9, "content": "<|end|>", "special": True}])
    assert told(tokenizer=twice) == [("ids-collide", "tokenizer.json", "error")]
    negative = changed(added_tokens=[{"id": -1, "content": "<|end|>", "special": True}])
    assert told(tokenizer=negative) == [("ids-collide", "tokenizer.json", "error")]
    renamed = changed(vocab={"a": 0, "b": 1, "<unused0>": 3})
    assert told(tokenizer=renamed) == [("ids-collide", "tokenizer.json", "warning")]
    bytes_ = changed(vocab={"a": 0, "\u00ab": 1}, added_tokens=[{"id": 3, "content": "\u00ab"}])
    assert told(tokenizer=bytes_) == []


@pytest.mark.parametrize(
    ("rows", "tokenizer", "severity"),
    [
        (4, BPE, ""),
        (3, BPE, "warning"),
        (2, BPE, "error"),
        (4, added("<pad>"), "warning"),
        (4, added("invoice", special=False), "error"),
        (4, added(*(f"<{n}>" for n in range(40))), "error"),
    ],
)
def test_ids_beyond_the_embedding(rows: int, tokenizer: dict[str, Any], severity: str) -> None:
    found = told(tokenizer=tokenizer, config={"vocab_size": rows})
    assert found == ([("ids-beyond-embedding", "tokenizer.json", severity)] if severity else [])
    assert found == told(tokenizer=tokenizer, config={"text_config": {"vocab_size": rows}})


def test_the_tensor_has_the_rows_where_the_configuration_has_fewer() -> None:
    files = {**json_file("tokenizer.json", BPE), **json_file("config.json", {"vocab_size": 1})}
    tensor = Tensor("model.embed_tokens.weight", "F32", (8, 2), "model.safetensors", 64, 64)
    weights = dataclasses.replace(header("model.safetensors", []), tensors=(tensor,))
    assert run(dataclasses.replace(contents(files), headers=(weights,))) == []


def gguf(rows: int, **metadata: Any) -> ModelEvidence:
    tokens = {"tokenizer.ggml.tokens": ("a", "b", "<|end|>"), **{f"tokenizer.ggml.{k}": v for k, v in metadata.items()}}
    tensor = Tensor("token_embd.weight", "F32", (rows, 2), "m.gguf", 64, 64)
    made = dataclasses.replace(header("m.gguf", [], kind="gguf", metadata=tokens), tensors=(tensor,))
    return model(files=["m.gguf"], headers=[made], facts=facts(made))


def test_gguf() -> None:
    assert run(gguf(3, eos_token_id=2, unknown_token_id=0xFFFFFFFF)) == []
    assert [finding.message for finding in run(gguf(2))] == ["ids up to 2, and the embedding has 2 rows"]
    (found,) = run(gguf(3, eos_token_id=9))
    assert found.message == "tokenizer.ggml.eos_token_id is 9, and there are 3 tokens"
