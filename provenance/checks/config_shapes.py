"""A configuration against the tensors beside it: sizes, layers, experts, heads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import basename, dirname

from provenance.checks.interface import Check, Rule, facts, listing, quoted
from provenance.checks.settings import words
from provenance.checks.tensor_names import TextModel, text_model
from provenance.facts import JsonFact
from provenance.records import Evidence, Finding, Severity

CONFIG_INCONSISTENT = Rule(
    ident="config-inconsistent",
    title="the configuration does not fit the tensors",
    severity=Severity.ERROR,
    meaning="A `config.json` gives sizes that the tensors beside it have not: vocabulary, hidden and intermediate "
    "size, heads, layers, experts, an output layer of its own, a head for classes, a multi-token prediction head. "
    "Families with the tensor names of the Llama design are looked at; of a model whose shards are not all there, "
    "only what is there. It is a `warning` for an output layer that a tied model does not use and that is not its "
    "embedding, and an `info` for the storage type, and for prediction heads of families whose libraries drop them.",
    why="Loaders fill what is missing with random numbers and leave out what is too much, often with no more than a "
    "line in a log. What runs is then not what the weights are.",
    example="config.json: num_hidden_layers is 4, and there are tensors of 2 layers",
    advice="Get the configuration that belongs to these weights.",
)

_DENSE = words(
    "arcee cohere cohere2 exaone4 gemma gemma2 gemma3_text glm glm4 granite helium hunyuan_v1_dense internlm3 llama "
    "ministral ministral3 mistral olmo olmo2 olmo3 phi3 qwen2 qwen3 seed_oss smollm3 stablelm"
)
_EXPERTS = words(
    "deepseek_v2 deepseek_v3 ernie4_5_moe glm4_moe gpt_oss hunyuan_v1_moe mixtral olmoe phimoe qwen2_moe qwen3_moe"
)
_PREDICTING = words(
    "deepseek_v3 deepseek_v32 ernie4_5_moe exaone_moe glm4_moe glm4_moe_lite longcat_flash mimo mimo_v2_flash "
    "minimax_m2 nemotron_h qwen3_next step3p5"
)
"""Families that were trained with a multi-token prediction head; Transformers saves them without it.

Of those that are in no other list sizes are not compared: their layers differ among themselves."""
_LATENT = words("deepseek_v2 deepseek_v3")
"""Families whose attention has no plain q and k."""
_HEADS_FROM_SIZE = words("llama mistral mixtral qwen2 qwen2_moe granite olmo olmo2 smollm3 cohere cohere2 stablelm")
"""Families where a head has `hidden_size / num_attention_heads` numbers unless `head_dim` says otherwise."""
_SIZES: tuple[tuple[str, int, str], ...] = (
    ("embed_tokens.weight", 0, "vocab_size"),
    ("embed_tokens.weight", 1, "hidden_size"),
    ("lm_head.weight", 1, "hidden_size"),
    ("norm.weight", 0, "hidden_size"),
    ("input_layernorm.weight", 0, "hidden_size"),
    ("mlp.gate_proj.weight", 0, "intermediate_size"),
    ("mlp.up_proj.weight", 0, "intermediate_size"),
    ("mlp.down_proj.weight", 1, "intermediate_size"),
)
"""Part, dimension, and the setting that must equal it."""
_COUNTS_OF_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts")
_COUNTS_OF_MTP = ("num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_modules", "mtp_num_layers")
_TEXT = ("text_config", "llm_config", "language_config")
_DTYPES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64"}


def _run(evidence: Evidence) -> Iterator[Finding]:
    model = evidence.candidate
    for fact in facts(model, JsonFact):
        if basename(fact.file) != "config.json" or not isinstance(fact.value, dict):
            continue
        weights = text_model(model, dirname(fact.file))
        path, config = _text_settings(fact.value)
        if weights is None or _family(config) not in _DENSE | _EXPERTS | _PREDICTING:
            continue
        found = [*_layers(config, weights), *_predicting(config, weights)]
        if _family(config) in _DENSE | _EXPERTS:
            found += [*_sizes(config, weights), *_heads(config, weights), *_experts(config, weights)]
        found += [
            *_ends(fact.value, config, weights, _same_ends(evidence, dirname(fact.file))),
            *_dtype(fact.value, weights),
        ]
        for key, message, severity in found:
            yield CONFIG_INCONSISTENT.finding(
                message, severity=severity, file=fact.file, json_path=f"$.{path}{key}" if key else "$"
            )


_Problem = tuple[str, str, Severity | None]
"""Setting, message, severity where it is not the rule's."""
_Settings = Mapping[str, object]


