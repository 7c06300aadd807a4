"""Facts in a GGUF header, against one written by the `gguf` package."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.facts import CardFact, TextFact
from provenance.records import Header, MetadataValue
from provenance.surfaces.inspectors.gguf_metadata import MAX_BASE_MODELS, facts


def header(metadata: dict[str, MetadataValue], kind: str = "gguf") -> Header:
    return Header("m.gguf", kind, 3, (), metadata, 32, "0" * 64)


def card(metadata: dict[str, MetadataValue]) -> CardFact:
    found = facts(header(metadata))[0]
    assert isinstance(found, CardFact)
    return found


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"repo_url": "https://huggingface.co/Qwen/Qwen3-0.6B", "name": "x"}, "Qwen/Qwen3-0.6B"),
        ({"repo_url": "https://hf.co/Qwen/Qwen3-0.6B/tree/main"}, "Qwen/Qwen3-0.6B"),
        ({"repo_url": "https://example.com/a/b", "name": "Qwen3 0.6B", "organization": "Qwen"}, "Qwen/Qwen3 0.6B"),
        ({"name": "Qwen3 0.6B"}, "Qwen3 0.6B"),
        ({"name": 5}, None),
        ({}, None),
    ],
)
def test_the_declared_base(fields: dict[str, MetadataValue], name: str | None) -> None:
    metadata = {f"general.base_model.0.{key}": value for key, value in fields.items()}
    assert card({"general.base_model.count": 1, **metadata}).base_models == ((name,) if name else ())


@pytest.mark.parametrize("count", [-1, 0, "1", 1.5, (1,), True])
def test_any_count_is_borne(count: MetadataValue) -> None:
    found = card({"general.base_model.count": count, "general.base_model.0.name": "x"}).base_models
    assert found == (("x",) if count is True else ())


def test_a_huge_count_takes_no_time() -> None:
    metadata: dict[str, MetadataValue] = {"general.base_model.count": 2**63}
    metadata |= {f"general.base_model.{i}.name": f"m{i}" for i in range(100)}
    assert len(card(metadata).base_models) == MAX_BASE_MODELS


def test_templates_by_name() -> None:
    found = facts(
        header(
            {"tokenizer.chat_template": "x", "tokenizer.chat_template.rag": "y", "tokenizer.chat_templates": ("rag",)}
        )
    )
    assert [(fact.role, fact.text) for fact in found if isinstance(fact, TextFact)] == [
        ("chat-template", "x"),
        ("chat-template:rag", "y"),
    ]


def test_safetensors_has_none() -> None:
    assert facts(header({"general.license": "mit"}, "safetensors")) == ()


def test_a_file_of_the_gguf_package(tmp_path: Path) -> None:
    import numpy as np
    from gguf import GGUFReader, GGUFWriter

    from tests.checks.models import folder

    writer = GGUFWriter(tmp_path / "m.gguf", "llama")
    writer.add_license("apache-2.0")
    writer.add_base_model_count(1)
    writer.add_base_model_name(0, "Qwen3 0.6B")
    writer.add_base_model_organization(0, "Qwen")
    writer.add_chat_template([{"name": "default", "template": "x"}, {"name": "rag", "template": "y"}])
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(["a", "b", "ab"])
    writer.add_token_merges(["a b"])
    writer.add_tensor("w", np.zeros(32, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert GGUFReader(tmp_path / "m.gguf").tensors
    found = folder(tmp_path).facts
    assert CardFact("m.gguf", ("Qwen/Qwen3 0.6B",), licence="apache-2.0") in found
    roles = {fact.role for fact in found if isinstance(fact, TextFact)}
    assert {"chat-template", "chat-template:rag", "tokenizer:tokens", "tokenizer:merges"} <= roles
