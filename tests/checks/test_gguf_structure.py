"""The numbers of a GGUF against its tensors: what contradicts, and what honest files leave out."""

from __future__ import annotations

import pytest

from provenance.checks.gguf_structure import GGUF_STRUCTURE
from provenance.records import Header, MetadataValue, Tensor
from tests.checks.models import evidence, model

SHAPES: dict[str, tuple[int, ...]] = {
    "token_embd.weight": (100, 64),
    "blk.0.attn_q.weight": (64, 64), "blk.0.attn_k.weight": (32, 64),
    "blk.1.attn_q.weight": (64, 64), "blk.1.attn_k.weight": (32, 64),
}  # fmt: skip
SAID: dict[str, MetadataValue] = {
    "general.architecture": "llama",
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 8,
    "llama.attention.head_count_kv": 4,
    "tokenizer.ggml.eos_token_id": 7,
}


def made(file: str, shapes: dict[str, tuple[int, ...]], metadata: dict[str, MetadataValue]) -> Header:
    tensors = tuple(Tensor(name, "F32", shape, file, 64, 1) for name, shape in shapes.items())
    return Header(file, "gguf", 3, tensors, metadata, 64, "0" * 64)


def run(said: dict[str, MetadataValue] | None = None, shapes: dict[str, tuple[int, ...]] | None = None) -> list[str]:
    header = made("m.gguf", SHAPES if shapes is None else shapes, {**SAID, **(said or {})})
    return [finding.message for finding in GGUF_STRUCTURE.run(evidence(model(headers=[header])))]


def test_a_file_that_agrees_is_quiet() -> None:
    assert run() == []


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("general.architecture", 2, "no text"),
        ("llama.block_count", 80, "for 2 layers"),
        ("llama.block_count", 1, "for 2 layers"),
        ("llama.block_count", "2", "no number"),
        ("llama.embedding_length", 8192, "64 elements"),
        ("llama.attention.head_count", 0, "projections for heads"),
        ("llama.attention.head_count", 7, "does not divide"),
        ("llama.attention.head_count_kv", 3, "does not divide"),
        ("llama.attention.head_count_kv", 2.0, "projections for heads"),
        ("tokenizer.ggml.bos_token_id", -1, "no number of a token"),
        ("tokenizer.ggml.eos_token_id", "7", "no number of a token"),
    ],
)
def test_what_contradicts(key: str, value: MetadataValue, words: str) -> None:
    (message,) = run({key: value})
    assert key in message
    assert words in message


@pytest.mark.parametrize(
    "said",
    [
        {"llama.attention.head_count": (8, 0)},
        {"llama.block_count": 3, "llama.nextn_predict_layers": 1},
        {"llama.block_count": 1, "llama.nextn_predict_layers": 1},
        {"general.type": "adapter", "llama.block_count": 80},
    ],
)
def test_what_honest_files_have(said: dict[str, MetadataValue]) -> None:
    assert run(said) == []


def test_files_without_layers_are_not_judged() -> None:
    assert run({"llama.block_count": 80}, {"v.blk.0.ln1.weight": (4,)}) == []
    assert run({"llama.attention.head_count": 0}, {"blk.0.ssm_a": (4,), "blk.1.ssm_a": (4,)}) == []


def test_parts_of_a_split_are_taken_together() -> None:
    first = made("m-00001-of-00002.gguf", {"blk.0.attn_q.weight": (64, 64)}, SAID)
    second = made("m-00002-of-00002.gguf", {"blk.1.attn_q.weight": (64, 64)}, {})
    assert list(GGUF_STRUCTURE.run(evidence(model(headers=[first, second])))) == []
    # Where a part is missing, that is what is wrong.
    assert list(GGUF_STRUCTURE.run(evidence(model(headers=[first])))) == []
    (found,) = GGUF_STRUCTURE.run(evidence(model(headers=[first, made(second.file, {"blk.7.x": (1,)}, {})])))
    assert "up to number 7" in found.message
