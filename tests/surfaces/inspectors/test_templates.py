"""Chat templates, wherever they stand."""

from __future__ import annotations

import hashlib
import json

import pytest

from provenance.facts import TextFact
from provenance.surfaces.inspectors.templates import MAX_TEMPLATE, TEMPLATES
from tests.surfaces.feeding import inspect_with


def found(file: str, data: bytes) -> list[tuple[str, str | None]]:
    facts = inspect_with(TEMPLATES, file, data)
    assert facts is not None
    assert all(isinstance(fact, TextFact) and fact.file == file for fact in facts)
    return [(fact.role, fact.text) for fact in facts if isinstance(fact, TextFact)]


def test_files_of_their_own() -> None:
    assert found("chat_template.jinja", b"{{ x }}\n") == [("chat-template", "{{ x }}")]
    assert found("additional_chat_templates/rag.jinja", b"y") == [("chat-template:rag", "y")]
    assert found("sub/chat_template.jinja", b"y") == [("chat-template", "y")]


@pytest.mark.parametrize("file", ["tokenizer_config.json", "chat_template.json", "processor_config.json"])
def test_keys_of_settings(file: str) -> None:
    assert found(file, json.dumps({"chat_template": "x"}).encode()) == [("chat-template", "x")]
    named = [{"name": "default", "template": "x"}, {"name": "rag", "template": "y"}]
    assert found(file, json.dumps({"chat_template": named}).encode()) == [
        ("chat-template", "x"),
        ("chat-template:rag", "y"),
    ]
    assert found(file, b"{}") == []
    assert found(file, b"[]") == []
    assert found(file, b"not json") == []


def test_a_key_that_stands_twice_gives_the_one_that_loaders_use() -> None:
    assert found("tokenizer_config.json", b'{"chat_template": "a", "chat_template": "b"}') == [("chat-template", "b")]


@pytest.mark.parametrize(
    "file", ["model_index.json", "other.jinja", "additional_chat_templates/x.txt", "chat_template.jinja.bak"]
)
def test_other_files_are_not_wanted(file: str) -> None:
    assert inspect_with(TEMPLATES, file, b"{}") is None


def test_bytes_that_are_no_text_still_have_a_digest() -> None:
    (one,) = found("chat_template.jinja", b"\xff")
    (two,) = found("chat_template.jinja", b"\xfe")
    assert one != two


@pytest.mark.parametrize(
    ("file", "role"),
    [
        ("chat_template.jinja", "chat-template"),
        ("additional_chat_templates/rag.jinja", "chat-template:rag"),
        ("tokenizer_config.json", "chat-template"),
    ],
)
def test_a_template_of_many_megabytes_has_a_digest_and_no_text(file: str, role: str) -> None:
    data = b"x" * (MAX_TEMPLATE + 1)
    assert inspect_with(TEMPLATES, file, data) == (TextFact(file, role, hashlib.sha256(data).hexdigest(), None),)
