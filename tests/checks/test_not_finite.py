"""Weights that are no numbers."""

from __future__ import annotations

import dataclasses

import pytest

from provenance.checks.not_finite import NOT_FINITE
from provenance.facts import TensorFact
from provenance.records import Finding, Header, Relation, Severity, Tensor, TensorComparison, TensorState
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


def own(counts: dict[str, int], shape: tuple[int, ...] = (8, 8), *compared: TensorComparison) -> list[Finding]:
    """A model whose tensors have so many such elements."""
    tensors = tuple(Tensor(name, "F32", shape, "m.safetensors", 64 + i, 1) for i, name in enumerate(counts))
    made = Header("m.safetensors", "safetensors", 0, tensors, {}, 64, "0" * 64)
    facts = [TensorFact("m.safetensors", name, count, constant=True) for name, count in counts.items()]
    found = lineage([Relation.DTYPE_CAST], tensors=compared)
    return list(NOT_FINITE.run(evidence(model(headers=[made], facts=facts), model(), found)))


@pytest.mark.parametrize(
    ("shape", "kind", "infinite", "told"),
    [
        ((), "onnx", 1, False),
        ((1, 1), "safetensors", 1, False),
        ((4,), "onnx", 1, False),
        ((), "onnx", 0, True),
        ((4,), "safetensors", 1, True),
        ((2, 2), "onnx", 1, True),
    ],
)
def test_infinite_constants_are_no_weights(shape: tuple[int, ...], kind: str, infinite: int, told: bool) -> None:
    header = Header("m", kind, 0, (Tensor("c", "F32", shape, "m", 64, 4),), {}, 64, "0" * 64)
    seen = model(headers=[header], facts=[TensorFact("m", "c", 1, infinite=infinite)])
    assert bool(list(NOT_FINITE.run(evidence(seen)))) == told


def test_the_model_s_own_are_errors_and_told_once() -> None:
    (found,) = own({"a": 2, "b": 0, "c": 1}, (8, 8), tensor("a", 2))
    assert found.severity is Severity.ERROR
    assert found.message == "2 of 3 tensors hold NaN or infinity: 'a' (2 elements), 'c' (1 element)"


def test_the_base_s_alone_are_a_warning() -> None:
    (found,) = own({"a": 0}, (8, 8), tensor("a", 2))
    assert found.severity is Severity.WARNING


def test_masks_are_made_of_infinity() -> None:
    assert own({"h.0.attn.causal_mask": 28, "mask": 1}) == []
    assert own({"h.0.attn.bias": 28}, (1, 1, 8, 8)) == []
    assert len(own({"h.0.attn.bias": 28}, (64,))) == 1
