"""The files of one tokenizer against each other."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from provenance.checks.tokenizer_files import TOKENIZER_FILES
from provenance.records import ModelEvidence
from provenance.surfaces.inspectors.gguf_metadata import facts
from tests.checks.cases import json_file
from tests.checks.models import contents, evidence, header
from tests.surfaces.test_tokenizer_parts import BPE, changed


def told(candidate: ModelEvidence) -> list[tuple[str, str, str]]:
    found = TOKENIZER_FILES.run(evidence(candidate))
    return [(f.rule.removeprefix("tokenizer-"), f.location.file, f.severity.value) for f in found]


def beside(name: str, value: Any, tokenizer: Any = BPE) -> ModelEvidence:
    data = {name: value} if isinstance(value, bytes) else json_file(name, value)
    return contents({**json_file("tokenizer.json", tokenizer), **data})


def decoder(**rows: str) -> dict[str, object]:
    return {
        "added_tokens_decoder": {i.removeprefix("_"): {"content": token, "special": True} for i, token in rows.items()}
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tokenizer_config.json", decoder(_3="<|other|>")),
        ("tokenizer_config.json", decoder(_9="<|end|>")),
        ("tokenizer_config.json", {"eos_token": "<|never|>"}),
        ("special_tokens_map.json", {"eos_token": "<|never|>"}),
        ("added_tokens.json", {"refund": 3}),
        ("vocab.json", {"a": 1, "b": 0}),
        ("merges.txt", b"#version: 0.2\nb a\n"),
        ("x.tiktoken", b"YQ== 1\nYg== 0\n"),
        ("tokenizer.4.0.0.json", changed(normalizer={"type": "NFC"})),
        ("tokenizer.4.0.0.json", changed(vocab={"a": 1, "b": 0, "ab": 2})),
    ],
    ids=str,
)
def test_files_that_disagree(name: str, value: Any) -> None:
    assert told(beside(name, value)) == [("files-disagree", name, "error")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tokenizer_config.json", {**decoder(_3="<|end|>", _7="<|more|>"), "eos_token": "<|end|>"}),
        ("tokenizer_config.json", {**decoder(_7="<|more|>"), "eos_token": "<|more|>"}),
        ("special_tokens_map.json", {"eos_token": {"content": "<|end|>"}, "pad_token": "<pad>"}),
        ("added_tokens.json", {"<|end|>": 3, "<pad>": 4}),
        ("vocab.json", {"a": 0}),
        ("merges.txt", b"#version: 0.2\na b\n"),
        ("x.tiktoken", b"YQ== 0\nYg== 1\n"),
        ("tokenizer.4.0.0.json", BPE),
    ],
    ids=str,
)
def test_files_that_agree(name: str, value: Any) -> None:
    assert told(beside(name, value)) == []


def test_a_placeholder_renamed_in_one_place() -> None:
    free = changed(added_tokens=[{"id": 3, "content": "<|reserved_special_token_0|>", "special": True}])
    found = told(beside("tokenizer_config.json", decoder(_3="<|tool|>"), free))
    assert found == [("files-disagree", "tokenizer_config.json", "warning")]


@pytest.mark.parametrize(("key", "severity"), [("eos_token", "error"), ("pad_token", "info")])
def test_special_tokens_named_twice(key: str, severity: str) -> None:
    files = {
        **json_file("tokenizer.json", BPE),
        **json_file("tokenizer_config.json", {key: "<|end|>"}),
        **json_file("special_tokens_map.json", {key: "ab"}),
    }
    assert told(contents(files)) == [("files-disagree", "special_tokens_map.json", severity)]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("../../other/tokenizer.json", True),
        ("..", True),
        ("a\\..\\b", True),
        ("https://example.invalid/vocab.json", True),
        ("s3://bucket/vocab.json", True),
        ("vocab.json", False),
        ("my..vocab.json", False),
        ("/root/.cache/huggingface/transformers/abc", False),
        ("C:/models/vocab.json", False),
        (None, False),
    ],
)
def test_a_file_elsewhere(said: object, found: bool) -> None:
    named = contents(json_file("tokenizer_config.json", {"vocab_file": said, "name_or_path": "../x"}))
    assert told(named) == ([("file-elsewhere", "tokenizer_config.json", "error")] if found else [])


def gguf(*tokens: str, model: str = "gpt2", tokenizer: Any = BPE, file: str = "m.gguf") -> ModelEvidence:
    made = header(file, ["w"], kind="gguf", metadata={"tokenizer.ggml.model": model, "tokenizer.ggml.tokens": tokens})
    whole = contents(json_file("tokenizer.json", tokenizer))
    return dataclasses.replace(whole, headers=(made,), facts=(*whole.facts, *facts(made)))


def test_a_gguf_beside_it() -> None:
    assert told(gguf("a", "b", "ab", "<|end|>", "[PAD4]")) == []
    assert told(gguf("a", "b", "<|end|>", "ab", file="Q4/m.gguf")) == []
    big = changed(vocab={f"t{n}": n for n in range(9)}, added_tokens=[])
    swapped = ["t1", "t0", *(f"t{n}" for n in range(2, 9))]
    assert told(gguf(*swapped, tokenizer=big, file="Q4/m.gguf")) == [("files-disagree", "Q4/m.gguf", "error")]
    assert told(gguf(*swapped, tokenizer=big, model="bert")) == []
    assert told(gguf(*(f"x{n}" for n in range(9)), tokenizer=big)) == []
    spaced = changed(vocab={"\u2581a": 0, "b": 1, "c": 2}, added_tokens=[])
    assert told(gguf(" a", "b", "c", model="llama", tokenizer=spaced)) == []


def test_a_vocabulary_too_large_to_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.surfaces.tokenizer_parts.MAX_KEPT", 10)
    assert told(beside("vocab.json", {"a": 0})) == [("files-disagree", "vocab.json", "error")]
