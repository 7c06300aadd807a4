"""The model card's front matter."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.facts import CardFact
from provenance.surfaces.inspectors.card import CARD_FRONT_MATTER, MAX_FRONT_MATTER, front_matter
from tests.surfaces.feeding import inspect_with


def card(yaml: str, end: str = "---\n") -> CardFact:
    return front_matter("README.md", f"---\n{yaml}\n{end}# A model\n".encode())


def test_what_is_declared() -> None:
    found = card("base_model: Qwen/Qwen3-0.6B\nbase_model_relation: quantized\nlicense: apache-2.0\ntags: [x]")
    assert found == CardFact("README.md", ("Qwen/Qwen3-0.6B",), "quantized", "apache-2.0")


def test_several_bases() -> None:
    assert card("base_model:\n- a/b\n- c/d\n").base_models == ("a/b", "c/d")
    assert card("base_model: [a/b, c/d]").base_models == ("a/b", "c/d")


@pytest.mark.parametrize(
    "text", ["", "# A model\n", "--- not front matter\n", " ---\na: b\n---\n", "\n---\na: b\n---\n"]
)
def test_no_front_matter_is_no_error(text: str) -> None:
    assert front_matter("README.md", text.encode()) == CardFact("README.md")


@pytest.mark.parametrize(
    "yaml", ["", "# nothing", "a: b", "base_model:", "base_model: {a: b}", "base_model: []", "? [a]\n: b"]
)
def test_nothing_declared_is_no_error(yaml: str) -> None:
    assert card(yaml) == CardFact("README.md")


def test_line_ends_and_byte_order_mark() -> None:
    assert front_matter("README.md", b"\xef\xbb\xbf---\r\nlicense: mit\r\n---\r\n# x").licence == "mit"
    assert card("license: mit", end="...\n").licence == "mit"


@pytest.mark.parametrize("value", ["no", "1.5", "2024-01-01", "0x10", "null", "~", "1_000", "1:30"])
def test_values_are_text(value: str) -> None:
    assert card(f"base_model: {value}").base_models == (value,)


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("a: [", "not YAML"),
        ("\tx", "not YAML at line 2"),
        ("a: &x b\nc: *x", "alias"),
        ("- a", "not a mapping"),
        ("just text", "not a mapping"),
        ("base_model: a/b\nbase_model: c/d", "'base_model' stands twice"),
        ("a: " + "[" * 40 + "]" * 40, "nested deeper"),
        ("a: b\x00", "not YAML"),
    ],
)
def test_what_cannot_be_read_is_said(yaml: str, words: str) -> None:
    found = card(yaml)
    assert words in found.error
    assert found.base_models == ()


def test_bytes_that_are_no_text() -> None:
    assert "byte 7 of the front matter is not UTF-8" in front_matter("README.md", b"---\na: \xff\n---\n").error


def test_tags_construct_nothing() -> None:
    assert card("base_model: !!python/object/apply:os.getpid []").base_models == ()
    assert card('a: !!python/name:os.system ""\nlicense: mit').licence == "mit"


def test_a_front_matter_without_end() -> None:
    assert "does not end" in front_matter("README.md", b"---\na: b\n").error


def test_only_the_beginning_of_the_card_of_the_model_is_read() -> None:
    long = b"---\nlicense: mit\n---\n" + b"words " * 100_000
    assert inspect_with(CARD_FRONT_MATTER, "README.md", long, chunk=1000) == (CardFact("README.md", licence="mit"),)
    late = b"---\n" + b"# comment\n" * (MAX_FRONT_MATTER // 10) + b"---\n"
    facts = inspect_with(CARD_FRONT_MATTER, "README.md", late)
    assert facts is not None
    assert "does not end within 65536 bytes" in str(facts[0])
    assert inspect_with(CARD_FRONT_MATTER, "docs/README.md", long) is None
    assert inspect_with(CARD_FRONT_MATTER, "readme.txt", long) is None


@pytest.mark.parametrize("line", ["[", "- ", "? ", "{a: ", "a: b\n", "&a ", "[a, ", "- a\n", "'x", "a: |\n ", "!!x "])
def test_hostile_front_matter_takes_no_time(line: str) -> None:
    start = time.process_time()
    card(line * (60_000 // len(line)))
    assert time.process_time() - start < 15


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("abc:-[]{}&*!|>'\"#%@`,? \n\t\x85\u2028"), max_size=80))
def test_never_raises(yaml: str) -> None:
    assert isinstance(card(yaml), CardFact)
