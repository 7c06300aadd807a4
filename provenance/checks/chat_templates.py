"""Chat templates: against the base's, and against each other inside one model."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from posixpath import basename

from provenance.checks.interface import Check, Rule, facts, of_the_model, quoted
from provenance.facts import RenderFact, TextFact
from provenance.records import Evidence, Finding, ModelEvidence, Severity, Skipped

CHAT_TEMPLATE_DIFFERS = Rule(
    ident="chat-template-differs",
    title="the chat template differs from the base's",
    severity=Severity.WARNING,
    meaning="The text of the template that a loader would use is not the base's, line ends aside. Both are rendered "
    "with some hundreds of canned conversations, and with the words, numbers and dates that either looks for, and the "
    "first difference is shown. It is an `info` where all prompts are the same or the base's refuses, where the text "
    "is another template of the base, and where the base has no template at all: instruction tuning adds one. It is an "
    "`error` where the template adds text to conversations that the base's leaves alone, begins the answer itself, "
    "drops what the base's writes or the marks that end it, gives it another role, writes it into an address, or "
    "differs on a condition. It stays a warning where it refuses other conversations, has other marks (`<think>`), "
    "takes tools and the base's takes none, leaves text of the base's out, or has another system prompt for "
    "conversations without one that says who the model is and gives no orders. A template that is gone is reported "
    "where the model brings a tokenizer, which would hold it. Where a template could not be rendered, the first line "
    "that differs is shown.",
    why="The template decides what the model is really asked. It can drop or add system prompts, tools and "
    "instructions, on a condition if it likes, without one weight changed. Honest changes exist: fixes, tool calling, "
    "thinking.",
    example="chat_template.jinja: with 'invoice' in the last turn of SUAUAU: it writes 'Pay to …', the other '' "
    "(default template)",
    advice="Read the difference. If you do not need it, use the base's template.",
)

CHAT_TEMPLATE_CONFLICT = Rule(
    ident="chat-template-conflict",
    title="one model holds two chat templates that disagree",
    severity=Severity.WARNING,
    meaning="Two sources of one model (`chat_template.jinja`, `tokenizer_config.json`, `chat_template.json`, the "
    "metadata of its GGUF files) give the same template with different texts. They are rendered beside each other as "
    "`chat-template-differs` says, with the same severities.",
    why="Loaders differ in which source they use, and in which they used a version ago: two of them render two "
    "prompts.",
    example="tokenizer_config.json: line 12 of the template: not the one in chat_template.jinja",
    advice="Find out which one your loader uses; ask the publisher to remove the other.",
)

_ORDER = ("chat_template.jinja", "chat_template.json", "processor_config.json", "tokenizer_config.json")
"""Who wins in transformers; templates in GGUF come after them all, for they rarely stand beside the others."""


def _run(evidence: Evidence) -> Iterator[Finding]:
    mine = templates_of(evidence.candidate)
    for sources in mine.values():
        for other in sources[1:]:
            if other.sha256 != sources[0].sha256:
                line, _, _ = _first_difference(sources[0], other)
                rendered = _rendered(evidence.candidate, other, sources[0].file)
                detail, severity = _judged(rendered) if rendered else ("", None)
                message = f"{_at(line)}not the one in {sources[0].file}{f': {detail}' if detail else ''}"
                yield CHAT_TEMPLATE_CONFLICT.finding(
                    message, file=other.file, line=_line(other, line), severity=severity
                )
    if isinstance(evidence.base, Skipped):
        return
    theirs = templates_of(evidence.base)
    known = {fact.sha256 for sources in theirs.values() for fact in sources}
    for role in sorted(mine.keys() | theirs.keys()):
        if role in mine or _brings_tokenizer(evidence.candidate):
            yield from _compare(evidence.candidate, role, mine.get(role, []), theirs.get(role, []), known)


def templates_of(model: ModelEvidence) -> dict[str, list[TextFact]]:
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


def _compare(
    candidate: ModelEvidence, role: str, mine: list[TextFact], theirs: list[TextFact], known: set[str]
) -> Iterator[Finding]:
    name = role.partition(":")[2] or "default"
    if not mine:
        yield CHAT_TEMPLATE_DIFFERS.finding(f"the {name} template of the base ({theirs[0].file}) is gone")
    elif not theirs:
        severity = Severity.INFO if not known or mine[0].sha256 in known else None
        message = f"a {name} template, and the base has none"
        yield CHAT_TEMPLATE_DIFFERS.finding(message, file=mine[0].file, severity=severity)
        return
    for source in mine if theirs else ():
        rendered = _rendered(candidate, source, f"base: {theirs[0].file}")
        if rendered:
            detail, severity = _judged(rendered)
            yield CHAT_TEMPLATE_DIFFERS.finding(f"{detail} ({name} template)", file=source.file, severity=severity)
    if (
        mine
        and theirs
        and mine[0].sha256 != theirs[0].sha256
        and not _rendered(candidate, mine[0], f"base: {theirs[0].file}")
    ):
        line, here, there = _first_difference(mine[0], theirs[0])
        what = f"{quoted(here)}, the base has {quoted(there)}" if line else "it is not the base's"
        message = f"{_at(line)}{what} ({name} template)"
        yield CHAT_TEMPLATE_DIFFERS.finding(message, file=mine[0].file, line=_line(mine[0], line))


_MINOR = frozenset({"default-prompt", "tool-text", "removes-text", "marks", "refuses", "accepts", "white-space"})


def _rendered(candidate: ModelEvidence, source: TextFact, reference: str) -> RenderFact | None:
    """How `source` was rendered beside another template; None where it was not."""
    return next(
        (
            fact
            for fact in facts(candidate, RenderFact)
            if (fact.file, fact.role, fact.reference) == (source.file, source.role, reference) and not fact.error
        ),
        None,
    )


def _judged(rendered: RenderFact) -> tuple[str, Severity]:
    """The worst difference in words, and how bad it is."""
    if {difference.kind for difference in rendered.differences} <= {"accepts"}:
        return f"another text with the same prompts for {rendered.conversations} conversations", Severity.INFO
    bad = [difference for difference in rendered.differences if difference.kind not in _MINOR]
    worst = (bad or rendered.differences)[0]
    more = f", and {len(rendered.differences) - 1} more differences" if len(rendered.differences) > 1 else ""
    return f"{worst.detail}{more}", Severity.ERROR if bad else Severity.WARNING


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
