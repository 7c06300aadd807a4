"""Chat templates: against the base's, and against each other inside one model."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from posixpath import basename

from provenance.checks.interface import Check, Rule, of_the_model, quoted
from provenance.facts import TextFact
from provenance.records import Evidence, Finding, ModelEvidence, Severity, Skipped

CHAT_TEMPLATE_DIFFERS = Rule(
    ident="chat-template-differs",
    title="the chat template differs from the base's",
    severity=Severity.WARNING,
    meaning="The text of the template that a loader would use is not the base's, line ends aside. The first line that "
    "differs is shown. A template that is gone is reported where the model brings a tokenizer, which would hold it. It "
    "is an `info` where the base has no template at all: instruction tuning adds one.",
    why="The template decides what the model is really asked. It can drop or add system prompts, tools and "
    "instructions, on a condition if it likes, without one weight changed. Honest changes exist: fixes, tool calling, "
    "thinking.",
    example="chat_template.jinja: line 3 of the template: '{%- if messages|length > 6 %}', the base has '{%- if tools "
    "%}'",
    advice="Read the difference. If you do not need it, use the base's template.",
)

CHAT_TEMPLATE_CONFLICT = Rule(
    ident="chat-template-conflict",
    title="one model holds two chat templates that disagree",
    severity=Severity.WARNING,
    meaning="Two sources of one model (`chat_template.jinja`, `tokenizer_config.json`, `chat_template.json`, the "
    "metadata of its GGUF files) give the same template with different texts.",
    why="Loaders differ in which source they use, and in which they used a version ago: two of them render two "
    "prompts.",
    example="tokenizer_config.json: line 12 of the template: not the one in chat_template.jinja",
    advice="Find out which one your loader uses; ask the publisher to remove the other.",
)

_ORDER = ("chat_template.jinja", "chat_template.json", "processor_config.json", "tokenizer_config.json")
"""Who wins in transformers; templates in GGUF come after them all, for they rarely stand beside the others."""


def _run(evidence: Evidence) -> Iterator[Finding]:
    mine = _templates(evidence.candidate)
    for sources in mine.values():
        for other in sources[1:]:
            if other.sha256 != sources[0].sha256:
                line, _, _ = _first_difference(sources[0], other)
                message = f"{_at(line)}not the one in {sources[0].file}"
                yield CHAT_TEMPLATE_CONFLICT.finding(message, file=other.file, line=_line(other, line))
    if isinstance(evidence.base, Skipped):
        return
    theirs = _templates(evidence.base)
    for role in sorted(mine.keys() | theirs.keys()):
        if role in mine or _brings_tokenizer(evidence.candidate):
            yield from _compare(role, mine.get(role, []), theirs.get(role, []), bare=not theirs)


def _templates(model: ModelEvidence) -> dict[str, list[TextFact]]:
    """Templates by role, in the order of precedence; only those of the model itself, not of models in sub-folders."""
    found: dict[str, list[TextFact]] = {}
    for fact in of_the_model(model, "chat-template"):
        if fact.role.partition(":")[0] == "chat-template":
            found.setdefault(fact.role, []).append(fact)
    for sources in found.values():
        sources.sort(key=_precedence)
    return found


def _brings_tokenizer(model: ModelEvidence) -> bool:
    """Whether a template could be expected: a model without a tokenizer is used with the base's, template and all."""
    return any(of_the_model(model, "tokenizer:"))


def _precedence(fact: TextFact) -> tuple[int, str]:
    name = basename(fact.file)
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), fact.file)


def _compare(role: str, mine: list[TextFact], theirs: list[TextFact], *, bare: bool) -> Iterator[Finding]:
    name = role.partition(":")[2] or "default"
    if not mine:
        yield CHAT_TEMPLATE_DIFFERS.finding(f"the {name} template of the base ({theirs[0].file}) is gone")
    elif not theirs:
        severity = Severity.INFO if bare else None
        message = f"a {name} template, and the base has none"
        yield CHAT_TEMPLATE_DIFFERS.finding(message, file=mine[0].file, severity=severity)
    elif mine[0].sha256 != theirs[0].sha256:
        line, here, there = _first_difference(mine[0], theirs[0])
        what = f"{quoted(here)}, the base has {quoted(there)}" if line else "it is not the base's"
        message = f"{_at(line)}{what} ({name} template)"
        yield CHAT_TEMPLATE_DIFFERS.finding(message, file=mine[0].file, line=_line(mine[0], line))


def _at(line: int | None) -> str:
    return f"line {line} of the template: " if line else ""


def _line(fact: TextFact, line: int | None) -> int | None:
    """Line of the file, where the file is nothing but the template."""
    return line if fact.file.endswith(".jinja") else None


def _first_difference(one: TextFact, other: TextFact) -> tuple[int | None, str, str]:
    """Line number, counted from 1, and both lines; no number where a text is not at hand."""
    if one.text is not None and other.text is not None:
        lines = zip_longest(one.text.split("\n"), other.text.split("\n"), fillvalue="")
        for number, (here, there) in enumerate(lines, start=1):
            if here != there:
                return number, here, there
    return None, "", ""


CHAT_TEMPLATES = Check("chat-templates", (CHAT_TEMPLATE_DIFFERS, CHAT_TEMPLATE_CONFLICT), _run)
