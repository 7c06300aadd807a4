"""JSON under bounds that hold before the parser runs."""

from __future__ import annotations

import json

import pytest

from provenance.errors import LimitExceeded, MalformedFile
from provenance.reading.formats.bounded_json import MAX_DEPTH, MAX_PUNCTUATION, MAX_TEXT_BYTES, parse


@pytest.mark.parametrize("value", [{}, [], "a", 1, None, {"a": [1, 2.5, "ä", {"b": True}]}])
def test_values(value: object) -> None:
    assert parse(json.dumps(value).encode(), "f") == value


def test_the_text_is_bounded_by_what_it_becomes() -> None:
    def text(content: bytes, nbytes: int) -> bytes:
        return b'"' + content + b"x" * (nbytes - len(content) - 2) + b'"'

    assert parse(text(b"", MAX_TEXT_BYTES), "f") == "x" * (MAX_TEXT_BYTES - 2)
    for wide in ("é".encode(), b"\\u00e9"):
        assert str(parse(text(wide, MAX_TEXT_BYTES // 4), "f")).startswith("éx")
        with pytest.raises(LimitExceeded, match=r"^f: \d+ bytes of JSON"):
            parse(text(wide, MAX_TEXT_BYTES // 4 + 1), "f")


@pytest.mark.parametrize("mark", [b"[", b"{", b":", b","])
def test_the_values_are_bounded_by_their_punctuation(mark: bytes) -> None:
    with pytest.raises(MalformedFile):
        parse(mark * MAX_PUNCTUATION, "f")
    with pytest.raises(LimitExceeded, match=f"^f: JSON of about {MAX_PUNCTUATION + 1} values"):
        parse(mark * (MAX_PUNCTUATION + 1), "f")


def test_the_depth_is_bounded() -> None:
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, "f")
    with pytest.raises(MalformedFile, match="too-deep"):
        parse(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "f")


@pytest.mark.parametrize("text", ["-1", "-0.5", "-0e1", "[0, 10, -10]", '"-0"', '{"a-0": "\\"-0"}'])
def test_numbers_that_are_not_minus_zero(text: str) -> None:
    assert parse(text.encode(), "f") == json.loads(text)


@pytest.mark.parametrize("text", ["-0", "[-0]", '{"-0": -0}', '["\\\\", -0]'])
def test_minus_zero(text: str) -> None:
    with pytest.raises(MalformedFile, match="negative-zero"):
        parse(text.encode(), "f")


def test_a_long_key_does_not_make_a_long_message() -> None:
    key = "k" * 100_000
    with pytest.raises(MalformedFile, match="duplicate-key") as caught:
        parse(f'{{"{key}": 1, "{key}": 2}}'.encode(), "f")
    assert len(str(caught.value)) < 400
