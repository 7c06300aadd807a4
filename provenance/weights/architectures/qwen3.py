"""Qwen3, dense: the Llama design with a norm on each head's q and k; its GGUF files keep the Hub's order."""

from __future__ import annotations

from provenance.weights.architectures.dense import dense
from provenance.weights.architectures.interface import Architecture, Row

QWEN3 = Architecture(
    name="qwen3",
    classes=frozenset({"Qwen3ForCausalLM"}),
    model_types=frozenset({"qwen3"}),
    gguf=frozenset({"qwen3"}),
    rows=(
        *dense(),
        Row("layers.{layer}.attention.q_norm", "layers.{layer}.self_attn.q_norm", "blk.{layer}.attn_q_norm"),
        Row("layers.{layer}.attention.k_norm", "layers.{layer}.self_attn.k_norm", "blk.{layer}.attn_k_norm"),
    ),
)
