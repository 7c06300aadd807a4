"""Workflow commands as GitHub's runner reads them."""

from __future__ import annotations

import re

import pytest

from provenance import outputs
from provenance.outputs.github import MAX_ANNOTATIONS
from provenance.records import ModelKind, Outcome, RuleResult, Severity
from tests.outputs import samples


def render(story: samples.Judged) -> list[str]:
    return outputs.render("github", *story, samples.RULES).splitlines()


def level(line: str) -> str:
    found = re.match(r"::(\w+) ", line)
    assert found is not None
    return found[1]


def test_the_verdict_comes_first_and_the_worst_findings_after_it() -> None:
    lines = render(samples.abliterated())
    assert lines[0].startswith("::error title=models/tiny-fork::DENIED by policy default, 2 of 4 rules: 3 findings")
    assert [level(line) for line in lines] == ["error"] * 5 + ["warning", "notice"]
    assert lines[1] == (
        "::error title=pickle-in-weights%3A A file holds a pickle,file=models/tiny-fork/optimizer.pt"
        "::optimizer.pt, byte 132: a pickle that calls os.system"
    )


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (samples.scanned, "notice"),
        (samples.honest, "notice"),
        (samples.warned, "warning"),
        (samples.undecided, "error"),
        (samples.abliterated, "error"),
        (samples.diffed, "notice"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_the_level_of_the_verdict(story: object, expected: str) -> None:
    assert callable(story)
    assert level(render(story())[0]) == expected


def test_a_line_number_is_a_property() -> None:
    (found,) = [line for line in render(samples.warned()) if "template-differs" in line]
    assert ",file=models/tiny-fork/tokenizer_config.json,line=12::" in found


@pytest.mark.parametrize("n", [0, 1, 9, 10, 11, 500])
def test_at_most_ten_annotations_and_how_many_more(n: int) -> None:
    report = samples.report(findings=[samples.finding("auto-map", "x", file=f"f{i:03}") for i in range(n)])
    verdict = samples.verdict(Outcome.DENIED, ("findings.deny-severity", RuleResult.FAIL, "x"))
    lines = render((report, verdict))
    annotations = [line for line in lines if line.startswith("::")]
    assert len(annotations) == min(max(n, 1) + 1, MAX_ANNOTATIONS)  # with no finding, the rule that failed
    rest = lines[len(annotations) :]
    assert len(rest) == (n > 9)
    assert all(line.startswith(f"and {n - 9} more rules and files") for line in rest)


def test_findings_of_one_rule_in_one_file_share_an_annotation() -> None:
    same = [samples.finding("auto-map", f"class {i}", file="config.json", line=i + 1) for i in range(4)]
    lines = render((samples.report(findings=same), None))
    assert len(lines) == 2
    assert lines[1].endswith("::config.json, line 1: class 0 (and 3 more)")


def test_percent_signs_and_separators_are_escaped() -> None:
    found = samples.finding("auto-map", "50% : , \n::warning::x", file="a,b:c%.json", severity=Severity.ERROR)
    line = render((samples.report(findings=[found]), None))[1]
    assert "file=models/tiny-fork/a%2Cb%3Ac%25.json::" in line
    assert line.endswith(r"50%25 : , \n:\x3awarning:\x3ax")


@pytest.mark.parametrize(
    ("candidate", "kind", "expected"),
    [
        ("models/tiny", ModelKind.DIRECTORY, "models/tiny/README.md"),
        ("./models/tiny/", ModelKind.DIRECTORY, "models/tiny/README.md"),
        (".", ModelKind.DIRECTORY, "README.md"),
        ("../tiny", ModelKind.DIRECTORY, "README.md"),
        ("/srv/tiny", ModelKind.DIRECTORY, "README.md"),
        ("~/tiny", ModelKind.DIRECTORY, "README.md"),
        ("hf://org/name", ModelKind.DIRECTORY, "README.md"),
        ("models/README.md", ModelKind.FILE, "models/README.md"),
        ("README.md", ModelKind.SPLIT, "README.md"),
    ],
)
def test_a_file_of_a_model_in_the_repository_is_named_from_its_root(
    candidate: str, kind: ModelKind, expected: str
) -> None:
    base = samples.report(findings=[samples.finding("auto-map", "x", file="README.md")])
    inputs = base.inputs.model_copy(update={"candidate": candidate})
    report = base.model_copy(update={"inputs": inputs, "subject": base.subject.model_copy(update={"kind": kind})})
    assert f",file={expected}::" in render((report, None))[1]
