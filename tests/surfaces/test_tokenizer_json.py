"""A tokenizer.json read from its bytes says what the same document says as a value."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.facts import JsonFact, TextFact
from provenance.surfaces import tokenizer_json
from provenance.surfaces.tokenizer_json import read
from tests.surfaces.test_tokenizer_parts import BPE, by_role

UNIGRAM = {"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["\u2581a", -1.5]]}}


def about(data: bytes) -> JsonFact:
    fact = read("tokenizer.json", data)[0]
    assert isinstance(fact, JsonFact)
    assert fact.value is None
    return fact


def parts(data: bytes) -> dict[str, str | None]:
    found = tuple(fact for fact in read("tokenizer.json", data) if isinstance(fact, TextFact))
    return {role: fact.text for role, fact in by_role(found).items()}


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_the_way_it_is_written_makes_no_difference(indent: int | None, ascii_only: bool) -> None:
    for value in (BPE, UNIGRAM):
        data = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
        assert about(data) == JsonFact("tokenizer.json", None)
        assert parts(data) == parts(json.dumps(value).encode())


TOKENS = st.dictionaries(st.text(max_size=8), st.integers(0, 10**9), max_size=12)


@settings(max_examples=100, deadline=None)
@given(TOKENS, st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=8), st.booleans())
def test_tokens_and_merges_are_those_of_the_value(
    vocabulary: dict[str, int], joined: list[tuple[str, str]], ascii_only: bool
) -> None:
    value = {"model": {"type": "BPE", "vocab": vocabulary, "merges": joined}}
    try:
        data = json.dumps(value, ensure_ascii=ascii_only).encode()
    except UnicodeEncodeError:
        return
    if about(data).error:
        assert any("\ud800" <= letter <= "\udfff" for letter in json.dumps(value, ensure_ascii=False))
        return
    found = parts(data)
    expected = sorted({(ident, json.dumps(token)) for token, ident in vocabulary.items()})
    assert found["tokens"] == "\n".join(f"{ident} {token}" for ident, token in expected)
    assert found["merges"] == "\n".join(f"{json.dumps(a)} {json.dumps(b)}" for a, b in joined)


SPELLINGS = [
    (rb'"\u0041"', rb'"A"'),
    (rb'"\u00e9"', '"\u00e9"'.encode()),
    (b'"\x7f"', rb'"\u007f"'),
    (rb'"\/"', rb'"/"'),
    (rb'"\ud83d\ude42"', '"\U0001f642"'.encode()),
    (rb'"\u0000\\u0000\""', rb'"\u0000\u005cu0000\u0022"'),
    (rb'"a\n\u00C4b"', '"a\\u000a\u00c4b"'.encode()),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS, ids=str)
def test_spellings_of_a_text_make_no_difference(one: bytes, other: bytes) -> None:
    token = json.loads(one)
    found = [
        parts(b'{"model": {"type": "BPE", "vocab": {"x": 7,%s: 1, "y\xc3\xa9": 12}, "merges": [["x", %s], [ %s ,"y"]]}}'
              % (text, text, text))
        for text in (one, other)
    ]  # fmt: skip
    assert found[0] == found[1]
    assert found[0]["tokens"] == f'1 {json.dumps(token)}\n7 "x"\n12 "y\\u00e9"'
    assert found[0]["merges"] == f'"x" {json.dumps(token)}\n{json.dumps(token)} "y"'


def test_runs_of_entries_meet_without_a_seam() -> None:
    for number in (4095, 4096, 4097, 8192):
        value = {"model": {"type": "BPE", "vocab": {f"t{i}": i for i in range(number)}, "merges": ["a b"] * number}}
        data = json.dumps(value).encode()
        assert about(data).error == ""
        assert (parts(data)["tokens"] or "").count("\n") == number - 1
        assert (parts(data)["merges"] or "").count("\n") == number - 1
        assert about(data.replace(b'"a b"]', b'"a b",]')).error
        assert about(data.replace(b'"a b"]', b'["a", "b"]]')).error


def test_scores_are_numbers_and_not_spellings() -> None:
    one = b'{"model": {"type": "Unigram", "vocab": [["a", -1.50], ["b", -2e0]]}}'
    other = b'{"model":{"vocab":[["a",-1.5],["b",-2.0]],"type":"Unigram"}}'
    assert parts(one) == parts(other)
    assert parts(one)["scores"] == "-1.5\n-2.0"


@pytest.mark.parametrize(
    "value",
    [
        {"model": {}},
        {"model": {"type": "Evil", "vocab": {}}},
        {"model": {"type": 5, "vocab": {}}},
        {"model": {"dropout": 1}},
    ],
    ids=str,
)
def test_a_model_of_no_known_kind_is_said(value: object) -> None:
    assert about(json.dumps(value).encode()).error


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"model": 1}',
        b'{"version": "1.0"}',
        b'{"model": {"vocab": {"a": "x"}}}',
        b'{"model": {"vocab": {"a": 1.5}}}',
        b'{"model": {"vocab": {"a": -1}}}',
        b'{"model": {"vocab": {"a": 1,}}}',
        b'{"model": {"vocab": {"a": 1} "merges": []}}',
        b'{"model": {"vocab": {"a": 1}},}',
        b'{"model": {"vocab": {"a": 1}}} x',
        b'{"model": {"vocab": {"a": 1}}',
        b'{"model": {"vocab": [["a", NaN]]}}',
        b'{"model": {"vocab": [["a"]]}}',
        b'{"model": {"vocab": {}, "merges": [["a", "b", "c"]]}}',
        b'{"model": {"vocab": {}, "merges": [1]}}',
        b'{"model": {"vocab": {"\xff": 1}}}',
        b'{"model": {"vocab": {"\\ud800": 1}}}',
        b'{"model": {"vocab": {"a\nb": 1}}}',
        b'{"model": {"vocab": {"\\x": 1}}}',
        b'\xef\xbb\xbf{"model": {"vocab": {}}}',
        b'{"model": {"vocab": {}}, "normalizer": nothing}',
        b'{"model": {"vocab": {}}, "normalizer": {"a": }}',
        b'{"model": {"vocab": {}}, "normalizer": ' + b"[" * 200 + b"]" * 200 + b"}",
    ],
)
def test_what_is_no_tokenizer_is_an_error(data: bytes) -> None:
    assert about(data).error


def test_keys_that_stand_twice_are_named_and_the_last_counts() -> None:
    data = b'{"model": {"vocab": {"a": 1}}, "model": {"vocab": {"b": 1, "c": 2, "b": 3}}, "decoder": {"x": 1, "x": 2}}'
    assert set(about(data).duplicate_keys) == {"model", "b", "x"}
    assert about(data).error
    assert parts(data)["tokens"] == '1 "b"\n2 "c"\n3 "b"'


def test_too_many_entries_and_too_large_values(monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps(BPE).encode()
    monkeypatch.setattr(tokenizer_json, "MAX_ENTRIES", 2)
    assert "too large to look at" in about(data).error
    monkeypatch.setattr(tokenizer_json, "MAX_ENTRIES", 3)
    assert not about(data).error
    monkeypatch.setattr(tokenizer_json, "MAX_VALUE", 20)
    assert "too large to look at" in about(data).error


def test_a_large_vocabulary_takes_little_memory_and_time() -> None:
    vocabulary: dict[str, Any] = {f"token{i:06}": i for i in range(100_000)}
    merges = [[f"t{i}", f"u{i}"] for i in range(100_000)]
    data = json.dumps({"model": {"type": "BPE", "vocab": vocabulary, "merges": merges}}).encode()
    tracemalloc.start()
    try:
        start, before = time.process_time(), tracemalloc.get_traced_memory()[0]
        read("tokenizer.json", data)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 8 * len(data)
    assert time.process_time() - start < 20


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='{}[]",:1aeNmodlvcb\\u ', max_size=60).map(str.encode) | st.binary(max_size=80))
def test_never_raises(data: bytes) -> None:
    about(data)
    about(b'{"model": ' + data + b"}")
    about(b'{"model": {"vocab": ' + data + b"}}")


@pytest.mark.parametrize("kind", [{}, ["BPE"], 1, True, "Words"])
def test_a_model_of_no_kind_is_said(kind: object) -> None:
    data = json.dumps({**BPE, "model": {**BPE["model"], "type": kind}}).encode()
    assert about(data).error == "its model is none of those that tokenizers are made of"
