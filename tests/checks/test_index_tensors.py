"""Declared and present tensors."""

from __future__ import annotations

from provenance.checks.index_tensors import INDEX_TENSORS
from provenance.records import Finding, Severity
from tests.checks.cases import HELD, HONEST, ONE, TWO, sharded


def run(weight_map: dict[str, str], held: dict[str, list[str]]) -> list[Finding]:
    return list(INDEX_TENSORS.run(sharded(weight_map, held)))


def test_an_honest_index() -> None:
    assert run(HONEST, HELD) == []


def test_absent_tensors_are_one_finding_a_shard() -> None:
    names = {f"t{i:02}": TWO for i in range(20)}
    (found,) = run({**HONEST, **names}, HELD)
    assert found.rule == "tensor-missing"
    assert (found.location.file, found.location.tensor) == (TWO, "t00")
    assert found.message == f"'t00', 't01', 't02', 't03', 't04' and 15 more declared in '{TWO}' and absent"


def test_a_shard_that_was_not_read_is_not_asked_for_tensors() -> None:
    assert run(HONEST, {ONE: ["a"]}) == []
    assert run({**HONEST, "c": "../x"}, HELD) == []


def test_a_misplaced_tensor_names_both_shards() -> None:
    (found,) = run({"a": ONE, "b": ONE, "c": TWO}, {ONE: ["a"], TWO: ["b", "c"]})
    assert found.rule == "tensor-misplaced"
    assert found.location.file == TWO
    assert f"declared in '{ONE}' and found in '{TWO}'" in found.message
    assert found.severity is Severity.ERROR


def test_a_tensor_in_two_shards_is_neither_missing_nor_misplaced() -> None:
    (found,) = run(HONEST, {ONE: ["a", "b"], TWO: ["b"]})
    assert found.rule == "tensor-duplicate"
    assert found.message == f"'b' in each of '{ONE}', '{TWO}'"


def test_an_extra_tensor_names_the_index() -> None:
    (found,) = run(HONEST, {ONE: ["a", "extra"], TWO: ["b"]})
    assert (found.rule, found.location.tensor, found.location.file) == ("tensor-unlisted", "extra", ONE)


def test_another_weight_file_beside_the_shards_is_not_compared() -> None:
    assert run(HONEST, {**HELD, "consolidated.safetensors": ["a", "b", "c"]}) == []
