"""Every tensor of both sides is accounted for, whatever the names."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.weights.pairing import Pairing, TensorPair, pair
from tests.weights.models import LLAMA, QWEN3, Model, Stored, decoder, in_gguf, in_original, matrix, model, vector


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


def test_one_tensor_under_a_wrapper_of_its_own_is_not_the_bases() -> None:
    """A loader that takes `model.` off all names never finds it, and initialises the layer's tensor anew."""
    stray = "model.layers.1.mlp.down_proj.weight"
    renamed = {f"base_model.model.{n}" if n == stray else n: stored for n, stored in decoder().items()}
    pairing = match(model(renamed, config=QWEN3), model(decoder(), config=QWEN3))
    assert [m.tensor.name for m in pairing.missing] == [stray]
    assert [a.tensor.name for a in pairing.added] == [f"base_model.model.{stray}"]
    both = decoder() | {f"base_model.model.{stray}": decoder()[stray]}
    pairing = match(model(both, config=QWEN3), model(decoder(), config=QWEN3))
    assert (len(pairing.pairs), pairing.added, pairing.missing) == (21, (), ())


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


def test_two_names_for_one_role_are_both_compared_with_it_and_said() -> None:
    base = model(decoder(), config=QWEN3)
    doubled = {**decoder(), "layers.0.mlp.up_proj.weight": matrix("planted")}
    for pairing in (match(model(doubled, config=QWEN3), base), match(base, model(doubled, config=QWEN3))):
        assert (len(pairing.pairs), pairing.added, pairing.missing) == (21, (), ())
        both = [p for p in pairing.pairs if p.role == "layers.0.mlp.up"]
        assert len(both) == 2
        assert {name for p in both for name in (p.candidate.name, p.base.name)} == {
            "model.layers.0.mlp.up_proj.weight",
            "layers.0.mlp.up_proj.weight",
        }
        assert all("several stored names" in p.note for p in both)
    both_doubled = match(model(doubled, config=QWEN3), model(doubled, config=QWEN3))
    assert all(p.candidate.name == p.base.name for p in both_doubled.pairs), "stored names come first"


def test_a_second_copy_in_the_makers_own_names() -> None:
    hub, original = (
        model(decoder(tied=False), config=LLAMA),
        model(in_original(decoder(tied=False)), stem="consolidated"),
    )
    pairing = match(hub | original, hub)
    assert (len(pairing.pairs), pairing.added, pairing.missing) == (42, (), ())
    crossed = {p.role for p in pairing.pairs if p.obstacle}
    assert crossed == {f"layers.{i}.attention.{part}" for i in (0, 1) for part in "qk"}
    turned = match(hub, hub | original)
    assert (turned.added, turned.missing) == ((), ())
    assert not any(p.obstacle for p in turned.pairs), "the base's copy in another order of rows is a copy of the first"
    gguf = model(in_gguf(decoder(tied=False)), file_format="gguf", metadata={"general.architecture": "llama"})
    assert not any(p.obstacle for p in match(gguf, original).pairs), "both lie as rotary embeddings want them"


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
    assert sum(seen.values()) >= len(ours)
    assert len({(p.candidate.name, p.base.name, p.role) for p in pairing.pairs}) == len(pairing.pairs)
    met = {p.base.name for p in pairing.pairs} | {m.tensor.name for m in pairing.missing}
    assert tied <= 1
    assert met == set(theirs)


GEMMA = {"architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text"}


