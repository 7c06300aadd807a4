"""Promised and present shards."""

from __future__ import annotations

import dataclasses
import time

import pytest

from provenance.checks.shards import SHARDS, shard_path
from provenance.records import Finding, ModelKind, Rejection, ShardIndex
from tests.checks.cases import HELD, HONEST, INDEX, ONE, TWO, sharded
from tests.checks.models import evidence, header, model


def rules(findings: list[Finding]) -> list[tuple[str, str]]:
    return sorted((finding.rule, finding.location.file) for finding in findings)


def test_a_complete_model_has_no_finding() -> None:
    assert list(SHARDS.run(sharded(HONEST, HELD))) == []
    assert list(SHARDS.run(evidence(model(headers=[header("model.safetensors", ["a"])])))) == []


def test_a_missing_shard_is_named_once_with_its_tensors() -> None:
    (found,) = SHARDS.run(sharded({**HONEST, "c": TWO}, {ONE: ["a"]}))
    assert (found.rule, found.location.file) == ("shard-missing", TWO)
    assert "2 tensors" in found.message
    assert "'b', 'c'" in found.message


def test_sets_are_judged_by_their_names_where_there_is_no_index() -> None:
    files = ["q4-00001-of-00003.gguf", "q4-00003-of-00003.gguf"]
    (found,) = SHARDS.run(evidence(model(files=files)))
    assert (found.rule, found.location.file) == ("shard-missing", "q4-00002-of-00003.gguf")
    complete = [f"q4-{i:05}-of-00003.gguf" for i in (1, 2, 3)]
    assert list(SHARDS.run(evidence(model(files=complete)))) == []
    assert list(SHARDS.run(evidence(model(files=["model-00001-of-00001.safetensors"])))) == []


def test_pytorch_shards_are_judged_as_well() -> None:
    index = ShardIndex("pytorch_model.bin.index.json", {"a": "pytorch_model-00001-of-00002.bin"}, None)
    files = ["pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin", "training_args.bin"]
    found = list(SHARDS.run(evidence(model(files=files, indexes=[index]))))
    assert rules(found) == [("shard-missing", "pytorch_model-00002-of-00002.bin")]


def test_shards_of_a_folder_of_their_own() -> None:
    index = ShardIndex("transformer/m.safetensors.index.json", {"a": "x.safetensors"}, None)
    files = ["transformer/m.safetensors.index.json", "transformer/x.safetensors", "vae/y.safetensors"]
    assert list(SHARDS.run(evidence(model(files=files, indexes=[index])))) == []


def test_a_set_named_by_one_of_its_files_has_no_index_beside_it() -> None:
    made = model(files=[ONE, TWO])
    assert rules(list(SHARDS.run(evidence(made)))) == [("index-missing", ONE)]
    split = dataclasses.replace(made, manifest=dataclasses.replace(made.manifest, kind=ModelKind.SPLIT))
    assert list(SHARDS.run(evidence(split))) == []


def test_a_promise_of_any_number_takes_no_time() -> None:
    files = [f"x{i}-00001-of-99999.gguf" for i in range(3000)]
    start = time.process_time()
    found = list(SHARDS.run(evidence(model(files=files))))
    assert time.process_time() - start < 5
    assert len(found) == 3000
    assert "and more" in found[0].message


def test_the_unlisted_file_and_the_index_are_named() -> None:
    (found,) = SHARDS.run(sharded(HONEST, {**HELD, "consolidated.safetensors": ["a"]}))
    assert found.message == f"not listed in '{INDEX}'"
    assert list(SHARDS.run(sharded(HONEST, {**HELD, "mm/other.safetensors": ["a"]}))) == []


def test_an_index_that_was_not_read() -> None:
    rejection = Rejection(INDEX, "shard-index", "bad-index", "no weight_map")
    found = list(SHARDS.run(evidence(model(files=[INDEX, ONE, TWO], rejections=[rejection]))))
    assert rules(found) == [("index-missing", ONE), ("index-unreadable", INDEX)]


@pytest.mark.parametrize(
    "declared",
    [
        "../x.safetensors",
        "a/../../x.safetensors",
        "/etc/passwd",
        "",
        "..",
        "a\\b.safetensors",
        "C:/x.safetensors",
        "C:x",
        "https://example.com/x.safetensors",
        "file:///etc/passwd",
        "a\x00b",
    ],
)
def test_paths_that_leave_the_model(declared: str) -> None:
    assert shard_path(ShardIndex(INDEX, {}, None), declared) is None
    found = list(SHARDS.run(sharded({**HONEST, "c": declared}, HELD)))
    assert rules(found) == [("index-path-escapes", INDEX)]
    assert found[0].message.startswith("places 'c' in ")


@pytest.mark.parametrize(
    ("index", "declared", "path"),
    [
        (INDEX, ONE, ONE),
        (INDEX, f"./{ONE}", ONE),
        (INDEX, "sub/x.safetensors", "sub/x.safetensors"),
        ("sub/i.json", "x.safetensors", "sub/x.safetensors"),
        ("sub/i.json", "sub//x.safetensors", "sub/sub/x.safetensors"),
    ],
)
def test_paths_inside_the_model(index: str, declared: str, path: str) -> None:
    assert shard_path(ShardIndex(index, {}, None), declared) == path
