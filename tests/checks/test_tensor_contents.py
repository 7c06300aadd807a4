"""Constant matrices and programs in tensors."""

from __future__ import annotations

import pytest

from provenance.checks.tensor_contents import TENSOR_CONTENTS
from provenance.facts import TensorFact
from provenance.records import Finding, Header, Severity, Tensor
from tests.checks.models import evidence, model

FILE = "model.safetensors"


def run(name: str, shape: tuple[int, ...] = (64, 64), **seen: object) -> list[Finding]:
    tensor = Tensor(name, "BF16", shape, FILE, 128, 8192)
    made = Header(FILE, "safetensors", 0, (tensor,), {}, 64, "0" * 64)
    fact = TensorFact(FILE, name, **seen)  # type: ignore[arg-type]
    return list(TENSOR_CONTENTS.run(evidence(model(headers=[made], facts=[fact]))))


@pytest.mark.parametrize(
    "name",
    [
        "model.embed_tokens.weight", "lm_head.weight", "token_embd.weight", "output.weight", "blk.0.attn_q.weight",
        "blk.7.ffn_gate_exps.weight", "transformer.h.0.attn.c_attn.weight", "model.layers.3.mlp.up_proj.weight",
        "model.layers.0.mlp.experts.5.w1.weight", "bert.encoder.layer.0.attention.self.query.weight",
    ],
)  # fmt: skip
def test_a_matrix_that_a_model_computes_with(name: str) -> None:
    (found,) = run(name, constant=True, zero=True)
    assert found.severity is Severity.ERROR
    assert found.message == f"'{name}' (BF16 [64, 64]) is zero throughout"
    (found,) = run(name, constant=True)
    assert found.message.endswith("is one value throughout")


@pytest.mark.parametrize("name", ["model.layers.1.mlp.down_proj.weight", "blk.1.attn_output.weight"])
def test_a_zero_at_the_end_of_a_block_is_how_layers_are_added(name: str) -> None:
    assert run(name, constant=True, zero=True)[0].severity is Severity.WARNING
    assert run(name, constant=True)[0].severity is Severity.ERROR


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("model.norm.weight", (64,)),
        ("model.layers.0.self_attn.q_proj.bias", (64,)),
        ("base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight", (64, 8)),
        ("model.layers.0.mlp.down_proj.weight_scale", (64, 1)),
        ("model.layers.0.mlp.down_proj.weight", (1, 64)),
        ("model.layers.0.mlp.down_proj.qzeros", (8, 8)),
        ("model.layers.0.mlp.gate.e_score_correction_bias", (64,)),
        ("bert.embeddings.token_type_embeddings.weight", (2, 64)),
        ("model.layers.0.input_layernorm.weight", (64, 64)),
    ],
)
def test_what_begins_as_ones_or_zeros_is_quiet(name: str, shape: tuple[int, ...]) -> None:
    assert run(name, shape, constant=True, zero=True) == []
    assert run(name, shape, constant=True) == []


def test_a_program_is_told_with_its_place() -> None:
    (found,) = run("model.calibration", (256,), program="ELF program or library")
    assert found.rule == "program-in-tensor"
    assert found.location.offset == 128
    assert found.message == "'model.calibration' (BF16 [256]) begins with: ELF program or library"


def test_counts_alone_are_for_another_check() -> None:
    assert run("model.embed_tokens.weight", nonfinite=3) == []
