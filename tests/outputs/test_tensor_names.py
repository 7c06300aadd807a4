"""Names in a narrow column: one line where it can be, and never two that look alike."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from provenance.outputs.tensor_names import fitted


def fit(names: list[str], width: int, *, unicode: bool = True) -> list[str]:
    return fitted(names, width, measure=cell_len, unicode=unicode)


@pytest.mark.parametrize(
    ("name", "width", "shown"),
    [
        ("model.layers.1.mlp.gate.weight", 40, "model.layers.1.mlp.gate.weight"),
        ("model.layers.1.mlp.experts.1.up_proj.weight", 40, "model.layers.1.…experts.1.up_proj.weight"),
        ("model.layers.1.mlp.experts.1.down_proj.weight", 40, "…layers.1.mlp.experts.1.down_proj.weight"),
        ("model.layers.0.post_attention_layernorm.weight", 37, "…0.post_attention_layernorm.weight"),
        ("model.layers.12.self_attn.q_proj.weight", 30, "model.layers.12.…q_proj.weight"),
        ("model.layers.12.self_attn.q_proj.weight", 24, "model.layers.12.self_attn.q_proj.weight"),
        ("blk.0.attn_q", 16, "blk.0.attn_q"),
        ("a_name_of_one_part_that_is_too_long", 20, "a_name_of_one_part_that_is_too_long"),
        ("model.layers.1.mlp.experts.1.up_proj.weight", 12, "model.layers.1.mlp.experts.1.up_proj.weight"),
    ],
)
def test_the_middle_goes_and_the_numbers_stay(name: str, width: int, shown: str) -> None:
    assert fit([name], width) == [shown]


def test_names_that_would_look_alike_are_shown_whole() -> None:
    names = ["layers.0.alpha.up_proj.weight", "layers.0.gamma.up_proj.weight"]
    assert fit([names[0], "other"], 24) == ["layers.0.…up_proj.weight", "other"]
    assert fit(names, 24) == names
    hostile = [names[0], "layers.0.…up_proj.weight"]
    assert fit(hostile, 24) == hostile


def test_a_name_that_stands_twice_is_the_same_name() -> None:
    name = "layers.0.alpha.up_proj.weight"
    assert fit([name, name], 24) == ["layers.0.…up_proj.weight"] * 2


def test_ascii() -> None:
    (shown,) = fit(["model.layers.1.mlp.experts.1.up_proj.weight"], 40, unicode=False)
    assert shown == "...layers.1.mlp.experts.1.up_proj.weight"


def test_names_of_hundreds_of_characters_stay_two() -> None:
    for length in (200, 2_000):
        names = [f"{'a' * length}{middle}{'z' * length}" for middle in "xy"]
        assert len(set(fit(names, 40))) == 2


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(alphabet="ab.01…", min_size=1, max_size=30), min_size=1, max_size=8), st.integers(10, 30))
def test_two_names_are_always_two(names: list[str], width: int) -> None:
    shown = fit(names, width)
    assert len({*zip(names, shown, strict=True)}) == len(set(names))
    assert len(set(shown)) >= len(set(names))