def _text_settings(config: _Settings) -> tuple[str, _Settings]:
    """Where the settings of the text model are: at the top, or in one of the known keys."""
    for key in _TEXT:
        nested = config.get(key)
        if isinstance(nested, dict):
            return f"{key}.", nested
    return "", config


def _family(config: _Settings) -> str:
    return str(config.get("model_type"))


def _number(config: _Settings, key: str) -> int | None:
    value = config.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _sizes(config: _Settings, weights: TextModel) -> Iterator[_Problem]:
    seen: set[str] = set()
    for part, dimension, key in _SIZES:
        said = _number(config, key)
        for shape, tensor in weights.parts.get(part, {}).items():
            if said is not None and dimension < len(shape) and shape[dimension] != said and key not in seen:
                seen.add(key)
                yield key, f"{key} is {said}, and {quoted(tensor.name)} is of {_shape(shape)}", None


def _heads(config: _Settings, weights: TextModel) -> Iterator[_Problem]:
    heads, size = _number(config, "num_attention_heads"), _number(config, "hidden_size")
    if heads is None or _family(config) in _LATENT:
        return
    if heads <= 0:
        yield "num_attention_heads", f"num_attention_heads is {heads}", None
        return
    pairs = _number(config, "num_key_value_heads")
    pairs = heads if pairs is None else pairs
    if pairs <= 0 or heads % pairs:
        message = f"num_attention_heads {heads} is no multiple of num_key_value_heads {pairs}"
        yield "num_key_value_heads", message, None
    width = _number(config, "head_dim")
    if width is None and size is not None and _family(config) in _HEADS_FROM_SIZE:
        if size % heads:
            message = f"hidden_size {size} is no multiple of num_attention_heads {heads}"
            yield "num_attention_heads", message, None
            return
        width = size // heads
    if width is None:
        return
    for part, count, key in (("q", heads, "num_attention_heads"), ("k", pairs, "num_key_value_heads")):
        for shape, tensor in weights.parts.get(f"self_attn.{part}_proj.weight", {}).items():
            if shape and shape[0] != count * width:
                message = f"{key} {count} of {width} numbers each, and {quoted(tensor.name)} is of {_shape(shape)}"
                yield key, message, None
                break


def _layers(config: _Settings, weights: TextModel) -> Iterator[_Problem]:
    said, extra = _number(config, "num_hidden_layers"), max(_predictors(config), default=(0, ""))[0]
    if said is None or not weights.layers:
        return
    beyond = sorted(layer for layer in weights.layers if layer >= said)
    # The layers of a prediction head are numbered on after the others.
    if beyond and not (0 < len(beyond) <= max(extra, 1 if weights.mtp else 0)):
        message = f"num_hidden_layers is {said}, and there are tensors of layer {beyond[-1]}"
        yield "num_hidden_layers", message, None
    inside = sum(1 for layer in weights.layers if layer < said)
    if weights.complete and inside < said and weights.has("embed_tokens"):
        message = f"num_hidden_layers is {said}, and there are tensors of {inside} layers"
        yield "num_hidden_layers", message, None