class TestNamesThatAreNotMapped:
    """Without a counterpart, and yet not known to be added or missing."""

    def test_two_ways_of_naming_one_unknown_family(self) -> None:
        gguf = model(in_gguf(decoder()), file_format="gguf", metadata={"general.architecture": "gemma3"})
        pairing = match(gguf, model(decoder(), config=GEMMA))
        assert pairing.pairs == ()
        assert {u.obstacle for u in pairing.added} == {"names of gemma3 in GGUF are not mapped"}
        assert {u.obstacle for u in pairing.missing} == {"names of gemma3_text in safetensors are not mapped"}
        assert (len(pairing.added), len(pairing.missing)) == (20, 20)

    def test_one_tensor_of_a_family_that_is_mapped(self) -> None:
        weights = {**in_gguf(decoder()), "blk.0.ffn_gate_exps.weight": matrix("experts")}
        gguf = model(weights, file_format="gguf", metadata={"general.architecture": "qwen3"})
        base = model({**decoder(), "model.layers.0.mlp.experts.0.gate_proj.weight": matrix("expert")}, config=QWEN3)
        pairing = match(gguf, base)
        assert [u.obstacle for u in pairing.added] == ["this name of qwen3 in GGUF is not mapped"]
        assert [u.obstacle for u in pairing.missing] == ["this name of qwen3 in safetensors is not mapped"]

    def test_a_second_file_in_other_names(self) -> None:
        unknown = {"model_type": "unheard-of"}
        first, second = model(decoder(), config=unknown), model(in_original(decoder()), stem="own")
        pairing = match(first | second, first)
        assert len(pairing.pairs) == 20
        assert {u.obstacle for u in pairing.added} == {"the names in own-0.safetensors are not mapped"}
        assert {u.obstacle for u in match(first, first | second).missing} == {u.obstacle for u in pairing.added}

    @pytest.mark.parametrize("config", [QWEN3, {"model_type": "unheard-of"}, None])
    @pytest.mark.parametrize(
        "name", ["model.layers.2.mlp.up_proj.weight", "v_head.summary.weight", "mtp.fc.weight", "x.lora_A.weight"]
    )
    def test_what_is_really_added(self, name: str, config: dict[str, object] | None) -> None:
        base, longer = model(decoder(), config=config), model({**decoder(), name: matrix("more")}, config=config)
        assert [(u.tensor.name, u.obstacle) for u in match(longer, base).added] == [(name, "")]
        assert [(u.tensor.name, u.obstacle) for u in match(base, longer).missing] == [(name, "")]

    @pytest.mark.parametrize("name", ["model.layers.2.mlp.up_proj.weight", "x.lora_A.weight"])
    def test_an_added_tensor_in_a_file_of_its_own(self, name: str) -> None:
        for config in (QWEN3, {"model_type": "unheard-of"}):
            base = model(decoder(), config=config)
            assert [u.obstacle for u in match(base | model({name: matrix("more")}, stem="more"), base).added] == [""]

    def test_deeper_models_of_unknown_families_are_longer(self) -> None:
        unknown = {"model_type": "unheard-of"}
        pairing = match(model(decoder(layers=40), config=unknown), model(decoder(layers=1), config=unknown))
        assert {u.obstacle for u in pairing.added} == {""}

    def test_a_hostile_family_stays_on_its_line(self) -> None:
        hostile = model(
            {"a": matrix(1)}, file_format="gguf", metadata={"general.architecture": "\x1b[2J\n" + "x" * 10**6}
        )
        (added,) = match(hostile, model({"b": matrix(1)})).added
        assert added.obstacle.isprintable()
        assert len(added.obstacle) < 200
        nameless = model({"a": matrix(1)}, file_format="gguf", metadata={"general.architecture": 7})
        (added,) = match(nameless, model({"b": matrix(1)})).added
        assert added.obstacle == "names of an undeclared family in GGUF are not mapped"


@pytest.mark.parametrize(
    ("name", "file_format", "note"),
    [
        ("rope_freqs.weight", "gguf", "generated by the converter from rope_scaling; not recomputed yet"),
        (
            "model.layers.1.self_attn.rotary_emb.inv_freq",
            "safetensors",
            "generated from rope_theta by early writers; not recomputed yet",
        ),
    ],
)
def test_generated_tensors_are_neither_added_nor_missing(name: str, file_format: str, note: str) -> None:
    weights = {"gguf": in_gguf(decoder()), "safetensors": decoder()}[file_format]
    metadata = {"general.architecture": "llama"} if file_format == "gguf" else {}
    with_it = model({**weights, name: vector(1)}, file_format=file_format, metadata=metadata)
    base = model(decoder(), config=LLAMA)
    (added,), (missing,) = match(with_it, base).added, match(base, with_it).missing
    for unpaired in (added, missing):
        assert (unpaired.tensor.name, unpaired.obstacle, unpaired.generated) == (name, note, True)
    assert len(match(with_it, with_it).pairs) == 21, "where both store it, it is compared"
