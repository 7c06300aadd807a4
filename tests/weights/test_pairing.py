"""Every tensor of both sides is accounted for, whatever the names."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.weights.pairing import Pairing, TensorPair, pair
from tests.weights.models import LLAMA, QWEN3, Model, Stored, decoder, in_gguf, matrix, model, vector


def match(candidate: Model, base: Model) -> Pairing:
    return pair(candidate.headers, base.headers, candidate.config, base.config)


def by_role(pairing: Pairing) -> dict[str, TensorPair]:
    return {p.role: p for p in pairing.pairs}


def test_equal_models_match_by_role() -> None:
    base = model(decoder(), config=QWEN3)
    pairing = match(base, base)
    assert len(pairing.pairs) == 20
    assert (pairing.added, pairing.missing, pairing.architecture) == ((), (), "qwen3")
    assert pairing.identical_headers
    assert not pairing.renamed
    assert all(p.same_storage and not p.obstacle and not p.note for p in pairing.pairs)


def test_without_a_known_family_names_alone_are_matched() -> None:
    weights = {"a": matrix(1), "b": matrix(2)}
    pairing = match(model(weights), model({**weights, "c": matrix(3)}, config={"model_type": "unheard-of"}))
    assert pairing.architecture == "names"
    assert [p.role for p in pairing.pairs] == ["a", "b"]
    assert [m.role for m in pairing.missing] == ["c"]


def test_a_file_without_a_config_is_read_with_the_bases_names() -> None:
    wrapped = {f"base_model.model.{name}": stored for name, stored in decoder().items()}
    pairing = match(model(wrapped), model(decoder(), config=QWEN3))
    assert pairing.architecture == "qwen3"
    assert (len(pairing.pairs), pairing.added, pairing.missing) == (20, (), ())
    assert pairing.renamed


def test_two_families_are_both_named() -> None:
    pairing = match(model(decoder(), config=LLAMA), model(decoder(), config=QWEN3))
    assert pairing.architecture == "llama/qwen3"
    assert len(pairing.pairs) == 20


def test_gguf_files_that_declare_different_families_are_matched_as_the_base() -> None:
    gguf = [
        model({"a": matrix(1)}, file_format="gguf", metadata={"general.architecture": family}, stem=family)
        for family in ("qwen3", "llama")
    ]
    assert match(gguf[0] | gguf[1], model({"a": matrix(1)})).architecture == "names"


@pytest.mark.parametrize(("family", "config", "crossed"), [("qwen3", QWEN3, 0), ("llama", LLAMA, 4)])
def test_gguf_against_the_hub(family: str, config: dict[str, object], crossed: int) -> None:
    gguf = model(in_gguf(decoder()), file_format="gguf", metadata={"general.architecture": family})
    pairing = match(gguf, model(decoder(), config=config))
    assert (len(pairing.pairs), pairing.added, pairing.missing) == (20, (), ())
    interleaved = [p for p in pairing.pairs if p.obstacle]
    assert len(interleaved) == crossed
    assert all(p.role.endswith(("attention.q", "attention.k")) and not p.same_storage for p in interleaved)
    assert pairing.renamed
    both_gguf = match(gguf, gguf)
    assert not any(p.obstacle for p in both_gguf.pairs)


@pytest.mark.parametrize("side", ["candidate", "base"])
def test_blocks_are_an_obstacle(side: str) -> None:
    blocks = {"a": Stored("Q4_K", (2, 256), bytes(288))}
    plain = {"a": matrix(1, 2, 256)}
    first, second = (blocks, plain) if side == "candidate" else (plain, blocks)
    (found,) = match(model(first), model(second)).pairs
    assert found.obstacle == f"the {side} stores Q4_K, which is not decoded yet"
    assert not found.same_storage
    (same,) = match(model(blocks), model(blocks)).pairs
    assert same.same_storage
    assert same.obstacle


@pytest.mark.parametrize("scale", ["w.weight_scale_inv", "w.weight_scale"])
def test_codes_with_a_scale_beside_them_are_an_obstacle(scale: str) -> None:
    codes = {"w.weight": Stored("F8_E4M3", (8, 8), bytes(64)), scale: vector(1, 1, "F32")}
    sharded = model(codes, [["w.weight"], [scale]])
    plain = model({"w.weight": matrix(1)})
    found = match(sharded, plain).pairs[0]
    assert found.obstacle == "the candidate stores F8_E4M3 codes with a scale beside them; they are not decoded yet"
    assert match(plain, sharded).pairs[0].obstacle.startswith("the base stores F8_E4M3 codes")
    assert not match(model({"w.weight": codes["w.weight"]}), plain).pairs[0].obstacle


def test_integers_against_floats_are_an_obstacle() -> None:
    (found,) = match(model({"w": Stored("I8", (8, 8), bytes(64))}), model({"w": matrix(1)})).pairs
    assert found.obstacle == "I8 in the candidate, BF16 in the base: codes of an unknown scheme"


def test_two_names_for_one_role_are_matched_by_stored_name_and_said() -> None:
    base = model(decoder(), config=QWEN3)
    doubled = {**decoder(), "layers.0.mlp.up_proj.weight": matrix("planted")}
    pairing = match(model(doubled, config=QWEN3), base)
    (added,) = pairing.added
    assert added.tensor.name == "layers.0.mlp.up_proj.weight"
    assert "several stored names" in added.note
    own = next(p for p in pairing.pairs if p.candidate.name == "model.layers.0.mlp.up_proj.weight")
    assert own.base.name == own.candidate.name
    assert "several stored names" in own.note
    assert pairing.missing == ()
    turned = match(base, model(doubled, config=QWEN3))
    assert [m.tensor.name for m in turned.missing] == ["layers.0.mlp.up_proj.weight"]
    assert turned.added == ()


def test_a_stored_name_that_reads_like_a_role_is_not_that_role() -> None:
    base = {**decoder(), "embedding": matrix("planted")}
    pairing = match(model(decoder(), config=QWEN3), model(base, config=QWEN3))
    assert [m.tensor.name for m in pairing.missing] == ["embedding"]


def test_one_name_in_two_files_is_compared_twice() -> None:
    base = model({"a": matrix(1)})
    candidate = model({"a": matrix(1)}) | model({"a": matrix(2)}, stem="other")
    pairing = match(candidate, base)
    assert [p.candidate.file for p in pairing.pairs] == ["model-0.safetensors", "other-0.safetensors"]
    assert pairing.renamed
    turned = match(base, candidate)
    assert [p.base.file for p in turned.pairs] == ["model-0.safetensors"]
    assert "more than once" in turned.pairs[0].note
    assert turned.missing == ()


def test_a_second_format_beside_the_first_is_compared_with_its_own_kind() -> None:
    hub = model(decoder(), config=QWEN3)
    gguf = model(in_gguf(decoder()), file_format="gguf", metadata={"general.architecture": "qwen3"})
    for candidate, base in ((hub | gguf, hub), (hub | gguf, hub | gguf)):
        pairing = match(candidate, base)
        assert len(pairing.pairs) == 40
        assert (pairing.added, pairing.missing) == ((), ())
    assert all(p.candidate.name == p.base.name for p in match(hub | gguf, hub | gguf).pairs)
    assert match(hub, hub | gguf).renamed


def test_a_head_only_one_side_stores_is_compared_with_the_others_embedding() -> None:
    tied, stored = decoder(), {**decoder(), "lm_head.weight": decoder()["model.embed_tokens.weight"]}
    for first, second in ((tied, stored), (stored, tied)):
        pairing = match(model(first, config=QWEN3), model(second, config=QWEN3))
        head = by_role(pairing)["lm_head"]
        assert {head.candidate.name, head.base.name} == {"model.embed_tokens.weight", "lm_head.weight"}
        assert "uses its embedding" in head.note
        assert (pairing.added, pairing.missing) == ((), ())
        assert pairing.renamed


@pytest.mark.parametrize("untied", ["candidate", "base"])
def test_a_head_that_a_config_says_is_not_tied_is_missing(untied: str) -> None:
    says = {**QWEN3, "tie_word_embeddings": False}
    configs = (says, QWEN3) if untied == "candidate" else (QWEN3, says)
    pairing = match(model(decoder(), config=configs[0]), model(decoder(tied=False), config=configs[1]))
    assert [m.role for m in pairing.missing] == ["lm_head"]


def test_metadata_and_shard_names_are_part_of_the_headers() -> None:
    base = model(decoder(), config=QWEN3)
    assert not match(model(decoder(), metadata={"format": "pt"}), base).identical_headers
    halves = list(decoder())[:10], list(decoder())[10:]
    sharded = model(decoder(), halves)
    assert not match(sharded, base).identical_headers
    assert match(model(decoder(), halves), sharded).identical_headers
    assert not match(model(decoder(), halves, stem="renamed"), sharded).identical_headers
    assert match(model(decoder(), stem="renamed"), base).identical_headers, "a lone file may be called anything"


names = st.sampled_from(
    [*decoder(layers=1, tied=False), "layers.0.mlp.up_proj.weight", "lm_head", "embedding", "norm.weight", "x"]
)


@settings(deadline=None)
@given(st.lists(names, unique=True, max_size=12), st.lists(names, unique=True, max_size=12), st.booleans())
def test_no_tensor_is_dropped(ours: list[str], theirs: list[str], known: bool) -> None:
    candidate, base = (model({name: matrix(name) for name in side}) for side in (ours, theirs))
    pairing = pair(candidate.headers, base.headers, QWEN3 if known else None, None)
    tied = sum("uses its embedding" in p.note for p in pairing.pairs)
    seen = Counter(p.candidate.name for p in pairing.pairs) + Counter(a.tensor.name for a in pairing.added)
    assert set(seen) == set(ours)
    assert sum(seen.values()) == len(ours) + sum(
        "uses its embedding" in p.note and p.base.name != "model.embed_tokens.weight" for p in pairing.pairs
    )
    met = {p.base.name for p in pairing.pairs} | {m.tensor.name for m in pairing.missing}
    assert tied <= 1
    assert met == set(theirs)
