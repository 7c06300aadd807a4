"""Law 1 as properties: more against a model, or less for it, never makes its verdict better."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.documents.policy import PRESETS
from provenance.documents.predicates import MODEL_LINEAGE, MODEL_SCAN
from provenance.documents.report import CoverageRow, FindingRow, LineageSummary, Report, SkippedRow
from provenance.records import (
    Assurance,
    FailedClaim,
    Manifest,
    Outcome,
    Relation,
    Severity,
    VerifiedClaim,
    VerifiedClaims,
)
from provenance.trust.policy import LoadedPolicy, load
from tests.trust.policy.cases import (
    BASE,
    SUBJECT,
    claim_of,
    claims,
    decide,
    finding,
    lineage,
    manifest,
    policy,
    report,
    skipped,
)

ORDER = [Outcome.PASS, Outcome.WARN, Outcome.UNDECIDED, Outcome.DENIED]

OWN = policy(
    f"""
    [signer.lab]
    public-key = "k"
    [findings]
    deny-severity = "critical"
    deny = ["a"]
    warn = ["b"]
    [lineage]
    relations = ["identical", "quantized", "fine-tuned"]
    bases = ["{BASE}"]
    on-missing = "warn"
    inconclusive = "warn"
    [coverage]
    not-asked = "warn"
    asked = "warn"
    unread = "warn"
    assurance = "sampled"
    [[attestations]]
    type = "model-lineage"
    from = ["lab"]
    max-age = "30d"
    on-missing = "warn"
    [[exception]]
    rule = "c"
    subject = "{SUBJECT}"
    reason = "reviewed by hand"
    expires = 2027-01-01
    approved-by = "jane"
    [[exception]]
    rule = "d"
    subject = "{SUBJECT}"
    reason = "reviewed by hand"
    expires = 2025-01-01
    approved-by = "jane"
    """
)

policies = st.sampled_from([*(load(name) for name in PRESETS), OWN])
findings = st.builds(finding, st.sampled_from("abcde"), st.sampled_from(Severity))
skips = st.builds(skipped, st.sampled_from(["behaviour", "lineage", "tokenizer"]), asked=st.booleans())
rows = st.builds(
    CoverageRow, surface=st.just("tensors"), examined=st.integers(0, 2), total=st.just(2), unit=st.just("t")
)
some_relations = st.lists(st.sampled_from(Relation), min_size=1, max_size=3)


@st.composite
def lineages(draw: st.DrawFn) -> LineageSummary:
    return lineage(
        *draw(some_relations),
        possible=draw(some_relations),
        base_sha256=draw(st.sampled_from([BASE, "0" * 64])),
        counts=draw(st.sampled_from([{"identical": 3}, {"identical": 2, "unsupported": 1}])),
    )


reports = st.builds(
    report,
    findings=st.lists(findings, max_size=3),
    compared=st.none() | lineages(),
    skips=st.lists(skips, max_size=2),
    coverage=st.lists(rows, max_size=1),
    tensors=st.sampled_from([3, 3, 3, 0]),
    assurance=st.sampled_from(Assurance),
)


@st.composite
def verified(draw: st.DrawFn) -> VerifiedClaim:
    made = draw(reports)
    which = draw(st.sampled_from([MODEL_SCAN, MODEL_LINEAGE])) if made.lineage else MODEL_SCAN
    signed_at = draw(st.sampled_from([None, "2026-11-20T00:00:00Z", "2020-01-01T00:00:00Z"]))
    return claim_of(made, which, signer=draw(st.sampled_from(["lab", "ci"])), signed_at=signed_at)


models = reports | st.just(manifest())
claim_sets = st.lists(verified(), max_size=3).map(lambda made: claims(*made))
bounded = settings(max_examples=150, deadline=None)


def rank(model: Report | Manifest, by: LoadedPolicy, given: VerifiedClaims | None) -> int:
    return ORDER.index(decide(model, by, given=given).outcome)


@bounded
@given(reports, findings, policies, claim_sets)
def test_a_further_finding_never_helps(
    model: Report, more: FindingRow, by: LoadedPolicy, given: VerifiedClaims
) -> None:
    worse = model.model_copy(update={"findings": [*model.findings, more]})
    assert rank(worse, by, given) >= rank(model, by, given)


@bounded
@given(reports, findings, st.sampled_from(Severity), policies, claim_sets)
def test_a_higher_severity_never_helps(
    model: Report, one: FindingRow, severity: Severity, by: LoadedPolicy, given: VerifiedClaims
) -> None:
    raised = one.model_copy(update={"severity": max(one.severity, severity, key=lambda s: s.rank)})
    before, after = (model.model_copy(update={"findings": [*model.findings, f]}) for f in (one, raised))
    assert rank(after, by, given) >= rank(before, by, given)


@bounded
@given(reports, skips, policies, claim_sets)
def test_a_further_surface_not_looked_at_never_helps(
    model: Report, more: SkippedRow, by: LoadedPolicy, given: VerifiedClaims
) -> None:
    worse = model.model_copy(update={"skipped": [*model.skipped, more]})
    assert rank(worse, by, given) >= rank(model, by, given)


@bounded
@given(reports, policies, claim_sets, st.booleans())
def test_a_surface_that_was_asked_for_never_weighs_less_than_one_that_was_not(
    model: Report, by: LoadedPolicy, given: VerifiedClaims, own: bool
) -> None:
    surface = "lineage" if own else "tokenizer"
    idle, failed = (
        model.model_copy(update={"skipped": [*model.skipped, skipped(surface, asked=asked)]}) for asked in (False, True)
    )
    assert rank(failed, by, given) >= rank(idle, by, given)


@bounded
@given(reports, policies, claim_sets)
def test_reading_less_never_helps(model: Report, by: LoadedPolicy, given: VerifiedClaims) -> None:
    unread = CoverageRow(surface="files", examined=0, total=9, unit="files")
    worse = model.model_copy(update={"coverage": [*model.coverage, unread]})
    assert rank(worse, by, given) >= rank(model, by, given)


@bounded
@given(reports, policies, claim_sets, st.integers(0, 3))
def test_a_file_that_was_not_read_never_helps_and_one_more_never_either(
    model: Report, by: LoadedPolicy, given: VerifiedClaims, number: int
) -> None:
    """As the pipeline tells it: by its name, and counted among the weight files."""

    def with_unread(paths: list[str]) -> Report:
        counted = CoverageRow(surface="weight-files", examined=1, total=1 + len(paths), unit="files")
        rows = [*model.skipped, *(skipped(path, asked=True) for path in paths)]
        return model.model_copy(update={"coverage": [*model.coverage, counted], "skipped": rows})

    paths = [file.path for file in model.subject.files]
    ranks = [rank(with_unread(paths[:n]), by, given) for n in range(min(number, len(paths)) + 1)]
    assert ranks == sorted(ranks)


@bounded
@given(models, policies, claim_sets, st.sampled_from([MODEL_SCAN, MODEL_LINEAGE]), st.sampled_from(["lab", "ci"]))
def test_an_attestation_less_never_helps_where_nothing_in_it_speaks_against_the_model(
    model: Report | Manifest, by: LoadedPolicy, given: VerifiedClaims, which: str, signer: str
) -> None:
    """What speaks against a model can be withheld by whoever hands it over; what speaks for it cannot."""
    for_it = claim_of(report(compared=lineage(Relation.IDENTICAL)), which, signer=signer)
    assert rank(model, by, given) >= rank(model, by, claims(*given.claims, for_it))


@bounded
@given(models, policies)
def test_no_attestation_is_never_better_than_undecided_where_one_is_required(
    model: Report | Manifest, by: LoadedPolicy
) -> None:
    if by.name in {"integrity", "strict"}:
        assert rank(model, by, claims()) >= ORDER.index(Outcome.UNDECIDED)
        assert rank(model, by, None) >= ORDER.index(Outcome.UNDECIDED)


@bounded
@given(models, policies, claim_sets)
def test_an_attestation_that_fails_always_denies(
    model: Report | Manifest, by: LoadedPolicy, given: VerifiedClaims
) -> None:
    failed = VerifiedClaims(given.claims, (FailedClaim(source="x", step=3, reason="wrong"),))
    assert rank(model, by, failed) == ORDER.index(Outcome.DENIED)


@bounded
@given(models, policies, claim_sets, st.randoms())
def test_the_order_of_evidence_does_not_matter(
    model: Report | Manifest, by: LoadedPolicy, given: VerifiedClaims, random: Random
) -> None:
    shuffled = list(given.claims)
    random.shuffle(shuffled)
    assert rank(model, by, claims(*shuffled)) == rank(model, by, given)
