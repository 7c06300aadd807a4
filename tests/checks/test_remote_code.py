"""Everything in configuration that makes a loader run code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provenance.checks.remote_code import REMOTE_CODE_CHECK
from provenance.records import Finding, Severity
from tests.checks.models import contents, evidence


def run(value: Any, name: str = "config.json", **others: bytes) -> list[Finding]:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return list(REMOTE_CODE_CHECK.run(evidence(contents({name: data, **others}))))


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "processor_config.json", "sub/any.json"])
@pytest.mark.parametrize("target", ["modeling_x.X", ["slow.T", None], {"A": "modeling_x.X"}, {"A": ["t.T", None]}])
def test_every_form_of_auto_map(name: str, target: object) -> None:
    (found,) = run({"auto_map": target}, name)
    assert (found.rule, found.severity) == ("remote-code", Severity.ERROR)
    assert found.location.json_path.startswith("$.auto_map")


def test_it_is_found_at_any_depth() -> None:
    (found,) = run({"text_config": [{"inner": {"auto_map": {"A": "x.Y"}}}]})
    assert found.location.json_path == "$.text_config[0].inner.auto_map.A"


def test_the_file_that_would_run_is_named() -> None:
    (found,) = run({"auto_map": {"A": "modeling_x.X"}})
    assert found.message == "names 'modeling_x.X' (modeling_x.py, which is not in the model)"
    data = {"config.json": b'{"auto_map": {"A": "pkg.modeling_x.X"}}', "pkg/modeling_x.py": b"x = 1\n"}
    (found,) = REMOTE_CODE_CHECK.run(evidence(contents(data)))
    assert found.message == "names 'pkg.modeling_x.X'"


@pytest.mark.parametrize("value", [{"auto_map": {"A": "org/repo--x.Y"}}, {"_attn_implementation": "org/kernel@main"}])
def test_code_of_another_repository(value: object) -> None:
    (found,) = run(value)
    assert (found.rule, found.severity) == ("remote-code-elsewhere", Severity.ERROR)


def test_a_key_that_stands_twice_hides_nothing() -> None:
    found = run(b'{"auto_map": {"A": "x.Y"}, "auto_map": {}}')
    assert [finding.message for finding in found] == ["auto_map stands twice; loaders obey the last"]
    assert len(run(b'{"auto_map": {}, "auto_map": {"A": "x.Y"}}')) == 2


def test_modules_of_sentence_transformers() -> None:
    honest = [{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}]
    assert run(honest, "modules.json") == []
    (found,) = run([{"idx": 0, "type": "custom_st.Transformer"}], "modules.json")
    assert found.location.json_path == "$[0].type"
    assert run([{"type": "custom_st.Transformer"}], "other.json") == []


def test_custom_pipelines_name_their_code() -> None:
    pipelines = {"mine": {"impl": "pipe.Mine", "pt": ["AutoModel"], "type": "text"}}
    (found,) = run({"custom_pipelines": pipelines})
    assert found.location.json_path == "$.custom_pipelines.mine.impl"


@pytest.mark.parametrize(
    "value",
    [
        {"auto_map": {}},
        {"auto_map": None},
        {"auto_map": ""},
        {"model_type": "qwen3", "architectures": ["Qwen3ForCausalLM"]},
        {"attn_implementation": "flash_attention_2"},
        {"_name_or_path": "org/repo", "note": "auto_map"},
        [],
        7,
    ],
    ids=str,
)
def test_ordinary_configuration_is_quiet(value: object) -> None:
    assert run(value) == []


def test_deep_documents_are_borne() -> None:
    deep = b'{"a":' * 120 + b'{"auto_map": "x.Y"}' + b"}" * 120
    assert len(run(deep)) == 1
