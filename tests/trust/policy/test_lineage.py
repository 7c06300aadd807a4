"""`[lineage]`: the relations that were found, those that are possible, and the base."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.documents.predicates import MODEL_LINEAGE
from provenance.documents.report import LineageSummary
from provenance.records import Outcome, Relation, RuleResult
from provenance.trust.policy import lineage as rule
from tests.trust.policy.cases import (
    BASE,
    both,
    case,
    claim_of,
    claims,
    decide,
    lineage,
    manifest,
    only,
    report,
    results,
)

PASS, WARN, UNKNOWN, FAIL = RuleResult.PASS, RuleResult.WARN, RuleResult.UNKNOWN, RuleResult.FAIL
R = Relation
HONEST = "[lineage]\nrelations=['identical','repacked','dtype-cast','quantized']\non-missing='unknown'\n"
CHANGED_IN_PLACE = [R.FINE_TUNED, R.ABLITERATED, R.LORA_MERGED, R.LOW_RANK_EDIT, R.MERGED, R.NOISE_ADDED, R.LAUNDERED]


def judged(summary: LineageSummary, table: str = HONEST) -> dict[str, RuleResult]:
    return results(rule.judge(case(report(compared=summary), table)))


@pytest.mark.parametrize("relation", [R.IDENTICAL, R.REPACKED, R.DTYPE_CAST, R.QUANTIZED])
def test_allowed_relations_pass(relation: Relation) -> None:
    assert judged(lineage(relation)) == {"lineage.relations": PASS}


def test_every_relation_of_the_list_must_be_allowed() -> None:
    assert judged(lineage(R.REPACKED, R.DTYPE_CAST)) == {"lineage.relations": PASS}
    assert judged(lineage(R.REPACKED, R.FINE_TUNED)) == {"lineage.relations": FAIL}


@pytest.mark.parametrize("relation", [r for r in R if r not in (R.IDENTICAL, R.REPACKED, R.DTYPE_CAST, R.QUANTIZED)])
def test_a_definite_relation_that_is_not_allowed_fails(relation: Relation) -> None:
    if relation is not R.INCONCLUSIVE:
        assert judged(lineage(relation)) == {"lineage.relations": FAIL}


def test_floats_changed_in_place_are_denied_for_sure_though_nobody_knows_how() -> None:
    summary = lineage(R.INCONCLUSIVE, possible=CHANGED_IN_PLACE, counts={"identical": 10, "changed": 4})
    verdict = decide(report(compared=summary), "lineage")
    assert verdict.outcome is Outcome.DENIED
    row = only(verdict.rules, "lineage.relations")
    assert "fine-tuned" in row.message
    assert "identical, repacked, dtype-cast, quantized" in row.message


def test_where_an_allowed_relation_is_possible_it_is_unknown() -> None:
    summary = lineage(R.INCONCLUSIVE, possible=[R.QUANTIZED, R.FINE_TUNED], counts={"unsupported": 9})
    assert judged(summary) == {"lineage.inconclusive": UNKNOWN}


@pytest.mark.parametrize("meaning", [UNKNOWN, WARN, FAIL])
def test_what_inconclusive_means_is_the_policys_to_say(meaning: RuleResult) -> None:
    summary = lineage(R.INCONCLUSIVE, possible=[R.QUANTIZED])
    assert judged(summary, f"{HONEST}inconclusive='{meaning}'") == {"lineage.inconclusive": meaning}


def test_what_was_found_does_not_explain_what_is_left_open_beside_it() -> None:
    left_open = lineage(R.REPACKED, R.INCONCLUSIVE, possible=[R.REPACKED, *CHANGED_IN_PLACE])
    assert judged(left_open) == {"lineage.relations": FAIL}


def test_what_was_found_explains_it_where_nothing_else_can() -> None:
    assert judged(lineage(R.REPACKED, R.INCONCLUSIVE, possible=[R.REPACKED])) == {"lineage.inconclusive": UNKNOWN}


def test_a_definite_violation_beats_an_open_question() -> None:
    summary = lineage(R.FINE_TUNED, R.INCONCLUSIVE, possible=[R.FINE_TUNED, R.QUANTIZED])
    assert judged(summary) == {"lineage.relations": FAIL}


def test_where_nothing_is_said_to_be_possible_everything_is() -> None:
    summary = lineage(R.INCONCLUSIVE, possible=[R.INCONCLUSIVE])
    assert judged(summary) == {"lineage.inconclusive": UNKNOWN}


def test_any_relation_may_be_allowed_but_inconclusive_is_none() -> None:
    table = "[lineage]\nrelations='any'\non-missing='pass'"
    assert judged(lineage(R.UNRELATED), table) == {"lineage.relations": PASS}
    assert judged(lineage(R.INCONCLUSIVE, possible=CHANGED_IN_PLACE), table) == {"lineage.inconclusive": UNKNOWN}


@pytest.mark.parametrize("counts", [{"identical": 7, "unsupported": 1}, {}, {"identical": 0}])
def test_a_relation_that_rests_on_too_little_is_unknown(counts: dict[str, int]) -> None:
    assert judged(lineage(R.IDENTICAL, counts=counts)) == {"lineage.inconclusive": UNKNOWN}


@pytest.mark.parametrize("on_missing", RuleResult)
def test_without_a_comparison_the_policy_says_what_it_means(on_missing: RuleResult) -> None:
    rows = rule.judge(case(report(), f"[lineage]\nrelations='any'\non-missing='{on_missing}'"))
    assert results(rows) == {"lineage.on-missing": on_missing}
    assert ("--base" in rows[0].message) == (on_missing != "pass")


def test_the_base_must_be_one_of_those_allowed() -> None:
    table = f"{HONEST}bases=['{BASE}']"
    assert judged(lineage(R.IDENTICAL), table) == {"lineage.bases": PASS, "lineage.relations": PASS}
    other = lineage(R.IDENTICAL, base_sha256="0" * 64)
    assert judged(other, table) == {"lineage.bases": FAIL}


def test_lineages_with_other_bases_do_not_count_where_one_has_an_allowed_base() -> None:
    good = claim_of(report(compared=lineage(R.QUANTIZED)), MODEL_LINEAGE)
    other = claim_of(report(compared=lineage(R.FINE_TUNED, base_sha256="0" * 64)), MODEL_LINEAGE)
    rows = rule.judge(case(manifest(), f"{HONEST}bases=['{BASE}']", given=claims(other, good)))
    assert results(rows) == {"lineage.bases": PASS, "lineage.relations": PASS}


def test_lineages_with_the_same_base_count_all() -> None:
    bad = claim_of(report(compared=lineage(R.FINE_TUNED)), MODEL_LINEAGE)
    rows = rule.judge(case(report(compared=lineage(R.IDENTICAL)), HONEST, given=claims(bad)))
    assert [row.result for row in rows] == [PASS, FAIL]
    assert "says lab's model-lineage attestation" in rows[1].message


def test_an_attested_lineage_stands_in_where_none_was_measured() -> None:
    attested = both(report(compared=lineage(R.QUANTIZED)))
    assert decide(report(), "lineage").outcome is Outcome.UNDECIDED
    assert decide(report(), "lineage", given=attested).outcome is Outcome.PASS
    assert decide(manifest(), "lineage", given=attested).outcome is Outcome.PASS


relations = st.sampled_from(Relation)


@settings(max_examples=200, deadline=None)
@given(
    found=st.lists(relations, min_size=1, max_size=4),
    possible=st.lists(relations, max_size=6),
    allowed=st.sets(relations.filter(lambda r: r is not R.INCONCLUSIVE), min_size=1),
)
def test_it_passes_only_where_everything_found_is_settled_and_allowed(
    found: list[Relation], possible: list[Relation], allowed: set[Relation]
) -> None:
    table = f"[lineage]\nrelations={[str(r) for r in sorted(allowed)]}\non-missing='unknown'"
    (row,) = rule.judge(case(report(compared=lineage(*found, possible=possible)), table))
    assert (row.result is PASS) == ({*found} <= allowed)
    if {*found} - {R.INCONCLUSIVE} - allowed:
        assert row.result is FAIL
