"""Changed weights, declared and undeclared."""

from __future__ import annotations

import dataclasses

import pytest

from provenance.checks.changed_weights import CHANGED_WEIGHTS
from provenance.records import Finding, Relation, Severity, TensorComparison, TensorState
from tests.checks.cases import CONFIG, card, json_file
from tests.checks.models import comparison, contents, evidence, lineage, model


def run(files: dict[str, bytes], *tensors: TensorComparison) -> list[Finding]:
    found = lineage([Relation.INCONCLUSIVE], tensors=tensors)
    return list(CHANGED_WEIGHTS.run(evidence(contents(files), model(), found)))


@pytest.mark.parametrize("state", TensorState)
def test_which_states_are_changes(state: TensorState) -> None:
    unchanged = {TensorState.IDENTICAL, TensorState.CAST, TensorState.UNSUPPORTED}
    assert len(run(CONFIG, comparison("w", state))) == (state not in unchanged)


def test_the_most_changed_tensors_are_named_first() -> None:
    tensors = [comparison(f"t{i}", TensorState.CHANGED, norm=i / 10) for i in range(1, 6)]
    (found,) = run(CONFIG, *tensors, comparison("new", TensorState.ADDED), comparison("same", TensorState.IDENTICAL))
    assert found.message == (
        "5 of 7 tensors changed, 1 have no counterpart in the base; most: 't5' (relative norm 0.5), "
        "'t4' (relative norm 0.4), 't3' (relative norm 0.3)"
    )
    assert found.location.tensor == "t5"
    assert found.severity is Severity.WARNING


def test_tensors_without_statistics() -> None:
    (found,) = run(CONFIG, comparison("b", TensorState.MISSING), comparison("c", TensorState.CHANGED, norm=0.5))
    assert found.message == "1 of 2 tensors changed, 1 of the base have none here; most: 'c' (relative norm 0.5)"
    (found,) = run(CONFIG, comparison("a", TensorState.RESHAPED), comparison("b", TensorState.UNSUPPORTED))
    assert found.message == "1 of 2 tensors reshaped, 1 could not be compared"


def test_where_nothing_is_paired_nothing_is_called_different() -> None:
    (found,) = run(CONFIG, comparison("b", TensorState.MISSING), comparison("a", TensorState.ADDED))
    assert found.message == "no tensor found a counterpart: 1 here, 1 in the base"
    assert found.location.tensor == "a"
    (found,) = run(CONFIG, comparison("a", TensorState.ADDED), comparison("b", TensorState.UNSUPPORTED))
    assert found.message == "1 of 2 tensors have no counterpart in the base, 1 could not be compared"


def test_a_name_that_stands_in_two_files_is_shown_with_its_file() -> None:
    one, other = comparison("w", TensorState.CHANGED, norm=0.5), comparison("w", TensorState.CHANGED, norm=0.25)
    tensors = [dataclasses.replace(one, file="a.gguf"), dataclasses.replace(other, file="b.gguf")]
    (found,) = run(CONFIG, *tensors, comparison("v", TensorState.CHANGED, norm=0.1))
    assert "'a.gguf: w' (relative norm 0.5), 'b.gguf: w' (relative norm 0.25), 'v' (relative norm 0.1)" in found.message
    assert (found.location.file, found.location.tensor) == ("a.gguf", "w")


@pytest.mark.parametrize(
    ("files", "severity"),
    [
        (CONFIG, Severity.WARNING),
        (card("license: mit"), Severity.WARNING),
        (card("base_model: a/b\nbase_model_relation: quantized"), Severity.WARNING),
        (card("base_model: a/b"), Severity.INFO),
        (card("base_model: a/b\nbase_model_relation: finetune"), Severity.INFO),
        (card("base_model_relation: merge"), Severity.INFO),
        (json_file("adapter_config.json", {"base_model_name_or_path": "a/b"}), Severity.INFO),
    ],
    ids=str,
)
def test_a_declared_change_is_no_warning(files: dict[str, bytes], severity: Severity) -> None:
    (found,) = run(files, comparison("w", TensorState.CHANGED, norm=0.1))
    assert found.severity is severity


def test_without_a_comparison_nothing_is_said() -> None:
    assert list(CHANGED_WEIGHTS.run(evidence(contents(CONFIG), model()))) == []
