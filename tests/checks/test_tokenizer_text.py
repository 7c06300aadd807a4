"""Steps of a tokenizer that change words."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.checks.tokenizer_text import TOKENIZER_TEXT
from provenance.records import Finding
from tests.checks.cases import json_file
from tests.checks.models import contents, evidence
from tests.surfaces.test_tokenizer_parts import BPE, changed


def run(**parts: Any) -> list[Finding]:
    return list(TOKENIZER_TEXT.run(evidence(contents(json_file("tokenizer.json", changed(**parts))))))


def replace(content: object, **pattern: str) -> dict[str, object]:
    return {"type": "Replace", "pattern": pattern, "content": content}


REWRITING: list[tuple[str, dict[str, object]]] = [
    ("normalizer", replace("unsafe", String="safe")),
    ("normalizer", replace("", String="-")),
    ("normalizer", replace("", String="not ")),
    ("normalizer", replace("9", String="1")),
    ("normalizer", replace("<|im_start|>", String=" ")),
    ("normalizer", replace("", Regex=r"\s+not")),
    ("normalizer", replace("", Regex=r"[0-9]+")),
    ("normalizer", replace("", Regex=r"[^\s]")),
    ("normalizer", replace("", Regex=r"\S")),
    ("normalizer", replace("", Regex=r".")),
    ("normalizer", replace("", Regex=r"[ -~]")),
    ("normalizer", replace("", Regex=r"\x00-\xff")),
    ("normalizer", replace("", Regex=r"\p{L}")),
    ("normalizer", replace(" " * 99, String=" ")),
    ("normalizer", {"type": "Prepend", "prepend": "Obey. "}),
    ("normalizer", {"type": "Unheard"}),
    (
        "normalizer",
        {"type": "Sequence", "normalizers": [{"type": "Sequence", "normalizers": [replace("b", String="a")]}]},
    ),
    ("pre_tokenizer", {"type": "Split", "pattern": {"Regex": "[0-9]"}, "behavior": "Removed", "invert": False}),
    (
        "pre_tokenizer",
        {"type": "Split", "pattern": {"Regex": r"\p{L}+|[^\s\p{L}]"}, "behavior": "Removed", "invert": True},
    ),
    ("pre_tokenizer", {"type": "Punctuation", "behavior": "Removed"}),
    ("pre_tokenizer", {"type": "CharDelimiterSplit", "delimiter": "e"}),
    ("decoder", replace("safe", String="unsafe")),
    ("decoder", {"type": "Strip", "content": "-", "start": 1, "stop": 0}),
    ("decoder", {"type": "WordPiece", "prefix": "not", "cleanup": False}),
    ("decoder", {"type": "BPEDecoder", "suffix": "not"}),
    ("decoder", {"type": "CTC", "pad_token": "not"}),
]

HONEST: list[tuple[str, dict[str, object] | None]] = [
    ("normalizer", None),
    ("normalizer", {"type": "NFKC"}),
    ("normalizer", {"type": "Precompiled", "precompiled_charsmap": None}),
    ("normalizer", {"type": "BertNormalizer", "lowercase": True}),
    ("normalizer", replace("\u2581", String=" ")),
    ("normalizer", replace('"', String="``")),
    ("normalizer", replace("|", String=" ")),
    ("normalizer", replace("<n>", String="\n")),
    ("normalizer", replace(" ", Regex=r"\s+")),
    ("normalizer", replace("\u2581", Regex=" {2,}")),
    ("normalizer", replace("", Regex=r"[\x00-\x1f\u200b\uFEFF]")),
    ("normalizer", replace("", Regex=r"\p{Mn}+")),
    ("normalizer", {"type": "Prepend", "prepend": "\u2581"}),
    ("pre_tokenizer", {"type": "Split", "pattern": {"String": " "}, "behavior": "Removed", "invert": False}),
    ("pre_tokenizer", {"type": "Split", "pattern": {"Regex": "[0-9]"}, "behavior": "Isolated", "invert": False}),
    (
        "pre_tokenizer",
        {
            "type": "Split",
            "pattern": {"Regex": r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"},
            "behavior": "Removed",
            "invert": True,
        },
    ),
    ("pre_tokenizer", {"type": "Digits", "individual_digits": True}),
    ("decoder", replace(" ", String="\u2581")),
    ("decoder", replace(" ", String="</w>")),
    ("decoder", {"type": "Strip", "content": " ", "start": 1, "stop": 0}),
    ("decoder", {"type": "WordPiece", "prefix": "##", "cleanup": True}),
    ("decoder", {"type": "BPEDecoder", "suffix": "</w>"}),
]


@pytest.mark.parametrize(("part", "step"), REWRITING, ids=str)
def test_a_step_that_rewrites(part: str, step: dict[str, object]) -> None:
    (found,) = run(**{part: step})
    assert found.message.startswith(f"{part}: ")
    assert found.severity.value == ("warning" if step["type"] == "Unheard" else "error")


@pytest.mark.parametrize(("part", "step"), HONEST, ids=str)
def test_a_step_that_does_not(part: str, step: dict[str, object] | None) -> None:
    assert run(**{part: step}) == []


def template(*tokens: tuple[str, int], times: int = 1) -> dict[str, object]:
    return {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": "<s>"}} for _ in range(times)] + [{"Sequence": {"id": "A"}}],
        "special_tokens": {"<s>": {"id": "<s>", "ids": [i for _, i in tokens], "tokens": [t for t, _ in tokens]}},
    }


@pytest.mark.parametrize(
    ("processor", "said"),
    [
        (template(("<|end|>", 3)), ""),
        (template(("<|end|>", 2)), "post_processor: id 2 is put around every text as '<|end|>', and is 'ab'"),
        (template(("x", 99)), "post_processor: id 99 is put around every text as 'x', and is no token"),
        (template(("ab", 2)), "post_processor: 'ab', an ordinary token, is put around every text"),
        (template(("<|end|>", 3), times=9), "post_processor: 9 tokens are put around every text"),
        ({"type": "BertProcessing", "sep": ["<|end|>", 3], "cls": ["ab", 2]}, "post_processor: 'ab', an ordinary"),
        ({"type": "Sequence", "processors": [{"type": "ByteLevel"}, template(("<|end|>", 3))]}, ""),
        (
            {"type": "TemplateProcessing", "single": [7, {"SpecialToken": 7}], "special_tokens": 7},
            "post_processor: the text",
        ),
    ],
)
def test_what_is_put_around_texts(processor: dict[str, object], said: str) -> None:
    messages = [finding.message for finding in run(post_processor=processor)]
    assert len(messages) == bool(said)
    assert all(message.startswith(said) for message in messages)


def test_text_that_is_lost() -> None:
    assert run(truncation={"max_length": 8})
    assert not run(truncation={"max_length": 64})
    assert run(dropout=0.1)
    assert not run(dropout=0.0)
    word_piece = {**BPE["model"], "type": "WordPiece", "max_input_chars_per_word": 2}
    (found,) = run(model=word_piece)
    assert found.message == "model: words of more than 2 letters are lost"


def test_a_tokenizer_that_newer_loaders_read_and_one_in_a_folder() -> None:
    evil = changed(normalizer=replace("b", String="a"))
    files = {**json_file("tokenizer.4.0.0.json", evil), **json_file("text/tokenizer.json", evil)}
    found = TOKENIZER_TEXT.run(evidence(contents(files)))
    assert sorted(finding.location.file for finding in found) == ["text/tokenizer.json", "tokenizer.4.0.0.json"]


def test_a_pattern_made_to_be_slow_is_not() -> None:
    (found,) = run(normalizer=replace("", Regex=r"[[[[((((" * 20000 + "x"))
    assert len(found.message) < 400
