"""`[coverage]`: nothing that was not looked at may look fine."""

from __future__ import annotations

import pytest

from provenance.documents.predicates import MODEL_LINEAGE
from provenance.documents.report import CoverageRow, FindingRow, Report, SkippedRow
from provenance.records import Assurance, Outcome, Relation, RuleResult
from provenance.trust.policy import coverage
from tests.trust.policy.cases import (
    FILES,
    SUBJECT,
    both,
    case,
    claim,
    claim_of,
    claims,
    decide,
    finding,
    lineage,
    manifest,
    only,
    policy,
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
    row = only(coverage.judge(case(report(skips=[skipped("lineage", asked=True)]))), "coverage.asked")
    assert row.message == "asked for, and not looked at: lineage; lineage: no reason"
    several = [skipped("base", asked=True), skipped("lineage", asked=True)]
    row = only(coverage.judge(case(report(skips=several))), "coverage.asked")
    assert row.message.startswith("asked for, and not looked at: base and 1 more; also lineage; base: no reason, ")


@pytest.mark.parametrize("meaning", [UNKNOWN, WARN, FAIL])
@pytest.mark.parametrize(("examined", "total"), [(2, 3), (0, 3), (4, 3)])
def test_a_surface_that_was_not_read_to_its_end(meaning: RuleResult, examined: int, total: int) -> None:
    row = CoverageRow(surface="tensors", examined=examined, total=total, unit="tensors")
    table = f"[coverage]\nnot-asked='pass'\nunread='{meaning}'"
    assert judged(report(coverage=[row]), table) == {**ALL_PASS, "coverage.unread": meaning}


# ---------------------------------------------------------------------------------------------------------------------
# Files of the model that were not read
# ---------------------------------------------------------------------------------------------------------------------

PICKLE = "is pickles and tensors in a zip, as torch.save writes them, which this version digests but does not read"


def unread(*paths: str, found: tuple[FindingRow, ...] = (), total: int = 1) -> Report:
    """A model of one file that was read, and `paths` that were not, as the pipeline tells it."""
    model = report(
        files=(*FILES, *paths),
        findings=found,
        coverage=[CoverageRow(surface="weight-files", examined=total, total=total + len(paths), unit="files")],
    )
    rows = [SkippedRow(surface=path, reason=PICKLE, asked=True) for path in paths]
    return model.model_copy(update={"skipped": [*model.skipped, *rows]})


def exception(rule: str = "pickle-file", expires: str = "2026-11-21") -> str:
    return (
        f"[[exception]]\nrule='{rule}'\nsubject='{SUBJECT}'\nexpires={expires}\n"
        "reason='trainer leftovers'\napproved-by='jane'\n"
    )


def test_a_file_that_was_not_read_was_not_asked_for_and_is_told_once() -> None:
    rows = coverage.judge(case(unread("args.bin")))
    assert results(rows) == {**ALL_PASS, "coverage.unread": UNKNOWN}
    message = only(rows, "coverage.unread").message
    assert message == "not read, or not to the end: args.bin (pickles and tensors in a zip)"


@pytest.mark.parametrize("meaning", [UNKNOWN, WARN, FAIL])
def test_what_an_unread_file_means_is_the_policys_to_say(meaning: RuleResult) -> None:
    table = f"[coverage]\nnot-asked='pass'\nunread='{meaning}'"
    assert judged(unread("args.bin", "more.pt"), table) == {**ALL_PASS, "coverage.unread": meaning}


def test_weight_files_that_no_name_accounts_for_stay_a_gap() -> None:
    model = unread("args.bin")
    more = CoverageRow(surface="weight-files", examined=0, total=2, unit="files")
    rows = coverage.judge(case(model.model_copy(update={"coverage": [more]})))
    assert "weight-files (0 of 2 files)" in only(rows, "coverage.unread").message


def test_an_exception_for_the_finding_accepts_that_its_file_was_not_read() -> None:
    found = (finding("pickle-file", file="args.bin"),)
    verdict = decide(unread("args.bin", found=found), policy(exception()))
    assert verdict.outcome is Outcome.WARN
    row = only(verdict.rules, "coverage.unread")
    assert row.message == "not read, and accepted by an exception: args.bin (pickles and tensors in a zip)"
    assert row.result is WARN


def test_it_is_a_warning_even_where_the_policy_is_stricter() -> None:
    found = (finding("pickle-file", file="args.bin"),)
    table = "[coverage]\nnot-asked='pass'\nunread='fail'\n" + exception()
    assert judged(unread("args.bin", found=found), table)["coverage.unread"] is WARN


@pytest.mark.parametrize(
    ("found", "table"),
    [
        ((), exception()),
        ((finding("pickle-file", file="other.bin"),), exception()),
        ((finding("pickle-file", file="args.bin"),), ""),
        ((finding("pickle-file", file="args.bin"),), exception(expires="2026-11-20")),
        ((finding("pickle-file", file="args.bin"),), exception(rule="python-file")),
        ((finding("pickle-file", file="args.bin"), finding("polyglot-file", file="args.bin")), exception()),
    ],
    ids=["no finding", "another file", "no exception", "ended", "another rule", "one more finding"],
)
def test_an_exception_accepts_no_more_than_it_says(found: tuple[FindingRow, ...], table: str) -> None:
    assert judged(unread("args.bin", found=found), table)["coverage.unread"] is UNKNOWN


def test_one_file_accepted_leaves_the_others() -> None:
    model = unread("args.bin", "more.pt", found=(finding("pickle-file", file="args.bin"),))
    row = only(coverage.judge(case(model, exception())), "coverage.unread")
    assert row.result is UNKNOWN
    assert row.message.startswith("not read, or not to the end: more.pt (")


def test_an_exception_does_not_reach_a_surface_that_was_read_in_part() -> None:
    model = unread("args.bin", found=(finding("pickle-file", file="args.bin"),))
    part = model.model_copy(update={"coverage": [*model.coverage, PART]})
    assert judged(part, exception())["coverage.unread"] is UNKNOWN


def test_an_accepted_file_does_not_make_up_for_a_model_of_which_nothing_was_read() -> None:
    model = unread("args.bin", found=(finding("pickle-file", file="args.bin"),), total=0)
    bare = model.model_copy(update={"subject": model.subject.model_copy(update={"tensor_count": 0})})
    assert decide(bare, policy(exception())).outcome is Outcome.UNDECIDED


def test_a_file_called_like_a_surface_does_not_excuse_it() -> None:
    found = (finding("pickle-file", file="lineage"),)
    assert judged(unread("lineage", found=found), exception())["coverage.asked"] is UNKNOWN


def test_a_signed_comparison_of_the_same_model_is_excused_by_the_scan_beside_it() -> None:
    found = (finding("pickle-file", file="args.bin"),)
    made = unread("args.bin", found=found).model_copy(update={"lineage": lineage(Relation.IDENTICAL)})
    disk = manifest((*FILES, "args.bin"))
    assert results(coverage.judge(case(disk, exception(), given=both(made))))["coverage.unread"] is WARN
    alone = claims(claim_of(made, MODEL_LINEAGE))
    assert results(coverage.judge(case(disk, exception(), given=alone)))["coverage.unread"] is UNKNOWN


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
