"""Small models in memory, laid in shards with headers and digests, and the whole way from two of them to a relation."""

from __future__ import annotations

import random
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import blake3

from provenance.records import DeltaStatistics, Header, MetadataValue, Tensor, TensorComparison, TensorDigest, Unit
from provenance.weights.deltas import DeltaConsumer, comparable
from provenance.weights.pairing import Pairing, TensorPair, pair
from provenance.weights.relations import Classification, classify, compare

QWEN3 = {"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3"}
LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama"}


@dataclass(frozen=True)
class Stored:
    """One tensor's dtype, shape and bytes."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


Weights = dict[str, Stored]


@dataclass(frozen=True)
class Model:
    """A model as the engine would see it."""

    headers: tuple[Header, ...]
    digests: tuple[TensorDigest, ...]
    data: Mapping[tuple[str, str], bytes]
    config: Mapping[str, object] | None = None

    def __or__(self, other: Model) -> Model:
        """The files of both in one folder."""
        digests = self.digests + other.digests
        return Model(self.headers + other.headers, digests, {**self.data, **other.data}, self.config)


def model(
    weights: Weights,
    shards: Sequence[Sequence[str]] | None = None,
    *,
    config: Mapping[str, object] | None = None,
    metadata: Mapping[str, MetadataValue] | None = None,
    file_format: str = "safetensors",
    stem: str = "model",
) -> Model:
    """Lay `weights` into files, in the order in which `shards` name them (all in one file by default)."""
    shards = [list(weights)] if shards is None else shards
    headers, digests, data = [], [], {}
    for number, names in enumerate(shards):
        file, offset, tensors = f"{stem}-{number}.{file_format}", 100, []
        for name in names:
            stored = weights[name]
            tensors.append(Tensor(name, stored.dtype, stored.shape, file, offset, len(stored.data)))
            offset += len(stored.data)
            digest = blake3.blake3(stored.data).hexdigest()
            digests.append(TensorDigest(name, stored.dtype, stored.shape, file, len(stored.data), digest))
            data[file, name] = stored.data
        laid_out = repr([(t.name, t.dtype, t.shape, t.offset) for t in tensors]) + repr(
            sorted((metadata or {}).items())
        )
        header_digest = blake3.blake3(laid_out.encode()).hexdigest()
        headers.append(Header(file, file_format, 0, tuple(tensors), metadata or {}, 100, header_digest))
    return Model(tuple(headers), tuple(digests), data, config)


def read(pairs: Sequence[TensorPair], candidate: Model, base: Model) -> dict[TensorPair, DeltaStatistics]:
    """What the engine's pass over `pairs` gives."""
    statistics = {}
    for p in pairs:
        consumer = DeltaConsumer()
        consumer.begin(*(Unit(t.file, t.offset, t.nbytes, t) for t in (p.candidate, p.base)))
        sides = candidate.data[p.candidate.file, p.candidate.name], base.data[p.base.file, p.base.name]
        consumer.update(memoryview(sides[0]), memoryview(sides[1]))
        statistics[p] = consumer.finish()
    return statistics


def diff(candidate: Model, base: Model) -> tuple[Pairing, tuple[TensorComparison, ...], Classification]:
    """Match, read, compare and classify."""
    pairing = pair(candidate.headers, base.headers, candidate.config, base.config)
    statistics = read(comparable(pairing, candidate.digests, base.digests), candidate, base)
    comparisons = compare(pairing, candidate.digests, base.digests, statistics)
    return pairing, comparisons, classify(pairing, comparisons)


def floats(*values: float, dtype: str = "BF16") -> bytes:
    """Values as stored in BF16 (cut, not rounded), F16 or F32."""
    if dtype == "BF16":
        return b"".join(struct.pack("<f", value)[2:] for value in values)
    return struct.pack(f"<{len(values)}{'e' if dtype == 'F16' else 'f'}", *values)


def matrix(seed: object, rows: int = 8, columns: int = 8, dtype: str = "BF16") -> Stored:
    """Gaussian weights."""
    rng = random.Random(str(seed))
    return Stored(dtype, (rows, columns), floats(*(rng.gauss(0, 0.05) for _ in range(rows * columns)), dtype=dtype))


def vector(seed: object, length: int = 8, dtype: str = "BF16") -> Stored:
    """Gains of a norm, near one."""
    rng = random.Random(str(seed))
    return Stored(dtype, (length,), floats(*(rng.gauss(1, 0.01) for _ in range(length)), dtype=dtype))


def decoder(seed: object = 0, layers: int = 2, *, tied: bool = True) -> Weights:
    """A dense decoder with the Hub's names."""
    weights = {"model.embed_tokens.weight": matrix((seed, "embedding"), 16)}
    for i in range(layers):
        layer = f"model.layers.{i}"
        for part in ("q", "k", "v", "o"):
            weights[f"{layer}.self_attn.{part}_proj.weight"] = matrix((seed, i, part))
        for part in ("gate", "up", "down"):
            weights[f"{layer}.mlp.{part}_proj.weight"] = matrix((seed, i, part))
        weights[f"{layer}.input_layernorm.weight"] = vector((seed, i, "input"))
        weights[f"{layer}.post_attention_layernorm.weight"] = vector((seed, i, "post"))
    weights["model.norm.weight"] = vector((seed, "norm"))
    if not tied:
        weights["lm_head.weight"] = matrix((seed, "head"), 16)
    return weights


def in_gguf(weights: Weights) -> Weights:
    """The same bytes under llama.cpp's names."""
    return _renamed(weights, _GGUF)


def in_original(weights: Weights) -> Weights:
    """The same bytes under the names of Meta's and Mistral's own checkpoints."""
    return _renamed(weights, _ORIGINAL)


def _renamed(weights: Weights, parts: Mapping[str, str]) -> Weights:
    renamed = {}
    for name, stored in weights.items():
        for hub, other in parts.items():
            name = name.replace(hub, other)
        renamed[name] = stored
    return renamed


_GGUF = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "model.layers": "blk",
}
_ORIGINAL = {
    "self_attn.q_proj": "attention.wq",
    "self_attn.k_proj": "attention.wk",
    "self_attn.v_proj": "attention.wv",
    "self_attn.o_proj": "attention.wo",
    "mlp.gate_proj": "feed_forward.w1",
    "mlp.down_proj": "feed_forward.w2",
    "mlp.up_proj": "feed_forward.w3",
    "input_layernorm": "attention_norm",
    "post_attention_layernorm": "ffn_norm",
    "model.embed_tokens": "tok_embeddings",
    "model.norm": "norm",
    "lm_head": "output",
    "model.layers": "layers",
}


def cast(stored: Stored, dtype: str) -> Stored:
    """The tensor as torch casts it."""
    import torch

    from tests.weights.kernels.stored import bits, tensor, torch_dtype

    narrowed = tensor(stored.data, stored.dtype).to(torch_dtype(dtype))
    return Stored(dtype, stored.shape, bits(narrowed).view(torch.uint8).numpy().tobytes())


def cast_all(weights: Weights, dtype: str) -> Weights:
    """Every tensor cast."""
    return {name: cast(stored, dtype) for name, stored in weights.items()}


def changed(stored: Stored, seed: object = "change", share: float = 0.01) -> Stored:
    """Each value moved by about `share` of itself."""
    rng = random.Random(str(seed))
    values = [struct.unpack("<f", b"\0\0" + stored.data[i : i + 2])[0] for i in range(0, len(stored.data), 2)]
    moved = [value * (1 + rng.choice((-1, 1)) * max(share, 0.01)) for value in values]
    return Stored(stored.dtype, stored.shape, floats(*moved))
