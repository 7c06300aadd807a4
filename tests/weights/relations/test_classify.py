"""From states to relations: what is proved, what stays possible, and what is said."""

from __future__ import annotations

import random
import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.records import Relation, TensorState
from provenance.weights.relations import RELATIONS, Classification, classify
from provenance.weights.relations.untested import UNTESTED
from tests.weights.models import (
    LLAMA,
    QWEN3,
    Model,
    Stored,
    Weights,
    cast_all,
    changed,
    decoder,
    diff,
    in_gguf,
    in_original,
    matrix,
    model,
    vector,
)

BASE = decoder(layers=3)
NEVER_OF_AN_EDIT = {
    Relation.IDENTICAL,
    Relation.REPACKED,
    Relation.DTYPE_CAST,
    Relation.QUANTIZED,
    Relation.REQUANTIZED,
    Relation.ADAPTER,
    Relation.MTP_DROPPED,
    Relation.INCONCLUSIVE,
}


def hub(weights: Weights = BASE, shards: list[list[str]] | None = None) -> Model:
    return model(weights, shards, config=QWEN3)


def gguf(weights: Weights, family: str = "qwen3") -> Model:
    return model(in_gguf(weights), file_format="gguf", metadata={"general.architecture": family})


def found(candidate: Model, base: Model | None = None) -> Classification:
    return diff(candidate, base or hub())[2]


