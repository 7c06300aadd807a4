"""`[[exception]]`: one rule, one model, until a date, and never silently."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from provenance.records import Outcome, RuleResult, Severity
from provenance.trust.policy import exceptions, findings, judge
from tests.trust.policy.cases import (
    AT,
    SUBJECT,
    case,
    claim_of,
    claims,
    decide,
    finding,
    manifest,
    only,
    policy,
    report,
)


def exception(rule: str = "remote-code", subject: str = SUBJECT, expires: str = "2026-11-21") -> str:
    return (
        f"[[exception]]\nrule='{rule}'\nsubject='{subject}'\nexpires={expires}\n"
        "reason='read line by line'\napproved-by='jane'\n"
    )


def test_an_exception_turns_a_denial_into_a_warning_that_tells_who_and_why() -> None:
    verdict = decide(report(findings=[finding()]), policy(exception()))
    assert verdict.outcome is Outcome.WARN
    assert only(verdict.rules, "findings.deny-severity").result is RuleResult.PASS
    row = only(verdict.rules, "exception.remote-code")
    assert row.result is RuleResult.WARN
    assert row.message == "remote-code is accepted until 2026-11-21; by jane: read line by line"


@pytest.mark.parametrize(
    "text",
    [exception(rule="other-rule"), exception(subject="6" * 64), exception(expires="2026-11-20")],
    ids=["another rule", "another model", "yesterday"],
)
def test_an_exception_reaches_no_further_than_it_says(text: str) -> None:
    assert decide(report(findings=[finding()]), policy(text)).outcome is Outcome.DENIED


def test_it_holds_until_the_last_second_of_its_day() -> None:
    model, by = report(findings=[finding()]), policy(exception())
    assert judge(model, by, at=datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)).outcome is Outcome.WARN
    assert judge(model, by, at=datetime(2026, 11, 22, tzinfo=UTC)).outcome is Outcome.DENIED


def test_an_exception_that_ended_says_so() -> None:
    rows = exceptions.judge(case(report(findings=[finding()]), exception(expires="2026-11-20")))
    assert [row.result for row in rows] == [RuleResult.WARN]
    assert rows[0].message.startswith("remote-code was accepted until 2026-11-20, and counts again; remove")


def test_an_exception_of_no_use_says_so() -> None:
    rows = exceptions.judge(case(report(), exception()))
    assert [row.result for row in rows] == [RuleResult.WARN]
    assert "remove" in rows[0].message


def test_an_exception_for_another_model_is_none_of_this_verdict() -> None:
    assert exceptions.judge(case(report(findings=[finding()]), exception(subject="6" * 64))) == ()


def test_an_exception_accepts_denied_rules_and_attested_findings_too() -> None:
    table = "[findings]\ndeny-severity='error'\ndeny=['remote-code']\n" + exception()
    assert decide(report(findings=[finding(severity=Severity.INFO)]), policy(table)).outcome is Outcome.WARN
    attested = claims(claim_of(report(findings=[finding()])))
    assert decide(manifest(), policy(exception()), given=attested).outcome is Outcome.WARN


def test_one_exception_that_holds_is_enough() -> None:
    text = exception(expires="2026-01-01") + exception(expires="2027-01-01")
    assert decide(report(findings=[finding()]), policy(text)).outcome is Outcome.WARN


def test_accepting_one_finding_leaves_the_others() -> None:
    model = report(findings=[finding(), finding("pickle-file")])
    row = only(findings.judge(case(model, exception())), "findings.deny-severity")
    assert row.message.startswith("1 finding of severity error or above: pickle-file")


def test_a_file_is_accepted_where_all_that_was_found_in_it_is() -> None:
    found = [finding(file="a.bin"), finding(file="b.bin"), finding("pickle-file", file="b.bin"), finding(file=None)]
    assert exceptions.accepted_files(case(report(findings=found), exception())) == {"a.bin"}
    both = exception() + exception(rule="pickle-file")
    assert exceptions.accepted_files(case(report(findings=found), both)) == {"a.bin", "b.bin"}
    ended = exception(expires="2026-11-20")
    assert exceptions.accepted_files(case(report(findings=found), ended)) == frozenset()
    assert exceptions.accepted_files(case(report(findings=found), exception(subject="6" * 64))) == frozenset()


def test_a_file_is_not_accepted_where_a_signed_scan_found_more_in_it() -> None:
    more = claims(claim_of(report(findings=[finding("pickle-file", file="a.bin")])))
    assert exceptions.accepted_files(case(report(findings=[finding(file="a.bin")]), exception(), given=more)) == set()


def test_the_time_of_the_case_decides() -> None:
    made = replace(case(report(), exception()), at=AT.replace(year=2030))
    assert not exceptions.accepted(made, finding())
