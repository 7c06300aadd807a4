"""The page for a person: what it says, in which order, and that it fits."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from provenance.outputs import table
from provenance.outputs.interface import Screen
from provenance.records import Outcome, RuleResult, Severity, TensorState
from tests.outputs import samples


def page(story: samples.Judged, **screen: int | bool) -> str:
    return table.render(*story, samples.RULES, Screen(**screen))  # type: ignore[arg-type]


def sections(text: str) -> list[str]:
    """The first word of every line that starts in the first column."""
    return [line.split()[0] for line in text.splitlines() if line[:1].strip()]


def section(text: str, title: str) -> str:
    """What stands under a heading, up to the next."""
    found = re.search(rf"^{title}\b.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[0]


def test_the_order_is_that_of_the_questions() -> None:
    assert sections(page(samples.abliterated())) == [
        "DENIED",
        "Model",
        "To",
        "Findings",
        "Attestations",
        "Not",
        "Policy",
        "Next",
    ]


@pytest.mark.parametrize(
    ("story", "first"),
    [
        (samples.scanned, "PASS           by policy default: 2 rules judged, none broken; 2 things not"),
        (samples.honest, "PASS           by policy lineage: 2 rules judged, none broken."),
        (samples.warned, "PASS WITH WARNINGS  by policy default, 1 of 2 rules: 1 finding of warning."),
        (samples.undecided, "UNDECIDED      by policy default, 1 of 2 rules: what was asked for was not"),
        (samples.abliterated, "DENIED         by policy default, 2 of 4 rules: 3 findings of severity error or"),
        (samples.diffed, "abliterated    is what models/tiny-fork is to models/tiny-base."),
        (samples.unjudged, "NOT JUDGED     no policy was asked; findings: 1 warning."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_first_line_tells_the_verdict_and_why(story: object, first: str) -> None:
    assert callable(story)
    assert page(story()).splitlines()[0] == first


def test_what_it_is() -> None:
    report, _ = samples.abliterated()
    text = section(page(samples.abliterated()), "Model")
    assert "models/tiny-fork" in text
    assert "directory, 5 files, 14 tensors, 305.9 KiB" in text
    assert f"\n  sha256       {report.subject.sha256}\n" in text
    assert f"\n  tensor root  {report.subject.tensor_root}\n" in text


def test_a_model_without_tensors_says_so() -> None:
    report, verdict = samples.scanned()
    bare = report.subject.model_copy(update={"tensor_root": None, "tensor_count": 0})
    text = page((report.model_copy(update={"subject": bare}), verdict))
    assert "tensor root  none: no tensor was read" in text
    assert "0 tensors" in text


def test_what_it_is_to_its_base() -> None:
    text = section(page(samples.abliterated()), "To its base")
    assert "models/tiny-base" in text
    assert samples.digest("base") in text
    assert "relation      abliterated" in text
    assert "not excluded  low-rank-edit" in text
    rows = [line.split() for line in text.splitlines() if line.startswith(("  model.", "  lm_head"))]
    assert rows[0] == ["model.layers.0.self_attn.o_proj.weight", "97.7%", "0.031", "0.99952", "0.00775"]
    assert len(rows) == table.MAX_TENSORS == 10
    assert "and 2 more (1 changed, 1 added); -o json=report.json lists all" in text


def test_what_has_no_measure_comes_after_what_has() -> None:
    report, verdict = samples.abliterated()
    rows = [samples.tensor(state.value, state) for state in TensorState]
    rows += [samples.tensor(f"changed-{norm}", TensorState.CHANGED, changed=9, norm=norm) for norm in (0.1, 0.3)]
    text = section(page((report.model_copy(update={"tensors": rows}), verdict)), "To its base")
    names = [line.split()[0] for line in text.splitlines()[text.splitlines().index("") + 2 :] if line.strip()]
    assert names == ["changed-0.3", "changed-0.1", "changed", "reshaped", "added", "missing", "unsupported"]


def page_of(name: str, width: int) -> str:
    report, verdict = samples.abliterated()
    row = samples.tensor(name, TensorState.CHANGED, changed=3409, norm=0.0106)
    return page((report.model_copy(update={"tensors": [row]}), verdict), width=width)


def test_a_long_name_stays_on_its_line() -> None:
    name = "model.layers.1.mlp.experts.1.up_proj.weight"
    assert re.search(r"^  model\.layers\.1\.…experts\.1\.up_proj\.weight +83\.2% ", page_of(name, 79), re.MULTILINE)
    assert re.search(rf"^  {re.escape(name)} +83\.2% ", page_of(name, 100), re.MULTILINE)


def test_a_relation_that_excludes_all_others_says_nothing_of_them() -> None:
    text = section(page(samples.honest()), "To its base")
    assert "repacked, then dtype-cast" in text
    assert "not excluded" not in text
    assert "tensor  " not in text


def test_findings_are_grouped_by_rule_the_worst_first() -> None:
    text = section(page(samples.abliterated()), "Findings")
    heads = re.findall(r"^  (\w+)  ([a-z-]+)", text, re.MULTILINE)
    assert heads == [
        ("critical", "pickle-in-weights"),
        ("error", "auto-map"),
        ("warning", "template-differs"),
        ("info", "unknown-file"),
    ]
    assert "training_args.bin, byte 0: a pickle that calls nothing (error)" in text
    assert text.count("> Use the safetensors files") == 1
    assert "tokenizer_config.json, line 12: three lines were added" in text


def test_many_findings_are_cut_and_say_so() -> None:
    found = [samples.finding("auto-map", f"seen {i:03}", file="config.json") for i in range(18)]
    found += [samples.finding("template-differs", f"seen {i:03}") for i in range(18, 40)]
    found += [samples.finding("unknown-file", "never shown")]
    text = section(page((samples.report(findings=found), None)), "Findings")
    assert len(re.findall(r"seen \d", text)) == table.MAX_FINDINGS == 20
    assert "never shown" not in text
    assert "and 21 more; -o json=report.json lists all" in text


def test_attestations_name_the_signer_or_the_step_that_failed() -> None:
    text = section(page(samples.abliterated()), "Attestations")
    assert "2 attestations presented, 1 verified." in text
    assert "model-scan/v0: stopped at step 7" in text
    assert "config.json differs, notes.txt was removed" in text
    assert f"signed by release (key {samples.digest('key')[:16]})" in text
    assert text.index("failed") < text.index("signed by")


def test_what_was_not_looked_at() -> None:
    text = section(page(samples.abliterated()), "Not looked at")
    assert "5 of 6 files read: extra.h5 is of no known kind" in text
    assert "this version makes no probes" in text
    assert "2 files: .git/HEAD, .git/config" in text
    assert "could not be done: models/tiny-base: 2 shards are missing" in page(samples.undecided())
    assert "Not looked at  nothing was left out: files 5 of 5, tensors 14 of 14." in page(samples.honest())


def test_rules_that_did_not_pass() -> None:
    text = section(page(samples.abliterated()), "Policy")
    assert "default: 3 of 4 rules did not pass." in text
    assert re.findall(r"^  (fail|warn|unknown|pass) ", text, re.MULTILINE) == ["fail", "fail", "warn"]
    assert "see provenance explain auto-map" in " ".join(text.split())
    assert "Policy" not in sections(page(samples.honest()))


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 300])
@pytest.mark.parametrize("story", samples.STORIES, ids=lambda story: story.__name__)
def test_no_line_is_wider_than_the_screen(story: object, width: int) -> None:
    assert callable(story)
    for line in page(story(), width=width).splitlines():
        assert cell_len(line) <= min(width, 120)
        assert line == line.rstrip()


@pytest.mark.parametrize("payload", samples.PAYLOADS, ids=lambda text: repr(text[:12]))
def test_hostile_text_stays_within_the_screen_and_out_of_the_first_column(payload: str) -> None:
    text = page(samples.hostile(payload))
    assert max(map(cell_len, text.splitlines())) <= 80
    assert set(sections(text)) <= {"DENIED", "Model", "To", "Findings", "Attestations", "Not", "Policy", "Next"}


def test_a_name_cannot_write_a_verdict_of_its_own() -> None:
    """Blanks and wrapping are all a name could use; neither brings it to where a verdict stands."""
    for blanks in range(40, 90):
        name = "x" * 20 + " " * blanks + "PASS           by policy default: 9 rules judged, none broken."
        for story in (samples.diffed(), samples.undecided()):
            report, verdict = story
            named = report.model_copy(update={"subject": report.subject.model_copy(update={"name": name})})
            assert not re.search(r"^\s*PASS {2,}", page((named, verdict)), re.MULTILINE)


def test_a_long_name_is_folded_not_cut_to_look_like_another() -> None:
    names = [f"model.layers.0.{part}.down_proj.weight_with_a_long_tail" for part in ("first", "other", "third")]
    rows = [samples.tensor(name, TensorState.CHANGED, changed=1, norm=0.1) for name in names]
    report, verdict = samples.abliterated()
    text = page((report.model_copy(update={"tensors": rows}), verdict))
    squeezed = "".join(re.sub(r" +(<0.1%|change).*", "", line).strip() for line in text.splitlines())
    for name in names:
        assert name in squeezed


def test_colour_only_where_it_is_wanted() -> None:
    plain, coloured = page(samples.abliterated()), page(samples.abliterated(), color=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31mDENIED" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).split() == plain.split()
    assert "\x1b[1;32mPASS" in page(samples.honest(), color=True)
    assert "\x1b[1;33mUNDECIDED" in page(samples.undecided(), color=True)


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = page(samples.abliterated())
    for name, value in {"FORCE_COLOR": "1", "COLUMNS": "33", "TERM": "dumb", "NO_COLOR": "1", "LINES": "3"}.items():
        monkeypatch.setenv(name, value)
    assert page(samples.abliterated()) == before
    assert "\x1b[1;31mDENIED" in page(samples.abliterated(), color=True)


def test_ascii_for_a_terminal_that_cannot_show_more() -> None:
    text = page(samples.abliterated(), unicode=False)
    assert text.isascii()
    assert "max |d|" in text
    assert max(map(len, text.splitlines())) <= 80


def test_markup_of_rich_is_text() -> None:
    report, verdict = samples.scanned()
    named = report.model_copy(
        update={"subject": report.subject.model_copy(update={"name": "[bold red]x[/] :skull: https://e.x"})}
    )
    text = page((named, verdict), color=True)
    assert "[bold red]x[/] :skull: https://e.x" in text
    assert "\x1b]8;" not in text


def test_the_page_of_verify() -> None:
    report, _ = samples.abliterated()
    verdict = samples.verdict(
        Outcome.DENIED, ("attestations.verified", RuleResult.FAIL, "1 attestation did not verify")
    )
    text = table.render_verification(report.subject, report.attestations, verdict)
    assert sections(text) == ["DENIED", "Model", "Attestations", "Not", "Policy", "Next"]
    assert text.startswith("DENIED         by policy default, 1 of 2 rules: 1 attestation did not verify.\n")
    assert (report.subject.sha256 or "?") in text
    assert "config.json differs, notes.txt was removed" in text
    assert "fetch the model and its attestations again" in text


def test_a_verification_of_nothing_says_so() -> None:
    verdict = samples.verdict(
        Outcome.UNDECIDED, ("attestations.model-scan", RuleResult.UNKNOWN, "none was verified; ask")
    )
    text = table.render_verification(samples.subject(), [], verdict)
    assert "0 attestations presented, 0 verified." in text
    assert "ask the publisher for an attestation" in text


def test_a_verification_that_passes() -> None:
    verdict = samples.verdict(Outcome.PASS, ("attestations.verified", RuleResult.PASS, "1 attestation verified"))
    text = table.render_verification(samples.subject(), samples.claims()[:1], verdict)
    assert text.startswith("PASS           by policy default: 2 rules judged, none broken.\n")
    assert "holds for the bytes on this disk" in " ".join(text.split())
    assert "Policy" not in sections(text)


def test_every_severity_has_its_line() -> None:
    found = [samples.finding(f"rule-{s.value}", "seen", severity=s) for s in Severity]
    text = page((samples.report(findings=found), None))
    assert "Findings       1 critical, 1 error, 1 warning, 1 info." in text
