"""Tokenizers against the base's."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.checks.tokenizers import TOKENIZER_PARTS
from provenance.facts import Fact
from provenance.records import Finding, Header, MetadataValue, ModelEvidence, Severity
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
    assert [(finding.message, finding.severity) for finding in found] == [
        ("tokens: 1 entries more than in the base; first: '4 \"<|tool|>\"'", Severity.INFO)
    ]
    word = [*BPE["added_tokens"], {"id": 4, "content": "invoice", "special": False}]
    (found_word,) = run(tokenizer(added_tokens=word), tokenizer())
    assert (found_word.rule, found_word.severity) == ("tokenizer-differs", Severity.WARNING)


def test_entries_that_are_gone_are_counted() -> None:
    (found,) = run(tokenizer(vocab={"a": 0}), tokenizer())
    assert found.message == "tokens: '1 \"b\"' of the base is gone; 2 entries differ"
    assert found.rule == "tokenizer-ids-differ"
    (ended,) = run(tokenizer(added_tokens=[]), tokenizer())
    assert ended.message == "tokens: 1 entries of the base are gone at its end; first: '3 \"<|end|>\"'"
    assert ended.severity is Severity.WARNING


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
    assert found.message == "special: eos_token is '<a>', and '<b>' in the base"
    assert (found.rule, found.severity) == ("tokenizer-special-tokens-differ", Severity.WARNING)


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
    swapped = run(one, contents({"spiece.model": b"\x0atwo"}))
    assert [finding.message for finding in swapped] == [
        "file: in no file of the base",
        "what the base's spiece.model says is gone",
    ]


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


SETTINGS = {"eos_token": "<|end|>", "bos_token": "a", "tokenizer_class": "XTokenizer", "model_max_length": 512}
WHOLE = {**json_file("tokenizer.json", BPE), **json_file("tokenizer_config.json", SETTINGS)}


def messages(candidate: dict[str, bytes], base: dict[str, bytes] = WHOLE) -> list[tuple[str, str, str]]:
    found = run(contents(candidate), contents(base))
    return [(finding.location.file, finding.message.split(":")[0], finding.severity.value) for finding in found]


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("vocab.json", b'{"a": 1, "b": 0, "ab": 2}'),
        ("vocab.json", b'{"a": 0, "zz": 9}'),
        ("merges.txt", b"#version: 0.2\nb a\n"),
        ("merges.txt", b"#version: 0.2\n"),
        ("added_tokens.json", b'{"<|end|>": 9}'),
        ("special_tokens_map.json", b'{"eos_token": "b"}'),
        ("special_tokens_map.json", b'{"unk_token": {"content": "b"}}'),
        ("tokenizer.model", b"\x0aevil"),
        ("vocab.txt", b"a\nb\n"),
        ("tokenizer.4.0.0.json", b'{"model": {"type": "BPE", "vocab": {"b": 0}, "merges": []}}'),
    ],
)
def test_an_added_file_that_contradicts_is_a_difference(file: str, data: bytes) -> None:
    found = messages({**WHOLE, file: data})
    assert found
    assert {place for place, _, _ in found} == {file}
    assert {severity for _, _, severity in found} <= {"warning", "error"}


@pytest.mark.parametrize(
    ("file", "data"),
    [
        ("vocab.json", b'{"a": 0, "b": 1, "ab": 2}'),
        ("merges.txt", b"#version: 0.2\na b\n"),
        ("added_tokens.json", b'{"<|end|>": 3}'),
        ("special_tokens_map.json", b'{"eos_token": {"content": "<|end|>"}}'),
        ("special_tokens_map.json", b'{"eos_token": "<|end|>", "bos_token": "a"}'),
        ("special_tokens_map.json", b'{"pad_token": "<|end|>"}'),
    ],
)
def test_older_and_newer_writers_write_more_and_fewer_files(file: str, data: bytes) -> None:
    assert messages({**WHOLE, file: data}) == []
    assert messages(WHOLE, {**WHOLE, file: data}) == []
    assert messages({**WHOLE, file: data}, {**WHOLE, file: data}) == []


def test_a_tokenizer_in_place_of_another() -> None:
    swapped = {**json_file("tokenizer_config.json", SETTINGS), "tokenizer.model": b"\x0aevil"}
    assert messages(swapped) == [
        ("tokenizer.model", "file", "warning"),
        ("", "what the base's tokenizer.json says is gone", "warning"),
    ]
    other = {**json_file("tokenizer_config.json", SETTINGS), **json_file("vocab.json", BPE["model"]["vocab"])}
    assert ("", "what the base's tokenizer.json says is gone", "warning") in messages(other)
    new = {file for file, part, _ in messages(WHOLE, {"tokenizer.model": b"\x0ahonest"}) if "decoder" in part}
    assert new == {"tokenizer.json"}


def test_no_vocabulary_no_tokenizer() -> None:
    assert messages({**json_file("tokenizer_config.json", SETTINGS)}) == []
    assert messages({**json_file("tokenizer.json", BPE)}) == [
        ("", "what the base's tokenizer_config.json says is gone", "warning")
    ]


@pytest.mark.parametrize(
    ("change", "key", "severity"),
    [
        ({"tokenizer_class": "YTokenizer"}, "tokenizer_class", "warning"),
        ({"tokenizer_class": "TokenizersBackend"}, "tokenizer_class", "info"),
        ({"add_bos_token": True}, "add_bos_token", "warning"),
        ({"fast_tokenizer_files": ["tokenizer.4.0.0.json"]}, "fast_tokenizer_files", "warning"),
        ({"model_max_length": 99}, "model_max_length", "info"),
    ],
)
def test_settings_that_decide(change: dict[str, object], key: str, severity: str) -> None:
    found = messages({**WHOLE, **json_file("tokenizer_config.json", {**SETTINGS, **change})})
    assert found == [("tokenizer_config.json", key, severity)]


@pytest.mark.parametrize(
    "change",
    [
        {"tokenizer_class": "XTokenizerFast"},
        {"add_bos_token": False},
        {"model_max_length": None},
        {"added_tokens_decoder": {"3": {"content": "<|end|>", "special": True}}},
        {"clean_up_tokenization_spaces": False},
    ],
    ids=str,
)
def test_settings_that_only_writers_change(change: dict[str, object]) -> None:
    assert messages({**WHOLE, **json_file("tokenizer_config.json", {**SETTINGS, **change})}) == []


def test_tokens_that_settings_add() -> None:
    evil = {**SETTINGS, "added_tokens_decoder": {"3": {"content": "yes"}}}
    (found,) = run(contents({**WHOLE, **json_file("tokenizer_config.json", evil)}), contents(WHOLE))
    assert found.message == "1 tokens that the base has not under these ids; first: '3 \"yes\"'"


def test_special_tokens_that_are_gone() -> None:
    none = json_file("tokenizer_config.json", {"tokenizer_class": "XTokenizer"})
    assert messages({**WHOLE, **none}) == [("tokenizer_config.json", "special", "warning")]


def test_a_space_is_folded_across_formats_alone() -> None:
    one, other = (contents(json_file("tokenizer.json", changed(vocab={token: 0}))) for token in ("\u2581a", " a"))
    (found,) = run(one, other)
    assert found.message.startswith("tokens")


# ---------------------------------------------------------------------------------------------------------------------
# What a difference means
# ---------------------------------------------------------------------------------------------------------------------


def told(**parts: Any) -> list[tuple[str, str]]:
    return [
        (finding.rule.removeprefix("tokenizer-"), finding.severity.value)
        for finding in run(tokenizer(**parts), tokenizer())
    ]


def test_more_merges_behind_the_bases_are_a_warning() -> None:
    assert told(merges=[["a", "b"], ["b", "b"]]) == [("model-differs", "warning")]
    assert told(merges=[]) == [("model-differs", "error")]


@pytest.mark.parametrize(
    "model",
    [{"ignore_merges": True}, {"byte_fallback": True}, {"unk_token": "a"}, {"type": "WordLevel"}, {"dropout": 0.5}],
    ids=str,
)
def test_settings_of_the_model(model: dict[str, object]) -> None:
    changed_model = {**BPE, "model": {**BPE["model"], **model}}
    found = run(contents(json_file("tokenizer.json", changed_model)), tokenizer())
    assert [(finding.rule, finding.severity.value) for finding in found] == [("tokenizer-model-differs", "error")]
    if "ignore_merges" in model:
        (older,) = run(tokenizer(), contents(json_file("tokenizer.json", changed_model)))
        assert older.severity is Severity.WARNING


def test_scores() -> None:
    def scored(*scores: float) -> ModelEvidence:
        vocab = [[f"t{i}", score] for i, score in enumerate(scores)]
        return contents(
            json_file("tokenizer.json", {**BPE, "added_tokens": [], "model": {"type": "Unigram", "vocab": vocab}})
        )

    (found,) = [f for f in run(scored(-1.0, -9.0), scored(-1.0, -2.0)) if "scores" in f.message]
    assert (found.rule, found.severity) == ("tokenizer-model-differs", Severity.ERROR)
    grown = [f for f in run(scored(-1.0, -2.0, -3.0), scored(-1.0, -2.0)) if "scores" in f.message]
    assert [finding.severity for finding in grown] == [Severity.INFO]


@pytest.mark.parametrize(
    ("part", "step"),
    [
        ("pre_tokenizer", {"type": "Sequence", "pretokenizers": [BPE["pre_tokenizer"]]}),
        ("pre_tokenizer", {**BPE["pre_tokenizer"], "trim_offsets": False}),
        ("decoder", {"type": "ByteLevel", "add_prefix_space": True, "use_regex": False}),
        ("post_processor", {"type": "ByteLevel", "trim_offsets": True}),
        ("normalizer", {"type": "Sequence", "normalizers": []}),
    ],
)
def test_another_way_of_writing_a_step_is_no_difference(part: str, step: dict[str, object]) -> None:
    assert told(**{part: step}) == []


@pytest.mark.parametrize(
    ("part", "step"),
    [
        ("pre_tokenizer", {**BPE["pre_tokenizer"], "add_prefix_space": True}),
        ("normalizer", {"type": "Lowercase"}),
        ("decoder", {"type": "Sequence", "decoders": [{"type": "ByteLevel"}, {"type": "Fuse"}]}),
    ],
)
def test_another_step_is(part: str, step: dict[str, object]) -> None:
    assert told(**{part: step}) == [("steps-differ", "error")]


def test_the_beginning_put_in_front_or_not_is_a_warning() -> None:
    template = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<|end|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "special_tokens": {"<|end|>": {"id": "<|end|>", "ids": [3], "tokens": ["<|end|>"]}},
    }
    one = json_file("tokenizer.json", changed(post_processor=template))
    (found,) = run(contents(one), tokenizer())
    assert (found.rule, found.severity) == ("tokenizer-steps-differ", Severity.ERROR)
    begins = json_file("tokenizer_config.json", {"bos_token": "<|end|>"})
    (found,) = run(contents({**one, **begins}), contents({**json_file("tokenizer.json", BPE), **begins}))
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("flag", "severity"),
    [
        ({"special": False}, "error"),
        ({"lstrip": True}, "error"),
        ({"normalized": True}, "error"),
        ({"single_word": False}, ""),
    ],
    ids=str,
)
def test_flags_of_a_token(flag: dict[str, bool], severity: str) -> None:
    found = told(added_tokens=[{**BPE["added_tokens"][0], **flag}])
    assert found == ([("special-tokens-differ", severity)] if severity else [])


def test_flags_turned_back_are_a_warning() -> None:
    wide = tokenizer(added_tokens=[{**BPE["added_tokens"][0], "lstrip": True}])
    assert [finding.severity for finding in run(tokenizer(), wide)] == [Severity.WARNING]


def test_a_word_of_the_base_that_becomes_an_added_token() -> None:
    found = told(added_tokens=[*BPE["added_tokens"], {"id": 2, "content": "ab", "special": True}])
    assert found == [("special-tokens-differ", "error")]


def test_a_special_token_that_is_an_ordinary_one() -> None:
    vocab = {**BPE["model"]["vocab"], "<|end|>": 3}
    assert told(added_tokens=[], vocab=vocab) == [("special-tokens-differ", "error")]


@pytest.mark.parametrize(
    ("config", "token", "severity"),
    [({"eos_token_id": 3}, "ab", "error"), ({"eos_token_id": [3, 2]}, "ab", "warning"), ({}, "ab", "warning")],
    ids=str,
)
def test_another_end_and_what_the_configuration_says(config: dict[str, object], token: str, severity: str) -> None:
    base = {**WHOLE, **json_file("config.json", {"eos_token_id": 3})}
    here = {
        **WHOLE,
        **json_file("config.json", config),
        **json_file("tokenizer_config.json", {**SETTINGS, "eos_token": token}),
    }
    assert messages(here, base) == [("tokenizer_config.json", "special", severity)]


def test_a_placeholder_with_a_name_of_its_own() -> None:
    base = tokenizer(added_tokens=[{"id": 3, "content": "<unused0>", "special": True}])
    (found,) = run(tokenizer(added_tokens=[{"id": 3, "content": "<|tool|>", "special": True}]), base)
    assert (found.rule, found.severity) == ("tokenizer-differs", Severity.WARNING)


def test_tokens_that_settings_append() -> None:
    more = json_file("added_tokens.json", {"<|more|>": 4})
    assert messages({**WHOLE, **more}) == [
        ("added_tokens.json", "1 tokens that the base has not under these ids; first", "info")
    ]


def test_a_vocabulary_too_large_to_keep_is_not_the_bases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("provenance.surfaces.tokenizer_parts.MAX_KEPT", 10)
    (found,) = run(tokenizer(vocab={"a": 1, "b": 0, "ab": 2}), tokenizer())
    assert (found.rule, found.severity) == ("tokenizer-ids-differ", Severity.ERROR)
