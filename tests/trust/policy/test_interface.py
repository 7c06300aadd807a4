"""The words that rules share: a first clause that a headline can quote whole."""

from __future__ import annotations

import pytest

from provenance.documents.report import CoverageRow
from provenance.records import FailedClaim, Relation, RuleOutcome, RuleResult, VerifiedClaims
from provenance.trust.policy import RULES
from provenance.trust.policy.interface import brief, enumerated, listed
from tests.trust.policy.cases import case, claims, finding, lineage, report, skipped

LONG = "folder/of a model/" + "x" * 400 + "/checkpoint.bin"


def test_brief_keeps_both_ends() -> None:
    assert brief("config.json") == "config.json"
    assert brief("a" * 50) == "a" * 50
    short = brief(LONG)
    assert len(short) == 50
    assert short.startswith("folder/of")
    assert short.endswith("/checkpoint.bin")
    assert brief("a\nb\u202e") == "a\\nb\\u202e"


def test_enumerated_says_one_name_first_and_the_rest_after_it() -> None:
    assert enumerated([("a", "")]) == "a"
    assert enumerated([("a", "lab")]) == "a; says lab"
    assert enumerated([("a", ""), ("a", "lab")]) == "a"
    assert enumerated([(name, "") for name in "abcde"]) == "a and 4 more; also b, c and 2 more"
    assert enumerated([("a", ""), ("b", "lab")]) == "a and 1 more; also b (says lab)"


def test_listed() -> None:
    assert listed("abcde") == "a, b, c and 2 more"
    assert listed("aab") == "a, b"


POLICY = """
[formats]
allow = ["safetensors", "gguf", "onnx", "keras", "tensorflow", "numpy", "flax"]
other-files = "known-only"
[findings]
deny-severity = "error"
warn = ["python-file"]
[lineage]
relations = ["identical"]
bases = ["{base}"]
on-missing = "unknown"
[coverage]
not-asked = "warn"
assurance = "bytes"
[[attestations]]
type = "model-scan"
[[attestations]]
type = "model-lineage"
[[attestations]]
type = "https://example.org/{uri}"
"""


def everything_wrong(base: str) -> tuple[RuleOutcome, ...]:
    """Every rule that can fail at once, with names as long as they get."""
    everything = [Relation.PARTLY_REINITIALISED, Relation.CONTINUED_PRETRAINED, Relation.VOCABULARY_CHANGED, *Relation]
    model = report(
        findings=[finding(file=LONG + str(n)) for n in range(5)] + [finding("python-file", file=LONG)],
        compared=lineage(*everything, counts={"changed": 36_000, "unsupported": 40_000}).model_copy(
            update={"base": LONG}
        ),
        skips=[skipped(LONG, asked=True), skipped("lineage", asked=True), skipped("tokenizer")],
        coverage=[CoverageRow(surface="tensor-comparison", examined=1, total=10**9, unit="tensors")],
        files=(LONG, LONG.replace(".bin", ".exe")),
        tensors=0,
    )
    failure = FailedClaim(source=LONG, step=8, reason=f"modified {LONG} expected sha256:{'a' * 64}; signed for x")
    given = VerifiedClaims(claims().claims, (failure,))
    made = case(model, POLICY.format(base=base, uri="y" * 400), given=given)
    return tuple(row for rule in RULES for row in rule(made))


@pytest.mark.parametrize("base", ["b" * 64, "c" * 64], ids=["allowed base", "another base"])
def test_the_first_clause_of_every_message_fits_a_headline(base: str) -> None:
    rows = [row for row in everything_wrong(base) if row.result is not RuleResult.PASS]
    assert len(rows) >= 12
    for row in rows:
        assert len(row.message.partition("; ")[0]) <= 120, row


def test_an_open_question_fits_a_headline_too() -> None:
    made = lineage(
        Relation.INCONCLUSIVE, possible=[Relation.IDENTICAL], counts={"changed": 9_999, "unsupported": 9_999}
    )
    rows = [row for rule in RULES for row in rule(case(report(compared=made.model_copy(update={"base": LONG}))))]
    (row,) = [row for row in rows if row.rule == "lineage.inconclusive"]
    assert len(row.message.partition("; ")[0]) <= 120
