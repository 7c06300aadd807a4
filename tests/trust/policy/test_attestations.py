"""`[[attestations]]`: what was presented, and what is required."""

from __future__ import annotations

import pytest

from provenance.documents.predicates import MODEL_LINEAGE, MODEL_SCAN
from provenance.documents.report import ClaimRow
from provenance.records import FailedClaim, Outcome, Relation, RuleResult, VerifiedClaim
from provenance.trust.policy import attestations
from tests.trust.policy.cases import (
    AT,
    both,
    case,
    claim,
    claim_of,
    claims,
    decide,
    lineage,
    manifest,
    only,
    policy,
    report,
    results,
)

PASS, WARN, UNKNOWN, FAIL = RuleResult.PASS, RuleResult.WARN, RuleResult.UNKNOWN, RuleResult.FAIL
SIGNERS = "[signer.lab]\npublic-key='k'\n[signer.ci]\npublic-key='k'\n"
SCAN = "[[attestations]]\ntype='model-scan'\n"
FAILED = FailedClaim(source="b.jsonl:2", step=3, reason="the signature is not by a key that is named")


def scan(signer: str = "lab", signed_at: str | None = None) -> VerifiedClaim:
    return claim_of(report(), signer=signer, signed_at=signed_at)


def required(table: str, *given: VerifiedClaim) -> RuleResult:
    return only(attestations.judge(case(report(), table, given=claims(*given))), "attestations.model-scan").result


@pytest.mark.parametrize("preset", ["default", "integrity", "lineage", "strict"])
def test_an_attestation_that_does_not_verify_always_denies(preset: str) -> None:
    model = report(compared=lineage(Relation.IDENTICAL))
    signed = both(model)
    for good in ((), signed.claims):
        given = claims(*good, failures=[FAILED])
        assert decide(model, preset, given=given).outcome is Outcome.DENIED
        assert decide(manifest(), preset, given=given).outcome is Outcome.DENIED


def test_the_failure_names_source_step_and_reason() -> None:
    row = only(attestations.judge(case(report(), given=claims(failures=[FAILED]))), "attestations.verified")
    assert row.result is FAIL
    assert "b.jsonl:2 at step 3: the signature is not by a key that is named" in row.message


def test_a_failure_in_a_saved_report_stays_a_failure() -> None:
    saved = report(attestations=[ClaimRow(source="b.jsonl:2", verified=False, step=3, reason="wrong signature")])
    assert decide(saved).outcome is Outcome.DENIED
    nameless = report(attestations=[ClaimRow(source="b.jsonl:2", verified=False)])
    assert decide(nameless).outcome is Outcome.DENIED


def test_a_file_that_says_it_was_verified_counts_for_nothing() -> None:
    row = ClaimRow(source="b.jsonl:1", verified=True, predicate_type=MODEL_SCAN, signer="lab")
    assert decide(report(attestations=[row]), "integrity").outcome is Outcome.UNDECIDED


def test_an_attestation_for_another_model_denies() -> None:
    other = claim(MODEL_SCAN, dict(scan().predicate), subject="6" * 64)
    verdict = decide(report(), given=claims(other))
    assert verdict.outcome is Outcome.DENIED
    assert "about another model, sha256:6666" in only(verdict.rules, "attestations.verified").message


@pytest.mark.parametrize("predicate_type", [MODEL_SCAN, MODEL_LINEAGE])
@pytest.mark.parametrize("predicate", [{}, {"findings": []}, {"coverage": float("nan")}])
def test_a_predicate_that_is_not_what_its_type_requires_denies(
    predicate_type: str, predicate: dict[str, object]
) -> None:
    verdict = decide(report(), given=claims(claim(predicate_type, predicate)))
    assert verdict.outcome is Outcome.DENIED
    assert "not what its type requires" in only(verdict.rules, "attestations.verified").message


@pytest.mark.parametrize(("key", "value"), [("relations", ["identical"]), ("baseSha256", "0" * 64)])
def test_a_lineage_that_contradicts_itself_denies(key: str, value: object) -> None:
    said = dict(claim_of(report(compared=lineage(Relation.FINE_TUNED)), MODEL_LINEAGE).predicate)
    said[key] = value
    assert decide(report(), given=claims(claim(MODEL_LINEAGE, said))).outcome is Outcome.DENIED


def test_verified_attestations_are_listed() -> None:
    row = only(attestations.judge(case(report(), given=claims(scan()))), "attestations.verified")
    assert (row.result, row.message) == (PASS, "1 attestation verified: model-scan/v0 by lab")


def test_without_any_there_is_nothing_to_say_of_a_model_that_was_examined() -> None:
    assert attestations.judge(case(report())) == ()


