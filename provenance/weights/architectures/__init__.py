"""The families whose names are known, and which of them a model declares itself to be.

To add one: a file that ends in its constant, an entry below, and its names in tests/weights/architectures.
"""

from __future__ import annotations

from collections.abc import Mapping

from provenance.weights.architectures.interface import Architecture, Layout, Place, wrapper
from provenance.weights.architectures.llama import LLAMA
from provenance.weights.architectures.qwen2 import QWEN2
from provenance.weights.architectures.qwen3 import QWEN3

__all__ = ["ARCHITECTURES", "Architecture", "Layout", "Place", "recognise", "wrapper"]

ARCHITECTURES = (LLAMA, QWEN2, QWEN3)


def recognise(config: Mapping[str, object] | None, metadata: Mapping[str, object] | None) -> Architecture | None:
    """The family that a parsed `config.json` or GGUF metadata declares; None where none is, or two contradict.

    Both may hold anything at all: they are the model's own words.
    """
    config, metadata = config or {}, metadata or {}
    if isinstance(text := config.get("text_config"), Mapping):
        config = text
    classes = config.get("architectures")
    declared = {name for name in classes if isinstance(name, str)} if isinstance(classes, list | tuple) else set()
    claims = [
        architecture
        for architecture in ARCHITECTURES
        if architecture.classes & declared
        or _among(config.get("model_type"), architecture.model_types)
        or _among(metadata.get("general.architecture"), architecture.gguf)
    ]
    return claims[0] if len(claims) == 1 else None


def _among(declared: object, claimed: frozenset[str]) -> bool:
    return isinstance(declared, str) and declared in claimed
