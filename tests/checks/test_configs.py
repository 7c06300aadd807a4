"""Configuration against the base's, as files and as GGUF metadata."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from provenance.checks.configs import CONFIGS
from provenance.records import (
    Evidence,
    Finding,
    Lineage,
    MetadataValue,
    ModelEvidence,
    Relation,
    Severity,
    Skipped,
    Tensor,
    TensorDigest,
    TensorState,
)
from provenance.surfaces.inspectors.gguf_metadata import facts
from tests.checks.cases import json_file
from tests.checks.models import NOT_ASKED, comparison, contents, evidence, header, lineage, model

SAME = lineage([Relation.IDENTICAL])
CHANGED = lineage([Relation.INCONCLUSIVE], tensors=[comparison("w", TensorState.CHANGED, norm=0.1)])
CONFIG: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_hidden_layers": 2,
    "rms_norm_eps": 1e-06,
    "rope_theta": 10000.0,
    "max_position_embeddings": 256,
    "bos_token_id": 1,
    "eos_token_id": 2,
}


def run(candidate: ModelEvidence, base: ModelEvidence, found: Lineage | Skipped = SAME) -> list[Finding]:
    return list(CONFIGS.run(evidence(candidate, base, found)))


def config(**values: Any) -> ModelEvidence:
    return contents(json_file("config.json", {**CONFIG, **values}))


def generation(value: Any, **settings: Any) -> ModelEvidence:
    files = json_file("config.json", {**CONFIG, **settings})
    return contents(files if value is None else files | json_file("generation_config.json", value))


def test_settings_are_named_with_both_values() -> None:
    (found,) = run(config(rms_norm_eps=10.0, rope_theta=3.0), config())
    assert found.message == "rms_norm_eps 1e-06 → 10.0, rope_parameters.rope_theta 10000.0 → 3.0 (the base's → here)"
    assert (found.rule, found.severity) == ("config-differs", Severity.ERROR)
    assert (found.location.file, found.location.json_path) == ("config.json", "$.rms_norm_eps")


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({"num_attention_heads": 8}, Severity.ERROR),
        ({"num_key_value_heads": 1}, Severity.ERROR),
        ({"num_hidden_layers": 1}, Severity.ERROR),
        ({"rope_theta": 500000.0}, Severity.ERROR),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, Severity.ERROR),
        ({"sliding_window": 4}, Severity.ERROR),
        ({"final_logit_softcapping": 1.0}, Severity.ERROR),
        ({"rms_norm_eps": None}, Severity.ERROR),
        ({"hidden_act": "relu"}, Severity.WARNING),
        ({"max_position_embeddings": 512}, Severity.WARNING),
        ({"eos_token_id": 5}, Severity.ERROR),
        ({"eos_token_id": [2, 5]}, Severity.WARNING),
        ({"model_type": "qwen2"}, Severity.ERROR),
        ({"max_position_embeddings": 8}, Severity.ERROR),
        ({"rope_scaling": {"type": "yarn", "factor": 4.0}}, Severity.WARNING),
        ({"rope_scaling": {"type": "yarn", "factor": 400.0}}, Severity.ERROR),
        ({"architectures": ["Other"]}, Severity.WARNING),
        ({"never_heard_of": 1}, Severity.WARNING),
    ],
    ids=str,
)
def test_what_is_computed_is_an_error_and_the_rest_a_warning(change: dict[str, Any], severity: Severity) -> None:
    assert [found.severity for found in run(config(**change), config())] == [severity]
    (found,) = run(config(**change), config(), CHANGED)
    assert found.severity is Severity.WARNING
    (found,) = run(config(**change), config(), NOT_ASKED)
    assert found.severity is severity


def test_one_finding_a_severity() -> None:
    found = run(config(bos_token_id=5, rms_norm_eps=1.0), config())
    assert sorted(finding.severity for finding in found) == [Severity.ERROR, Severity.WARNING]


def test_padding_is_told_at_most() -> None:
    assert run(config(pad_token_id=0), config()) == run(config(), config(pad_token_id=0)) == []
    (found,) = run(config(pad_token_id=0), config(pad_token_id=2))
    assert found.severity is Severity.INFO


def test_many_settings_are_counted() -> None:
    (found,) = run(config(**{f"k{i}": i for i in range(1, 9)}), config())
    assert "k5 not set → 5 and 3 more (the base's → here)" in found.message


def test_nested_settings_and_text_models_of_larger_ones() -> None:
    nested = contents(json_file("config.json", {"model_type": "vlm", "text_config": CONFIG}))
    assert run(nested, config()) == run(config(), nested) == run(nested, nested) == []
    evil = contents(json_file("config.json", {"model_type": "vlm", "text_config": {**CONFIG, "rms_norm_eps": 1.0}}))
    (found,) = run(evil, nested)
    assert found.location.json_path == "$.text_config.rms_norm_eps"
    assert found.severity is Severity.ERROR
    assert [finding.severity for finding in run(evil, config())] == [Severity.ERROR]


def test_components_in_folders_are_held_against_the_same_folder() -> None:
    one, other = (contents(json_file("unet/config.json", {"sample_size": n})) for n in (1, 2))
    (found,) = run(one, other)
    assert found.location.file == "unet/config.json"
    assert run(one, contents(json_file("vae/config.json", {"sample_size": 2}))) == []


def test_quantized_weights_need_a_configuration_of_their_own() -> None:
    quantized = config(quantization_config={"quant_method": "gptq", "bits": 4})
    (found,) = run(quantized, config())
    assert found.severity is Severity.WARNING
    coded = header("model.safetensors", ["w"])
    coded = dataclasses.replace(coded, tensors=tuple(dataclasses.replace(t, dtype="I32") for t in coded.tensors))
    assert run(dataclasses.replace(quantized, headers=(coded,)), config()) == []


def test_nothing_to_compare() -> None:
    lone = contents({"model.safetensors": b"x"})
    assert run(lone, config()) == run(config(), lone) == []
    assert list(CONFIGS.run(Evidence(config(), Skipped("base", "none"), NOT_ASKED))) == []
    assert run(contents({"config.json": b"[]"}), config()) == run(contents({"config.json": b"{"}), config()) == []


def test_hostile_keys_and_values_are_short_and_plain() -> None:
    (found,) = run(config(**{"\u202e\n" * 300: "x" * 9999}), config())
    assert found.message.isprintable()
    assert len(found.message) < 2500


# generation_config.json


def test_suppressed_tokens_and_a_lost_end_are_named() -> None:
    base = generation({"bos_token_id": 1, "eos_token_id": 2, "transformers_version": "5.0.0"})
    steered, sampled = run(generation({"temperature": 5.0, "suppress_tokens": [1, 2, 3], "bos_token_id": 1}), base)
    assert steered.message == "eos_token_id 2 → not set, suppress_tokens not set → [1, 2, 3] (the base's → here)"
    assert (steered.rule, steered.severity) == ("generation-config-differs", Severity.ERROR)
    assert steered.location.file == "generation_config.json"
    assert (sampled.message, sampled.severity) == ("temperature not set → 5.0 (the base's → here)", Severity.INFO)


def test_what_matters_is_told_from_taste() -> None:
    base = generation({"eos_token_id": 2, "suppress_tokens": [7]})

    def severity(weights: Lineage | Skipped = SAME, **values: Any) -> Severity:
        (found,) = run(generation({"eos_token_id": 2, "suppress_tokens": [7], **values}), base, weights)
        return found.severity

    assert severity(do_sample=True, temperature=0.6, top_p=0.95, max_new_tokens=2048) is Severity.INFO
    assert severity(eos_token_id=[2, 3]) is Severity.WARNING
    assert severity(eos_token_id=3) is Severity.ERROR
    assert severity(CHANGED, eos_token_id=3) is Severity.WARNING
    assert severity(CHANGED, forced_bos_token_id=3) is Severity.ERROR
    assert severity(suppress_tokens=None) is Severity.WARNING
    assert severity(no_repeat_ngram_size=3) is Severity.WARNING


def test_a_vocabulary_that_is_as_large_as_its_embedding() -> None:
    embedding = Tensor("model.embed_tokens.weight", "F32", (320, 2), "model.safetensors", 64, 2560)
    grown = header("model.safetensors", ["w"])
    grown = dataclasses.replace(grown, tensors=(embedding,))
    mine = dataclasses.replace(config(vocab_size=320), headers=(grown,))
    assert [found.severity for found in run(mine, config(vocab_size=300), CHANGED)] == [Severity.INFO]
    assert [found.severity for found in run(mine, config(vocab_size=400), CHANGED)] == [Severity.INFO]
    assert [found.severity for found in run(config(vocab_size=320), config(vocab_size=300))] == [Severity.INFO]
    (smaller,) = run(config(vocab_size=300), config(vocab_size=320))
    assert smaller.severity is Severity.WARNING
    more = dataclasses.replace(config(vocab_size=330), headers=(grown,))
    assert [found.severity for found in run(more, config(vocab_size=300), CHANGED)] == [Severity.WARNING]


def digested(side: ModelEvidence, **blake3: str) -> ModelEvidence:
    tensors = tuple(TensorDigest(name, "F32", (2,), "model.safetensors", 8, value) for name, value in blake3.items())
    return dataclasses.replace(side, manifest=dataclasses.replace(side.manifest, tensors=tensors))


def test_digests_tell_whether_weights_were_changed() -> None:
    def severity(mine: dict[str, str], theirs: dict[str, str]) -> Severity:
        here, there = digested(config(rms_norm_eps=1.0), **mine), digested(config(), **theirs)
        (found,) = run(here, there, Skipped("lineage", "scan does not compare weights"))
        return found.severity

    assert severity({"a": "1", "b": "2"}, {"a": "1", "b": "2"}) is Severity.ERROR
    assert severity({"a": "1"}, {"b": "2"}) is Severity.ERROR
    assert severity({"a": "1", "b": "3"}, {"a": "1", "b": "2"}) is Severity.WARNING
    assert severity({"a": "1", "c": "3"}, {"a": "1"}) is Severity.WARNING


def test_defaults_and_padding_are_quiet() -> None:
    base = generation({"eos_token_id": 2})
    assert run(generation({"eos_token_id": [2], "do_sample": False, "top_k": 50, "pad_token_id": 7}), base) == []


def test_without_the_file_the_configuration_names_the_special_tokens() -> None:
    assert run(generation(None), generation({"bos_token_id": 1, "eos_token_id": 2})) == []
    assert run(generation({"bos_token_id": 1, "eos_token_id": 2, "_from_model_config": True}), generation(None)) == []
    (found,) = run(generation({"bos_token_id": 1, "eos_token_id": 2, "no_repeat_ngram_size": 3}), generation(None))
    assert found.severity is Severity.WARNING
    (found,) = run(generation(None), generation({"bos_token_id": 1, "eos_token_id": 2, "temperature": 0.6}))
    assert found.severity is Severity.INFO
    assert found.message == "the base's is gone: temperature 0.6 → not set (the base's → here)"


def test_a_lone_file_has_no_settings_of_generation() -> None:
    assert run(contents({"model.safetensors": b"x"}), generation({"temperature": 0.6})) == []


# GGUF

HONEST: dict[str, MetadataValue] = {
    "general.architecture": "llama",
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
    "llama.attention.layer_norm_rms_epsilon": 9.999999974752427e-07,
    "llama.block_count": 2,
    "llama.context_length": 256,
    "llama.embedding_length": 64,
    "llama.rope.freq_base": 10000.0,
    "tokenizer.ggml.bos_token_id": 1,
    "tokenizer.ggml.eos_token_id": 2,
}


def gguf(file: str = "m.gguf", /, **changes: MetadataValue | None) -> ModelEvidence:
    """`__` in a key is a dot; None takes a key away."""
    metadata = {**HONEST, **{key.replace("__", "."): value for key, value in changes.items()}}
    made = header(file, ["w"], kind="gguf", metadata={k: v for k, v in metadata.items() if v is not None})
    return model(files=[file], headers=[made], facts=facts(made))


def test_an_honest_conversion_says_the_same() -> None:
    assert run(gguf(), config()) == run(config(), gguf()) == run(gguf(), gguf()) == []
    assert run(gguf(llama__attention__head_count=(4, 4), llama__attention__key_length=16), config()) == []
    assert run(gguf(llama__rope__scaling__type="none"), config()) == []
    assert run(gguf(), config(rope_scaling={"rope_type": "llama3", "factor": 8.0})) == []
    nested = contents(json_file("config.json", {"model_type": "vlm", "text_config": CONFIG}))
    assert run(gguf(), nested) == []


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("llama__rope__freq_base", 5e5, "rope_parameters.rope_theta 10000.0 → 500000.0"),
        ("llama__attention__head_count", 8, "num_attention_heads 4 → 8"),
        ("llama__attention__head_count_kv", (2, 1), "num_key_value_heads 2 → [2, 1]"),
        ("llama__attention__layer_norm_rms_epsilon", 1.0, "rms_norm_eps 1e-06 → 1.0"),
        ("llama__attention__key_length", 8, "head_dim not set → 8"),
        ("llama__block_count", 1, "num_hidden_layers 2 → 1"),
        ("llama__context_length", 9, "max_position_embeddings 256 → 9"),
        ("llama__rope__scaling__type", "yarn", 'rope_parameters.rope_type not set → "yarn"'),
        ("tokenizer__ggml__eos_token_id", 7, "eos_token_id [2] → 7"),
        ("general__architecture", "qwen2", 'model_type "llama" → "qwen2"'),
    ],
)
def test_a_change_in_gguf_is_named_as_the_setting(key: str, value: MetadataValue, message: str) -> None:
    (found,) = run(gguf(**{key: value}), config())
    assert found.message == f"{message} (the base's → here)"
    assert found.location.file == "m.gguf"


def test_a_scaling_that_gguf_should_say_and_does_not() -> None:
    (found,) = run(gguf(), config(rope_scaling={"type": "yarn", "factor": 4.0}))
    assert "rope_parameters.factor 4.0 → not set" in found.message
    assert found.severity is Severity.ERROR


def test_an_id_that_the_bases_tokenizer_names_is_known() -> None:
    tokenizer = {"model": {"type": "BPE", "vocab": {"a": 6, "<|end|>": 7}, "merges": []}}
    named = {
        **json_file("config.json", CONFIG),
        **json_file("tokenizer.json", tokenizer),
        **json_file("tokenizer_config.json", {"eos_token": "<|end|>"}),
    }
    assert run(gguf(tokenizer__ggml__eos_token_id=7), contents(named)) == []
    assert len(run(gguf(tokenizer__ggml__eos_token_id=6), contents(named))) == 1
    generated = {**json_file("config.json", CONFIG), **json_file("generation_config.json", {"eos_token_id": [2, 7]})}
    assert run(gguf(tokenizer__ggml__eos_token_id=7), contents(generated)) == []


def test_families_without_a_map_are_not_guessed_at() -> None:
    assert run(gguf(general__architecture="gemma3"), config(model_type="gemma3_text")) == []
    assert run(gguf(general__architecture="gemma3"), config()) == []
    assert run(gguf(general__architecture=None), config()) == []


def test_gguf_against_gguf_of_any_family() -> None:
    other: dict[str, MetadataValue | None] = {
        "general__architecture": "gemma3",
        "gemma3__attention__sliding_window": 512,
        "gemma3__block_count": 2,
    }
    (found,) = run(gguf(**{**other, "gemma3__attention__sliding_window": 4}), gguf(**other))
    assert found.message.startswith("gemma3.attention.sliding_window 512 → 4")
    (found,) = run(gguf(**{**other, "gemma3__block_count": 1}), gguf("base.gguf", **other))
    assert found.message.startswith("num_hidden_layers 2 → 1")
    assert found.severity is Severity.ERROR


def test_a_configuration_against_a_base_in_gguf() -> None:
    (found,) = run(config(rope_theta=7.0), gguf())
    assert found.message == "rope_parameters.rope_theta 10000.0 → 7.0 (the base's → here)"
    assert found.location.file == "config.json"


def test_a_repository_of_quantizations() -> None:
    several = [gguf("Q4.gguf"), gguf("Q8.gguf", llama__rope__freq_base=7.0)]
    stub = contents(json_file("config.json", {"model_type": "llama"}))
    made = model(
        files=["Q4.gguf", "Q8.gguf", "config.json"],
        headers=[h for part in several for h in part.headers],
        facts=[f for part in (*several, stub) for f in part.facts],
    )
    (found,) = run(made, config())
    assert found.location.file == "Q8.gguf"
