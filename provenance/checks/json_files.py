"""JSON documents that two readers would read as two documents."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.file_kinds import is_configuration
from provenance.checks.interface import Check, Rule, facts, listing
from provenance.facts import JsonFact
from provenance.records import Evidence, Finding, Severity

JSON_INVALID = Rule(
    ident="json-invalid",
    title="a JSON document is not strict JSON",
    severity=Severity.ERROR,
    meaning="A document that loaders ask for by name (`config.json`, `tokenizer.json`, …) is not JSON, not UTF-8, "
    "nested too deeply or too large to look at, or is a `tokenizer.json` without a tokenizer in it. It is an `info` "
    "for any other document, and for numbers that Python alone can read (`NaN`, `Infinity`), which some honest "
    "configurations hold.",
    why="A loader that fails on the document uses defaults, or another file; one that does not fail reads something "
    "that could not be checked.",
    example="generation_config.json: Expecting ',' delimiter at line 4 column 3",
    advice="Fetch the file again; if it is the same at its source, tell the publisher.",
)

JSON_DUPLICATE_KEY = Rule(
    ident="json-duplicate-key",
    title="a key stands twice in one JSON object",
    severity=Severity.ERROR,
    meaning="An object of a document has two members of the same name. It is a `warning` in a document that no loader "
    "asks for by name.",
    why="One reader takes the first, another the last: what a person or scanner sees is not what the loader obeys. No "
    "writer of JSON makes such objects.",
    example="config.json: 'auto_map' twice in one object",
    advice="Do not load the model before its publisher has removed one of the two.",
)


def _run(evidence: Evidence) -> Iterator[Finding]:
    indexes = {rejection.file for rejection in evidence.candidate.rejections}
    for fact in facts(evidence.candidate, JsonFact):
        obeyed = is_configuration(fact.file)
        if fact.duplicate_keys:
            message = f"{listing(fact.duplicate_keys)} twice in one object"
            yield JSON_DUPLICATE_KEY.finding(message, file=fact.file, severity=None if obeyed else Severity.WARNING)
        elif fact.error and fact.file not in indexes:
            severity = None if obeyed and fact.value is None else Severity.INFO
            yield JSON_INVALID.finding(fact.error, file=fact.file, severity=severity)


JSON_FILES = Check("json-files", (JSON_INVALID, JSON_DUPLICATE_KEY), _run)
