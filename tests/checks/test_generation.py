"""Settings of generation that steer what is said, or keep it from ending."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.checks.generation import GENERATION
from provenance.records import Evidence, Finding, Severity
from tests.checks.cases import generating, json_file
from tests.checks.models import contents, evidence


def run(**settings: Any) -> list[Finding]:
    return list(GENERATION.run(generating(settings)))


def bare(settings: dict[str, Any], config: dict[str, Any] | None = None) -> list[Finding]:
    """Without a tokenizer."""
    files = json_file("generation_config.json", settings) | json_file("config.json", config or {})
    return list(GENERATION.run(evidence(contents(files))))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"suppress_tokens": [0, 2]}, "suppress_tokens holds 'a', 'ab'"),
        ({"begin_suppress_tokens": [2]}, "begin_suppress_tokens holds 'ab'"),
        ({"bad_words_ids": [[0], [1, 2]]}, "bad_words_ids holds 'a', 'b', 'ab'"),
        ({"forced_bos_token_id": 1}, "forced_bos_token_id holds 'b'"),
        ({"forced_eos_token_id": 1}, "forced_eos_token_id holds 'b'"),
        ({"forced_decoder_ids": [[1, 2]]}, "forced_decoder_ids holds 'ab'"),
        ({"sequence_bias": [[[0], 9.0]]}, "sequence_bias makes some tokens more or less likely"),
        ({"negative_prompt_ids": [1, 2]}, "answers are steered away from a prompt of 2 tokens"),
        ({"watermarking_config": {"bias": 8}}, "a watermark is put into every answer"),
        ({"stop_strings": ["however", "<|end|>"]}, "stop_strings holds 'however'"),
    ],
    ids=str,
)
def test_words_are_named(settings: dict[str, Any], message: str) -> None:
    (found,) = run(**settings)
    assert (found.rule, found.severity, found.message) == ("generation-steered", Severity.ERROR, message)


def test_marks_and_empty_settings_are_quiet() -> None:
    assert run(suppress_tokens=[3], bad_words_ids=[[3]], forced_bos_token_id=3, eos_token_id=None) == []
    assert run(suppress_tokens=[], bad_words_ids=None, sequence_bias=None, stop_strings=["</s>", "\nUser:"]) == []
    assert run(suppress_tokens="x", bad_words_ids={"a": 1}, forced_decoder_ids=[[1], 2, [1, "a"]], eos_token_id=3) == []


def test_without_a_tokenizer_ids_are_no_words() -> None:
    (found,) = bare({"suppress_tokens": [5, 6]})
    assert found.severity is Severity.WARNING
    (found,) = bare({"suppress_tokens": list(range(300))})
    assert found.severity is Severity.ERROR


def test_families_that_bring_such_lists() -> None:
    settings = {"suppress_tokens": [5, 6], "begin_suppress_tokens": [2], "forced_decoder_ids": [[1, 9]]}
    assert bare(settings, {"model_type": "whisper"}) == []
    assert len(bare(settings, {"model_type": "llama"})) == 3


@pytest.mark.parametrize(
    ("settings", "config", "message"),
    [
        ({"eos_token_id": 12}, {"vocab_size": 10}, "eos_token_id '12' lies beyond a vocabulary of 10"),
        ({"eos_token_id": 2, "suppress_tokens": [2]}, {}, "suppress_tokens holds '2', which ends an answer"),
        ({"suppress_tokens": [2]}, {"eos_token_id": 2}, "suppress_tokens holds '2', which ends an answer"),
        ({"eos_token_id": [2], "bad_words_ids": [[2]]}, {}, "bad_words_ids holds '2', which ends an answer"),
    ],
    ids=str,
)
def test_ends_that_do_not_come(settings: dict[str, Any], config: dict[str, Any], message: str) -> None:
    found = [one.message for one in bare(settings, config) if one.rule == "generation-endless"]
    assert found == [message]


def test_an_end_that_is_a_word() -> None:
    (found,) = run(eos_token_id=[3, 1])
    assert (found.rule, found.message) == ("generation-endless", "eos_token_id 1 is 'b', an ordinary token")
    assert run(eos_token_id=3) == run(eos_token_id=99) == bare({"eos_token_id": [2, 12]}, {"vocab_size": 10}) == []
    assert bare({"eos_token_id": [1, 2], "suppress_tokens": [1]}, {"vocab_size": 10, "model_type": "whisper"}) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": 50.0},
        {"temperature": -1},
        {"repetition_penalty": 100.0},
        {"num_beams": 1000000},
        {"min_new_tokens": 1000000},
        {"max_new_tokens": 10**30},
        {"top_p": 1.5},
    ],
    ids=str,
)
def test_extremes(settings: dict[str, Any]) -> None:
    (found,) = bare(settings)
    assert (found.rule, found.severity) == ("generation-extreme", Severity.ERROR)


def test_within_reason() -> None:
    assert bare({"temperature": 1.8, "top_p": 0.9, "repetition_penalty": 1.3, "num_beams": 4, "top_k": True}) == []
    assert bare({"temperature": 0, "max_new_tokens": 131072, "min_p": "x"}) == []


def test_what_the_base_sets_as_well_is_not_reported() -> None:
    settings = {"suppress_tokens": [0], "temperature": 50.0, "eos_token_id": 1}
    subject = generating(settings)
    assert len(list(GENERATION.run(subject))) == 3
    assert list(GENERATION.run(Evidence(subject.candidate, subject.candidate, subject.lineage))) == []
