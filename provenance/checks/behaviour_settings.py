"""How much it matters that a setting is not the base's: which settings decide what is computed, said, and ended."""

from __future__ import annotations

from collections.abc import Iterable

from provenance.checks.settings import ROPE, Difference, Path, words
from provenance.records import Evidence, Lineage, Manifest, ModelEvidence, Severity, TensorState

_COMPUTES = words(
    "activation_function architectures attention_multiplier attn_logit_softcapping attn_scale embedding_multiplier "
    "final_logit_softcapping first_k_dense_replace head_dim hidden_act hidden_activation hidden_size "
    "intermediate_size kv_lora_rank layer_norm_eps layer_norm_epsilon layer_types logit_scale logits_scaling "
    "max_window_layers model_type moe_intermediate_size n_embd n_group n_head n_inner n_layer norm_eps norm_topk_prob "
    "num_attention_heads num_experts_per_tok num_hidden_layers num_key_value_heads partial_rotary_factor q_lora_rank "
    "qk_nope_head_dim qk_rope_head_dim query_pre_attn_scalar residual_multiplier rms_norm_eps rope_interleave "
    "rope_local_base_freq rope_theta rotary_pct routed_scaling_factor scale_attn_weights sliding_window "
    "sliding_window_pattern tie_word_embeddings topk_group use_qk_norm use_sliding_window v_head_dim"
)
"""Settings that decide what is computed from weights that stay as they are."""
_OPTIONAL = words("attn_logit_softcapping final_logit_softcapping sliding_window use_sliding_window")
"""Settings that are off in every library where they are left out."""
_STEERS = words(
    "assistant_model bad_words_ids begin_suppress_tokens custom_generate eos_token_id force_words_ids "
    "forced_bos_token_id forced_decoder_ids forced_eos_token_id logits_processor negative_prompt_ids sequence_bias "
    "stop_strings suppress_tokens watermarking_config"
)
"""Settings of generation that decide which words can be said, and when an answer ends."""
_SAMPLES = words(
    "do_sample early_stopping epsilon_cutoff eta_cutoff length_penalty max_length max_new_tokens max_time min_p "
    "num_beams penalty_alpha presence_penalty repetition_penalty temperature top_a top_h top_k top_p typical_p"
)
"""Settings of generation that everybody chooses for themselves; what is beyond reason has a rule of its own."""
_SCALED = frozenset({"yarn", "longrope"})
_MUCH_SHORTER = 16
_NOT_THE_BASES = frozenset({TensorState.CHANGED, TensorState.RESHAPED, TensorState.ADDED, TensorState.MISSING})
_EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "token_embd.weight")


def keeps_weights(evidence: Evidence) -> bool:
    """Whether no weight is known to be other than the base's: by their comparison, else by their digests."""
    if isinstance(evidence.lineage, Lineage):
        return not any(tensor.state in _NOT_THE_BASES for tensor in evidence.lineage.tensors)
    base = evidence.base
    return not isinstance(base, ModelEvidence) or _same_digests(evidence.candidate.manifest, base.manifest)


def _same_digests(mine: Manifest, theirs: Manifest) -> bool:
    """No tensor is new, gone, or of other bytes; names that have nothing in common say nothing."""
    here, there = ({tensor.name: tensor for tensor in side.tensors} for side in (mine, theirs))
    if not here.keys() & there.keys():
        return True
    if here.keys() != there.keys():
        return False
    for name, tensor in here.items():
        other = there[name]
        if tensor.shape != other.shape or (tensor.dtype == other.dtype and tensor.blake3 != other.blake3):
            return False
    return True


def rows(model: ModelEvidence) -> frozenset[int]:
    """Rows of the embeddings of tokens."""
    return frozenset(
        tensor.shape[0]
        for header in model.headers
        for tensor in header.tensors
        if tensor.shape and tensor.name.endswith(_EMBEDDINGS)
    )


def longer_context(found: Iterable[Difference]) -> frozenset[Path]:
    """The differences that lengthen the context as cards tell people to: YaRN by a factor, all else as it was."""
    rotary = [difference for difference in found if ROPE in difference.path]
    here = {difference.path[-1]: difference.here for difference in rotary}
    factor = here.get("factor")
    honest = here.get("rope_type") in _SCALED and isinstance(factor, int | float) and 1 < factor <= 64
    if not honest or not here.keys() <= {"rope_type", "factor", "original_max_position_embeddings"}:
        return frozenset()
    return frozenset(difference.path for difference in rotary)


def config_severity(difference: Difference, *, kept: bool, embedded: frozenset[int]) -> Severity:
    """Of a setting in `config.json`; `embedded` are the rows of the model's embeddings."""
    key, base, here = difference.path[-1], difference.base, difference.here
    if key == "pad_token_id" or (key == "vocab_size" and _is_resized(here, base, embedded)):
        return Severity.INFO
    if key == "eos_token_id":
        matters = not _adds_ends(difference)
    elif key == "max_position_embeddings":
        matters = isinstance(here, int) and isinstance(base, int) and 0 <= here * _MUCH_SHORTER <= base
    else:
        optional = ROPE in difference.path or "rope_scaling" in difference.path or key in _OPTIONAL
        # Newer writers write out what older ones left to the library; what is off unless said is no such thing.
        matters = optional or (key in _COMPUTES and base is not None)
    return Severity.ERROR if kept and matters else Severity.WARNING


def generation_severity(difference: Difference, *, kept: bool) -> Severity:
    """Of a setting in `generation_config.json`."""
    key = difference.path[0]
    if key == "pad_token_id" or key in _SAMPLES:
        return Severity.INFO
    if key == "eos_token_id":
        return Severity.ERROR if kept and not _adds_ends(difference) else Severity.WARNING
    return Severity.ERROR if key in _STEERS and difference.here is not None else Severity.WARNING


def _is_resized(here: object, base: object, embedded: frozenset[int]) -> bool:
    """Rows for tokens behind the base's, or fewer of those that fill it up to a round number.

    The embedding has as many. Whether they hold the base's ids is for the tokenizer's rules to say.
    """
    if type(here) is not int or type(base) is not int:
        return False
    return here in embedded or (here > base and not embedded)


def _adds_ends(difference: Difference) -> bool:
    """Whether the base's tokens that end an answer all still do."""
    here, base = (
        set(map(str, value)) if isinstance(value, list) else {str(value)}
        for value in (difference.here, difference.base)
    )
    return difference.base is None or base <= here
