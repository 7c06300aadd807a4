"""Tokenizers against the base's."""

from __future__ import annotations

from typing import Any

from provenance.checks.tokenizers import TOKENIZER_PARTS
from provenance.records import Fact, Finding, Header, MetadataValue, ModelEvidence, Severity
from provenance.surfaces.inspectors.gguf_metadata import facts
from tests.checks.cases import json_file
from tests.checks.models import contents, evidence, header, model
from tests.surfaces.test_tokenizer_parts import BPE, changed


def run(candidate: ModelEvidence, base: ModelEvidence) -> list[Finding]:
    return list(TOKENIZER_PARTS.run(evidence(candidate, base)))


def tokenizer(**parts: Any) -> ModelEvidence:
    return contents(json_file("tokenizer.json", changed(**parts)))


def gguf(tokens: tuple[str, ...], **more: MetadataValue) -> ModelEvidence:
    made = header("m.gguf", ["w"], kind="gguf", metadata={"tokenizer.ggml.tokens": tokens, **more})
    return model(files=["m.gguf"], headers=[made], facts=facts(made))


TOKENS = ("a", "b", "ab", "<|end|>")


def test_swapped_ids_are_named() -> None:
    (found,) = run(tokenizer(vocab={"a": 1, "b": 0, "ab": 2}), tokenizer())
    assert found.message == "tokens: '0 \"b\"' here, '0 \"a\"' in the base; 2 entries differ"
    assert found.location.file == "tokenizer.json"


def test_added_tokens_are_counted() -> None:
    added = [*BPE["added_tokens"], {"id": 4, "content": "<|tool|>", "special": True, "normalized": False}]
    found = run(tokenizer(added_tokens=added), tokenizer())
    assert [finding.message.split(":")[0] for finding in found] == ["added_tokens", "tokens"]
    assert found[1].message == "tokens: 1 entries more than in the base; first: '4 \"<|tool|>\"'"


def test_entries_that_are_gone_are_counted() -> None:
    (found,) = run(tokenizer(vocab={"a": 0}), tokenizer())
    assert found.message == "tokens: 2 entries of the base are gone; first: '1 \"b\"'"


def test_the_same_merges_in_another_order() -> None:
    one = tokenizer(merges=[["a", "b"], ["b", "a"]])
    other = tokenizer(merges=[["b", "a"], ["a", "b"]])
    (found,) = run(one, other)
    assert found.message == "merges: the same entries as the base's in another order"


def test_a_part_that_rewrites_text() -> None:
    replace = {"type": "Replace", "pattern": {"String": "yes"}, "content": "no"}
    for part in ("normalizer", "decoder", "post_processor"):
        (found,) = run(tokenizer(**{part: replace}), tokenizer())
        assert found.message.startswith(f"{part}: ")


def test_another_end_of_sequence() -> None:
    one, other = (contents(json_file("tokenizer_config.json", {"eos_token": token})) for token in ("<a>", "<b>"))
    (found,) = run(one, other)
    assert found.message.startswith('special: \'"eos_token": "<a>"\'')


def test_files_of_the_same_name_are_compared_with_each_other() -> None:
    vocabulary = json_file("vocab.json", {"a": 0, "b": 1, "ab": 2})
    both = {**json_file("tokenizer.json", BPE), **vocabulary}
    assert run(contents(both), contents(both)) == []
    evil = {**both, **json_file("vocab.json", {"a": 1, "b": 0, "ab": 2})}
    (found,) = run(contents(evil), contents(both))
    assert found.location.file == "vocab.json"


def test_gguf_against_tokenizer_json() -> None:
    assert run(gguf((*TOKENS, "[PAD4]"), **{"tokenizer.ggml.token_type": (1, 1, 1, 3, 5)}), tokenizer()) == []
    (found,) = run(gguf(("b", "a", "ab", "<|end|>")), tokenizer())
    assert (found.location.file, found.message.count("in the base")) == ("m.gguf", 1)
    (found,) = run(gguf(TOKENS, **{"tokenizer.ggml.merges": ("b a",)}), tokenizer())
    assert found.message.startswith("merges")


def test_gguf_against_gguf() -> None:
    one = gguf(TOKENS, **{"tokenizer.ggml.eos_token_id": 3})
    assert run(one, one) == []
    (found,) = run(gguf(TOKENS, **{"tokenizer.ggml.eos_token_id": 0}), one)
    assert found.message.startswith("ggml-settings")


def test_a_space_of_sentencepiece_written_plain_is_no_difference() -> None:
    spaced = changed(vocab={"▁a": 0})
    base = contents(json_file("tokenizer.json", spaced))
    assert run(gguf((" a",), **{"tokenizer.ggml.model": "llama"}), base)[0].message.startswith("tokens")
    only = {**spaced, "added_tokens": []}
    assert run(gguf((" a",)), contents(json_file("tokenizer.json", only))) == []


def test_binary_tokenizers_are_compared_by_name_alone() -> None:
    one, other = contents({"tokenizer.model": b"\x0aone"}), contents({"tokenizer.model": b"\x0atwo"})
    (found,) = run(one, other)
    assert found.message == "file: not the base's tokenizer.model"
    assert run(one, contents({"spiece.model": b"\x0atwo"})) == []


def test_nothing_to_compare() -> None:
    nothing = contents({"config.json": b"{}"})
    assert run(nothing, tokenizer()) == []
    assert run(tokenizer(), nothing) == []
    assert list(TOKENIZER_PARTS.run(evidence(tokenizer()))) == []
    nested = contents(json_file("old/tokenizer.json", changed(vocab={})))
    assert run(nested, nested) == []


def test_another_padding_token_is_told_and_no_more() -> None:
    one, other, none = (contents(json_file("tokenizer_config.json", {"pad_token": x})) for x in ("<a>", "<b>", None))
    (found,) = run(one, other)
    assert found.message.startswith("padding: ")
    assert found.severity is Severity.INFO
    assert run(one, none) == run(none, one) == run(one, one) == []


def test_every_gguf_is_compared_wherever_it_lies() -> None:
    headers: list[Header] = []
    texts: list[Fact] = []
    for file, tokens in (("Q4/m.gguf", TOKENS), ("Q8/m.gguf", ("b", "a", "ab", "<|end|>"))):
        headers.append(header(file, ["w"], kind="gguf", metadata={"tokenizer.ggml.tokens": tokens}))
        texts += facts(headers[-1])
    several = model(files=["Q4/m.gguf", "Q8/m.gguf"], headers=headers, facts=texts)
    assert [finding.location.file for finding in run(several, tokenizer())] == ["Q8/m.gguf"]
