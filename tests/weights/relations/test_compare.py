"""The state of each tensor."""

from __future__ import annotations

import random

import pytest

from provenance.records import TensorComparison, TensorState
from provenance.weights.deltas import comparable
from provenance.weights.pairing import pair
from provenance.weights.relations import compare
from tests.weights.models import (
    LLAMA,
    QWEN3,
    Stored,
    Weights,
    cast,
    changed,
    decoder,
    diff,
    floats,
    in_gguf,
    matrix,
    model,
    read,
)


def states(candidate: Weights, base: Weights) -> dict[str, TensorComparison]:
    _, comparisons, _ = diff(model(candidate), model(base))
    return {c.name: c for c in comparisons}


def test_one_tensor_in_each_state() -> None:
    base = {name: matrix(name) for name in ("identical", "cast", "changed", "reshaped", "missing", "unsupported")}
    base["cast"] = matrix("cast", dtype="F32")
    candidate = {
        **{name: base[name] for name in ("identical", "cast", "changed", "reshaped")},
        "cast": cast(base["cast"], "F16"),
        "changed": changed(base["changed"]),
        "reshaped": Stored("BF16", (4, 16), base["reshaped"].data),
        "unsupported": Stored("Q8_0", (8, 8), bytes(68)),
        "added": matrix("added"),
    }
    found = states(candidate, base)
    assert {name: c.state.value for name, c in found.items()} == {name: name for name in found}
    assert set(found) == {*base, "added"}
    assert found["reshaped"].note == "shape 4x16, in the base 8x8"
    assert (found["added"].base_name, found["added"].base_dtype) == ("", "")
    assert (found["missing"].base_name, found["missing"].candidate_dtype) == ("missing", "")
    assert found["changed"].statistics is not None
    assert 0.005 < found["changed"].statistics.relative_norm < 0.02
    assert found["identical"].statistics is None, "equal digests need no reading"


def test_equal_bytes_are_identical_with_statistics_too() -> None:
    ours = model({"a": matrix(1)})
    pairing = pair(ours.headers, ours.headers)
    (found,) = compare(pairing, ours.digests, ours.digests, read(comparable(pairing), ours, ours))
    assert found.state is TensorState.IDENTICAL
    assert found.statistics is not None
    assert found.statistics.changed == 0


def test_a_pair_that_was_not_looked_at_is_unsupported() -> None:
    ours, theirs = model({"a": matrix(1)}), model({"a": matrix(2)})
    pairing = pair(ours.headers, theirs.headers)
    for digests in ((ours.digests, theirs.digests), ((), ())):
        (found,) = compare(pairing, *digests, {})
        assert (found.state, found.note) == (TensorState.UNSUPPORTED, "its values were not compared")


def test_blocks_are_decided_by_their_bytes_where_both_sides_store_them() -> None:
    blocks = Stored("Q4_K", (1, 256), bytes(144))
    assert states({"w": blocks}, {"w": blocks})["w"].state is TensorState.IDENTICAL
    found = states({"w": Stored("Q4_K", (1, 256), b"\1" + bytes(143))}, {"w": blocks})["w"]
    assert found.state is TensorState.CHANGED
    assert found.statistics is None
    assert found.note.startswith("its bytes differ; how far its values do is not known: the candidate stores Q4_K")


def test_other_signs_of_zero_are_a_change_that_is_explained() -> None:
    base = Stored("BF16", (2,), floats(0.0, 1.0))
    found = states({"w": Stored("BF16", (2,), floats(-0.0, 1.0))}, {"w": base})["w"]
    assert found.state is TensorState.CHANGED
    assert found.note == "equal values in other bytes: signs of zero, or NaN payloads"


def test_a_nearly_exact_cast_is_a_change() -> None:
    base = matrix(1, dtype="F32")
    rounded = cast(base, "BF16")
    assert states({"w": rounded}, {"w": base})["w"].state is TensorState.CAST
    nudged = Stored("BF16", rounded.shape, bytes([rounded.data[0] ^ 1]) + rounded.data[1:])
    found = states({"w": nudged}, {"w": base})["w"]
    assert found.state is TensorState.CHANGED
    assert found.statistics is not None
    assert found.statistics.cast_mismatch == 1


def test_values_that_are_not_finite_are_said() -> None:
    base = Stored("F32", (2,), floats(1e30, 1.0, dtype="F32"))
    found = states({"w": cast(base, "F16")}, {"w": base})["w"]
    assert found.state is TensorState.CAST
    assert found.note == "1 element is NaN or infinite on one side or both"


@pytest.mark.parametrize("shape", [(), (0,), (1, 1)])
def test_scalars_and_tensors_without_elements(shape: tuple[int, ...]) -> None:
    data = b"" if 0 in shape else floats(0.5)
    base = Stored("BF16", shape, data)
    assert states({"w": base}, {"w": base})["w"].state is TensorState.IDENTICAL
    wide = Stored("F32", shape, b"" if 0 in shape else floats(0.5, dtype="F32"))
    assert states({"w": wide}, {"w": base})["w"].state is TensorState.CAST
    assert states({"w": Stored("BF16", (3,), floats(1, 2, 3))}, {"w": base})["w"].state is TensorState.RESHAPED


def test_llamas_interleaved_rows_are_unsupported_and_the_rest_compared() -> None:
    gguf = model(in_gguf(decoder()), file_format="gguf", metadata={"general.architecture": "llama"})
    _, comparisons, _ = diff(gguf, model(decoder(), config=LLAMA))
    unsupported = {c.role for c in comparisons if c.state is TensorState.UNSUPPORTED}
    assert unsupported == {f"layers.{i}.attention.{part}" for i in (0, 1) for part in "qk"}
    assert {c.state for c in comparisons if c.role not in unsupported} == {TensorState.IDENTICAL}


def test_a_tied_head_has_the_state_of_what_it_stands_for() -> None:
    base = decoder()
    same = {**base, "lm_head.weight": base["model.embed_tokens.weight"]}
    other = {**base, "lm_head.weight": matrix("other", 16)}
    for candidate, state in ((same, TensorState.IDENTICAL), (other, TensorState.CHANGED)):
        _, comparisons, _ = diff(model(candidate, config=QWEN3), model(base, config=QWEN3))
        head = next(c for c in comparisons if c.role == "lm_head")
        assert head.state is state
        assert "uses its embedding" in head.note


def test_rows_come_in_natural_order_whatever_the_order_of_storage() -> None:
    weights = decoder(layers=11)
    shuffled = list(weights)
    random.Random(0).shuffle(shuffled)
    _, comparisons, _ = diff(model(weights, [shuffled], config=QWEN3), model(weights, config=QWEN3))
    layers = [int(c.role.split(".")[1]) for c in comparisons if c.role.startswith("layers.")]
    assert layers == sorted(layers)
    assert max(layers) == 10


def test_hostile_names_can_be_ordered() -> None:
    names = ["9" * 100_000, "\u0663.\u00b2", "", "a\n\x1b[31m", "layers.1", "layers.01", "0" * 5000]
    weights = {name: matrix(name) for name in names}
    _, comparisons, found = diff(model(weights), model({**weights, "": matrix("x")}))
    assert len(comparisons) == len(names)
    assert found.basis.isprintable()
