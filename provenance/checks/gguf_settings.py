"""Settings in GGUF metadata, under the names that `config.json` has for them.

Keys as in the GGUF specification, "Standardized key-value pairs".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from provenance.checks.interface import facts
from provenance.checks.settings import ROPE, Path, Settings
from provenance.facts import TextFact
from provenance.records import Header, MetadataValue, ModelEvidence

FAMILIES: Mapping[str, str] = {
    "llama": "llama",
    "mistral": "llama",
    "mixtral": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
}
"""`model_type` to the `general.architecture` whose keys mean the same."""
KEYS: Mapping[str, Path] = {
    "attention.head_count": ("num_attention_heads",),
    "attention.head_count_kv": ("num_key_value_heads",),
    "attention.key_length": ("head_dim",),
    "attention.layer_norm_rms_epsilon": ("rms_norm_eps",),
    "block_count": ("num_hidden_layers",),
    "context_length": ("max_position_embeddings",),
    "embedding_length": ("hidden_size",),
    "feed_forward_length": ("intermediate_size",),
    "rope.freq_base": (ROPE, "rope_theta"),
    "rope.scaling.factor": (ROPE, "factor"),
    "rope.scaling.type": (ROPE, "rope_type"),
    "vocab_size": ("vocab_size",),
}
"""Key behind `ARCHITECTURE.` to the setting that means the same."""
SPECIAL: Mapping[str, str] = {"bos": "tokenizer.ggml.bos_token_id", "eos": "tokenizer.ggml.eos_token_id"}
_WRITTEN = frozenset({"linear", "yarn"})
"""Scalings of the rotary embedding that GGUF says in these keys; others are tensors in it, or nowhere."""
_OWN = ("general.", "tokenizer.", "split.", "quantize.")


def described(model: ModelEvidence) -> tuple[Header, ...]:
    """The GGUF headers that describe a model; further parts of a split set do not."""
    return tuple(h for h in model.headers if h.format == "gguf" and isinstance(architecture(h), str))


def architecture(header: Header) -> MetadataValue | None:
    """`general.architecture`, as declared."""
    return header.metadata.get("general.architecture")


def settings(header: Header) -> Settings:
    """Settings that `config.json` has as well."""
    prefix = f"{architecture(header)}."
    found: Settings = {}
    for key, path in KEYS.items():
        value = header.metadata.get(prefix + key)
        if value not in (None, "none"):
            found[path] = _single(value)
    return found


def others(header: Header) -> Settings:
    """Every key of the architecture, for comparison with another GGUF file."""
    return {(key,): _single(value) for key, value in header.metadata.items() if not key.startswith(_OWN)}


def comparable(config: Settings, header: Header) -> Settings:
    """The settings of a `config.json` that `header` has too, or must have."""
    written = settings(header)
    known = {path: value for path, value in config.items() if path in written}
    kind = config.get((ROPE, "rope_type"))
    if kind in _WRITTEN:
        known |= {path: config[path] for path in ((ROPE, "rope_type"), (ROPE, "factor")) if path in config}
    else:
        known.pop((ROPE, "factor"), None)
        known.pop((ROPE, "rope_type"), None)
    return known


def special_ids(model: ModelEvidence, name: str, documents: tuple[Mapping[str, object], ...]) -> set[object]:
    """Ids that a model gives its token `name` (`bos`, `eos`) anywhere: in its configurations, by its tokenizer."""
    found: set[object] = set()
    for document in documents:
        value = document.get(f"{name}_token_id")
        found |= {item for item in (value if isinstance(value, list) else [value]) if isinstance(item, int)}
    return found | set(_by_tokenizer(model, f"{name}_token"))


def _by_tokenizer(model: ModelEvidence, key: str) -> Iterator[int]:
    texts = {fact.role: fact.text for fact in facts(model, TextFact) if "/" not in fact.file and fact.text is not None}
    special, tokens = texts.get("tokenizer:special"), texts.get("tokenizer:tokens")
    if special is None or tokens is None:
        return
    token = json.loads(special).get(key)
    if isinstance(token, str):
        for line in re.finditer(rf"^(\d+) {re.escape(json.dumps(token))}$", tokens, re.MULTILINE):
            yield int(line[1])


def _single(value: MetadataValue) -> object:
    """One value in place of a list that repeats it layer by layer."""
    if isinstance(value, tuple):
        return value[0] if value and all(item == value[0] for item in value) else list(value)
    return value
