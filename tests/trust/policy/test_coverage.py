"""`[coverage]`: nothing that was not looked at may look fine."""

from __future__ import annotations

import pytest

from provenance.documents.report import CoverageRow, Report
from provenance.records import Assurance, Outcome, Relation, RuleResult
from provenance.trust.policy import coverage
from tests.trust.policy.cases import (
    both,
    case,
    claim,
    claim_of,
    claims,
    decide,
    lineage,
    manifest,
    only,
    report,
    results,
    skipped,
)

PASS, WARN, UNKNOWN, FAIL = RuleResult.PASS, RuleResult.WARN, RuleResult.UNKNOWN, RuleResult.FAIL
ALL_PASS = {f"coverage.{key}": PASS for key in ("assurance", "asked", "unread", "not-asked")}
PART = CoverageRow(surface="tensors", examined=2, total=3, unit="tensors")


def judged(model: Report, table: str = "") -> dict[str, RuleResult]:
    return results(coverage.judge(case(model, table)))


def test_a_model_that_was_read_to_its_end_passes() -> None:
    assert judged(report()) == ALL_PASS


@pytest.mark.parametrize("meaning", [UNKNOWN, WARN, FAIL])
def test_what_was_asked_for_and_not_looked_at(meaning: RuleResult) -> None:
    model = report(skips=[skipped("lineage", asked=True)])
    assert judged(model, f"[coverage]\nnot-asked='pass'\nasked='{meaning}'") == {**ALL_PASS, "coverage.asked": meaning}


def test_the_surface_and_the_reason_are_named() -> None:
    row = only(coverage.judge(case(report(skips=[skipped("weights.onnx", asked=True)]))), "coverage.asked")
    assert row.message == "asked for, and not looked at: weights.onnx (no reason)"


@pytest.mark.parametrize("meaning", [UNKNOWN, WARN, FAIL])
@pytest.mark.parametrize(("examined", "total"), [(2, 3), (0, 3), (4, 3)])
def test_a_surface_that_was_not_read_to_its_end(meaning: RuleResult, examined: int, total: int) -> None:
    row = CoverageRow(surface="tensors", examined=examined, total=total, unit="tensors")
    table = f"[coverage]\nnot-asked='pass'\nunread='{meaning}'"
    assert judged(report(coverage=[row]), table) == {**ALL_PASS, "coverage.unread": meaning}


@pytest.mark.parametrize("meaning", RuleResult)
def test_what_was_not_asked_for(meaning: RuleResult) -> None:
    assert judged(report(), f"[coverage]\nnot-asked='{meaning}'") == {**ALL_PASS, "coverage.not-asked": meaning}


def test_a_surface_that_may_be_skipped_is_named_all_the_same() -> None:
    rows = coverage.judge(case(report(), "[coverage]\nnot-asked='fail'\nmay-skip=['behaviour']"))
    assert only(rows, "coverage.not-asked").result is PASS
    assert "behaviour" in only(rows, "coverage.not-asked").message


def test_may_skip_excuses_nothing_that_was_asked_for() -> None:
    model = report(skips=[skipped("behaviour", asked=True)])
    assert judged(model, "[coverage]\nnot-asked='fail'\nmay-skip=['behaviour']")["coverage.asked"] is UNKNOWN


@pytest.mark.parametrize("surface", ["base", "lineage", "attestations"])
def test_surfaces_with_a_table_of_their_own_are_judged_there(surface: str) -> None:
    table = "[coverage]\nnot-asked='fail'\nmay-skip=['behaviour']"
    assert judged(report(skips=[skipped(surface)]), table) == ALL_PASS
    assert judged(report(skips=[skipped(surface, asked=True)]), table)["coverage.asked"] is UNKNOWN


@pytest.mark.parametrize("needed", Assurance)
@pytest.mark.parametrize("given", Assurance)
def test_assurance_below_what_is_needed_is_unknown(needed: Assurance, given: Assurance) -> None:
    result = judged(report(assurance=given), f"[coverage]\nnot-asked='pass'\nassurance='{needed}'")
    weaker = list(Assurance).index(given) > list(Assurance).index(needed)
    assert result["coverage.assurance"] is (UNKNOWN if weaker else PASS)


def test_a_model_without_one_tensor_read_is_never_ok() -> None:
    lax = "[coverage]\nnot-asked='pass'\nasked='warn'\nunread='warn'\nassurance='none'"
    assert judged(report(tensors=0), lax)["coverage.tensors"] is UNKNOWN
    assert decide(report(tensors=0)).outcome is Outcome.UNDECIDED


def test_what_an_attestation_did_not_look_at_is_judged_too() -> None:
    attested = claims(claim_of(report(coverage=[PART], skips=[skipped("a.bin", asked=True)], tensors=0)))
    rows = coverage.judge(case(manifest(), given=attested))
    assert results(rows) == {
        **ALL_PASS,
        "coverage.asked": UNKNOWN,
        "coverage.unread": UNKNOWN,
        "coverage.tensors": UNKNOWN,
    }
    assert "says lab's model-scan attestation" in only(rows, "coverage.unread").message


def test_weak_assurance_of_an_attestation_is_weak() -> None:
    weak = claims(claim_of(report(assurance=Assurance.SAMPLED)))
    row = only(coverage.judge(case(report(), given=weak)), "coverage.assurance")
    assert row.result is UNKNOWN
    assert "sampled (says lab's model-scan attestation)" in row.message


def test_attested_lineage_reports_its_own_gaps() -> None:
    part = report(compared=lineage(Relation.IDENTICAL), coverage=[PART])
    assert results(coverage.judge(case(manifest(), given=both(part))))["coverage.unread"] is UNKNOWN


def test_without_evidence_there_is_no_coverage_to_judge() -> None:
    assert coverage.judge(case(manifest(), given=claims(claim("https://example.org/type", {})))) == ()