def _experts(config: _Settings, weights: TextModel) -> Iterator[_Problem]:
    for key in _COUNTS_OF_EXPERTS:
        said = _number(config, key)
        if said is None or said <= 1 or not weights.complete or not weights.layers:
            continue
        there = max((len(weights.experts), *weights.fused_experts))
        if there != said:
            yield key, f"{key} is {said}, and there are tensors of {there or 'no'} experts", None
        used = _number(config, "num_experts_per_tok")
        if used is not None and not 0 < used <= said:
            yield "num_experts_per_tok", f"num_experts_per_tok is {used}, of {said} experts", None


def _predictors(config: _Settings) -> Iterator[tuple[int, str]]:
    for key in _COUNTS_OF_MTP:
        count = _number(config, key)
        if count is not None and count > 0:
            yield count, key


def _predicting(config: _Settings, weights: TextModel) -> Iterator[_Problem]:
    declared = next(_predictors(config), None)
    layers = _number(config, "num_hidden_layers")
    there = weights.mtp or (layers is not None and any(layer >= layers for layer in weights.layers))
    if declared and not there and weights.complete:
        severity = Severity.INFO if _family(config) in _PREDICTING else None
        yield declared[1], f"{declared[1]} is {declared[0]}, and no tensor is of such a head", severity
    if weights.mtp and not declared:
        yield "", "there are tensors of a multi-token prediction head, and no setting declares one", Severity.INFO


def _ends(config: _Settings, text: _Settings, weights: TextModel, same: bool | None) -> Iterator[_Problem]:
    """The output layer, and heads for classes."""
    classes = config.get("architectures")
    names = [name for name in classes if isinstance(name, str)] if isinstance(classes, list) else []
    whole = weights.complete and weights.has("embed_tokens") and weights.has("norm")
    tied = text.get("tie_word_embeddings", config.get("tie_word_embeddings"))
    generates = any(name.endswith(("ForCausalLM", "ForConditionalGeneration")) for name in names)
    # Releases differ in which of the two levels decides: models are written with true in one of them and false in both.
    ties = True in (text.get("tie_word_embeddings"), config.get("tie_word_embeddings"))
    if whole and tied is False and not ties and generates and not weights.has("lm_head"):
        yield "tie_word_embeddings", "tie_word_embeddings is false, and there is no output layer of its own", None
    if tied is True and same is False:
        message = "tie_word_embeddings is true, and the output layer that lies there is not the embedding"
        yield "tie_word_embeddings", message, Severity.WARNING
    heads = [name for name in names if name.endswith(("ForSequenceClassification", "ForTokenClassification"))]
    if whole and heads and not (weights.has("score") or weights.has("classifier")):
        yield "architectures", f"{listing(heads, 1)} needs a head for classes, and there is none", None


def _same_ends(evidence: Evidence, folder: str) -> bool | None:
    """Whether the output layer has the bytes of the embedding; None where one of them is not there or not digested."""
    ends: dict[str, str] = {}
    for tensor in evidence.candidate.manifest.tensors:
        if dirname(tensor.file) == folder and tensor.file.endswith(".safetensors") and tensor.blake3:
            part = tensor.name.removesuffix(".weight").rpartition(".")[2]
            if tensor.name.endswith(".weight") and part in ("lm_head", "embed_tokens"):
                ends[part] = f"{tensor.dtype} {tensor.blake3}"
    return ends["lm_head"] == ends["embed_tokens"] if len(ends) == 2 else None


def _dtype(config: _Settings, weights: TextModel) -> Iterator[_Problem]:
    key = "dtype" if "dtype" in config else "torch_dtype"
    said = _DTYPES.get(str(config.get(key)).removeprefix("torch."))
    most = max(weights.dtypes, key=lambda dtype: (weights.dtypes[dtype], dtype), default=None)
    if said and most in _DTYPES.values() and most != said:
        yield key, f"{key} is {quoted(config[key])}, and most of the weights are stored as {most}", Severity.INFO


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


CONFIG_SHAPES = Check("config-shapes", (CONFIG_INCONSISTENT,), _run)
