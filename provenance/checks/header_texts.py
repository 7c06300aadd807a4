"""Texts of a weight file's header that describe nothing: code, orders, hidden characters, names that deceive."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.facts import HeaderTextFact
from provenance.records import Evidence, Finding, Severity

METADATA_CODE = Rule(
    ident="metadata-code",
    title="the metadata of a weight file holds code",
    severity=Severity.ERROR,
    meaning="A text in the header of a weight file is, or holds, Python that runs something, commands that fetch and "
    "run, a template that reaches into the interpreter, a script for a page; or it is a pickle, a program or an "
    "archive in base64, hexadecimal or an array of bytes. A text of more than 4 million characters is a `warning`: "
    "what is beyond was not looked at. Chat templates and vocabularies have rules of their own.",
    why="Metadata describe. Code in them waits for a loader that runs it, or a page that shows it unescaped.",
    example="model.safetensors: metadata 'loader': Python that runs something: 'os.system('",
    advice="Do not hand this file to a loader of the model's own. Ask the publisher what the text is for.",
)

METADATA_ORDERS = Rule(
    ident="metadata-orders",
    title="the metadata of a weight file gives orders to an agent",
    severity=Severity.ERROR,
    meaning="A text in the header of a weight file tells whoever reads it to ignore what it was told, to keep "
    "something from the user, or to send secrets somewhere; or it holds the marks between turns of a conversation.",
    why="Agents that look after models read their metadata, and may do what is written there.",
    example="model.safetensors: metadata 'description': an order to a model or an agent that reads it: 'Ignore all "
    "previous instructions'",
    advice="Keep the file from agents. Report it to where you got it from.",
)

METADATA_HIDDEN = Rule(
    ident="metadata-hidden",
    title="the metadata of a weight file hides characters",
    severity=Severity.ERROR,
    meaning="A text in the header of a weight file holds control characters that a terminal obeys, signs that turn the "
    "order of what is shown, or runs of characters that nobody sees. Single joiners, signs beside right-to-left "
    "writing and flags are not meant.",
    why="What a person is shown is not what a program reads, and terminals can be made to show anything.",
    example="model.safetensors: metadata 'author': the control character U+001B, which terminals obey",
    advice="Show it through a tool that escapes, and ask the publisher what it is for.",
    references=("https://trojansource.codes",),
)

NAME_DECEIVES = Rule(
    ident="header-name-deceives",
    title="a name in a weight file is a path, code or a look-alike",
    severity=Severity.ERROR,
    meaning="The name of a tensor, or of a key of the metadata, is a path that leads out of a folder, holds the signs "
    "of a template or a shell command, or mixes Latin letters with those of another alphabet that look the same.",
    why="Tools write tensors to files of their names, show names on pages, and choose tensors by them: a look-alike is "
    "another tensor to a program and the same one to a person.",
    example="model.safetensors: the name of a tensor, '../../etc/cron.d/x': it is a path that leads out of a folder",
    advice="Do not unpack or convert this file. Ask the publisher.",
)

_RULES = {
    "code": METADATA_CODE,
    "markup": METADATA_CODE,
    "program": METADATA_CODE,
    "long": METADATA_CODE,
    "order": METADATA_ORDERS,
    "hidden": METADATA_HIDDEN,
}
_PLACES = {"tensor": "the name of a tensor", "key": "the key", "value": "metadata"}


def _run(evidence: Evidence) -> Iterator[Finding]:
    for fact in facts(evidence.candidate, HeaderTextFact):
        by_rule: dict[str, list[str]] = {}
        for feature in fact.features:
            rule = NAME_DECEIVES if fact.kind != "value" else _RULES[feature.kind]
            by_rule.setdefault(rule.ident, []).append(feature.detail)
        long = all(feature.kind == "long" for feature in fact.features)
        for rule in (METADATA_CODE, METADATA_ORDERS, METADATA_HIDDEN, NAME_DECEIVES):
            if details := by_rule.get(rule.ident):
                message = f"{_PLACES[fact.kind]} {quoted(fact.name)}: {'; '.join(details[:3])}"
                severity = Severity.WARNING if long else None
                tensor = fact.name if fact.kind == "tensor" else ""
                yield rule.finding(message, file=fact.file, tensor=tensor, severity=severity)


HEADER_TEXTS = Check("header-texts", (METADATA_CODE, METADATA_ORDERS, METADATA_HIDDEN, NAME_DECEIVES), _run)
