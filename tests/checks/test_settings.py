"""One spelling for the settings of every version of transformers, held against transformers itself."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from provenance.checks.settings import Difference, differences, same, settings, words

COMMON = {"torch_dtype": "bfloat16", "transformers_version": "4.40.0", "use_cache": True, "initializer_range": 0.02}
SIZES = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "max_position_embeddings": 256,
    "num_attention_heads": 4,
    "num_hidden_layers": 4,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-06,
    "vocab_size": 400,
}
LLAMA3 = {
    "factor": 32.0,
    "high_freq_factor": 4.0,
    "low_freq_factor": 1.0,
    "original_max_position_embeddings": 64,
    "rope_type": "llama3",
}
OLDER: dict[str, dict[str, Any]] = {
    "llama": {
        "architectures": ["LlamaForCausalLM"], "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 1,
        "eos_token_id": [2, 3], "head_dim": 16, "hidden_act": "silu", "mlp_bias": False, "model_type": "llama",
        "pretraining_tp": 1, "rope_scaling": LLAMA3, "rope_theta": 500000.0, "tie_word_embeddings": True,
    },
    "an old llama": {
        "architectures": ["LlamaForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
        "model_type": "llama", "pad_token_id": 0, "rope_scaling": None, "tie_word_embeddings": False,
    },
    "qwen2": {
        "architectures": ["Qwen2ForCausalLM"], "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2,
        "hidden_act": "silu", "max_window_layers": 21, "model_type": "qwen2", "rope_theta": 1000000.0,
        "sliding_window": 128, "tie_word_embeddings": True, "use_sliding_window": False,
    },
    "qwen3": {
        "architectures": ["Qwen3ForCausalLM"], "attention_bias": False, "bos_token_id": 1, "eos_token_id": 2,
        "head_dim": 32, "hidden_act": "silu", "max_window_layers": 28, "model_type": "qwen3", "rope_scaling": None,
        "rope_theta": 1000000, "sliding_window": None, "tie_word_embeddings": True, "use_sliding_window": False,
    },
    "qwen3 with yarn": {
        "architectures": ["Qwen3ForCausalLM"], "head_dim": 32, "hidden_act": "silu", "model_type": "qwen3",
        "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64},
        "rope_theta": 1000000, "tie_word_embeddings": True, "use_sliding_window": False,
    },
    "mistral": {
        "architectures": ["MistralForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
        "model_type": "mistral", "rope_theta": 10000.0, "sliding_window": 128, "tie_word_embeddings": False,
    },
    "gemma2": {
        "architectures": ["Gemma2ForCausalLM"], "attn_logit_softcapping": 50.0, "bos_token_id": 2, "eos_token_id": 1,
        "final_logit_softcapping": 30.0, "head_dim": 16, "hidden_activation": "gelu_pytorch_tanh",
        "model_type": "gemma2", "pad_token_id": 0, "query_pre_attn_scalar": 256, "rope_theta": 10000.0,
        "sliding_window": 128,
    },
    "gemma3": {
        "architectures": ["Gemma3ForCausalLM"], "bos_token_id": 2, "eos_token_id": 1, "head_dim": 16,
        "hidden_activation": "gelu_pytorch_tanh", "model_type": "gemma3_text", "pad_token_id": 0,
        "query_pre_attn_scalar": 256, "rope_local_base_freq": 10000.0, "rope_theta": 1000000.0,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 128, "sliding_window_pattern": 6,
    },
    "phi3": {
        "architectures": ["Phi3ForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
        "model_type": "phi3", "original_max_position_embeddings": 256, "pad_token_id": 2, "rope_scaling": None,
        "rope_theta": 10000.0, "sliding_window": 128, "tie_word_embeddings": False,
    },
    "mixtral": {
        "architectures": ["MixtralForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
        "model_type": "mixtral", "num_experts_per_tok": 2, "num_local_experts": 4, "output_router_logits": False,
        "rope_theta": 1000000.0, "router_aux_loss_coef": 0.02, "sliding_window": None, "tie_word_embeddings": False,
    },
}  # fmt: skip
"""Configurations as transformers 4 wrote them, after well-known models."""


def compare(here: dict[str, Any], base: dict[str, Any]) -> list[Difference]:
    return list(differences(settings(here), settings(base)))


def changes(here: dict[str, Any], base: dict[str, Any]) -> dict[str, tuple[object, object]]:
    return {".".join(found.path): (found.base, found.here) for found in compare(here, base)}


@pytest.mark.parametrize("name", OLDER)
def test_what_transformers_saves_again_says_the_same(name: str, tmp_path: Path) -> None:
    from transformers import AutoConfig

    older = {**COMMON, **SIZES, **OLDER[name]}
    (tmp_path / "config.json").write_text(json.dumps(older))
    AutoConfig.from_pretrained(tmp_path).save_pretrained(tmp_path)
    newer = json.loads((tmp_path / "config.json").read_text())
    assert "rope_parameters" in newer
    assert compare(newer, older) == []
    assert compare(older, newer) == []


@pytest.mark.parametrize("name", OLDER)
def test_a_change_is_seen_through_either_spelling(name: str, tmp_path: Path) -> None:
    from transformers import AutoConfig

    older = {**COMMON, **SIZES, **OLDER[name]}
    (tmp_path / "config.json").write_text(json.dumps({**older, "rope_theta": 77.0, "rms_norm_eps": 0.5}))
    AutoConfig.from_pretrained(tmp_path).save_pretrained(tmp_path)
    newer = json.loads((tmp_path / "config.json").read_text())
    found = changes(newer, older)
    assert {key.rpartition(".")[2] for key in found} == {"rope_theta", "rms_norm_eps"}
    assert found["rms_norm_eps"] == (1e-06, 0.5)


def test_rotary_embeddings_in_both_spellings() -> None:
    older = {"rope_theta": 1e6, "rope_scaling": {"type": "yarn", "factor": 4.0}}
    newer = {"rope_parameters": {"rope_theta": 1000000, "rope_type": "yarn", "factor": 4}}
    assert compare(newer, older) == compare(older, newer) == []
    assert compare({**newer, **older}, older) == []
    plain = {"rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}}
    assert compare(plain, {}) == compare({}, plain) == compare({"rope_theta": 10000, "rope_scaling": None}, plain) == []


def test_two_values_for_two_loaders() -> None:
    base = {"rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}}
    assert changes({**base, "rope_theta": 3.0}, base) == {"rope_theta": (None, 3.0)}
    assert changes({**base, "rope_scaling": {"rope_type": "linear", "factor": 9.0}}, base) == {
        "rope_parameters.factor": (None, 9.0),
        "rope_scaling.rope_type": (None, "linear"),
    }


def test_an_absent_setting_has_what_its_neighbours_say() -> None:
    base = {"num_attention_heads": 4, "hidden_size": 64}
    assert compare({**base, "head_dim": 16, "num_key_value_heads": 4}, base) == []
    found = changes({**base, "head_dim": 32, "num_key_value_heads": 2}, base)
    assert found == {"head_dim": (None, 32), "num_key_value_heads": (None, 2)}
    layers = {"num_hidden_layers": 3}
    assert compare({**layers, "layer_types": ["full_attention"] * 3}, layers) == []
    assert changes({**layers, "layer_types": ["full_attention", "full_attention", "sliding_attention"]}, layers)
    assert changes({**layers, "layer_types": ["full_attention"] * 2}, layers)


def test_windows_that_are_off_are_off() -> None:
    off = {"use_sliding_window": False}
    assert compare({**off, "sliding_window": None}, {**off, "sliding_window": 4096, "max_window_layers": 3}) == []
    assert compare({**off, "sliding_window": 9}, {"use_sliding_window": True, "sliding_window": 9})


@pytest.mark.parametrize(
    ("here", "base"),
    [
        ({"x": None}, {}),
        ({"x": False}, {}),
        ({"x": []}, {}),
        ({"x": {}}, {}),
        ({"x": ""}, {}),
        ({"tie_word_embeddings": True}, {}),
        ({"eos_token_id": [3]}, {"eos_token_id": 3}),
        ({"eos_token_id": [1, 2]}, {"eos_token_id": [2, 1]}),
        ({"attn_pdrop": 0.1, "attention_dropout": 0.5, "hidden_dropout_prob": 1}, {}),
        ({"dtype": "float16"}, {"torch_dtype": "bfloat16"}),
        ({"text_config": {"dtype": "float16", "x": 1}}, {"text_config": {"x": 1}}),
        ({"x": 9.999999974752427e-07}, {"x": 1e-06}),
        ({"x": float("nan")}, {"x": float("nan")}),
    ],
    ids=str,
)
def test_no_difference(here: dict[str, Any], base: dict[str, Any]) -> None:
    assert compare(here, base) == []


@pytest.mark.parametrize(
    ("here", "base"),
    [
        ({"x": False}, {"x": True}),
        ({"x": True}, {}),
        ({}, {"x": 1}),
        ({"x": 0}, {}),
        ({"tie_word_embeddings": False}, {}),
        ({"eos_token_id": [1, 2]}, {"eos_token_id": 1}),
        ({"text_config": {"x": 1}}, {"text_config": {"x": 2}}),
        ({"text_config": {"x": 1}}, {"text_config": {}}),
        ({"x": 1.001e-06}, {"x": 1e-06}),
        ({"x": 10**400}, {"x": 1.0}),
        ({"quantization_config": {"bits": 4}}, {}),
    ],
    ids=str,
)
def test_a_difference(here: dict[str, Any], base: dict[str, Any]) -> None:
    assert len(compare(here, base)) == 1
    assert len(compare(base, here)) == 1


KEYS = st.sampled_from(
    sorted(
        words(
            "rope_parameters rope_scaling rope_theta rope_type type factor rope_local_base_freq text_config "
            "hidden_size num_attention_heads head_dim num_hidden_layers layer_types sliding_window_pattern x "
            "eos_token_id"
        )
    )
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@examples(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, JSON, max_size=6), st.dictionaries(KEYS, JSON, max_size=6))
def test_any_document_is_borne_and_left_as_it_was(one: dict[str, Any], other: dict[str, Any]) -> None:
    before = repr((one, other))
    there, back = compare(one, other), compare(other, one)
    assert compare(one, one) == []
    assert {found.path for found in there} == {found.path for found in back}
    assert repr((one, other)) == before


def test_long_keys_around_many_settings_take_no_time() -> None:
    document: dict[str, Any] = {"k" * 1_000_000: {str(i): i for i in range(100_000)}}
    start = time.process_time()
    assert len(compare(document, {})) == 100_000
    assert time.process_time() - start < 5


def test_one_id_is_a_list_of_one() -> None:
    assert same([5], 5)
    assert same(5, [5])
    assert not same([5, 6], 5)
