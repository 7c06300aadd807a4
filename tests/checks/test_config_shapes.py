"""A configuration against its tensors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from provenance.checks.config_shapes import CONFIG_SHAPES
from provenance.records import Evidence, Rejection, Severity, Tensor, TensorDigest
from tests.checks.cases import fitting
from tests.checks.models import evidence, folder


def said(subject: Evidence) -> list[str]:
    return [found.message for found in CONFIG_SHAPES.run(subject)]


def with_tensors(subject: Evidence, shapes: Mapping[str, tuple[int, ...]]) -> Evidence:
    """More tensors."""
    (held,) = subject.candidate.headers
    more = [Tensor(name, "F32", shape, held.file, 64, 16) for name, shape in shapes.items()]
    made = dataclasses.replace(held, tensors=(*held.tensors, *more))
    return dataclasses.replace(subject, candidate=dataclasses.replace(subject.candidate, headers=(made,)))


def experts(count: int) -> dict[str, tuple[int, ...]]:
    return {f"model.layers.0.mlp.experts.{i}.up_proj.weight": (6, 4) for i in range(count)}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocab_size": 12}, "vocab_size is 12, and 'model.embed_tokens.weight' is of 10 x 4"),
        ({"vocab_size": 8}, "vocab_size is 8, and 'model.embed_tokens.weight' is of 10 x 4"),
        ({"intermediate_size": 8}, "intermediate_size is 8, and 'model.layers.0.mlp.gate_proj.weight' is of 6 x 4"),
        ({"num_hidden_layers": 3}, "num_hidden_layers is 3, and there are tensors of 1 layers"),
        ({"num_hidden_layers": 0}, "num_hidden_layers is 0, and there are tensors of layer 0"),
        ({"num_attention_heads": 3}, "hidden_size 4 is no multiple of num_attention_heads 3"),
        ({"num_attention_heads": 0}, "num_attention_heads is 0"),
        ({"num_key_value_heads": 3}, "num_attention_heads 2 is no multiple of num_key_value_heads 3"),
        ({"head_dim": 4}, "num_attention_heads 2 of 4 numbers each, and 'model.layers.0.self_attn.q_proj.weight'"),
        ({"num_experts": 8}, "num_experts is 8, and there are tensors of no experts"),
        ({"num_nextn_predict_layers": 1}, "num_nextn_predict_layers is 1, and no tensor is of such a head"),
        (
            {"tie_word_embeddings": False, "architectures": ["LlamaForCausalLM"]},
            "tie_word_embeddings is false, and there is no output layer of its own",
        ),
        ({"architectures": ["LlamaForSequenceClassification"]}, "'LlamaForSequenceClassification' needs a head"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(settings: dict[str, Any], message: str) -> None:
    found = list(CONFIG_SHAPES.run(fitting(**settings)))
    assert [one.severity for one in found] == [Severity.ERROR]
    assert found[0].message.startswith(message)
    assert found[0].location.file == "config.json"


def test_what_fits_is_quiet() -> None:
    assert said(fitting()) == []
    assert said(fitting(head_dim=2, num_key_value_heads=2, tie_word_embeddings=True)) == []
    assert said(with_tensors(fitting(num_experts=2, num_experts_per_tok=2), experts(2))) == []
    head = {"lm_head.weight": (10, 4)}
    assert said(with_tensors(fitting(tie_word_embeddings=False, architectures=["LlamaForCausalLM"]), head)) == []


def test_unknown_families_and_foreign_names_are_left_alone() -> None:
    assert said(fitting(model_type="acme", vocab_size=99, num_hidden_layers=9)) == []
    assert said(fitting(model_type=None, vocab_size=99)) == []
    assert said(fitting(model_type=["llama"], vocab_size=99)) == []


def test_settings_of_the_text_model_in_a_larger_one() -> None:
    text = {"model_type": "llama", "vocab_size": 12, "hidden_size": 4}
    (found,) = CONFIG_SHAPES.run(fitting(model_type="llava", text_config=text))
    assert found.location.json_path == "$.text_config.vocab_size"


def test_of_incomplete_weights_nothing_is_missed() -> None:
    whole = fitting(num_hidden_layers=3, tie_word_embeddings=False, architectures=["LlamaForCausalLM"])
    assert len(said(whole)) == 2
    rejected = Rejection("other.safetensors", "safetensors", "overlap", "two tensors overlap")
    broken = dataclasses.replace(whole, candidate=dataclasses.replace(whole.candidate, rejections=(rejected,)))
    assert said(broken) == []
    (held,) = whole.candidate.headers
    part = dataclasses.replace(held, file="model-00001-of-00002.safetensors")
    assert said(dataclasses.replace(whole, candidate=dataclasses.replace(whole.candidate, headers=(part,)))) == []


def test_layers_of_a_prediction_head_are_numbered_on() -> None:
    beyond = {"model.layers.1.eh_proj.weight": (4, 8), "model.layers.1.self_attn.q_proj.weight": (4, 4)}
    declared = fitting(model_type="glm4_moe", num_nextn_predict_layers=1)
    assert said(with_tensors(declared, beyond)) == []
    (found,) = CONFIG_SHAPES.run(declared)
    assert found.severity is Severity.INFO  # Transformers saves such families without it
    (found,) = CONFIG_SHAPES.run(with_tensors(fitting(), {"mtp.layers.0.eh_proj.weight": (4, 8)}))
    assert (found.severity, "no setting declares one" in found.message) == (Severity.INFO, True)


def test_experts_are_counted() -> None:
    assert said(with_tensors(fitting(num_local_experts=4), experts(2))) == [
        "num_local_experts is 4, and there are tensors of 2 experts"
    ]
    fused = {"model.layers.0.mlp.experts.gate_up_proj": (4, 4, 12)}
    assert said(with_tensors(fitting(num_local_experts=4), fused)) == []
    assert said(with_tensors(fitting(num_local_experts=4, num_experts_per_tok=5), fused)) == [
        "num_experts_per_tok is 5, of 4 experts"
    ]


def test_an_output_layer_that_is_not_used() -> None:
    subject = fitting(tie_word_embeddings=True)

    def ends(head: str) -> list[Severity]:
        digests = tuple(
            TensorDigest(name, "F32", (10, 4), "model.safetensors", 160, value)
            for name, value in {"model.embed_tokens.weight": "1", "lm_head.weight": head}.items()
        )
        manifest = dataclasses.replace(subject.candidate.manifest, tensors=digests)
        made = dataclasses.replace(subject, candidate=dataclasses.replace(subject.candidate, manifest=manifest))
        return [found.severity for found in CONFIG_SHAPES.run(made)]

    assert ends("1") == []
    assert ends("2") == [Severity.WARNING]


def test_another_dtype_is_told_at_most() -> None:
    (found,) = CONFIG_SHAPES.run(fitting(torch_dtype="float16"))
    assert (found.severity, found.message) == (
        Severity.INFO,
        "torch_dtype is 'float16', and most of the weights are stored as F32",
    )
    assert said(fitting(dtype="float32")) == []


def test_values_of_the_wrong_kind_are_no_numbers() -> None:
    for odd in ("4", True, 4.0, None, [4], {"a": 4}):
        assert said(fitting(vocab_size=odd, num_hidden_layers=odd, num_attention_heads=odd, num_experts=odd)) == []


SMALL = {
    "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 16, "num_experts": 4, "num_local_experts": 4, "n_routed_experts": 4,
    "num_experts_per_tok": 2, "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16, "q_lora_rank": 8,
    "kv_lora_rank": 8, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 8, "n_group": 1, "topk_group": 1,
    "first_k_dense_replace": 1, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    "family",
    [
        "deepseek_v3",
        "gemma2",
        "glm4_moe",
        "gpt_oss",
        "llama",
        "mixtral",
        "phi3",
        "qwen2_moe",
        "qwen3_moe",
        "qwen3_next",
    ],
)
@pytest.mark.parametrize("tied", [True, False])
def test_models_that_transformers_saves(family: str, tied: bool, tmp_path: Path) -> None:
    from transformers import CONFIG_MAPPING, AutoModelForCausalLM

    kind = CONFIG_MAPPING[family]
    known = kind().to_dict()
    config = kind(**{key: value for key, value in SMALL.items() if key in known}, tie_word_embeddings=tied)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    found = list(CONFIG_SHAPES.run(evidence(folder(tmp_path))))
    assert [one.message for one in found if one.severity is not Severity.INFO] == []
