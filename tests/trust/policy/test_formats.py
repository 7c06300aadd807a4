"""`[formats]`: what the names of the files claim."""

from __future__ import annotations

from typing import get_args

import pytest

from provenance.documents.policy import WeightFormat
from provenance.records import RuleResult
from provenance.trust.policy import formats
from provenance.trust.policy.formats import ARCHIVES, CODE, KNOWN, WEIGHTS, weight_formats
from tests.trust.policy.cases import case, manifest, only, report, results

PASS, UNKNOWN, FAIL = RuleResult.PASS, RuleResult.UNKNOWN, RuleResult.FAIL

HUB_MODEL = [
    ".gitattributes",
    "LICENSE",
    "README.md",
    "USE_POLICY.md",
    "Notice",
    "config.json",
    "generation_config.json",
    "merges.txt",
    "vocab.json",
    "model-00001-of-00002.safetensors",
    "model-00002-of-00002.safetensors",
    "model.safetensors.index.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "figures/benchmark.png",
    "onnx/config.json",
    "params.json",
    "tekken.json",
    "qwen.tiktoken",
]


def judged(files: list[str], allow: str = "'any'", others: str = "any") -> dict[str, RuleResult]:
    table = f"[formats]\nallow={allow}\nother-files='{others}'"
    fresh = results(formats.judge(case(report(files=files), table)))
    assert fresh == results(formats.judge(case(manifest(files), table)))
    return fresh


@pytest.mark.parametrize("others", ["any", "no-code", "known-only"])
def test_a_model_as_it_lies_on_the_hub_passes(others: str) -> None:
    assert judged(HUB_MODEL, "['safetensors']", others) == {"formats.allow": PASS, "formats.other-files": PASS}


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "a/b.PT", "x.ckpt", "optimizer.pth", "model.gguf", "m.onnx", "w.h5"]
)
def test_weights_of_another_format_fail(name: str) -> None:
    assert judged([*HUB_MODEL, name], "['safetensors']")["formats.allow"] is FAIL
    assert judged([*HUB_MODEL, name])["formats.allow"] is PASS


def test_the_files_are_named() -> None:
    table = "[formats]\nallow=['safetensors', 'gguf']\nother-files='any'"
    row = only(formats.judge(case(report(files=["a.bin", "b.gguf"]), table)), "formats.allow")
    assert row.message == "not stored as safetensors or gguf: a.bin; get the model in that form"


def test_no_weight_file_at_all_is_not_ok() -> None:
    assert judged(["config.json", "weights.dat"], "['safetensors']")["formats.allow"] is UNKNOWN


@pytest.mark.parametrize(
    "name", ["modeling.py", "lib.so", "run.SH", "x.ipynb", "payload.zip", "a.tar.gz", "evil.json.exe", ".hidden.py"]
)
def test_code_and_archives_beside_the_weights(name: str) -> None:
    files = [*HUB_MODEL, name]
    assert judged(files, others="any")["formats.other-files"] is PASS
    assert judged(files, others="no-code")["formats.other-files"] is FAIL
    assert judged(files, others="known-only")["formats.other-files"] is FAIL


@pytest.mark.parametrize("name", ["blob", "data.xyz", ".profile", "LICENSE.xyz", "a/.config/x", "license.exe"])
def test_unknown_kinds(name: str) -> None:
    files = [*HUB_MODEL, name]
    assert judged(files, others="known-only")["formats.other-files"] is FAIL


def test_unknown_is_not_code() -> None:
    assert judged([*HUB_MODEL, "data.xyz"], others="no-code")["formats.other-files"] is PASS


def test_every_format_of_the_vocabulary_has_endings_and_no_other() -> None:
    assert [*WEIGHTS] == [*get_args(WeightFormat)]
    assert all(WEIGHTS.values())


def test_no_ending_means_two_things() -> None:
    groups = [CODE, ARCHIVES, KNOWN, *WEIGHTS.values()]
    endings = [ending for group in groups for ending in group]
    assert len(endings) == len({*endings})
    assert all(ending.startswith(".") and ending == ending.lower() for ending in endings)


@pytest.mark.parametrize("name", ["config.json", "README", "", ".bin/x", "safetensors"])
def test_other_files_are_no_weights(name: str) -> None:
    assert weight_formats(name) == frozenset()