def halves(weights: Weights) -> list[list[str]]:
    names = list(weights)
    return [names[: len(names) // 2], names[len(names) // 2 :]]


def edited(share: float = 1.0) -> Weights:
    """The base with this share of its layer matrices moved a little."""
    matrices = [name for name in BASE if "proj" in name]
    moved = matrices[: round(share * len(matrices))]
    return {name: changed(stored) if name in moved else stored for name, stored in BASE.items()}


class TestProved:
    @pytest.mark.parametrize(
        ("candidate", "relations"),
        [
            (hub(), ("identical",)),
            (model(BASE, config=QWEN3, stem="renamed"), ("identical",)),
            (hub(BASE, halves(BASE)), ("repacked",)),
            (hub(BASE, [list(reversed(BASE))]), ("repacked",)),
            (model(BASE, config=QWEN3, metadata={"format": "pt"}), ("repacked",)),
            (model({f"base_model.model.{n}": s for n, s in BASE.items()}), ("repacked",)),
            (gguf(BASE), ("repacked",)),
            (hub() | gguf(BASE), ("repacked",)),
            (hub({**BASE, "lm_head.weight": BASE["model.embed_tokens.weight"]}), ("repacked",)),
            (hub(cast_all(BASE, "F32")), ("dtype-cast",)),
            (hub(cast_all(BASE, "F16"), halves(BASE)), ("dtype-cast",)),
            (hub(cast_all(BASE, "F8_E4M3")), ("dtype-cast",)),
            (gguf(cast_all(BASE, "F32")), ("repacked", "dtype-cast")),
        ],
        ids=lambda value: "+".join(value) if isinstance(value, tuple) else "",
    )
    def test_nothing_but_packing_and_casts(self, candidate: Model, relations: tuple[str, ...]) -> None:
        result = found(candidate)
        assert result.relations == relations
        assert result.possible == set(relations), "what is proved is all that is possible"

    def test_a_cast_that_rounds(self) -> None:
        wide = {name: matrix(name, len(stored.data) // 16, 8, "F32") for name, stored in BASE.items()}
        assert found(hub(cast_all(wide, "BF16")), hub(wide)).relations == ("dtype-cast",)

    def test_only_some_tensors_are_cast(self) -> None:
        norms = {name: cast_all({name: stored}, "F32")[name] for name, stored in BASE.items() if "norm" in name}
        assert found(hub({**BASE, **norms})).relations == ("dtype-cast",)

    @pytest.mark.parametrize(
        "mtp", ["mtp.layers.0.mlp.up_proj.weight", "model.mtp.fc.weight", "blk.3.nextn.enorm.weight"]
    )
    def test_a_dropped_mtp_module(self, mtp: str) -> None:
        base = hub({**BASE, mtp: matrix("mtp"), mtp.replace("weight", "bias"): vector("mtp")})
        assert found(hub(), base).relations == ("mtp-dropped",)
        assert found(hub(cast_all(BASE, "F32")), base).relations == ("dtype-cast", "mtp-dropped")
        assert found(gguf(BASE), base).relations == ("repacked", "mtp-dropped")
        assert "2 missing" in found(hub(), base).basis

    def test_blocks_that_are_the_same_bytes(self) -> None:
        blocks = {**BASE, "model.norm.weight": Stored("Q8_0", (1, 32), bytes(34))}
        assert found(hub(blocks, halves(blocks)), hub(blocks)).relations == ("repacked",)


class TestInconclusive:
    def test_an_edit_of_every_matrix(self) -> None:
        result = found(hub(edited()))
        assert result.relations == ("inconclusive",)
        assert result.possible == set(Relation) - NEVER_OF_AN_EDIT - {
            Relation.VOCABULARY_CHANGED,
            Relation.MTP_CHANGED,
            Relation.DEPTH_UPSCALED,
        }

    def test_an_edit_of_few_matrices_is_not_an_unrelated_model(self) -> None:
        result = found(hub(edited(0.1)))
        assert Relation.UNRELATED not in result.possible
        assert {Relation.ABLITERATED, Relation.FINE_TUNED, Relation.LORA_MERGED} <= result.possible

    def test_one_bit_is_enough(self) -> None:
        stored = BASE["model.norm.weight"]
        flipped = Stored(stored.dtype, stored.shape, bytes([stored.data[0] ^ 1]) + stored.data[1:])
        result = found(hub({**BASE, "model.norm.weight": flipped}))
        assert result.relations == ("inconclusive",)
        assert not result.possible & NEVER_OF_AN_EDIT
        assert result.basis.startswith("29 tensors: 28 identical, 1 changed; largest relative change 0.0")
        assert result.basis.endswith("in final_norm")

    def test_an_edit_in_other_clothes(self) -> None:
        for candidate in (gguf(edited()), hub(cast_all(edited(), "F32")), hub(edited(), halves(BASE))):
            result = found(candidate)
            assert result.relations == ("inconclusive",)
            assert not result.possible & NEVER_OF_AN_EDIT

    def test_an_independent_model_and_a_laundered_one_look_alike_and_that_is_said(self) -> None:
        wide = {name: matrix((0, name), 64, 64) for name in BASE if "proj" in name}
        twin = {name: matrix((1, name), 64, 64) for name in wide}
        result = found(hub(twin), hub(wide))
        assert result.basis.endswith("values share no more than chance: unrelated, or laundered")
        assert {Relation.UNRELATED, Relation.LAUNDERED, Relation.SAME_INIT} <= result.possible
        assert not result.possible & {Relation.FINE_TUNED, Relation.SCALED, Relation.NOISE_ADDED, Relation.MERGED}
        few = {**wide, **dict(list(twin.items())[:3])}
        assert "chance" not in found(hub(few), hub(wide)).basis

    def test_blocks_may_hide_anything_but_are_no_cast(self) -> None:
        quantized = {n: Stored("Q8_0", s.shape, bytes(68)) if "proj" in n else s for n, s in BASE.items()}
        result = found(gguf(quantized))
        assert {Relation.QUANTIZED, Relation.REQUANTIZED, Relation.ABLITERATED, Relation.UNRELATED} <= result.possible
        assert not result.possible & {Relation.IDENTICAL, Relation.REPACKED, Relation.DTYPE_CAST}
        assert result.basis.endswith("21 unsupported; the candidate stores Q8_0, which is not decoded yet")

    def test_codes_whose_scale_lies_beside_them(self) -> None:
        name = "model.layers.0.mlp.up_proj.weight"
        scaled = {**cast_all(BASE, "F8_E4M3"), f"{name}_scale_inv": vector(0, 1, "F32")}
        result = found(hub(scaled))
        assert result.relations == ("inconclusive",)
        assert Relation.QUANTIZED in result.possible

    def test_interleaved_rows_may_be_no_more_than_another_order(self) -> None:
        base = model(BASE, config=LLAMA)
        assert Relation.REPACKED in found(gguf(BASE, "llama"), base).possible
        widened = found(gguf(cast_all(BASE, "F32"), "llama"), base)
        assert Relation.DTYPE_CAST in widened.possible
        assert Relation.QUANTIZED not in widened.possible
        assert not found(gguf(edited(), "llama"), base).possible & {Relation.REPACKED, Relation.DTYPE_CAST}

    def test_added_and_missing_tensors(self) -> None:
        without = {name: stored for name, stored in BASE.items() if ".2." not in name}
        shorter = found(hub(without))
        assert Relation.PRUNED in shorter.possible
        assert not shorter.possible & {Relation.IDENTICAL, Relation.FINE_TUNED, Relation.DEPTH_UPSCALED}
        longer = found(hub(), hub(without))
        assert {Relation.DEPTH_UPSCALED, Relation.FRANKENMERGED} <= longer.possible
        assert Relation.PRUNED not in longer.possible

    def test_a_longer_vocabulary(self) -> None:
        name = "model.embed_tokens.weight"
        result = found(hub({**BASE, name: matrix("longer", 20)}))
        assert Relation.VOCABULARY_CHANGED in result.possible
        assert "1 reshaped" in result.basis

    def test_part_of_the_mtp_module_is_missing(self) -> None:
        module = {"mtp.fc.weight": matrix("fc"), "mtp.norm.weight": vector("norm")}
        base = hub({**BASE, **module})
        partly = found(hub({**BASE, "mtp.norm.weight": module["mtp.norm.weight"]}), base)
        assert partly.relations == ("inconclusive",)
        assert {Relation.MTP_DROPPED, Relation.MTP_CHANGED} <= partly.possible
        fewer = found(hub(dict(list(BASE.items())[:-1])))
        assert not fewer.possible & {Relation.MTP_DROPPED, Relation.MTP_CHANGED, Relation.ADAPTER}
        as_a_layer = {**BASE, "model.layers.3.eh_proj.weight": matrix("eh")}
        assert Relation.MTP_DROPPED in found(model(BASE), model(as_a_layer)).possible
        with_edit = found(hub(edited()), base)
        assert with_edit.relations == ("inconclusive",)
        assert Relation.MTP_DROPPED in with_edit.possible

    def test_unmapped_names_rule_less_out(self) -> None:
        base = model({"w": matrix(1), "v": matrix(2)})
        result = found(model({"w": matrix(1)}), base)
        assert Relation.VOCABULARY_CHANGED in result.possible
        assert not result.possible & {Relation.MTP_DROPPED, Relation.MTP_CHANGED, Relation.ADAPTER}
        layer = {"h.0.w": matrix(1), "wte": matrix(2)}
        edited_layer = found(model({**layer, "h.0.w": changed(matrix(1))}), model(layer))
        assert Relation.VOCABULARY_CHANGED not in edited_layer.possible

    def test_nothing_in_common(self) -> None:
        result = found(model({"x": matrix(1)}), model({"y": matrix(1)}))
        assert result.relations == ("inconclusive",)
        assert result.basis == "2 tensors: 2 unsupported; the names in model-0.safetensors are not mapped"
        assert {Relation.UNRELATED, Relation.ADAPTER, Relation.FINE_TUNED, Relation.DEPTH_UPSCALED} <= result.possible
        first, second = ({f"model.layers.{i}.mlp.up_proj.weight": matrix(i)} for i in (0, 1))
        result = found(hub(first), hub(second))
        assert result.basis == "2 tensors: 1 added, 1 missing; no tensor of the candidate has a counterpart in the base"

    def test_of_equal_changes_the_first_role_is_named_and_one_beyond_measure_is_the_largest(self) -> None:
        base = {name: matrix(0) for name in ("b", "a", "c")}
        both = model({"b": changed(matrix(0)), "a": changed(matrix(0)), "c": matrix(0)})
        assert found(both, model(base)).basis.endswith(" in a")
        huge = {**base, "c": Stored("F64", (1,), struct.pack("<d", 1e300))}
        moved = {**base, "b": changed(matrix(0)), "c": Stored("F64", (1,), struct.pack("<d", -1e300))}
        assert found(model(moved), model(huge)).basis.endswith("largest relative change inf in c")
        from_zero = found(model({"z": matrix(0)}), model({"z": Stored("BF16", (8, 8), bytes(128))}))
        assert from_zero.basis.endswith("largest relative change inf in z")

    def test_a_hostile_name_stays_on_its_line(self) -> None:
        name = "\x1b[2J\n\u202e" + "x" * 10_000
        result = found(model({name: changed(matrix(1))}), model({name: matrix(1)}))
        assert result.basis.isprintable()
        assert len(result.basis) < 300


ALLOWED = {Relation.IDENTICAL, Relation.REPACKED, Relation.DTYPE_CAST, Relation.QUANTIZED}
"""What a policy that wants the base's own weights allows."""


class TestNotMapped:
    """Nothing is ruled out, and nothing proved, by names that are not mapped."""

    @pytest.mark.parametrize(
        ("weights", "relation", "others"),
        [
            (BASE, Relation.REPACKED, {Relation.DTYPE_CAST, Relation.QUANTIZED}),
            (cast_all(BASE, "F32"), Relation.DTYPE_CAST, {Relation.REPACKED, Relation.QUANTIZED}),
            (
                {n: Stored("Q8_0", s.shape, bytes(68)) for n, s in BASE.items()},
                Relation.QUANTIZED,
                {Relation.REPACKED, Relation.DTYPE_CAST},
            ),
        ],
    )
    def test_a_gguf_of_an_unknown_family(self, weights: Weights, relation: Relation, others: set[Relation]) -> None:
        result = found(gguf(weights, "gemma3"), model(BASE, config={"model_type": "gemma3_text"}))
        assert result.relations == ("inconclusive",)
        assert relation in result.possible
        assert not result.possible & others
        assert not result.possible & {Relation.MTP_CHANGED, Relation.MTP_DROPPED, Relation.DEPTH_UPSCALED}
        assert "29 unsupported: names of gemma3 in GGUF are not mapped" in result.basis

    def test_a_tensor_that_the_converter_generates(self) -> None:
        factors = {**in_gguf(cast_all(BASE, "F32")), "rope_freqs.weight": vector("factors", 4, "F32")}
        base = model(BASE, config=LLAMA)
        result = found(model(factors, file_format="gguf", metadata={"general.architecture": "llama"}), base)
        assert result.relations == ("inconclusive",)
        assert result.possible & ALLOWED == {Relation.DTYPE_CAST}
        assert Relation.ADAPTER not in result.possible
        assert "1 unsupported: generated by the converter from rope_scaling; not recomputed yet" in result.basis
        plain = {**in_gguf(BASE), "rope_freqs.weight": vector("factors", 4, "F32")}
        result = found(model(plain, file_format="gguf", metadata={"general.architecture": "llama"}), base)
        assert result.possible & ALLOWED == {Relation.REPACKED}
        edit = {**in_gguf(edited()), "rope_freqs.weight": vector("factors", 4, "F32")}
        result = found(model(edit, file_format="gguf", metadata={"general.architecture": "llama"}), base)
        assert not result.possible & ALLOWED

    def test_a_second_copy_in_another_layout(self) -> None:
        base = model(BASE, config={"model_type": "unheard-of"})
        result = found(base | model(in_original(BASE), stem="own"), base)
        assert result.relations == ("inconclusive",)
        assert result.possible & ALLOWED == {Relation.REPACKED}
        assert not found(model(edited()) | model(in_original(BASE), stem="own"), base).possible & ALLOWED

    def test_a_second_copy_under_another_prefix_is_compared(self) -> None:
        short = {name.removeprefix("model."): stored for name, stored in BASE.items()}
        both = hub() | model(short, stem="second")
        assert found(both).relations == ("repacked",)
        assert found(hub(), both).relations == ("repacked",)
        moved = {name.removeprefix("model."): stored for name, stored in edited(0.1).items()}
        assert found(hub() | model(moved, stem="second")).relations == ("inconclusive",)
        assert not found(hub() | model(moved, stem="second")).possible & ALLOWED


def adapter(rank: int = 4, width: int = 8) -> Weights:
    parts = {}
    for module in ("layers.0.self_attn.q_proj", "layers.2.mlp.up_proj"):
        parts[f"base_model.model.model.{module}.lora_A.weight"] = matrix((module, "A"), rank, width, "F32")
        parts[f"base_model.model.model.{module}.lora_B.weight"] = matrix((module, "B"), 8, rank, "F32")
    return parts


class TestAdapter:
    @pytest.mark.parametrize("base", [hub(), gguf(BASE), model(BASE)], ids=["hub", "gguf", "names"])
    def test_an_adapter_that_fits(self, base: Model) -> None:
        _, comparisons, result = diff(model(adapter()), base)
        assert result.relations == ("adapter",)
        assert result.possible == {Relation.ADAPTER}
        assert [c.state for c in comparisons] == [TensorState.ADDED] * 4
        assert comparisons[0].note == "lora_A of an adapter to model.layers.0.self_attn.q_proj.weight"
        assert result.basis.endswith("adapter's and fits a module of the base, whose own weights are not in it")

    def test_an_adapter_to_another_base(self) -> None:
        _, comparisons, result = diff(model(adapter(width=16)), hub())
        assert result.relations == ("inconclusive",)
        assert {Relation.ADAPTER, Relation.UNRELATED} <= result.possible
        assert not result.possible & (ALLOWED | {Relation.DEPTH_UPSCALED})
        assert comparisons[0].note.endswith("q_proj.weight, whose shape in the base it does not fit")
        assert len(comparisons) == 4

    def test_an_adapter_beside_the_model(self) -> None:
        result = found(hub() | model(adapter(), stem="adapter_model"))
        assert result.relations == ("inconclusive",)
        assert Relation.ADAPTER in result.possible
        assert not result.possible & ALLOWED

    def test_one_tensor_more_is_no_adapter(self) -> None:
        result = found(model({**adapter(), "base_model.model.lm_head.weight": matrix("head", 16)}))
        assert result.relations == ("inconclusive",)
        assert Relation.ADAPTER in result.possible


class TestBasis:
    def test_copies_are_told_apart_by_their_files(self) -> None:
        moved = model(edited(), halves(BASE), stem="checkpoint-500/model")
        result = found(hub() | moved)
        assert "model-0.safetensors: 29 identical" in result.basis
        assert "checkpoint-500/model-0.safetensors: " in result.basis
        many = hub()
        for i in range(9):
            many = many | model({"model.norm.weight": BASE["model.norm.weight"]}, stem=f"\n{i}" + "x" * 1000)
        assert "; 6 more files" in found(many).basis
        assert found(many).basis.isprintable()
        assert len(found(many).basis) < 1000

    def test_infinities_are_said(self) -> None:
        wide = {**cast_all(BASE, "F32"), "model.norm.weight": Stored("F32", (2,), struct.pack("<2f", 1e30, 1))}
        result = found(hub(cast_all(wide, "F16")), hub(wide))
        assert result.relations == ("dtype-cast",)
        assert "1 element of 1 tensor is NaN or infinite on one side or both" in result.basis

    def test_reasons_are_grouped(self) -> None:
        weights = {n: Stored("Q8_0", s.shape, bytes(68)) if "down" in n else s for n, s in BASE.items()}
        result = found(gguf(weights, "llama"), model(BASE, config=LLAMA))
        assert "6 unsupported: one side stores the rows of each head interleaved" in result.basis
        assert "3 unsupported: the candidate stores Q8_0" in result.basis
        dtypes = ("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_0")
        blocks = {n: Stored(dtypes[i % 6], s.shape, bytes(68)) for i, (n, s) in enumerate(BASE.items())}
        assert found(gguf(blocks)).basis.endswith("; 2 more reasons")


def test_without_tensors_nothing_is_said() -> None:
    pairing, _, _ = diff(hub(), hub())
    with pytest.raises(ValueError, match="at least one tensor"):
        classify(pairing, ())


def test_every_relation_is_proved_or_in_the_table() -> None:
    proved = [kind.relation for kind in RELATIONS]
    assert len(proved) + len(UNTESTED) + 1 == len(Relation)
    assert {*proved, *UNTESTED, Relation.INCONCLUSIVE} == set(Relation)
    assert proved == sorted(proved, key=list(Relation).index), "listed in the order of the enum"


CANDIDATES = {
    "same": BASE,
    "edited": edited(0.5),
    "cast": cast_all(BASE, "F32"),
    "shorter": dict(list(BASE.items())[:-4]),
    "longer": {**BASE, "model.layers.3.mlp.up_proj.weight": matrix("more")},
    "blocks": {n: Stored("Q8_0", s.shape, bytes(68)) if "down" in n else s for n, s in BASE.items()},
}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(CANDIDATES)), st.integers(1, 5), st.randoms(use_true_random=False))
def test_sharding_and_order_change_no_relation(name: str, shards: int, rng: random.Random) -> None:
    weights = CANDIDATES[name]
    one_file = hub(weights, [rng.sample(sorted(weights), len(weights))])
    names = rng.sample(sorted(weights), len(weights))
    cut = hub(weights, [names[i::shards] for i in range(shards)])
    (_, rows, result), (_, other_rows, other) = diff(one_file, hub()), diff(cut, hub())
    assert result == other
    assert [replace(row, file="") for row in rows] == [replace(row, file="") for row in other_rows]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(CANDIDATES)), st.sampled_from(sorted(CANDIDATES)), st.randoms(use_true_random=False))
def test_the_order_of_the_comparisons_means_nothing(ours: str, theirs: str, rng: random.Random) -> None:
    pairing, comparisons, result = diff(hub(CANDIDATES[ours]), hub(CANDIDATES[theirs]))
    shuffled = tuple(rng.sample(comparisons, len(comparisons)))
    assert classify(pairing, shuffled) == result


@pytest.mark.parametrize("theirs", sorted(CANDIDATES))
@pytest.mark.parametrize("ours", sorted(CANDIDATES))
def test_a_difference_is_never_called_identical(ours: str, theirs: str) -> None:
    _, comparisons, result = diff(hub(CANDIDATES[ours]), hub(CANDIDATES[theirs]))
    assert (result.relations == ("identical",)) == (ours == theirs)
    assert result.possible
    assert Relation.INCONCLUSIVE not in result.possible
    if any(c.state is TensorState.CHANGED for c in comparisons):
        assert result.relations == ("inconclusive",)
