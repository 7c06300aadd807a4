"""Llama, Mistral and every model that is stored as one of them (SmolLM2, TinyLlama, Yi, …)."""

from __future__ import annotations

from provenance.weights.architectures.dense import dense
from provenance.weights.architectures.interface import Architecture, Layout

LLAMA = Architecture(
    name="llama",
    classes=frozenset({"LlamaForCausalLM", "MistralForCausalLM"}),
    model_types=frozenset({"llama", "mistral"}),
    gguf=frozenset({"llama"}),
    rows=dense(query_key=Layout.ROTARY_INTERLEAVED),
)
