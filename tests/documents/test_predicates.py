"""Which tensors a predicate names first."""

from __future__ import annotations

from provenance.documents.predicates import MAX_CHANGED_TENSORS, MODEL_LINEAGE, from_report, most_changed
from provenance.records import Relation, TensorState
from tests.outputs import samples


def test_measured_changes_come_first_and_nothing_is_left_out() -> None:
    rows = [samples.tensor(f"{state.value}-{n}", state) for state in reversed(TensorState) for n in (2, 1)]
    rows += [samples.tensor(f"norm-{n}", TensorState.CHANGED, changed=1, norm=n) for n in (0.1, 0.5, 0.3)]
    zero = samples.tensor("zero", TensorState.CHANGED, changed=1, norm=0.1)
    assert zero.delta is not None
    rows.append(zero.model_copy(update={"delta": zero.delta.model_copy(update={"relative_norm": None})}))
    rows.append(samples.tensor("not compared"))
    assert [row.name for row in most_changed(samples.report(tensors=rows))] == [
        "zero",  # nothing is known to be larger than a change of a base that is zero
        "norm-0.5",
        "norm-0.3",
        "norm-0.1",
        "changed-1",
        "changed-2",
        "reshaped-1",
        "reshaped-2",
        "added-1",
        "added-2",
        "missing-1",
        "missing-2",
        "unsupported-1",
        "unsupported-2",
    ]


def test_the_order_is_that_of_the_values_and_not_of_the_report() -> None:
    rows = [samples.tensor(f"t{n}", TensorState.CHANGED, changed=1, norm=0.1) for n in range(5)]
    names = [row.name for row in most_changed(samples.report(tensors=rows))]
    assert names == [row.name for row in most_changed(samples.report(tensors=rows[::-1]))] == sorted(names)


def test_a_predicate_names_the_most_changed_and_counts_all() -> None:
    many = MAX_CHANGED_TENSORS + 44
    rows = [samples.tensor(f"t{n:03}", TensorState.CHANGED, changed=1, norm=n / 100) for n in range(1, many + 1)]
    lineage = samples.lineage(Relation.FINE_TUNED, basis="", changed=many)
    made = dict(from_report(samples.report(tensors=rows, lineage=lineage), time_created="2026-11-21T12:00:00Z"))
    document = made[MODEL_LINEAGE].model_dump()
    assert len(document["changed_tensors"]) == MAX_CHANGED_TENSORS
    assert document["changed_tensors"][0]["name"] == f"t{many:03}"
    assert document["lineage"]["counts"] == {"changed": many}
