"""The built-in policies: what each lets pass, and that none says more than its words."""

from __future__ import annotations

import pytest

from provenance.documents.policy import PRESETS, TABLES, Policy, read
from provenance.documents.report import CoverageRow, Report
from provenance.records import Manifest, Outcome, Relation, Severity, VerifiedClaims
from provenance.trust.policy import load
from provenance.trust.policy.loading import preset
from tests.trust.policy.cases import FILES, both, claim_of, claims, decide, finding, lineage, manifest, report, skipped

PASS, WARN, UNDECIDED, DENIED = Outcome.PASS, Outcome.WARN, Outcome.UNDECIDED, Outcome.DENIED
HONEST = report(compared=lineage(Relation.IDENTICAL))
IN_PLACE = lineage(Relation.INCONCLUSIVE, possible=[Relation.FINE_TUNED, Relation.ABLITERATED], counts={"changed": 4})


def outcomes(model: Report | Manifest, given: VerifiedClaims | None = None) -> tuple[Outcome, ...]:
    """By default, integrity, lineage and strict."""
    return tuple(decide(model, name, given=given).outcome for name in PRESETS)


def test_a_fine_model_that_nobody_signed_or_compared() -> None:
    assert outcomes(report()) == (PASS, UNDECIDED, UNDECIDED, UNDECIDED)


def test_a_fine_model_compared_with_its_base() -> None:
    assert outcomes(HONEST) == (PASS, UNDECIDED, PASS, UNDECIDED)


def test_a_fine_model_compared_and_signed() -> None:
    assert outcomes(HONEST, both(HONEST)) == (PASS, PASS, PASS, PASS)
    assert outcomes(manifest(), both(HONEST)) == (PASS, PASS, PASS, PASS)


def test_a_signed_scan_alone() -> None:
    assert outcomes(manifest(), claims(claim_of(report()))) == (PASS, PASS, UNDECIDED, UNDECIDED)


def test_a_model_changed_in_place() -> None:
    assert outcomes(report(compared=IN_PLACE)) == (UNDECIDED, UNDECIDED, DENIED, DENIED)


@pytest.mark.parametrize("severity", Severity)
def test_findings(severity: Severity) -> None:
    model = report(compared=lineage(Relation.IDENTICAL), findings=[finding(severity=severity)])
    expected = {
        Severity.INFO: (PASS, PASS, PASS, PASS),
        Severity.WARNING: (WARN, WARN, WARN, DENIED),
        Severity.ERROR: (DENIED,) * 4,
        Severity.CRITICAL: (DENIED,) * 4,
    }[severity]
    assert outcomes(model, both(HONEST)) == expected


def test_what_was_asked_for_and_not_done_is_undecided() -> None:
    model = report(compared=lineage(Relation.IDENTICAL), skips=[skipped("lineage", asked=True)])
    assert outcomes(model, both(HONEST)) == (UNDECIDED,) * 4


def test_a_part_that_was_not_read_is_undecided() -> None:
    part = CoverageRow(surface="tensors", examined=1, total=3, unit="tensors")
    assert outcomes(report(compared=lineage(Relation.IDENTICAL), coverage=[part]), both(HONEST)) == (UNDECIDED,) * 4


def test_what_was_not_asked_for_stops_only_the_strict_one() -> None:
    model = report(compared=lineage(Relation.IDENTICAL), skips=[skipped("tokenizer")])
    assert outcomes(model, both(HONEST)) == (PASS, PASS, PASS, UNDECIDED)


@pytest.mark.parametrize("name", ["run.py", "weights.bin", "blob"])
def test_kinds_of_files_stop_only_the_strict_one(name: str) -> None:
    model = report(compared=lineage(Relation.IDENTICAL), files=[*FILES, name])
    assert outcomes(model, both(HONEST)) == (PASS, PASS, PASS, DENIED)


def test_quantized_weights_that_cannot_be_replayed_are_undecided() -> None:
    quantized = lineage(
        Relation.INCONCLUSIVE, possible=[Relation.QUANTIZED, Relation.FINE_TUNED], counts={"unsupported": 4}
    )
    assert outcomes(report(compared=quantized), both(HONEST)) == (UNDECIDED,) * 4


def test_the_default_policy_is_what_a_policy_without_tables_means() -> None:
    assert load("default").policy == Policy(version=1, name="default")


def test_presets_write_every_key_in_which_they_differ() -> None:
    trees = [read(preset(name), where=name) for name in PRESETS]
    for table in ("formats", "findings", "lineage", "coverage"):
        keys: set[str] = set()
        for tree in trees:
            written = tree[table]
            assert isinstance(written, dict)
            keys |= written.keys()
        for key in keys:
            field = next(f for n, f in TABLES[table].model_fields.items() if (f.alias or n) == key)
            values = {str(tree[table].get(key, field.default)) for tree in trees}  # type: ignore[attr-defined]
            if len(values) > 1 and not field.is_required():
                # Left out by a policy that extends `strict`, it must not be looser than strict's.
                assert (table, key, list(field.default)) == ("coverage", "may-skip", [])


@pytest.mark.parametrize("name", PRESETS)
def test_presets_extend_nothing_and_name_no_signer(name: str) -> None:
    policy = load(name).policy
    assert (policy.name, policy.extends, policy.signer, policy.exception) == (name, None, {}, ())


def test_presets_grow_stricter() -> None:
    """Whatever the stricter of two passes, the looser one passes as well."""
    order = [PASS, WARN, UNDECIDED, DENIED]
    models = [report(), HONEST, report(findings=[finding()]), report(compared=IN_PLACE), report(tensors=0)]
    for model in models:
        for given in (None, both(HONEST), claims(claim_of(report()))):
            default, integrity, comparing, strict = (order.index(o) for o in outcomes(model, given))
            assert default <= integrity <= strict
            assert default <= comparing <= strict
