"""Every rule has a name, a reason in words, and a small model that breaks it and nothing else."""

from __future__ import annotations

import ast
import inspect
import json
import re

import pytest

from provenance.documents import strict_json
from provenance.errors import MalformedFile
from provenance.reading.formats import read_header, rules
from provenance.reading.formats.rules import Rule, hidden_character, quoted
from provenance.reading.formats.shards import is_index, read_index

from .forge import Bytes
from .hostile import GGUF_CASES, HOSTILE, OTHER_CASES, SAFETENSORS_CASES, TORCH_CASES, Hostile, broken_rules


def _name(case: Hostile) -> str:
    return f"{case.rule}: {case.what}"


@pytest.mark.parametrize("case", HOSTILE, ids=_name)
def test_a_hostile_model_is_rejected_under_its_rule_alone(case: Hostile) -> None:
    assert broken_rules(case.files) == {case.rule}


@pytest.mark.parametrize("rule", Rule)
def test_every_rule_has_a_hostile_model(rule: Rule) -> None:
    assert [case for case in HOSTILE if case.rule is rule]


def test_no_two_hostile_models_share_a_name() -> None:
    assert len({_name(case) for case in HOSTILE}) == len(HOSTILE)


def test_rule_names_are_kebab_case_and_explained() -> None:
    for rule in Rule:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule)
    body = next(node for node in ast.parse(inspect.getsource(rules)).body if isinstance(node, ast.ClassDef)).body
    for member, sentence in zip(body[1::2], body[2::2], strict=True):
        assert isinstance(member, ast.Assign)
        assert isinstance(sentence, ast.Expr)
        assert isinstance(sentence.value, ast.Constant)
        assert str(sentence.value.value).endswith(".")


def test_every_way_that_strict_json_refuses_is_a_rule() -> None:
    documented = re.search(r"one of the rules `([^`]+)`", str(strict_json.loads.__doc__))
    assert documented
    # Too large a text never reaches the parser: its bound is checked before.
    assert {Rule(name) for name in documented[1].split() if name != "too-large"} <= set(Rule)


@pytest.mark.parametrize("case", [*SAFETENSORS_CASES, *GGUF_CASES, *TORCH_CASES, *OTHER_CASES], ids=_name)
def test_a_rejection_is_one_clear_line(case: Hostile) -> None:
    for path, data in case.files.items():
        with pytest.raises(MalformedFile) as caught:
            read_header(Bytes(data, path))
        line = str(caught.value)
        assert line.startswith(f"{path}: ")
        assert f"[{case.rule}]" in line
        assert line.isprintable()
        assert len(line) < 500
        assert caught.value.offset is None or 0 <= caught.value.offset <= len(data) + 2**64


@pytest.mark.parametrize("path", [*(f"x\n{name}" for name in ("m.safetensors", "m.gguf", "m.safetensors.index.json"))])
def test_a_hostile_path_cannot_forge_a_line(path: str) -> None:
    reader = Bytes(b"[" + json.dumps("x").encode() + b"]", path)
    with pytest.raises(MalformedFile) as caught:
        (read_index if is_index(path) else read_header)(reader)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("x\\nm.")


@pytest.mark.parametrize("name", ["model.layers.0.mlp.up_proj.weight", "é", "模型", "a b", "😀", "\u0301"])
def test_names_that_a_person_can_see(name: str) -> None:
    assert not hidden_character(name)


@pytest.mark.parametrize(
    "character",
    [
        "\0",
        "\n",
        "\x7f",
        "\x85",
        "\u061c",
        "\u200d",
        "\u2028",
        "\u202a",
        "\u2066",
        "\u3164",
        "\ufe0f",
        "\ufeff",
        "\U000e0041",
    ],
)
def test_names_that_a_person_cannot_see(character: str) -> None:
    assert hidden_character(f"a{character}b")


def test_quoting_keeps_a_message_one_line_long() -> None:
    assert quoted("a") == "'a'"
    assert quoted("a" * 80) == repr("a" * 80)
    assert len(quoted("a" * 10_000)) == 82
