"""What two forms of a model are to each other, from headers, digests and statistics of real bytes."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Mapping

import pytest

from provenance.facts import TwinsFact
from provenance.weights.forms import Form, Twins
from provenance.weights.pairing import pair
from provenance.weights.twins import SHOWN, digests, judge, to_read
from tests.weights.models import (
    LLAMA,
    QWEN3,
    Stored,
    Weights,
    cast,
    cast_all,
    changed,
    decoder,
    floats,
    in_gguf,
    in_original,
    matrix,
    model,
    read,
    vector,
)

Config = Mapping[str, object]
DOWN = "model.layers.1.mlp.down_proj.weight"
F32 = {name: cast(stored, "F32") for name, stored in decoder().items()}


def look(first: Weights, second: Weights, file_format: str = "torch", config: Config | None = None) -> TwinsFact:
    """What `second` is to `first`."""
    ours = model(first, stem="first")
    theirs = model(second, stem="second", file_format=file_format)
    twins = Twins(Form(ours.headers), Form(theirs.headers), "somebody loads")
    pairing = pair(theirs.headers, ours.headers, config, config)
    both, measured = ours | theirs, {}
    for key, (narrow, wide) in to_read(pairing).items():
        # The kernel is told which of the two should be the cast.
        turned = dataclasses.replace(key, candidate=narrow, base=wide)
        measured[key] = read([turned], both, both)[turned]
    return judge(twins, pairing, digests(both.digests), measured)


def test_the_same_bytes_are_the_same() -> None:
    fact = look(decoder(), decoder())
    assert (fact.same, fact.counts, fact.unknown) == (len(decoder()), (0, 0, 0), 0)


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_cast_to_the_nearest_is_the_same(dtype: str, turned: bool) -> None:
    wide = {name: _noisy(stored) for name, stored in F32.items()}
    sides = (cast_all(wide, dtype), wide) if turned else (wide, cast_all(wide, dtype))
    fact = look(*sides)
    assert (fact.same, fact.rounded, fact.counts) == (len(wide), 0, (0, 0, 0))


def _noisy(stored: Stored) -> Stored:
    """F32 that needs rounding."""
    values = struct.unpack(f"<{len(stored.data) // 4}f", stored.data)
    return Stored("F32", stored.shape, floats(*(value * 1.0045 for value in values), dtype="F32"))


def test_a_cast_that_cuts_off_is_rounding_and_not_another_model() -> None:
    wide = {name: _noisy(stored) for name, stored in F32.items()}
    cut = {
        name: Stored("BF16", s.shape, b"".join(s.data[at + 2 : at + 4] for at in range(0, len(s.data), 4)))
        for name, s in wide.items()
    }
    fact = look(wide, cut)
    assert fact.counts == (0, 0, 0)
    assert fact.rounded


def test_halves_of_two_kinds_differ_by_rounding() -> None:
    wide = {name: _noisy(stored) for name, stored in F32.items()}
    fact = look(cast_all(wide, "F16"), cast_all(wide, "BF16"))
    assert (fact.same + fact.rounded, fact.counts) == (len(wide), (0, 0, 0))


@pytest.mark.parametrize("dtype", ["BF16", "F16", "F32"])
def test_one_changed_tensor_is_named(dtype: str) -> None:
    other = cast_all(decoder() | {DOWN: changed(decoder()[DOWN], share=0.1)}, dtype)
    fact = look(decoder(), other)
    assert (fact.differing, fact.counts) == ((DOWN,), (1, 0, 0))


def test_one_changed_element_under_a_cast_is_named() -> None:
    wide = {name: _noisy(stored) for name, stored in F32.items()}
    narrow = cast_all(wide, "BF16")
    data = narrow[DOWN].data
    narrow[DOWN] = Stored("BF16", narrow[DOWN].shape, data[:2] + b"\x00\x00" + data[4:])
    assert look(wide, narrow).differing == (DOWN,)


def test_missing_and_extra_tensors_are_named() -> None:
    lacking = decoder()
    del lacking[DOWN]
    assert look(decoder(), lacking).missing == (DOWN,)
    assert look(lacking, decoder()).extra == (DOWN,)


def test_buffers_and_copies_may_be_in_one_form_alone() -> None:
    stored = decoder()
    more = stored | {
        "lm_head.weight": stored["model.embed_tokens.weight"],
        "encoder.embed_tokens.weight": stored["model.embed_tokens.weight"],
        "model.layers.0.self_attn.rotary_emb.inv_freq": vector(1),
        "embeddings.position_ids": vector(2),
    }
    assert look(stored, more).counts == (0, 0, 0)
    assert look(more, stored).counts == (0, 0, 0)


def test_an_output_layer_of_its_own_is_not_the_embedding() -> None:
    more = decoder() | {"lm_head.weight": matrix("head", 16)}
    assert look(decoder(), more).counts in ((0, 0, 1), (1, 0, 0))
    assert look(decoder(), more, config=QWEN3).differing == ("lm_head.weight",)


def test_names_of_other_formats_are_mapped() -> None:
    assert look(decoder(), in_gguf(decoder()), "gguf", QWEN3).same == len(decoder())
    other = decoder() | {DOWN: changed(decoder()[DOWN])}
    fact = look(decoder(), in_gguf(other), "gguf", QWEN3)
    assert fact.differing == ("blk.1.ffn_down.weight",)
    fact = look(decoder(), in_original(other), "torch", LLAMA)
    assert fact.differing == ("layers.1.feed_forward.w2.weight",)
    assert fact.unknown == 4  # queries and keys, whose rows lie in another order
    assert "the second form" in fact.reason or "one side" in fact.reason


def test_names_that_are_not_mapped_are_not_compared() -> None:
    fact = look(decoder(), in_gguf(decoder()), "gguf")
    assert (fact.same, fact.counts) == (0, (0, 0, 0))
    assert fact.unknown
    assert fact.reason


def test_quantized_tensors_are_not_compared_and_the_others_are() -> None:
    quantized = {
        name: Stored("Q8_0", s.shape, b"\0" * 34) if len(s.shape) > 1 else s for name, s in in_gguf(decoder()).items()
    }
    fact = look(decoder(), quantized, "gguf", QWEN3)
    assert fact.same == 5
    assert fact.counts == (0, 0, 0)
    assert "Q8_0" in fact.reason


def test_padded_vocabularies_are_not_compared() -> None:
    other = decoder() | {"model.embed_tokens.weight": matrix("padded", 32)}
    fact = look(decoder(), other, config=QWEN3)
    assert (fact.counts, fact.reason) == ((0, 0, 0), "another number of rows")
    other = decoder() | {DOWN: matrix("x", 4, 16)}
    assert look(decoder(), other).differing == (DOWN,)


def test_a_gguf_of_other_sizes_is_another_model() -> None:
    small = {name: matrix(name, 4, 4) for name in in_gguf(decoder())}
    fact = look(decoder(), small, "gguf", QWEN3)
    assert (fact.counts, fact.reason) == ((0, 0, 0), "it is a model of other sizes")
    assert look(decoder(), {name: matrix(name, 4, 4) for name in decoder()}).counts[0] > 0


def test_names_are_counted_and_the_first_shown() -> None:
    fact = look(decoder(), decoder(seed=1))
    assert fact.counts[0] == len(decoder())
    assert len(fact.differing) == SHOWN
