"""Folders that transformers, peft, torch and gguf really write: nothing above `info` where nothing is wrong."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest

from provenance.checks import run_all
from provenance.records import ModelEvidence, Relation, Severity
from tests.checks.models import evidence, folder, lineage

CARD = """---
license: apache-2.0
base_model: Qwen/Qwen3-0.6B
tags: [text-generation]
---
# A model

    pip install vllm && curl http://localhost:8000/v1/models -H "Authorization: Bearer $TOKEN" | sh

See https://example.com/x.exe, `import os; os.system("ls")`, and https://bit.ly/abc.
"""
LICENCE = "Apache License\nVersion 2.0, January 2004\n" * 50
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}\n"
CACHE = "/x/models--Qwen--Qwen3-0.6B/snapshots/abc"


def build_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel()
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    made.train_from_iterator(["eval exec import os subprocess __class__ os.system('id')"] * 10, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|im_end|>", chat_template=TEMPLATE)


def build_model() -> Any:
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=320,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
    )
    return Qwen3ForCausalLM(config)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as people publish it: shards, index, tokenizer, card, licence, picture, git attributes."""
    path: Path = tmp_path_factory.mktemp("model")
    build_model().save_pretrained(path, max_shard_size="40KB")
    build_tokenizer().save_pretrained(path)
    (path / "README.md").write_text(CARD)
    (path / "LICENSE").write_text(LICENCE)
    (path / ".gitattributes").write_text("*.safetensors filter=lfs diff=lfs merge=lfs -text\n")
    (path / "figure.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(100))
    return path


def rules(candidate: ModelEvidence, *others: Any) -> list[tuple[str, Severity]]:
    return [(finding.rule, finding.severity) for finding in run_all(evidence(candidate, *others))]


def test_a_saved_model_has_no_finding(saved: Path) -> None:
    assert len(list(saved.glob("*.safetensors"))) > 2
    assert rules(folder(saved)) == []


def test_nor_in_one_file(tmp_path: Path) -> None:
    build_model().save_pretrained(tmp_path)
    assert rules(folder(tmp_path)) == []


def test_nor_against_itself(saved: Path) -> None:
    same = lineage([Relation.IDENTICAL])
    assert rules(folder(saved), folder(saved, CACHE), same) == []
    assert rules(folder(saved), folder(saved), same) == []


def test_nor_when_tokenizer_and_model_were_loaded_and_saved_again(saved: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer, Qwen3ForCausalLM

    Qwen3ForCausalLM.from_pretrained(saved).save_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(saved)
    tokenizer.pad_token = "<|endoftext|>"
    tokenizer(["x", "y z"], padding=True, truncation=True, max_length=50)
    tokenizer.save_pretrained(tmp_path)
    shutil.copy(saved / "README.md", tmp_path)
    assert rules(folder(tmp_path), folder(saved, CACHE), lineage([Relation.REPACKED])) == []


def test_the_older_layout_of_a_tokenizer_is_the_same_tokenizer(saved: Path, tmp_path: Path) -> None:
    shutil.copytree(saved, tmp_path, dirs_exist_ok=True)
    tokenizer = build_tokenizer()
    tokenizer.save_pretrained(tmp_path, save_jinja_files=False)
    (tmp_path / "chat_template.jinja").unlink()
    assert rules(folder(tmp_path), folder(saved, CACHE), lineage([Relation.IDENTICAL])) == []


def test_a_token_more_is_named(saved: Path, tmp_path: Path) -> None:
    shutil.copytree(saved, tmp_path, dirs_exist_ok=True)
    tokenizer = build_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|tool|>"]})
    tokenizer.save_pretrained(tmp_path)
    found = run_all(evidence(folder(tmp_path), folder(saved, CACHE), lineage([Relation.IDENTICAL])))
    assert {finding.rule for finding in found} == {"tokenizer-differs"}
    assert any("<|tool|>" in finding.message for finding in found)


def test_an_adapter(tmp_path: Path) -> None:
    from peft import LoraConfig, get_peft_model

    adapted = get_peft_model(build_model(), LoraConfig(task_type="CAUSAL_LM", target_modules=["q_proj"], r=2))
    adapted.save_pretrained(tmp_path)
    assert (tmp_path / "adapter_model.safetensors").exists()
    assert rules(folder(tmp_path)) == []


def test_torch_checkpoints_are_pickles(saved: Path, tmp_path: Path) -> None:
    import torch

    shutil.copytree(saved, tmp_path, dirs_exist_ok=True)
    state = build_model().state_dict()
    torch.save(state, tmp_path / "pytorch_model.bin")
    (tmp_path / "original").mkdir()
    torch.save(state, tmp_path / "original/consolidated.00.pth", _use_new_zipfile_serialization=False)
    torch.save({"lr": 1.0}, tmp_path / "training_args.bin")
    found = run_all(evidence(folder(tmp_path)))
    assert [(finding.rule, finding.severity) for finding in found] == [("pickle-file", Severity.INFO)] * 3


def test_a_gguf_of_the_gguf_package(saved: Path, tmp_path: Path) -> None:
    _write_gguf(tmp_path / "m.gguf", saved)
    assert rules(folder(tmp_path)) == []
    (tmp_path / "README.md").write_text(CARD)
    found = rules(folder(tmp_path), folder(saved, CACHE), lineage([Relation.QUANTIZED]))
    assert found == []


def test_a_gguf_with_another_template(saved: Path, tmp_path: Path) -> None:
    _write_gguf(tmp_path / "m.gguf", saved, template=TEMPLATE.replace("<|im_end|>", "<|im_end|>Obey."))
    found = run_all(evidence(folder(tmp_path), folder(saved, CACHE), lineage([Relation.QUANTIZED])))
    assert [finding.rule for finding in found] == ["chat-template-differs"]
    assert "Obey." in found[0].message


def _write_gguf(path: Path, saved: Path, template: str = TEMPLATE) -> None:
    """As converters do: tokens by id, padded to the size of the embedding."""
    import json

    import numpy as np
    from gguf import GGUFWriter, TokenType

    document = json.loads((saved / "tokenizer.json").read_text())
    vocabulary = {ident: token for token, ident in document["model"]["vocab"].items()}
    special = {entry["id"]: entry["content"] for entry in document["added_tokens"]}
    tokens = [special.get(i) or vocabulary.get(i) or f"[PAD{i}]" for i in range(320)]
    types = [
        TokenType.CONTROL if i in special else TokenType.NORMAL if i in vocabulary else TokenType.UNUSED
        for i in range(320)
    ]
    writer = GGUFWriter(path, "qwen3")
    writer.add_base_model_count(1)
    writer.add_base_model_name(0, "Qwen3 0.6B")
    writer.add_base_model_organization(0, "Qwen")
    writer.add_base_model_repo_url(0, "https://huggingface.co/Qwen/Qwen3-0.6B")
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(pair) for pair in document["model"]["merges"]])
    writer.add_chat_template(template)
    writer.add_tensor("token_embd.weight", np.zeros((320, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_findings_are_the_same_twice(saved: Path) -> None:
    one, two = folder(saved), folder(saved)
    assert one == two
    assert run_all(evidence(dataclasses.replace(one, name="x"))) == run_all(
        evidence(dataclasses.replace(two, name="x"))
    )
