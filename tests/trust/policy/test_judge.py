"""The verdict as a whole: which result wins, what it records, and that it never rests on nothing."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta, timezone

import pytest

from provenance.records import Outcome, Relation, RuleOutcome, RuleResult, Severity
from provenance.trust.policy import RULES, judge, judge_claims, load, outcome
from tests.trust.policy.cases import AT, both, claim_of, claims, decide, finding, lineage, manifest, policy, report

PRESETS = ("default", "integrity", "lineage", "strict")


@pytest.mark.parametrize("results", list(itertools.product(RuleResult, repeat=3)))
def test_denied_beats_undecided_beats_warn_beats_pass(results: tuple[RuleResult, ...]) -> None:
    rows = tuple(RuleOutcome(rule="r", result=result, message="") for result in results)
    worst = max(results, key=[RuleResult.PASS, RuleResult.WARN, RuleResult.UNKNOWN, RuleResult.FAIL].index)
    expected = {"pass": Outcome.PASS, "warn": Outcome.WARN, "unknown": Outcome.UNDECIDED, "fail": Outcome.DENIED}
    assert outcome(rows) is expected[worst]


def test_a_verdict_records_policy_digest_and_time() -> None:
    at = datetime(2026, 11, 21, 14, 30, 1, 999, tzinfo=timezone(timedelta(hours=2)))
    loaded = load("default")
    verdict = judge(report(), loaded, at=at)
    assert (verdict.policy, verdict.policy_sha256, verdict.at) == ("default", loaded.sha256, "2026-11-21T12:30:01Z")


def test_a_time_without_a_zone_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="zone"):
        judge(report(), load("default"), at=datetime(2026, 11, 21))


@pytest.mark.parametrize("preset", PRESETS)
def test_the_same_inputs_make_the_same_verdict(preset: str) -> None:
    model = report(findings=[finding()], compared=lineage(Relation.IDENTICAL))
    assert decide(model, preset) == decide(model, preset)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_rule_is_named_by_a_key_of_the_policy(preset: str) -> None:
    verdict = decide(report(findings=[finding()]), preset)
    tables = {"attestations", "findings", "lineage", "formats", "coverage", "exception"}
    assert {row.rule.partition(".")[0] for row in verdict.rules} <= tables
    assert all(row.message for row in verdict.rules)


@pytest.mark.parametrize("preset", PRESETS)
def test_verify_with_no_attestation_is_never_ok(preset: str) -> None:
    verdict = decide(manifest(), preset, given=claims())
    assert verdict.outcome is Outcome.UNDECIDED


def test_verify_with_no_attestation_is_never_ok_even_by_a_policy_that_needs_nothing() -> None:
    needs_nothing = policy(
        "[findings]\ndeny-severity = 'critical'\non-missing = 'pass'\n"
        "[lineage]\nrelations = 'any'\non-missing = 'pass'\n"
        "[coverage]\nnot-asked = 'pass'\nasked = 'warn'\nunread = 'warn'\nassurance = 'none'\n"
    )
    verdict = judge_claims(manifest(), claims(), needs_nothing, at=AT)
    assert verdict.outcome is Outcome.UNDECIDED


def test_a_saved_report_of_verify_is_no_scan_that_found_nothing() -> None:
    saved = report()
    verified = saved.model_copy(update={"inputs": saved.inputs.model_copy(update={"verb": "verify"})})
    assert decide(saved).outcome is Outcome.PASS
    assert decide(verified).outcome is Outcome.UNDECIDED
    assert decide(verified, "integrity", given=claims(claim_of(report()))).outcome is Outcome.PASS


def test_at_least_one_rule_is_always_judged() -> None:
    assert all(decide(model, preset).rules for model in (report(), manifest()) for preset in PRESETS)
    assert len(RULES) == 6


def test_hostile_names_cannot_forge_lines() -> None:
    name = "a\n\x1b[32mPASS\u202e.json"
    model = report(findings=[finding(file=name)], files=("model.safetensors", name, f"{name}.exe"))
    verdict = decide(model, policy("[formats]\nallow=['gguf']\nother-files='known-only'"))
    text = "".join(row.message for row in verdict.rules)
    assert text.isprintable()
    assert "\\x1b[32mPASS" in text


def test_check_and_verify_agree_on_what_was_signed() -> None:
    """The report of a model, signed and verified, is judged as the report itself was."""
    for findings in ([], [finding(severity=Severity.WARNING)], [finding()]):
        for relation in (Relation.IDENTICAL, Relation.FINE_TUNED, Relation.INCONCLUSIVE):
            model = report(findings=findings, compared=lineage(relation))
            fresh, attested = decide(model, "lineage"), decide(manifest(), "lineage", given=both(model))
            assert fresh.outcome is attested.outcome


def test_the_zone_of_the_time_does_not_matter() -> None:
    utc = datetime(2026, 12, 31, 23, tzinfo=UTC)
    there = utc.astimezone(timezone(timedelta(hours=9)))
    assert judge(report(), load("default"), at=utc) == judge(report(), load("default"), at=there)
