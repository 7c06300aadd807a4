"""Which rule a text of a header breaks, and how it is told."""

from __future__ import annotations

from provenance.checks.header_texts import HEADER_TEXTS
from provenance.facts import Feature, HeaderTextFact
from provenance.records import Finding, Severity
from tests.checks.models import evidence, model


def run(kind: str, *features: tuple[str, str]) -> list[Finding]:
    fact = HeaderTextFact("m.safetensors", kind, "a", tuple(Feature(*feature) for feature in features))
    return list(HEADER_TEXTS.run(evidence(model(facts=[fact]))))


def test_one_finding_a_rule_and_place() -> None:
    found = run("value", ("code", "one"), ("markup", "two"), ("order", "three"), ("hidden", "four"))
    assert [(f.rule, f.message) for f in found] == [
        ("metadata-code", "metadata 'a': one; two"),
        ("metadata-orders", "metadata 'a': three"),
        ("metadata-hidden", "metadata 'a': four"),
    ]
    assert {f.severity for f in found} == {Severity.ERROR}


def test_what_was_not_looked_at_is_a_warning_by_itself() -> None:
    assert run("value", ("long", "x"))[0].severity is Severity.WARNING
    assert run("value", ("long", "x"), ("code", "y"))[0].severity is Severity.ERROR


def test_a_name_is_told_with_its_tensor() -> None:
    (found,) = run("tensor", ("path", "it is a path"))
    assert (found.rule, found.location.tensor) == ("header-name-deceives", "a")
    assert found.message == "the name of a tensor 'a': it is a path"
    assert run("key", ("code", "x"))[0].location.tensor == ""
