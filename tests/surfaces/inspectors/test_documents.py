"""JSON documents, by size and by name."""

from __future__ import annotations

import json

import pytest

from provenance.facts import JsonFact
from provenance.surfaces.inspectors import documents
from provenance.surfaces.inspectors.documents import CONFIGURATION, DOCUMENTS, MAX_KEPT
from tests.surfaces.feeding import inspect_with


def document(file: str, data: bytes) -> JsonFact:
    facts = inspect_with(DOCUMENTS, file, data)
    assert facts is not None
    (fact,) = facts
    assert isinstance(fact, JsonFact)
    return fact


@pytest.mark.parametrize("file", ["config.json", "sub/config.json", "any.json", "UPPER.JSON"])
def test_values_are_kept(file: str) -> None:
    assert document(file, b'{"a": 1}') == JsonFact(file, {"a": 1})


@pytest.mark.parametrize("file", ["README.md", "tokenizer.json", "a.jsonl", "json", "config.json.bak"])
def test_other_files_are_not_wanted(file: str) -> None:
    assert inspect_with(DOCUMENTS, file, b"{}") is None


def test_large_documents_are_kept_only_where_loaders_obey_them() -> None:
    data = json.dumps({"auto_map": {"AutoModel": "x.Y"}, "pad": " " * MAX_KEPT}).encode()
    assert document("notes.json", data) == JsonFact("notes.json", None)
    assert document("config.json", data).value == json.loads(data)


def test_what_is_wrong_with_a_large_document_is_said() -> None:
    data = b'{"a": 1, "a": "' + b"x" * MAX_KEPT + b'"}'
    fact = document("notes.json", data)
    assert fact.value is None
    assert fact.duplicate_keys == ("a",)


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_DOCUMENT", 100)
    monkeypatch.setattr(documents, "MAX_CONFIG", 50)
    error = "too large to look at: 101 bytes of JSON, the limit is 100"
    assert document("notes.json", b"1" * 101) == JsonFact("notes.json", None, error=error)
    for name in ("config.json", "sub/config.json", "config.4.0.0.json"):
        assert document(name, b" " * 51).error == "too large to look at: 51 bytes of JSON, the limit is 50"


def test_configuration_under_the_name_of_a_version_is_configuration() -> None:
    data = json.dumps({"auto_map": {"AutoModel": "x.Y"}, "pad": " " * MAX_KEPT}).encode()
    assert document("config.4.0.0.json", data).value == json.loads(data)
    assert document("configuration.json", data).value is None
    assert inspect_with(DOCUMENTS, "tokenizer.4.0.0.json", data) is None


def test_configuration_has_names_of_json_documents() -> None:
    assert all(name.endswith(".json") and name == name.lower() for name in CONFIGURATION)
    assert "config.json" in CONFIGURATION
