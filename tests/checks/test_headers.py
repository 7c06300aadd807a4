"""Rejected headers and empty weight files."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provenance.checks.headers import HEADERS
from provenance.checks.shards import SHARDS
from provenance.records import Rejection, Severity
from tests.checks.models import content, evidence, header, model


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


def rejected(file: str, rule: str) -> Rejection:
    return Rejection(file, "safetensors", rule, "as told")


def test_a_pointer_is_no_broken_header() -> None:
    rejection = rejected("model.safetensors", "not-safetensors")
    for kind, findings in (("lfs-pointer", 0), ("text", 1), ("apple-double", 1)):
        facts = [content("model.safetensors", kind)]
        assert len(list(HEADERS.run(evidence(model(rejections=[rejection], facts=facts))))) == findings


def test_what_macos_leaves_behind_is_no_broken_header() -> None:
    file = "sub/._model.safetensors"
    rejection = rejected(file, "not-safetensors")
    assert not list(HEADERS.run(evidence(model(rejections=[rejection], facts=[content(file, "apple-double")]))))
    assert list(HEADERS.run(evidence(model(rejections=[rejection], facts=[content(file, "text")]))))


@pytest.mark.parametrize("name", ["model-{:05}-of-00003.safetensors", "m-{}-of-3.safetensors", "m-{:03}-of-003.gguf"])
def test_healthy_files_of_an_incomplete_set(name: str) -> None:
    present = [name.format(1), name.format(3)]
    made = model(
        files=present,
        headers=[header(file, [file]) for file in present],
        rejections=[rejected(file, "split-count") for file in present],
    )
    assert list(HEADERS.run(evidence(made))) == []
    missing = [finding for finding in SHARDS.run(evidence(made)) if finding.rule == "shard-missing"]
    assert [finding.location.file for finding in missing] == [name.format(2)]


def test_a_whole_set_that_contradicts_itself_is_rejected() -> None:
    files = [f"m-{i:05}-of-00002.gguf" for i in (1, 2)]
    headers = [header(file, [file], kind="gguf") for file in files]
    for rule in ("split-count", "split-number", "duplicate-tensor"):
        made = model(files=files, headers=headers, rejections=[rejected(files[0], rule)])
        assert len(list(HEADERS.run(evidence(made)))) == 1
    half = model(files=files[:1], headers=headers[:1], rejections=[rejected(files[0], "split-number")])
    assert len(list(HEADERS.run(evidence(half)))) == 1
    alone = model(files=["m.gguf"], headers=[header("m.gguf", ["w"])], rejections=[rejected("m.gguf", "split-count")])
    assert len(list(HEADERS.run(evidence(alone)))) == 1


def test_tensors_without_elements_are_no_weights() -> None:
    empty = header("model.safetensors", ["a", "b"])
    empty = replace(empty, tensors=tuple(replace(tensor, shape=(0,), nbytes=0) for tensor in empty.tensors))
    (found,) = HEADERS.run(evidence(model(headers=[empty])))
    assert (found.rule, found.severity) == ("weights-empty", Severity.ERROR)
    one = replace(empty, tensors=(*empty.tensors[:1], replace(empty.tensors[1], shape=(1,), nbytes=2)))
    assert not list(HEADERS.run(evidence(model(headers=[one]))))
