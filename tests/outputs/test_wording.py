"""The words all outputs share: each way to say a verdict, a gap, a number."""

from __future__ import annotations

import pytest

from provenance.documents.report import CoverageRow, Report, SkippedRow, TensorRow
from provenance.outputs import wording
from provenance.records import Assurance, Outcome, RuleResult, Severity, TensorState
from tests.outputs import samples

FAIL, UNKNOWN, WARN = RuleResult.FAIL, RuleResult.UNKNOWN, RuleResult.WARN


def compared(**given: object) -> Report:
    report, _ = samples.honest()
    return report.model_copy(update={"attestations": [], **given})


def test_a_verdict_without_a_rule_to_blame() -> None:
    nobody = samples.verdict(Outcome.DENIED)
    assert wording.judged(nobody).sentence == "by policy default, 0 of 1 rule: see its rules below."


def test_the_headline_says_the_first_clause_and_how_many_rules() -> None:
    head = wording.judged(samples.verdict(Outcome.DENIED, ("a.b", FAIL, "it is bad.; do this"), ("c.d", FAIL, "x")))
    assert head == wording.Headline("DENIED", "by policy default, 2 of 3 rules: it is bad.", Outcome.DENIED)


def test_the_headline_is_short_whatever_the_message() -> None:
    head = wording.judged(samples.verdict(Outcome.DENIED, ("a.b", FAIL, "word " * 1_000)))
    assert len(head.sentence) < 170


def test_a_pass_says_how_much_was_not_looked_at() -> None:
    passed = samples.verdict(Outcome.PASS)
    assert wording.headline(samples.report(), passed).sentence.endswith("none broken; 2 things not looked at.")
    assert wording.headline(compared(), passed).sentence.endswith("none broken.")


def test_rules_that_did_not_pass_failures_first() -> None:
    verdict = samples.verdict(Outcome.DENIED, ("a", WARN, ""), ("b", UNKNOWN, ""), ("c", FAIL, ""), ("d", FAIL, ""))
    assert [row.rule for row in wording.not_passed(verdict)] == ["c", "d", "b", "a"]


def test_gaps_hold_what_was_skipped_read_in_part_and_left_out() -> None:
    report = samples.report(
        subject=samples.subject(excluded=tuple(f".git/{i}" for i in range(9))),
        coverage=[
            CoverageRow(surface="files", examined=9_999, total=10_000, unit="files"),
            CoverageRow(surface="tensors", examined=3, total=3, unit="tensors"),
            CoverageRow(surface="pickles", examined=0, total=0, unit="files"),
        ],
        skipped=[
            SkippedRow(surface="behaviour", reason="no --probe was given", asked=False),
            SkippedRow(surface="lineage", reason="no shard", asked=True),
        ],
    )
    assert wording.gaps(report) == [
        wording.Gap("lineage", "could not be done: no shard", asked=True),
        wording.Gap("files", "9,999 of 10,000 files read", asked=True),
        wording.Gap("behaviour", "no --probe was given", asked=False),
        wording.Gap("left out by rule", "9 files: .git/0, .git/1, .git/2, .git/3, .git/4 and 4 more", asked=False),
    ]


def test_grouping_keeps_every_finding_and_puts_the_worst_first() -> None:
    found = [samples.finding(f"rule-{i % 3}", "m", file=f"f{i % 2}", line=9 - i) for i in range(9)]
    found.append(samples.finding("rule-2", "m", severity=Severity.CRITICAL, file="z"))
    for by_file in (False, True):
        groups = wording.grouped(found, by_file=by_file)
        assert sum(map(len, groups)) == len(found)
        assert groups[0][0].severity is Severity.CRITICAL
        for group in groups:
            assert len({(f.rule, f.location.file) if by_file else f.rule for f in group}) == 1
    assert [f.location.line for f in wording.grouped(found)[1]] == [3, 9, 6]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({}, "the model"),
        ({"file": "a.bin", "offset": 0}, "a.bin, byte 0"),
        ({"file": "a.json", "json_path": "$.b", "line": 3}, "a.json, $.b, line 3"),
        ({"tensor": "lm_head"}, "tensor lm_head"),
    ],
)
def test_place(where: dict[str, object], said: str) -> None:
    assert wording.place(samples.finding("auto-map", "m", **where)) == said  # type: ignore[arg-type]


