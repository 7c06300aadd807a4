"""What stored names tell, with names as they stand in published models."""

from __future__ import annotations

import pytest

from provenance.weights.naming import (
    Named,
    Naming,
    hints_at_adapter,
    hints_at_mtp,
    is_mtp,
    shard_set,
    shown,
)


def named(*names: str, file: str = "model.safetensors", paired: bool = False, mapped: bool = False) -> list[Named]:
    return [Named(name, file, file.rpartition(".")[2], mapped, paired) for name in names]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("model-00001-of-00002.safetensors", "model.safetensors"),
        ("a/b-00003-of-00100.gguf", "a/b.gguf"),
        ("checkpoint-500/model.safetensors", "checkpoint-500/model.safetensors"),
        ("model-1-of-2-final.safetensors", "model-1-of-2-final.safetensors"),
    ],
)
def test_shards_of_one_checkpoint(file: str, name: str) -> None:
    assert shard_set(file) == name


@pytest.mark.parametrize(
    ("name", "module", "hint"),
    [
        ("mtp.layers.0.mlp.up_proj.weight", True, True),
        ("model.layers.61.eh_proj.weight", False, True),
        ("model.layers.61.shared_head.norm.weight", False, True),
        ("blk.46.nextn.eh_proj.weight", True, True),
        ("model.layers.3.mlp.up_proj.weight", False, False),
        ("model.smtp.weight", False, False),
    ],
)
def test_multi_token_prediction(name: str, module: bool, hint: bool) -> None:
    assert (is_mtp(name), hints_at_mtp(name)) == (module, hint)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", True),
        ("blk.0.attn_q.weight.lora_a", True),
        ("base_model.model.h.0.mlp.ia3_l", True),
        ("prompt_embeddings", True),
        ("model.layers.0.lorax.weight", False),
        ("model.layers.0.mlp.up_proj.weight", False),
    ],
)
def test_adapters_of_every_kind(name: str, hint: bool) -> None:
    assert hints_at_adapter(name) == hint


def test_names_follow_the_others_way_of_naming() -> None:
    base = named("model.layers.0.up.weight", "model.layers.1.up.weight", "model.norm.weight")
    naming = Naming(named("model.layers.7.up.weight", "x", "blk.0.up"), base)
    assert naming.knows(named("model.layers.7.up.weight")[0])
    assert naming.knows(named("x")[0]), "it lies in a file that is named in a known way"
    assert not naming.knows(named("x", file="own.safetensors")[0])
    assert not naming.knows(named("x", file="model.gguf")[0])


def test_one_name_in_common_is_not_a_way_of_naming() -> None:
    side = named("norm.weight", paired=True) + named(*(f"own.{letter}" for letter in "abcdefgh"))
    base = named("norm.weight", "y")
    assert not Naming(side, base).knows(side[-1])
    assert Naming(side[:-1], base).knows(side[-2])


def test_roles_are_known_in_every_format_where_both_sides_have_them() -> None:
    (gguf,) = named("blk.9.ffn_up.weight", file="model.gguf", mapped=True)
    assert Naming([gguf], named("model.layers.0.mlp.up_proj.weight", mapped=True)).knows(gguf)
    assert not Naming([gguf], named("model.layers.0.mlp.up_proj.weight")).knows(gguf)


def test_an_mtp_module_is_known_where_the_other_side_has_none() -> None:
    (module,) = named("mtp.fc.weight")
    assert Naming([module], named("blk.0.ffn_up.weight", file="a.gguf")).knows(module)
    assert not Naming([module], named("blk.1.nextn.eh_proj.weight", file="a.gguf")).knows(module)


def test_a_long_or_hostile_name_is_cut_and_stays_on_its_line() -> None:
    assert shown("a.b") == "a.b"
    assert shown("x" * 120) == "x" * 120
    assert shown("x" * 121) == "x" * 120 + "…"
    assert shown("\n" * 10**6).isprintable()
