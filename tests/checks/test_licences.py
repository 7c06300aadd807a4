"""The declared licence against the base's."""

from __future__ import annotations

from provenance.checks.licences import LICENCES
from provenance.records import Evidence, ModelEvidence, Severity, Skipped
from tests.checks.cases import card
from tests.checks.models import NOT_ASKED, contents, evidence


def licensed(licence: str) -> ModelEvidence:
    return contents(card(f"license: {licence}"))


def test_another_licence_is_named() -> None:
    (found,) = LICENCES.run(evidence(licensed("mit"), licensed("llama3.1")))
    assert (found.severity, found.message) == (Severity.WARNING, "declares 'mit', the base declares 'llama3.1'")
    assert found.location.file == "README.md"


def test_the_same_and_none() -> None:
    assert list(LICENCES.run(evidence(licensed("apache-2.0"), licensed("Apache 2.0")))) == []
    assert list(LICENCES.run(evidence(licensed("mit"), contents(card("tags: [a]"))))) == []
    assert list(LICENCES.run(evidence(contents(card("tags: [a]")), licensed("mit")))) == []
    assert list(LICENCES.run(Evidence(licensed("mit"), Skipped("base", "none"), NOT_ASKED))) == []
