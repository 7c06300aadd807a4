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


def test_hostile_documents_take_no_memory_and_no_time() -> None:
    import time
    import tracemalloc

    long_key: dict[str, Any] = {"a" * 1_000_000: [{}] * 3000}
    many = {"auto_map": {f"A{i}": f"m{i}.X" for i in range(50_000)}}
    for value in (long_key, many):
        facts = contents({"config.json": json.dumps(value).encode()})
        tracemalloc.start()
        start = time.process_time()
        found = list(REMOTE_CODE_CHECK.run(evidence(facts)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 * 1024 * 1024
        assert time.process_time() - start < 5
        assert len(found) in (0, 21)


def test_many_findings_are_capped_and_said() -> None:
    found = run({"auto_map": {f"A{i}": f"m{i}.X" for i in range(25)}})
    assert len(found) == 21
    assert found[-1].message == "more than 20 places like these; the others are not listed"
    assert len(run({"auto_map": {f"A{i}": f"m{i}.X" for i in range(20)}})) == 20


def test_long_keys_and_names_are_shortened() -> None:
    (found,) = run({"k" * 500: {"auto_map": "m" * 500 + ".X"}})
    assert len(found.location.json_path) < 100
    assert len(found.message) < 300


@pytest.mark.parametrize(
    ("name", "key", "file"),
    [
        ("config.json", "configuration_files", "config.4.0.0.json"),
        ("tokenizer_config.json", "fast_tokenizer_files", "tokenizer.4.0.0.json"),
    ],
)
def test_configuration_that_sends_the_loader_elsewhere(name: str, key: str, file: str) -> None:
    (found,) = run({key: [file]}, name)
    assert (found.rule, found.severity) == ("configuration-redirected", Severity.WARNING)
    assert found.location.json_path == f"$.{key}[0]"
    assert run({key: [{"config.json": "config.json"}.get(name, "tokenizer.json")]}, name) == []
    assert run({"deeper": {key: [file]}}, name) == []


def test_the_other_file_is_examined_however_large() -> None:
    other = json.dumps({"pad": " " * 2_000_000, "auto_map": {"A": "x.Y"}}).encode()
    data = {"config.json": b'{"configuration_files": ["config.4.0.0.json"]}', "config.4.0.0.json": other}
    found = list(REMOTE_CODE_CHECK.run(evidence(contents(data))))
    assert sorted(finding.rule for finding in found) == ["configuration-redirected", "remote-code"]
