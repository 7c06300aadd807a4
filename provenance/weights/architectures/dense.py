"""The names that dense decoders of the Llama design share; each family adds its own to them."""

from __future__ import annotations

from provenance.weights.architectures.interface import Layout, Row

EMBEDDING = "embedding"
LM_HEAD = "lm_head"
"""Roles of the two ends, which a model may tie: one matrix that serves as both."""


def dense(query_key: Layout = Layout.PLAIN) -> tuple[Row, ...]:
    """Rows of a dense decoder whose GGUF files store q and k in the order `query_key`."""
    return (
        Row(EMBEDDING, "embed_tokens", "token_embd"),
        Row("layers.{layer}.attention_norm", "layers.{layer}.input_layernorm", "blk.{layer}.attn_norm"),
        Row("layers.{layer}.attention.q", "layers.{layer}.self_attn.q_proj", "blk.{layer}.attn_q", query_key),
        Row("layers.{layer}.attention.k", "layers.{layer}.self_attn.k_proj", "blk.{layer}.attn_k", query_key),
        Row("layers.{layer}.attention.v", "layers.{layer}.self_attn.v_proj", "blk.{layer}.attn_v"),
        Row("layers.{layer}.attention.o", "layers.{layer}.self_attn.o_proj", "blk.{layer}.attn_output"),
        Row("layers.{layer}.mlp_norm", "layers.{layer}.post_attention_layernorm", "blk.{layer}.ffn_norm"),
        Row("layers.{layer}.mlp.gate", "layers.{layer}.mlp.gate_proj", "blk.{layer}.ffn_gate"),
        Row("layers.{layer}.mlp.up", "layers.{layer}.mlp.up_proj", "blk.{layer}.ffn_up"),
        Row("layers.{layer}.mlp.down", "layers.{layer}.mlp.down_proj", "blk.{layer}.ffn_down"),
        Row("final_norm", "norm", "output_norm"),
        Row(LM_HEAD, "lm_head", "output"),
    )
