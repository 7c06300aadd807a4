"""Templates are compared as Jinja would render them."""

from __future__ import annotations

import hashlib

import pytest

from provenance.surfaces.template_text import MAX_SHOWN, template, templates_in, text_fact


def test_line_ends_are_as_jinja_reads_them() -> None:
    jinja2 = pytest.importorskip("jinja2")
    texts = ["a\nb", "a\nb\n", "a\r\nb\r\n", "a\rb"]
    assert len({template("f", text).sha256 for text in texts}) == 1
    assert {jinja2.Template(text).render() for text in texts} == {"a\nb"}
    assert template("f", "a\nb\n\n").sha256 != template("f", "a\nb").sha256
    assert jinja2.Template("a\nb\n\n").render() == "a\nb\n"


def test_the_digest_is_of_the_text() -> None:
    fact = text_fact("f", "role", "Grüße")
    assert fact.sha256 == hashlib.sha256("Grüße".encode()).hexdigest()
    assert fact.text == "Grüße"


def test_a_long_text_is_known_by_its_digest_alone() -> None:
    assert text_fact("f", "role", "x" * MAX_SHOWN).text is not None
    fact = text_fact("f", "role", "x" * (MAX_SHOWN + 1))
    assert fact.text is None
    assert fact.sha256 == hashlib.sha256(b"x" * (MAX_SHOWN + 1)).hexdigest()


def test_half_a_surrogate_is_no_crash() -> None:
    assert text_fact("f", "role", b"\xff".decode("utf-8", "surrogateescape")).sha256


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("x", [("chat-template", "x")]),
        (
            [{"name": "default", "template": "x"}, {"name": "rag", "template": "y"}],
            [("chat-template", "x"), ("chat-template:rag", "y")],
        ),
        ({"default": "x", "tool_use": "y"}, [("chat-template", "x"), ("chat-template:tool_use", "y")]),
        ([{"name": 1, "template": "x"}, {"name": "a"}, "x", None], []),
        ({"a": 1}, []),
        (None, []),
        (7, []),
    ],
)
def test_every_form_of_the_key(value: object, found: list[tuple[str, str]]) -> None:
    assert [(fact.role, fact.text) for fact in templates_in("f", value)] == found
