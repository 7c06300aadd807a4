"""Weights that are no numbers."""

from __future__ import annotations

import dataclasses

from provenance.checks.not_finite import NOT_FINITE
from provenance.records import Finding, Relation, TensorComparison, TensorState
from tests.checks.cases import CONFIG
from tests.checks.models import comparison, contents, evidence, lineage, model


def tensor(name: str, nonfinite: int, file: str = "m.safetensors") -> TensorComparison:
    made = comparison(name, TensorState.CAST, norm=0.1)
    assert made.statistics is not None
    return dataclasses.replace(made, file=file, statistics=dataclasses.replace(made.statistics, nonfinite=nonfinite))


def run(*tensors: TensorComparison) -> list[Finding]:
    found = lineage([Relation.DTYPE_CAST], tensors=tensors)
    return list(NOT_FINITE.run(evidence(contents(CONFIG), model(), found)))


def test_tensors_are_named_with_their_counts_the_worst_first() -> None:
    (found,) = run(*(tensor(f"t{i}", i) for i in range(5)), comparison("same", TensorState.IDENTICAL))
    assert found.message == (
        "4 of 6 tensors hold NaN or infinity, here or in the base: "
        "'t4' (4 elements), 't3' (3 elements), 't2' (2 elements) and 1 more"
    )
    assert (found.location.file, found.location.tensor) == ("m.safetensors", "t4")


def test_one_element_is_enough() -> None:
    (found,) = run(tensor("w", 1))
    assert found.message == "1 of 1 tensors holds NaN or infinity, here or in the base: 'w' (1 element)"


def test_numbers_are_quiet() -> None:
    assert run(tensor("w", 0), comparison("v", TensorState.UNSUPPORTED)) == []
    assert list(NOT_FINITE.run(evidence(contents(CONFIG), model()))) == []


def test_a_name_in_two_files_counts_twice() -> None:
    (found,) = run(tensor("w", 2, "a.gguf"), tensor("w", 2, "b.gguf"))
    assert found.message.startswith("2 of 2 tensors hold")
    assert found.location.file == "a.gguf"
