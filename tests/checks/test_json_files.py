"""JSON that readers disagree on."""

from __future__ import annotations

import pytest

from provenance.checks.file_kinds import CONFIGURATION
from provenance.checks.json_files import JSON_FILES
from provenance.records import Rejection, Severity
from provenance.surfaces.inspectors import documents
from tests.checks.models import contents, evidence, model


def found(name: str, data: bytes) -> list[tuple[str, Severity]]:
    return [(finding.rule, finding.severity) for finding in JSON_FILES.run(evidence(contents({name: data})))]


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "sub/generation_config.json"])
def test_configuration_has_to_be_json(name: str) -> None:
    assert found(name, b"{") == [("json-invalid", Severity.ERROR)]
    assert found(name, b"") == [("json-invalid", Severity.ERROR)]
    assert found(name, b"[" * 300 + b"]" * 300) == [("json-invalid", Severity.ERROR)]
    assert found(name, b'{"a": 1, "a": 1}') == [("json-duplicate-key", Severity.ERROR)]


def test_other_documents_may_be_anything() -> None:
    assert found("notes.json", b"{") == [("json-invalid", Severity.INFO)]
    assert found("notes.json", b'{"a": 1, "a": 1}') == [("json-duplicate-key", Severity.WARNING)]


def test_numbers_that_honest_configurations_hold() -> None:
    assert found("config.json", b'{"time_step_limit": [0.0, Infinity]}') == [("json-invalid", Severity.INFO)]
    assert found("trainer_state.json", b'{"loss": NaN}') == [("json-invalid", Severity.INFO)]


def test_the_keys_are_named() -> None:
    (finding,) = JSON_FILES.run(evidence(contents({"config.json": b'{"x": {"auto_map": 1, "auto_map": 2}}'})))
    assert finding.message == "'auto_map' twice in one object"


def test_a_rejected_index_is_said_once() -> None:
    name = "model.safetensors.index.json"
    facts = contents({name: b"{"}).facts
    rejection = Rejection(name, "shard-index", "not-json", "no JSON")
    assert list(JSON_FILES.run(evidence(model(files=[name], facts=facts, rejections=[rejection])))) == []


def test_the_two_lists_of_configuration_agree() -> None:
    assert documents.CONFIGURATION | {"tokenizer.json", "vocab.json"} == CONFIGURATION


@pytest.mark.parametrize("name", ["config.json", "config.4.0.0.json"])
def test_configuration_that_is_too_large_is_an_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_CONFIG", 20)
    data = b'{"auto_map": {"A": "x.Y"}}'
    (finding,) = JSON_FILES.run(evidence(contents({name: data})))
    assert (finding.rule, finding.severity) == ("json-invalid", Severity.ERROR)
    assert finding.message == f"too large to look at: {len(data)} bytes of JSON, the limit is 20"


@pytest.mark.parametrize("name", ["config.4.0.0.json", "tokenizer.4.0.0.json"])
def test_other_versions_of_configuration_are_configuration(name: str) -> None:
    assert found(name, b"{") == [("json-invalid", Severity.ERROR)]


@pytest.mark.parametrize("data", [b"{}", b"[]", b'{"model": {}}', b'{"model": {"type": "Evil", "vocab": {}}}'])
def test_a_tokenizer_json_without_a_tokenizer(data: bytes) -> None:
    assert found("tokenizer.json", data) == [("json-invalid", Severity.ERROR)]
