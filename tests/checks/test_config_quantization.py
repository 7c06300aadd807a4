"""What is said of quantization against the tensors."""

from __future__ import annotations

import pytest

from provenance.checks.config_quantization import CONFIG_QUANTIZATION
from provenance.records import Evidence, Severity
from tests.checks.cases import fitting
from tests.checks.test_config_shapes import with_tensors


def severities(subject: Evidence) -> list[Severity]:
    return [found.severity for found in CONFIG_QUANTIZATION.run(subject)]


def declared(method: str, **more: object) -> Evidence:
    return fitting(quantization_config={"quant_method": method, **more})


@pytest.mark.parametrize("method", ["gptq", "awq", "fp8", "mxfp4"])
def test_declared_and_not_done(method: str) -> None:
    assert severities(declared(method)) == [Severity.ERROR]
    assert severities(with_tensors(declared(method), {"model.layers.0.mlp.up_proj.weight_scale": (1,)})) == []


def test_methods_that_quantize_when_they_load() -> None:
    assert severities(declared("bitsandbytes", load_in_4bit=True)) == [Severity.WARNING]
    assert (
        severities(declared("hqq")) == severities(declared("compressed-tensors")) == severities(declared("acme")) == []
    )


def test_done_and_not_declared() -> None:
    codes = {"model.layers.0.mlp.up_proj.qweight": (1, 4)}
    assert severities(with_tensors(fitting(), codes)) == [Severity.WARNING]
    assert severities(with_tensors(declared("gptq"), codes)) == []


def test_modules_outside_of_the_model() -> None:
    codes = {"model.layers.0.mlp.up_proj.qweight": (1, 4)}
    assert severities(with_tensors(declared("fp8", modules_to_not_convert=["lm_head", "../*"]), codes)) == [
        Severity.ERROR
    ]
    assert severities(with_tensors(declared("fp8", modules_to_not_convert=["lm_head", "model..x"]), codes)) == []
    assert severities(with_tensors(declared("fp8", ignore="re:.*"), codes)) == []
