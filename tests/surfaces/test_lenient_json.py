"""Documents as loaders see them, and what is wrong with them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.facts import JsonFact
from provenance.surfaces import lenient_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def test_a_plain_document() -> None:
    assert lenient_json.read("a.json", b'{"a": [1, null]}') == JsonFact("a.json", {"a": [1, None]})


def test_a_key_that_stands_twice_is_named_and_the_last_counts() -> None:
    fact = lenient_json.read("a.json", b'{"a": 1, "b": {"auto_map": {}, "auto_map": {"A": "x.Y"}}, "a": 2}')
    assert fact.value == {"a": 2, "b": {"auto_map": {"A": "x.Y"}}}
    assert set(fact.duplicate_keys) == {"a", "auto_map"}
    assert "stands twice" in fact.error
    assert fact.value == json.loads(b'{"a": 1, "b": {"auto_map": {}, "auto_map": {"A": "x.Y"}}, "a": 2}')


@pytest.mark.parametrize("number", ["Infinity", "-Infinity", "NaN", "1e999"])
def test_numbers_of_python_alone_are_read_and_named(number: str) -> None:
    fact = lenient_json.read("config.json", b'{"limit": [0.0, %s]}' % number.encode())
    assert isinstance(fact.value, dict)
    assert fact.value["limit"][0] == 0.0
    assert fact.error
    assert not fact.duplicate_keys


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "Expecting value"),
        (b"{", "line 1"),
        (b'{"a": 1,}', "line 1"),
        (b"\xff", "not UTF-8"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"[" * 200 + b"]" * 200, "nested"),
        (b"[" + b"1" * 50 + b"]", "50 digits"),
        (b'"\\ud800"', "surrogate"),
        (b"[NaN, " + b"1" * 5000 + b"]", "NaN"),
        (b'{"a":1,"a":' + b"1" * 5000 + b"}", "digits"),
    ],
)
def test_what_no_loader_should_read_has_no_value(data: bytes, words: str) -> None:
    fact = lenient_json.read("a.json", data)
    assert fact.value is None
    assert words in fact.error


def test_too_many_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lenient_json, "MAX_VALUES", 10)
    assert lenient_json.read("a.json", b"[1,2,3]").value == [1, 2, 3]
    fact = lenient_json.read("a.json", b"[" + b"1," * 20 + b"1]")
    assert fact.value is None
    assert "more than 10 values" in fact.error


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_reads_what_python_writes(value: object) -> None:
    assert lenient_json.read("a.json", json.dumps(value).encode()) == JsonFact("a.json", value)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100) | st.text(alphabet='{}[]",:1aeN\\u ', max_size=60).map(str.encode))
def test_never_raises(data: bytes) -> None:
    fact = lenient_json.read("a.json", data)
    assert fact.error or json.loads(data) == fact.value
