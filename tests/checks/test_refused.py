"""Links, pipes and names in a model's folder."""

from __future__ import annotations

import dataclasses

import pytest

from provenance.checks.refused import REFUSED
from provenance.records import Finding, Refused, Severity
from tests.checks.models import evidence, model


def run(*entries: Refused, files: tuple[str, ...] = ("model.safetensors",)) -> list[Finding]:
    return list(REFUSED.run(evidence(dataclasses.replace(model(files=files), refused=entries))))


@pytest.mark.parametrize(
    ("kind", "rule", "severity"),
    [
        ("link-out", "link-in-model", Severity.ERROR),
        ("link-inside", "link-in-model", Severity.WARNING),
        ("link-broken", "link-in-model", Severity.WARNING),
        ("device", "special-file", Severity.ERROR),
        ("special", "special-file", Severity.WARNING),
        ("name", "file-name-deceives", Severity.WARNING),
        ("collision", "file-name-deceives", Severity.WARNING),
    ],
)
def test_each_kind_has_its_rule(kind: str, rule: str, severity: Severity) -> None:
    (found,) = run(Refused("a\\b", kind, "is something"))
    assert (found.rule, found.severity, found.message) == (rule, severity, "is something")
    assert found.location.file == "a\\b"


@pytest.mark.parametrize("kind", ["too-deep", "too-many", "unreadable"])
def test_what_could_not_be_looked_at_is_no_finding_by_itself(kind: str) -> None:
    assert run(Refused("a", kind, "is something")) == []


@pytest.mark.parametrize("path", ["a\x1b[2J", "a\nb", "a\u2028b", "a\x9bb"])
def test_names_that_terminals_obey_are_errors(path: str) -> None:
    (found,) = run(Refused(path, "name", "x"))
    assert found.severity is Severity.ERROR


@pytest.mark.parametrize("path", ["logo\u202egnp.exe", "a\u200bb.txt", "x/a\ufeff", "a\U000e0041"])
def test_names_that_are_shown_as_others(path: str) -> None:
    (found,) = run(files=(path,))
    assert (found.rule, found.location.file) == ("file-name-deceives", path)


def test_honest_names_are_quiet() -> None:
    assert (
        run(files=("Å 日本.txt", "👩\u200d💻.md", "\u0646\u0645\u0648\u0646\u0647\u200c\u0647\u0627.txt", "a b.json"))
        == []
    )


def test_a_folder_of_links_is_told_in_part_and_the_worst_first() -> None:
    entries = [Refused(f"{number:04}", "link-inside", "x") for number in range(300)]
    found = run(*entries, Refused("z", "link-out", "x"))
    assert len(found) == 200
    assert found[0].severity is Severity.ERROR