def test_claims() -> None:
    verified, failed = samples.claims()
    assert wording.claim(verified) == f"model-scan/v0, signed by release (key {samples.digest('key')[:16]})"
    dated = verified.model_copy(
        update={"signed_at": "2026-11-21T12:00:00Z", "predicate_type": "https://slsa.dev/provenance/v1"}
    )
    assert wording.claim(dated).startswith(
        "https://slsa.dev/provenance/v1, signed by release at 2026-11-21T12:00:00Z (key"
    )
    assert wording.claim(failed).startswith("model-scan/v0: stopped at step 7: it names another subject")
    assert wording.claim(failed.model_copy(update={"predicate_type": None})).startswith("a statement of unknown type: ")


def test_weaker_assurance_is_part_of_what_a_model_is() -> None:
    subject = samples.subject()
    assert "known by" not in wording.describe(subject)
    claimed = subject.model_copy(update={"assurance": Assurance.HUB_CLAIM})
    assert wording.describe(claimed).endswith(", known by hub-claim only")


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 10, "0%"),
        (10, 10, "100%"),
        (1, 10**9, "<0.1%"),
        (10**9 - 1, 10**9, ">99.9%"),
        (1, 1_000, "0.1%"),
        (999, 1_000, "99.9%"),
        (1, 3, "33.3%"),
        (0, 0, "0%"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(part: int, whole: int, said: str) -> None:
    assert wording.percent(part, whole) == said


@pytest.mark.parametrize(
    ("nbytes", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1,023 bytes"),
        (1024, "1.0 KiB"),
        (269_484_032, "257.0 MiB"),
        (5 * 2**40, "5.0 TiB"),
        (5_000 * 2**40, "5,000.0 TiB"),
    ],
)
def test_sizes(nbytes: int, said: str) -> None:
    assert wording.size(nbytes) == said


def change(row: TensorRow) -> tuple[str, ...]:
    (cells,) = wording.changes(samples.report(tensors=[row]), [row])
    return cells


def test_change_cells() -> None:
    measured = samples.tensor("a", TensorState.CHANGED, changed=4096, norm=0.000012345)
    assert change(measured) == ("a", "100%", "1.23e-05", "1.00000", "3.09e-06")
    assert measured.delta is not None
    unknown = measured.delta.model_copy(update={"relative_norm": None, "cosine": None, "max_abs": None})
    assert change(measured.model_copy(update={"delta": unknown}))[2:] == ("-", "-", "-")
    assert change(samples.tensor("b", TensorState.MISSING)) == ("b", "missing", "-", "-", "-")
    stateless: TensorRow = samples.tensor("c")
    assert change(stateless)[1] == "-"


def test_a_name_that_stands_in_two_files_is_told_with_its_file() -> None:
    one = samples.tensor("lm_head.weight", TensorState.CHANGED, changed=1, norm=0.1)
    other = one.model_copy(update={"file": "other.safetensors"})
    gone = samples.tensor("lm_head.weight", TensorState.MISSING).model_copy(update={"file": ""})
    alone = samples.tensor("norm.weight", TensorState.ADDED)
    rows = [one, other, gone, alone]
    names = [cells[0] for cells in wording.changes(samples.report(tensors=rows), rows)]
    assert names == [
        "model-00001-of-00002.safetensors: lm_head.weight",
        "other.safetensors: lm_head.weight",
        "lm_head.weight",
        "norm.weight",
    ]


def test_states_are_counted() -> None:
    rows = [samples.tensor(name, TensorState.ADDED) for name in "ab"] + [samples.tensor("c", TensorState.CHANGED)]
    assert wording.states(rows) == "1 changed, 2 added"
    assert wording.states([]) == ""


def test_a_file_that_was_not_read_was_not_asked_for() -> None:
    reason = "is ONNX, which this version digests but does not read"
    rows = [
        SkippedRow(surface="README.md", reason=reason, asked=True),
        SkippedRow(surface="elsewhere.onnx", reason="gone", asked=True),
    ]
    report = samples.report(skipped=rows)
    assert [gap.why for gap in wording.gaps(report)] == [
        "not read: ONNX, which this version digests but does not read",
        "could not be done: gone",
    ]
    assert wording.file_gaps(report) == rows[:1]


def test_counts() -> None:
    assert [wording.counted(n, "file") for n in (0, 1, 2, 1234)] == ["0 files", "1 file", "2 files", "1,234 files"]
    assert wording.and_more(0) == wording.and_more(-5) == ""
    assert wording.and_more(1234, hint="!") == "and 1,234 more!"
    assert wording.tally([]) == "none"
