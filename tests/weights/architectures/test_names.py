"""Names as transformers writes them and as the `gguf` package maps them; both are oracles, neither is ours."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.weights.architectures import ARCHITECTURES, Architecture, Layout
from provenance.weights.architectures.llama import LLAMA
from provenance.weights.architectures.qwen2 import QWEN2
from provenance.weights.architectures.qwen3 import QWEN3

SIZES: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 12,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "vocab_size": 32,
    "max_position_embeddings": 32,
    "tie_word_embeddings": False,
}
BIASES = {"attention_bias": True, "mlp_bias": True}


def state_dict(architecture: str) -> dict[str, Any]:
    """What transformers makes of a tiny model of each class."""
    import transformers

    classes: dict[str, tuple[str, str, dict[str, Any]]] = {
        "llama": ("LlamaConfig", "LlamaForCausalLM", BIASES),
        "mistral": ("MistralConfig", "MistralForCausalLM", {}),
        "qwen2": ("Qwen2Config", "Qwen2ForCausalLM", {}),
        "qwen3": ("Qwen3Config", "Qwen3ForCausalLM", {"head_dim": 8}),
    }
    config_class, model_class, options = classes[architecture]
    config = getattr(transformers, config_class)(**SIZES, **options)
    return dict(getattr(transformers, model_class)(config).state_dict())


def in_gguf(hub_name: str, architecture: str) -> str:
    """The name llama.cpp gives to a tensor of the Hub."""
    import gguf

    kind = next(arch for arch, name in gguf.MODEL_ARCH_NAMES.items() if name == architecture)
    name = gguf.get_tensor_name_map(kind, SIZES["num_hidden_layers"]).get_name(hub_name, (".weight", ".bias"))
    assert name is not None
    return str(name)


@pytest.mark.parametrize(
    ("model", "architecture"), [("llama", LLAMA), ("mistral", LLAMA), ("qwen2", QWEN2), ("qwen3", QWEN3)]
)
def test_every_tensor_of_a_real_model_has_one_role_and_the_same_in_gguf(model: str, architecture: Architecture) -> None:
    roles: dict[str, str] = {}
    for name in state_dict(model):
        place = architecture.place(name, "safetensors")
        assert place is not None, name
        assert place.layout is Layout.PLAIN
        assert place.role not in roles.values(), name
        stored_in_gguf = architecture.place(in_gguf(name, architecture.name), "gguf")
        assert stored_in_gguf is not None
        assert stored_in_gguf.role == place.role
        roles[name] = place.role
    assert roles["model.layers.11.mlp.down_proj.weight"] == "layers.11.mlp.down"
    assert (
        len(roles) == {"llama": 12 * 16 + 3, "mistral": 12 * 9 + 3, "qwen2": 12 * 12 + 3, "qwen3": 12 * 11 + 3}[model]
    )


def test_only_llamas_q_and_k_lie_otherwise_in_gguf() -> None:
    stored = {
        row.role for architecture in ARCHITECTURES for row in architecture.rows if row.gguf_layout is not Layout.PLAIN
    }
    assert stored == {"layers.{layer}.attention.q", "layers.{layer}.attention.k"}
    for part in ("weight", "bias"):
        place = LLAMA.place(f"blk.3.attn_k.{part}", "gguf")
        assert place is not None
        assert place.layout is Layout.ROTARY_INTERLEAVED
    qwen = QWEN2.place("blk.3.attn_k.weight", "gguf")
    assert qwen is not None
    assert qwen.layout is Layout.PLAIN


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda a: a.name)
def test_rows_are_one_to_one(architecture: Architecture) -> None:
    for column in ("role", "hub", "gguf"):
        values = [getattr(row, column) for row in architecture.rows]
        assert len(set(values)) == len(values)
        assert all(("{layer}" in value) == ("{layer}" in architecture.rows[i].role) for i, value in enumerate(values))


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.3.self_attn.q_proj.weight",
        "layers.3.self_attn.q_proj.weight",
        "model.language_model.layers.3.self_attn.q_proj.weight",
        "language_model.model.layers.3.self_attn.q_proj.weight",
        "language_model.layers.3.self_attn.q_proj.weight",
        "base_model.model.model.layers.3.self_attn.q_proj.weight",
    ],
)
def test_prefixes_of_wrapping_models_are_taken_off(name: str) -> None:
    place = QWEN3.place(name, "safetensors")
    assert place is not None
    assert place.role == "layers.3.attention.q"


@pytest.mark.parametrize("prefix", ["", "language_model.", "base_model.model."])
def test_the_head_stands_beside_the_wrapped_model(prefix: str) -> None:
    place = QWEN3.place(f"{prefix}lm_head.weight", "safetensors")
    assert place is not None
    assert place.role == "lm_head"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "weight",
        ".weight",
        "model.",
        "model.layers.3.self_attn.q_proj",
        "model.layers.3.self_attn.q_proj.weight.weight",
        "model.layers.3.self_attn.q_proj.weight\n",
        "model.layers.3.self_attn.q_proj.weight_scale_inv",
        "model.layers.03.self_attn.q_proj.weight",
        "model.layers.-3.self_attn.q_proj.weight",
        "model.layers.+3.self_attn.q_proj.weight",
        "model.layers.\u0663.self_attn.q_proj.weight",
        "model.layers.1000000.self_attn.q_proj.weight",
        "model.layers.{layer}.self_attn.q_proj.weight",
        "model.layers.3.mlp.experts.0.up_proj.weight",
        "model.model.layers.3.self_attn.q_proj.weight",
        "mtp.layers.3.self_attn.q_proj.weight",
        "vision_tower.layers.3.self_attn.q_proj.weight",
        "model.layers.3.self_attn.q_proj.lora_A.weight",
        "blk.3.attn_q.weight",
        "blk.3.self_attn.q_proj.weight",
        "9" * 100_000,
        "model.layers." + "9" * 100_000 + ".self_attn.q_proj.weight",
    ],
)
def test_what_is_not_declared_has_no_role(name: str) -> None:
    assert QWEN3.place(name, "safetensors") is None


@pytest.mark.parametrize(
    "name", ["model.blk.3.attn_q.weight", "layers.3.attn_q.weight", "blk.3.attn_q", "blk.40.nextn.eh_proj.weight"]
)
def test_gguf_names_are_taken_as_they_are(name: str) -> None:
    assert QWEN3.place(name, "gguf") is None


def test_other_formats_have_no_names() -> None:
    assert QWEN3.place("model.norm.weight", "pickle") is None


@pytest.mark.parametrize("part", ["attention.wq", "attention.wo", "feed_forward.w1", "feed_forward.w2", "ffn_norm"])
def test_the_makers_own_names_have_the_role_that_llama_cpp_gives_them(part: str) -> None:
    for name in (f"layers.3.{part}.weight", "tok_embeddings.weight", "norm.weight", "output.weight"):
        own = LLAMA.place(name, "safetensors")
        assert own is not None, name
        assert own == LLAMA.place(in_gguf(name, "llama"), "gguf"), "role and order of elements"
    assert QWEN3.place(f"layers.3.{part}.weight", "safetensors") is None


def test_generated_tensors_have_an_origin_and_no_role() -> None:
    for name, file_format in (
        ("rope_freqs.weight", "gguf"),
        ("model.layers.3.self_attn.rotary_emb.inv_freq", "safetensors"),
        ("layers.0.self_attn.rotary_emb.inv_freq", "safetensors"),
    ):
        assert "not recomputed yet" in LLAMA.origin(name, file_format)
        assert LLAMA.place(name, file_format) is None
        assert QWEN3.origin(name, file_format) == ""
    for name, file_format in (
        ("rope_freqs.weight", "safetensors"),
        ("rope_freqs.weight\n", "gguf"),
        ("layers.{layer}.self_attn.rotary_emb.inv_freq", "safetensors"),
        ("layers.03.self_attn.rotary_emb.inv_freq", "safetensors"),
        ("blk.0.attn_q.weight", "gguf"),
    ):
        assert LLAMA.origin(name, file_format) == ""
