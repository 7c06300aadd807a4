"""Rules of the policy among the results: a gate that stops a change always says why."""

from __future__ import annotations

import json

import pytest

from provenance import outputs
from provenance.outputs.rulings import TEXT, texts, with_rulings
from provenance.records import Outcome, RuleResult, Severity
from tests.outputs import samples

FAIL, UNKNOWN, WARN, PASS = RuleResult.FAIL, RuleResult.UNKNOWN, RuleResult.WARN, RuleResult.PASS


def test_what_made_the_verdict_is_an_error_and_what_is_unknown_beside_it_a_warning() -> None:
    rules = [("lineage.relations", FAIL, "a"), ("coverage.unread", UNKNOWN, "b"), ("exception.x", WARN, "c")]
    rows = with_rulings(samples.report(), samples.verdict(Outcome.DENIED, *rules))
    assert [(row.rule, row.severity, row.message) for row in rows] == [
        ("policy-lineage-relations", Severity.ERROR, "lineage.relations: a"),
        ("policy-coverage-unread", Severity.WARNING, "coverage.unread: b"),
    ]
    (row,) = with_rulings(samples.report(), samples.verdict(Outcome.UNDECIDED, rules[1]))
    assert row.severity is Severity.ERROR


def test_a_pass_a_warning_and_no_verdict_add_nothing() -> None:
    for story in (samples.scanned, samples.honest, samples.warned, samples.diffed, samples.unjudged):
        report, verdict = story()
        assert with_rulings(report, verdict) == report.findings


def test_findings_speak_for_themselves_where_they_are_there() -> None:
    found = [samples.finding("auto-map", "code")]
    verdict = samples.verdict(Outcome.DENIED, ("findings.deny-severity", FAIL, "1 finding"))
    assert with_rulings(samples.report(findings=found), verdict) == found
    (row,) = with_rulings(samples.report(), verdict)
    assert row.rule == "policy-findings-deny-severity"


@pytest.mark.parametrize(
    ("rule", "ident"),
    [
        ("attestations.https://in-toto.io/a/v0.1", "policy-attestations-https-in-toto-io-a-v0-1"),
        ("exception.-x-", "policy-exception-x"),
        ("\x1b[31m::error::", "policy-31m-error"),
        ("\u2028", "policy"),
    ],
)
def test_rule_ids_are_lower_kebab_case(rule: str, ident: str) -> None:
    (row,) = with_rulings(samples.report(), samples.verdict(Outcome.DENIED, (rule, FAIL, "m")))
    assert row.rule == ident


def test_every_ruling_has_words_and_no_check_loses_its_own() -> None:
    report, verdict = samples.refused()
    words = texts(samples.RULES, with_rulings(report, verdict))
    assert words["policy-attestations-verified"] is TEXT
    assert words["auto-map"] is samples.RULES["auto-map"]
    assert set(words) - set(samples.RULES) == {"policy-attestations-verified", "policy-attestations-model-scan"}


def test_a_verification_that_failed_is_in_every_output_a_gate_reads() -> None:
    story = samples.refused()
    (run,) = json.loads(outputs.render("sarif", *story, samples.RULES))["runs"]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [
        ("policy-attestations-verified", "error"),
        ("policy-attestations-model-scan", "warning"),
    ]
    assert "config.json was modified since it was signed" in run["results"][0]["message"]["text"]
    lines = outputs.render("github", *story, samples.RULES).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::warning"]
    assert "config.json was modified since it was signed" in lines[1]
    summary = outputs.render("summary", *story, samples.RULES)
    assert "| fail | <code>attestations.verified</code> | config.json was modified since it was signed" in summary
    assert "#### Findings" not in summary
    assert "fetch the model and its attestations again" in summary