def test_a_required_attestation() -> None:
    assert required(SCAN, scan()) is PASS
    assert required(SCAN) is UNKNOWN
    assert required(SCAN, claim("https://example.org/other", {})) is UNKNOWN


@pytest.mark.parametrize("on_missing", [UNKNOWN, WARN, FAIL])
def test_what_a_missing_one_means(on_missing: RuleResult) -> None:
    assert required(f"{SCAN}on-missing='{on_missing}'") is on_missing


def test_it_must_be_from_a_signer_who_is_named() -> None:
    table = f"{SIGNERS}{SCAN}from=['lab']"
    assert required(table, scan("lab")) is PASS
    assert required(table, scan("ci")) is UNKNOWN
    assert required(table, scan("ci"), scan("lab")) is PASS
    assert required(f"{SIGNERS}{SCAN}from=['lab', 'ci']", scan("ci")) is PASS


def test_two_requirements_need_two_signers() -> None:
    by = policy(f"{SIGNERS}{SCAN}from=['lab']\n{SCAN}from=['ci']")
    assert decide(report(), by, given=claims(scan("lab"))).outcome is Outcome.UNDECIDED
    assert decide(report(), by, given=claims(scan("lab"), scan("ci"))).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("signed_at", "result"),
    [
        ("2026-11-20T12:00:00Z", PASS),
        ("2026-10-22T12:00:00Z", PASS),
        ("2026-10-22T11:59:59Z", UNKNOWN),
        ("2026-11-21T12:05:00+00:00", PASS),
        ("2026-11-21T12:05:01Z", UNKNOWN),
        ("2026-11-20T12:00:00", UNKNOWN),
        ("yesterday", UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_age_is_by_verified_time(signed_at: str | None, result: RuleResult) -> None:
    assert required(f"{SCAN}max-age='30d'", scan(signed_at=signed_at)) is result


@pytest.mark.parametrize(("age", "result"), [("11h", UNKNOWN), ("12h", PASS), ("1d", PASS), ("1w", PASS)])
def test_units_of_age(age: str, result: RuleResult) -> None:
    assert required(f"{SCAN}max-age='{age}'", scan(signed_at="2026-11-21T00:00:00Z")) is result


def test_one_that_is_young_enough_is_enough() -> None:
    old, young = scan(signed_at="2020-01-01T00:00:00Z"), scan(signed_at=AT.isoformat())
    assert required(f"{SCAN}max-age='1d'", old, young) is PASS


def test_one_without_a_verified_time_says_why_it_does_not_count() -> None:
    row = only(
        attestations.judge(case(report(), f"{SIGNERS}{SCAN}max-age='30d'\nfrom=['lab']", given=claims(scan()))),
        "attestations.model-scan",
    )
    assert row.message == (
        "no model-scan attestation from lab is known to be younger than 30d; signed at no verified time; have one made"
    )


def test_what_is_missing_is_told_by_type_and_signer() -> None:
    table = f"{SIGNERS}{SCAN}from=['lab']"
    row = only(attestations.judge(case(report(), table)), "attestations.model-scan")
    assert row.message == (
        "no model-scan attestation from lab was verified; ask for one, or make one with provenance attest"
    )


def test_types_that_are_missing_alike_are_told_in_one_headline() -> None:
    rows = attestations.judge(case(report(), f"{SCAN}[[attestations]]\ntype='model-lineage'"))
    assert [row.message.partition("; ")[0] for row in rows] == [
        "no model-scan or model-lineage attestation was verified",
        "no model-lineage attestation was verified",
    ]
    rows = attestations.judge(case(report(), f"{SCAN}[[attestations]]\ntype='model-lineage'\non-missing='fail'"))
    assert rows[0].message.startswith("no model-scan attestation was verified; ")
    given = claims(claim_of(report(compared=lineage(Relation.IDENTICAL)), MODEL_LINEAGE))
    rows = attestations.judge(case(report(), f"{SCAN}[[attestations]]\ntype='model-lineage'", given=given))
    assert only(rows, "attestations.model-scan").message.startswith("no model-scan attestation was verified; ")


def test_types_that_are_not_ours_are_required_by_uri() -> None:
    uri = "https://in-toto.io/attestation/test-result/v0.1"
    table = f"[[attestations]]\ntype='{uri}'"
    rows = attestations.judge(case(manifest(), table, given=claims(claim(uri, {"anything": 1}))))
    assert results(rows) == {"attestations.verified": PASS, f"attestations.{uri}": PASS}


def test_our_own_types_may_be_written_as_uri() -> None:
    table = f"[[attestations]]\ntype='{MODEL_SCAN}'"
    rows = attestations.judge(case(report(), table, given=claims(scan())))
    assert only(rows, f"attestations.{MODEL_SCAN}").result is PASS
