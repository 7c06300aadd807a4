"""`[findings]`: severities, lists, and findings that others attest."""

from __future__ import annotations

import pytest

from provenance.records import RuleResult, Severity
from provenance.trust.policy import findings
from tests.trust.policy.cases import case, claim, claim_of, claims, finding, manifest, only, report, results

PASS, WARN, UNKNOWN, FAIL = RuleResult.PASS, RuleResult.WARN, RuleResult.UNKNOWN, RuleResult.FAIL


@pytest.mark.parametrize("deny", Severity)
@pytest.mark.parametrize("warn", Severity)
@pytest.mark.parametrize("severity", Severity)
def test_severities_deny_and_warn_from_their_level_up(deny: Severity, warn: Severity, severity: Severity) -> None:
    table = f"[findings]\ndeny-severity = '{deny}'\nwarn-severity = '{warn}'"
    rows = findings.judge(case(report(findings=[finding(severity=severity)]), table))
    if severity.rank >= deny.rank:
        assert results(rows) == {"findings.deny-severity": FAIL}
    elif severity.rank >= warn.rank:
        assert results(rows) == {"findings.deny-severity": PASS, "findings.warn-severity": WARN}
    else:
        assert results(rows) == {"findings.deny-severity": PASS}


@pytest.mark.parametrize("severity", Severity)
def test_a_listed_rule_is_judged_by_its_list_alone(severity: Severity) -> None:
    model = report(findings=[finding("odd", severity)])
    denied = findings.judge(case(model, "[findings]\ndeny-severity='critical'\ndeny=['odd']"))
    assert results(denied) == {"findings.deny": FAIL, "findings.deny-severity": PASS}
    warned = findings.judge(case(model, "[findings]\ndeny-severity='info'\nwarn=['odd']"))
    assert results(warned) == {"findings.warn": WARN, "findings.deny-severity": PASS}


def test_the_message_names_rule_place_and_next_step() -> None:
    model = report(findings=[finding("pickle-file", file="a.bin"), finding("remote-code", file=None)])
    row = only(findings.judge(case(model)), "findings.deny-severity")
    assert row.message == (
        "2 findings of severity error or above: pickle-file in a.bin and 1 more; also remote-code; "
        "see provenance explain pickle-file"
    )


def test_many_findings_are_counted_and_not_all_named() -> None:
    model = report(findings=[finding(file=f"{number}.json") for number in range(50)])
    row = only(findings.judge(case(model)), "findings.deny-severity")
    assert row.message.startswith("50 findings")
    assert "remote-code in 0.json and 49 more; also remote-code in 1.json, remote-code in 2.json and 47 more" in (
        row.message
    )


def test_a_long_name_is_cut() -> None:
    row = only(findings.judge(case(report(findings=[finding(file="x" * 10_000)]))), "findings.deny-severity")
    assert len(row.message) < 300
    assert len(row.message.partition("; ")[0]) <= 110


def test_a_scan_that_was_attested_is_judged_like_a_fresh_one() -> None:
    bad = claim_of(report(findings=[finding()]))
    row = only(findings.judge(case(manifest(), given=claims(bad))), "findings.deny-severity")
    assert row.result is FAIL
    assert "remote-code in config.json; says lab's model-scan attestation; see" in row.message


def test_what_several_scans_found_counts_once() -> None:
    attested = claims(claim_of(report(findings=[finding(), finding("pickle-file", file="a.bin")])))
    row = only(findings.judge(case(report(findings=[finding()]), given=attested)), "findings.deny-severity")
    assert row.message == (
        "2 findings of severity error or above: remote-code in config.json and 1 more; also pickle-file in a.bin "
        "(says lab's model-scan attestation); see provenance explain remote-code"
    )


def test_a_clean_report_does_not_outvote_a_signed_finding() -> None:
    bad = claim_of(report(findings=[finding()]))
    assert results(findings.judge(case(report(), given=claims(bad)))) == {"findings.deny-severity": FAIL}


@pytest.mark.parametrize("on_missing", RuleResult)
def test_without_a_scan_nothing_is_said_about_findings(on_missing: RuleResult) -> None:
    foreign = claims(claim("https://example.org/type", {}))
    table = f"[findings]\ndeny-severity='error'\non-missing='{on_missing}'"
    assert results(findings.judge(case(manifest(), table, given=foreign))) == {"findings.on-missing": on_missing}


def test_without_a_scan_the_default_is_unknown() -> None:
    row = only(findings.judge(case(manifest())), "findings.on-missing")
    assert row.result is UNKNOWN
    assert "model-scan" in row.message
