"""Tokenizer files, each by its reader."""

from __future__ import annotations

import hashlib
import json

import pytest

from provenance.facts import JsonFact, TextFact
from provenance.surfaces.inspectors import tokenizers
from provenance.surfaces.inspectors.tokenizers import READERS, TOKENIZERS, WHOLE
from tests.surfaces.feeding import inspect_with
from tests.surfaces.test_tokenizer_parts import BPE


def roles(file: str, data: bytes) -> list[str]:
    facts = inspect_with(TOKENIZERS, file, data)
    assert facts is not None
    return [fact.role for fact in facts if isinstance(fact, TextFact)]


def test_a_tokenizer_json_in_parts_and_not_as_a_value() -> None:
    facts = inspect_with(TOKENIZERS, "tokenizer.json", json.dumps(BPE).encode())
    assert facts is not None
    assert facts[0] == JsonFact("tokenizer.json", None)
    assert "tokenizer:merges" in roles("tokenizer.json", json.dumps(BPE).encode())


def test_a_broken_tokenizer_json_says_so() -> None:
    facts = inspect_with(TOKENIZERS, "tokenizer.json", b'{"model": {}, "model": {"vocab": {}}}')
    assert facts is not None
    assert facts[0] == JsonFact("tokenizer.json", None, ("model",), "the key 'model' stands twice in one object")
    assert len(facts) > 1
    (fact,) = inspect_with(TOKENIZERS, "tokenizer.json", b"{") or ()
    assert isinstance(fact, JsonFact)
    assert fact.error


def test_the_older_files() -> None:
    assert roles("vocab.json", b'{"a": 0}') == ["tokenizer:tokens"]
    assert roles("merges.txt", b"#version: 0.2\na b\n") == ["tokenizer:merges"]
    assert roles("tokenizer_config.json", b'{"eos_token": "<x>"}') == ["tokenizer:special"]
    assert roles("tokenizer_config.json", b"[") == []


@pytest.mark.parametrize("file", ["tokenizer.model", "vocab.txt", "spiece.model", "tekken.json"])
def test_files_compared_as_they_are(file: str) -> None:
    facts = inspect_with(TOKENIZERS, file, b"\x00data")
    assert facts == (TextFact(file, "tokenizer:file", hashlib.sha256(b"\x00data").hexdigest(), None),)


def test_a_real_tokenizer_and_its_own_vocabulary_agree() -> None:
    import tokenizers as hf

    made = hf.Tokenizer(hf.models.BPE())
    made.pre_tokenizer = hf.pre_tokenizers.ByteLevel()
    made.train_from_iterator(
        ["hello world, how are you"] * 5, hf.trainers.BpeTrainer(vocab_size=60, special_tokens=["<s>"])
    )
    facts = inspect_with(TOKENIZERS, "tokenizer.json", made.to_str().encode())
    (tokens,) = [fact for fact in facts or () if isinstance(fact, TextFact) and fact.role == "tokenizer:tokens"]
    assert tokens.text is not None
    listed = (line.split(" ", 1) for line in tokens.text.split("\n"))
    assert {json.loads(token): int(ident) for ident, token in listed} == made.get_vocab()


def test_other_files_are_not_wanted() -> None:
    assert inspect_with(TOKENIZERS, "config.json", b"{}") is None
    assert inspect_with(TOKENIZERS, "my_tokenizer.json", b"{}") is None


def test_a_tokenizer_json_that_is_too_large_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizers, "MAX_TOKENIZER", 10)
    for file in ("tokenizer.json", "tokenizer.4.0.0.json"):
        error = "too large to look at: 11 bytes of JSON, the limit is 10"
        assert inspect_with(TOKENIZERS, file, bytes(11)) == (JsonFact(file, None, error=error),)


@pytest.mark.parametrize("file", ["vocab.json", "merges.txt"])
def test_other_files_that_are_too_large_have_a_digest(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizers, "MAX_BYTES", 10)
    (fact,) = inspect_with(TOKENIZERS, file, bytes(11)) or ()
    assert isinstance(fact, TextFact)
    assert (fact.sha256, fact.text) == (hashlib.sha256(bytes(11)).hexdigest(), None)
    assert fact.role in ("tokenizer:tokens", "tokenizer:merges")


def test_another_version_of_a_tokenizer_json_is_one() -> None:
    assert roles("tokenizer.4.0.0.json", json.dumps(BPE).encode()) == roles("tokenizer.json", json.dumps(BPE).encode())


def test_the_files_beside_it() -> None:
    assert roles("added_tokens.json", b'{"<x>": 7}') == ["tokenizer:extra-tokens"]
    assert roles("special_tokens_map.json", b'{"eos_token": "<x>"}') == ["tokenizer:special"]


@pytest.mark.parametrize("file", [*READERS, *WHOLE])
@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"null", b"{", b"\x00" * 50, b"[[[]]]"])
def test_any_bytes_are_borne(file: str, data: bytes) -> None:
    assert inspect_with(TOKENIZERS, file, data) is not None
