"""What is made of texts that a tokenizer changes."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.checks.tokenizer_trips import TOKENIZER_TRIPS
from provenance.pipeline.tokenizers import with_round_trips
from provenance.records import Skipped
from tests.checks.cases import NINE, TINY, json_file, tried
from tests.checks.models import contents


def told(value: Any, base: Any = None) -> list[tuple[str, str, str]]:
    found = TOKENIZER_TRIPS.run(tried(value, base))
    return [(finding.rule, finding.severity.value, finding.message) for finding in found]


def added(*tokens: str) -> dict[str, Any]:
    rows = [{"id": 999 + n, "content": token, "special": False} for n, token in enumerate(tokens)]
    return {**TINY, "added_tokens": [*TINY["added_tokens"], *rows]}


def test_the_same_tokenizer() -> None:
    assert told(TINY, TINY) == []
    assert told(TINY) == []


def test_appended_tokens_are_an_info() -> None:
    (found,) = told(added("quick", "brown"), TINY)
    assert found[:2] == ("tokenizer-text-differs", "info")
    assert found[2].startswith("'The quick brown fox jumps over the lazy dog' becomes 999 'quick' here, and ")
    assert found[2].endswith(" in the base: 'quick' is found here")
    assert told(TINY, added("quick"))[0][2].endswith("'quick' is found in the base")


def test_other_ids_are_an_error_that_counts_the_texts() -> None:
    vocab = TINY["model"]["vocab"]
    swapped = {**TINY, "model": {**TINY["model"], "vocab": {**vocab, "1": vocab["9"], "9": vocab["1"]}}}
    (found,) = told(swapped, TINY)
    assert found[:2] == ("tokenizer-text-differs", "error")
    assert found[2].startswith(
        f"'0 1 2 3 4 5 6 7 8 9' becomes {vocab['9']} '1' here, and {vocab['1']} '1' in the base; "
    )
    assert found[2].endswith(" texts")


def test_an_error_and_an_info_stand_apart() -> None:
    both = {**added("quick"), "decoder": {"type": "Sequence", "decoders": [TINY["decoder"], NINE]}}
    found = told(both, TINY)
    assert [finding[:2] for finding in found] == [
        ("tokenizer-not-reversible", "warning"),
        ("tokenizer-text-differs", "error"),
        ("tokenizer-text-differs", "info"),
    ]


def test_a_letter_that_stands_for_a_byte_is_no_alarm() -> None:
    assert told(added("\u00c5")) == []


@pytest.mark.parametrize("base", [None, TINY])
def test_what_is_not_tried_is_skipped_and_not_asked_for(base: Any) -> None:
    odd = {**TINY, "pre_tokenizer": {"type": "UnicodeScripts"}}
    there = Skipped("base", "none") if base is None else contents(json_file("tokenizer.json", base))
    _, untried = with_round_trips(contents(json_file("tokenizer.json", odd)), there)
    assert untried == (
        Skipped(
            "tokenizer",
            "no text was tried on tokenizer.json, because its pre-tokenizer has a step 'UnicodeScripts'",
        ),
    )
    assert told(odd, base) == []
