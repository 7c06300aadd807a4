"""What configurations name that is no part of the model."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.checks.config_references import CONFIG_REFERENCES
from provenance.records import Finding, Severity
from tests.checks.cases import json_file
from tests.checks.models import contents, evidence


def run(file: str, value: Any) -> list[Finding]:
    return list(CONFIG_REFERENCES.run(evidence(contents(json_file(file, value)))))


@pytest.mark.parametrize(
    ("file", "value", "place"),
    [
        ("config.json", {"weights_url": "https://x.example/w.bin"}, "$.weights_url"),
        ("config.json", {"vision": {"vision_tower_weights": "http://x/w.bin"}}, "$.vision.vision_tower_weights"),
        ("config.json", {"mm_vision_tower": "../../clip"}, "$.mm_vision_tower"),
        ("tokenizer_config.json", {"vocab_file": "../../../etc/passwd"}, "$.vocab_file"),
        ("generation_config.json", {"assistant_model": "org/draft"}, "$.assistant_model"),
        ("adapter_config.json", {"base_model_name_or_path": "https://x.example/base"}, "$.base_model_name_or_path"),
        ("adapter_config.json", {"base_model_name_or_path": "/tmp/base"}, "$.base_model_name_or_path"),
        ("adapter_config.json", {"corda_config": {"cache_file": "/dev/shm/c.pt"}}, "$.corda_config.cache_file"),
    ],
    ids=str,
)
def test_places_outside(file: str, value: Any, place: str) -> None:
    (found,) = run(file, value)
    assert (found.rule, found.severity) == ("config-points-elsewhere", Severity.ERROR)
    assert found.location.json_path == place


def test_what_writers_leave_behind() -> None:
    (found,) = run("adapter_config.json", {"base_model_name_or_path": "/root/models/llama"})
    assert found.severity is Severity.INFO
    (found,) = run("tokenizer_config.json", {"special_tokens_map_file": "C:\\models\\map.json"})
    assert found.severity is Severity.INFO
    honest = {"_name_or_path": "/tmp/x", "mm_vision_tower": "openai/clip-vit-large-patch14", "vocab_file": "vocab.txt"}
    assert run("config.json", {**honest, "tokenizer_file": None, "pretrained_cfg": {"url": "https://x/y"}}) == []
    assert run("adapter_config.json", {"base_model_name_or_path": "org/tiny", "init_lora_weights": True}) == []


@pytest.mark.parametrize(
    ("file", "value"),
    [
        ("adapter_config.json", {"auto_mapping": {"base_model_class": "X", "parent_library": "evil_module"}}),
        ("adapter_config.json", {"megatron_core": "evil.core"}),
        ("config.json", {"quantization_config": {"quant_method": "acme", "module": "acme_quant"}}),
        ("config.json", {"quantization_config": {"quant_method": "acme", "quantizer_class": "acme.Loader"}}),
        ("generation_config.json", {"logits_processor": ["helper_module.Steer"]}),
        ("vllm_config.json", {"tool_parser_plugin": "./plugin.py"}),
        ("vllm_config.json", {"worker_cls": "evil.Worker"}),
        ("model_index.json", {"unet": ["helper_module", "UNet"]}),
        ("model_config.json", {"model": {"_target_": "os.system", "_args_": ["true"]}}),
        ("model_config.json", {"model": {"_target_": "torch.hub.load"}}),
    ],
    ids=str,
)
def test_foreign_code(file: str, value: Any) -> None:
    (found,) = run(file, value)
    assert (found.rule, found.severity) == ("config-names-code", Severity.ERROR)


def test_code_of_known_libraries() -> None:
    index = {
        "_class_name": "FluxPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "safety_checker": [None, None],
        "text_encoder": ["transformers", "CLIPTextModel"],
    }
    assert run("model_index.json", index) == []
    assert run("adapter_config.json", {"auto_mapping": None, "megatron_core": "megatron.core"}) == []
    mapping = {"auto_mapping": {"base_model_class": "X", "parent_library": "transformers_modules.org.x"}}
    assert run("adapter_config.json", mapping) == []
    assert run("config.json", {"quantization_config": {"quant_method": "gptq", "quantizer": "gptqmodel:4.0"}}) == []
    assert run("model_config.json", {"_target_": "nemo.collections.X"}) == []
    (found,) = run("model_config.json", {"_target_": "my_project.Model"})
    assert found.severity is Severity.INFO
    assert run("config.json", {"kv_transfer_plugin": "default", "plugins": []}) == []


def test_trust() -> None:
    (found,) = run("config.json", {"a": [{"trust_remote_code": True}]})
    assert (found.rule, found.severity) == ("remote-code-enabled", Severity.ERROR)
    (found,) = run("eval_results.json", {"trust_remote_code": True})
    assert found.severity is Severity.INFO
    assert run("config.json", {"trust_remote_code": "no"}) == []


def test_many_are_cut_off() -> None:
    assert len(run("config.json", {"a": [{"trust_remote_code": True}] * 500})) == 20
