"""Values that no model has."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.checks.config_values import CONFIG_VALUES
from tests.checks.cases import files, json_file
from tests.checks.models import contents, evidence


def said(config: Any, file: str = "config.json") -> list[str]:
    return [found.message for found in CONFIG_VALUES.run(evidence(contents(json_file(file, config))))]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ([], "is a list, not an object"),
        ("x", "is a str, not an object"),
        ({"rope_theta": float("nan")}, "rope_theta is nan"),
        ({"rms_norm_eps": float("inf")}, "rms_norm_eps is inf"),
        ({"rms_norm_eps": 1.0}, "rms_norm_eps is 1.0"),
        ({"rope_theta": 0}, "rope_theta is 0"),
        ({"text_config": {"num_hidden_layers": -2}}, "num_hidden_layers is -2"),
        ({"vocab_size": 10**30}, "vocab_size is larger than 64 bits"),
        ({"architectures": ["../../evil.Evil"]}, "architectures names '../../evil.Evil'"),
        ({"architectures": [1]}, "architectures names '1'"),
        ({"rope_scaling": {"long_factor": [1.0] * 5000}}, "long_factor has 5000 entries"),
        (
            {"rope_scaling": {"long_factor": [1.0, 2.0], "short_factor": [1.0]}},
            "rope_scaling has 2 long factors and 1 short ones",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_cannot_be(config: Any, message: str) -> None:
    assert said(config) == [message]
    assert said(config, "other.json") == []


def test_what_honest_models_have() -> None:
    assert said({"time_step_limit": [0.0, float("inf")], "num_key_value_heads": -1, "pad_token_id": -1}) == []
    assert said({"architectures": None, "rope_scaling": {"long_factor": [1.0], "short_factor": [2.0]}}) == []
    assert said({"rms_norm_eps": 1e-5, "hidden_size": 8192, "layers_block_type": ["mamba"] * 200}) == []


def test_bad_json_is_for_another_rule() -> None:
    assert list(CONFIG_VALUES.run(files(config__json=b"{"))) == []


def test_many_are_cut_off_and_deep_ones_walked() -> None:
    assert len(said({f"part{i}": {"hidden_size": -1} for i in range(50)})) == 10
    deep: dict[str, Any] = {"hidden_size": -1}
    for _ in range(100):
        deep = {"a": deep}
    assert said(deep) == ["hidden_size is -1"]
