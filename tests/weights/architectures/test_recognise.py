"""Which family a model declares itself to be; its declarations may be anything at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.weights.architectures import ARCHITECTURES, recognise


@pytest.mark.parametrize(
    ("config", "metadata", "name"),
    [
        ({"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3"}, None, "qwen3"),
        ({"model_type": "qwen2"}, None, "qwen2"),
        ({"architectures": ["MistralForCausalLM"]}, {}, "llama"),
        (None, {"general.architecture": "llama"}, "llama"),
        ({"model_type": "qwen3"}, {"general.architecture": "qwen3"}, "qwen3"),
        ({"model_type": "llava", "text_config": {"model_type": "llama"}}, None, "llama"),
    ],
)
def test_declared(config: dict[str, object] | None, metadata: dict[str, object] | None, name: str) -> None:
    found = recognise(config, metadata)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("config", "metadata"),
    [
        (None, None),
        ({}, {}),
        ({"model_type": "mamba"}, {"general.architecture": "mamba"}),
        ({"model_type": "qwen3"}, {"general.architecture": "llama"}),
        ({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen3"}, None),
        ({"architectures": ["Qwen2ForCausalLM", "LlamaForCausalLM"]}, None),
        ({"architectures": "Qwen3ForCausalLM"}, None),
        ({"architectures": [["Qwen3ForCausalLM"], None, 3], "model_type": ["qwen3"]}, {"general.architecture": 7}),
        ({"model_type": "qwen3", "text_config": {"model_type": "something else"}}, None),
    ],
)
def test_undeclared_or_contradictory(config: dict[str, object] | None, metadata: dict[str, object] | None) -> None:
    assert recognise(config, metadata) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["qwen3", "Qwen3ForCausalLM"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(["architectures", "model_type", "text_config", "general.architecture"])


@given(st.dictionaries(keys, anything), st.dictionaries(keys, anything))
def test_no_declaration_is_an_error(config: dict[str, object], metadata: dict[str, object]) -> None:
    found = recognise(config, metadata)
    assert found is None or found in ARCHITECTURES


def test_families_share_no_claim() -> None:
    for column in ("classes", "model_types", "gguf"):
        claims = [claim for architecture in ARCHITECTURES for claim in getattr(architecture, column)]
        assert len(set(claims)) == len(claims)
