"""Settings of a model that loaders obey, in one spelling whatever wrote them: `config.json`, `generation_config.json`.

Transformers 4 and 5 spell rotary embeddings differently, and both leave out or write out what is the default anyway.
A setting is known by its path, `("text_config", "rms_norm_eps")`; what decides nothing is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Path = tuple[str, ...]
Settings = dict[Path, object]


def words(text: str) -> frozenset[str]:
    """A set of keys, written as a text."""
    return frozenset(text.split())


ROPE = "rope_parameters"
"""Where transformers 5 keeps every parameter of the rotary embedding."""

INERT = words(
    "_attn_implementation _attn_implementation_autoset _commit_hash _from_model_config _name_or_path "
    "attn_implementation auto_map cache_implementation chunk_size_feed_forward dtype gradient_checkpointing "
    "initializer_factor initializer_range keys_to_ignore_at_inference low_memory name_or_path "
    "output_attentions output_hidden_states output_logits output_router_logits output_scores pretraining_tp "
    "return_dict return_dict_in_generate router_aux_loss_coef router_jitter_noise router_z_loss_coef torch_dtype "
    "torchscript transformers.js_config transformers_version unsloth_fixed unsloth_version use_cache"
)
"""Nothing of what the model answers depends on these. `auto_map` is for remote-code to judge."""
_DROPOUT = ("dropout", "dropout_prob", "_pdrop", "layerdrop")
"""Ends of keys that matter in training alone."""
_WHOLE = frozenset({"compression_config", "quantization_config"})
"""Shown and compared as one value."""
_TRUE_UNLESS_SAID = words(
    "do_layer_norm_before is_gated_act norm_topk_prob parallel_attn rope_interleave scale_attn_weights "
    "scale_embedding tie_word_embeddings use_parallel_residual use_qk_norm"
)
"""Switches that some family of transformers 5 has on by default: `false` is not what leaving them out means."""
_DEFAULTS: Mapping[str, object] = {
    "diversity_penalty": 0.0, "encoder_no_repeat_ngram_size": 0, "encoder_repetition_penalty": 1.0,
    "epsilon_cutoff": 0.0, "eta_cutoff": 0.0, "length_penalty": 1.0, "max_length": 20, "min_length": 0,
    "no_repeat_ngram_size": 0, "num_beam_groups": 1, "num_beams": 1, "num_return_sequences": 1,
    "partial_rotary_factor": 1.0, "repetition_penalty": 1.0, "rope_theta": 10000.0, "rope_type": "default",
    "temperature": 1.0, "top_k": 50, "top_p": 1.0, "typical_p": 1.0,
}  # fmt: skip
"""What leaving out these keys means."""
_ROPE_TYPES = {"mrope": "default", "su": "longrope"}
"""Names that transformers has given up, and what it reads them as."""
_SLIDING_EVERY = {"cohere2": 4, "gemma2": 2, "gemma3": 6, "gemma3_text": 6}
"""Families in which every so-many-th layer attends to everything, and whose older configurations do not say so."""
_MAX_LAYERS = 4096


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that is not the base's; None stands for one that is not set."""

    path: Path
    base: object
    here: object


def settings(document: Mapping[str, object]) -> Settings:
    """Every setting of a parsed configuration, nested ones too."""
    found: Settings = {}
    stack: list[tuple[Path, Mapping[str, object]]] = [((), document)]
    while stack:
        path, value = stack.pop()
        for key, item in (value if ROPE in path else _canonical(value)).items():
            if key in INERT or key.endswith(_DROPOUT):
                continue
            if isinstance(item, dict) and item and key not in _WHOLE:
                stack.append(((*path, key), item))
            elif item is not None:
                found[(*path, key)] = item
    return found


def differences(here: Settings, base: Settings) -> Iterator[Difference]:
    """Settings that differ, by path. One that a side leaves out has its default, where that is known."""
    for path in sorted(here.keys() | base.keys()):
        mine, theirs = here.get(path), base.get(path)
        if mine is None or theirs is None:
            said, silent = (theirs, here) if mine is None else (mine, base)
            if _unset(path[-1], said) or same(said, _implied(path, silent)):
                continue
        if not same(mine, theirs):
            yield Difference(path, theirs, mine)


