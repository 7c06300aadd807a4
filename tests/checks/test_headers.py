"""Rejected headers and empty weight files."""

from __future__ import annotations

from provenance.checks.headers import HEADERS
from provenance.records import Rejection, Severity
from tests.checks.models import evidence, header, model


def test_the_rule_and_the_place_are_named() -> None:
    rejection = Rejection("sub/m.safetensors", "safetensors", "overlap", "two tensors overlap", 64)
    (found,) = HEADERS.run(evidence(model(rejections=[rejection])))
    assert found.message == "safetensors: two tensors overlap [overlap]"
    assert found.severity is Severity.CRITICAL
    assert (found.location.file, found.location.offset) == ("sub/m.safetensors", 64)


def test_a_rejected_index_is_for_the_shards_to_say() -> None:
    rejection = Rejection("model.safetensors.index.json", "shard-index", "bad-index", "no weight_map")
    assert list(HEADERS.run(evidence(model(rejections=[rejection])))) == []


def test_each_empty_file_is_named() -> None:
    headers = [header("a.safetensors", []), header("b.gguf", [], kind="gguf"), header("c.safetensors", ["w"])]
    found = list(HEADERS.run(evidence(model(headers=headers))))
    assert [finding.location.file for finding in found] == ["a.safetensors", "b.gguf"]
    assert found[1].message == "a gguf file with no tensors"
