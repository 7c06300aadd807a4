"""The licence that a model declares, against its base's."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.facts import CardFact
from provenance.records import Evidence, Finding, ModelEvidence, Severity, Skipped

LICENCE_DIFFERS = Rule(
    ident="licence-differs",
    title="the declared licence is not the base's",
    severity=Severity.WARNING,
    meaning="The model's card and its base's both declare a licence, in `license` of the front matter or of GGUF "
    "metadata, and not the same one. Nothing is said where one of them declares none.",
    why="A derivation inherits its base's licence. Who takes the new one at its word may use the weights in ways that "
    "nobody allowed.",
    example="README.md: declares 'mit', the base declares 'llama3.1'",
    advice="Go by the base's licence until the publisher shows that another holds.",
)


def _run(evidence: Evidence) -> Iterator[Finding]:
    if isinstance(evidence.base, Skipped):
        return
    theirs = _declared(evidence.base)
    for file, licence in sorted(_declared(evidence.candidate).items()):
        if theirs and _plain(licence) not in map(_plain, theirs.values()):
            message = f"declares {quoted(licence)}, the base declares {quoted(min(theirs.values()))}"
            yield LICENCE_DIFFERS.finding(message, file=file)


def _declared(model: ModelEvidence) -> dict[str, str]:
    return {fact.file: fact.licence for fact in facts(model, CardFact) if fact.licence}


def _plain(licence: str) -> str:
    """GGUF writers copy the Hub's identifiers, or write names with spaces and capitals."""
    return licence.strip().lower().replace(" ", "-").replace("_", "-")


LICENCES = Check("licences", (LICENCE_DIFFERS,), _run)
