"""Qwen2 and Qwen2.5: the Llama design with biases on q, k and v; their GGUF files keep the Hub's order."""

from __future__ import annotations

from provenance.weights.architectures.dense import dense
from provenance.weights.architectures.interface import Architecture

QWEN2 = Architecture(
    name="qwen2",
    classes=frozenset({"Qwen2ForCausalLM"}),
    model_types=frozenset({"qwen2"}),
    gguf=frozenset({"qwen2"}),
    rows=dense(),
)