def same(one: object, other: object) -> bool:
    """Whether two values say the same: one id and a list of one, numbers that differ only in float32."""
    if isinstance(one, list) != isinstance(other, list):
        one, other = (value[0] if isinstance(value, list) and len(value) == 1 else value for value in (one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other or _close(one, other)
    return one == other


def _close(one: float, other: float) -> bool:
    """Equal as far as float32 can tell; integers are exact, and may be too long for any float."""
    if isinstance(one, int) and isinstance(other, int):
        return False
    try:
        return math.isclose(one, other, rel_tol=1e-6) or (math.isnan(one) and math.isnan(other))
    except OverflowError:
        return False


def _canonical(config: Mapping[str, object]) -> dict[str, object]:
    """One object of a configuration as transformers 5 spells it."""
    found = dict(config)
    _fold_rope(found)
    if "_sliding_window_pattern" in found:
        found.setdefault("sliding_window_pattern", found.pop("_sliding_window_pattern"))
    if found.get("use_sliding_window") is False:
        for unused in ("sliding_window", "max_window_layers"):
            found.pop(unused, None)
    return {key: _in_order(key, item) for key, item in found.items()}


def _in_order(key: str, value: object) -> object:
    """Tokens that end a text are a set."""
    return sorted(value, key=str) if key == "eos_token_id" and isinstance(value, list) else value


def _fold_rope(config: dict[str, object]) -> None:
    """Take what stands elsewhere into `rope_parameters`; what contradicts it there stays where it is.

    Two loaders may then read two values, so both are compared.
    """
    rope = _rope(config.pop(ROPE, None))
    nested = [item for item in rope.values() if isinstance(item, dict)]
    local = config.pop("rope_local_base_freq", None)
    if not nested:
        scaling = _rope(config.pop("rope_scaling", None))
        _take(rope, scaling)
        if scaling:
            config["rope_scaling"] = scaling
    for key in ("rope_theta", "partial_rotary_factor", "original_max_position_embeddings"):
        value = config.get(key)
        if value is None:
            continue
        known = [item.get(key) for item in nested] if nested else [rope.setdefault(key, value)]
        if any(same(value, item) for item in known):
            del config[key]
    if local is not None and not nested:
        rope = {"full_attention": rope, "sliding_attention": {"rope_theta": local}}
    elif local is not None and not any(same(local, item.get("rope_theta")) for item in nested):
        config["rope_local_base_freq"] = local
    if rope:
        config[ROPE] = rope


def _rope(value: object) -> dict[str, object]:
    """Rotary parameters with `type` called `rope_type`, and by its present name."""
    if not isinstance(value, dict):
        return {}
    found = {key: _rope(item) if isinstance(item, dict) else item for key, item in value.items()}
    kind = found.pop("type", None)
    kind = found.get("rope_type", kind)
    if isinstance(kind, str):
        found["rope_type"] = _ROPE_TYPES.get(kind, kind)
    return found


def _take(into: dict[str, object], source: dict[str, object]) -> None:
    """Move the members of `source` that `into` lacks or has alike."""
    for key in tuple(source):
        if same(into.setdefault(key, source[key]), source[key]):
            del source[key]


def _unset(key: str, value: object) -> bool:
    """Whether writing `value` says no more than leaving it out."""
    if isinstance(value, bool):
        return value is (key in _TRUE_UNLESS_SAID)
    return value in ("", [], {}) or (key in _DEFAULTS and same(value, _DEFAULTS[key]))


def _implied(path: Path, side: Settings) -> object:
    """What a setting is where `side` leaves it out, by its neighbours; None where they do not say."""
    parent, key = path[:-1], path[-1]

    def beside(name: str) -> object:
        return side.get((*parent, name))

    heads, size = beside("num_attention_heads"), beside("hidden_size")
    if key == "num_key_value_heads":
        return heads
    if key == "head_dim" and isinstance(heads, int) and isinstance(size, int) and heads > 0:
        return size // heads
    if key == "sliding_window_pattern":
        return _SLIDING_EVERY.get(str(beside("model_type")))
    if key == "layer_types":
        return _layer_types(beside("num_hidden_layers"), beside("sliding_window_pattern"), beside("model_type"))
    if key == "original_max_position_embeddings" and parent[-1:] == (ROPE,):
        return side.get((*parent[:-1], "max_position_embeddings"))
    return None


def _layer_types(layers: object, pattern: object, family: object) -> object:
    """The kinds of attention, layer by layer, of a configuration that does not list them."""
    if not isinstance(layers, int) or not 0 < layers <= _MAX_LAYERS:
        return None
    every = pattern if isinstance(pattern, int) and pattern > 0 else _SLIDING_EVERY.get(str(family), 1)
    return ["sliding_attention" if (i + 1) % every else "full_attention" for i in range(layers)]
