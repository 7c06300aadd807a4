"""Adapters beside the weights that they would change."""

from __future__ import annotations

import pytest

from provenance.checks.adapters import ADAPTERS
from provenance.records import Finding, Severity
from tests.checks.models import evidence, model

ADAPTER = ["adapter_config.json", "adapter_model.safetensors"]


def run(*files: str) -> list[Finding]:
    return list(ADAPTERS.run(evidence(model(files=files))))


@pytest.mark.parametrize(
    "weights", ["model.safetensors", "model-00001-of-00002.safetensors", "pytorch_model.bin", "model.fp16.safetensors"]
)
def test_an_adapter_beside_weights(weights: str) -> None:
    (found,) = run(*ADAPTER, weights)
    assert (found.rule, found.severity) == ("adapter-present", Severity.WARNING)
    assert found.location.file == "adapter_config.json"
    assert found.message == "adapter_model.safetensors would be applied to the weights beside it"


def test_in_a_folder_of_its_own_as_well() -> None:
    (found,) = run("sub/adapter_config.json", "sub/adapter_model.bin", "sub/model.safetensors", "model.safetensors")
    assert found.location.file == "sub/adapter_config.json"


@pytest.mark.parametrize(
    "files",
    [
        ADAPTER,
        [*ADAPTER, "tokenizer.json", "training_args.bin", "README.md"],
        [*ADAPTER, "base/model.safetensors"],
        ["lora/adapter_config.json", "lora/adapter_model.safetensors", "model.safetensors"],
        ["adapter_config.json", "model.safetensors"],
        ["adapter_model.safetensors", "model.safetensors"],
    ],
    ids=str,
)
def test_what_no_loader_would_apply(files: list[str]) -> None:
    assert run(*files) == []
