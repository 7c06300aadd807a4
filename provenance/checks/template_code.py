"""Chat templates as programs: code that reaches out of them, work without end, text that no one sees."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.interface import Check, Rule, facts
from provenance.facts import Feature, RenderFact, TemplateFact
from provenance.records import Evidence, Finding, Severity

TEMPLATE_CODE = Rule(
    ident="template-code",
    title="a chat template reaches for the interpreter that renders it",
    severity=Severity.CRITICAL,
    meaning="The syntax tree of a template reads attributes that lead from a value to Python's internals "
    "(`__class__`, `__globals__`, `mro`, `gi_frame`), names them in strings, puts their names together, reads "
    "attributes by a name that is made at run time (`|attr`), or loads other templates. It counts in a branch that is "
    "never taken too.",
    why="Loaders that render templates without a sandbox run what it reaches as their own code; several did, and "
    "sandboxes have had holes. No chat template needs any of it.",
    example="chat_template.jinja: it reads the attribute '__globals__' (default template)",
    advice="Do not load the model. Use the base's template if you need the weights.",
    references=(
        "https://nvd.nist.gov/vuln/detail/CVE-2024-34359",
        "https://jinja.palletsprojects.com/en/stable/sandbox/",
    ),
)

TEMPLATE_DENIAL_OF_SERVICE = Rule(
    ident="template-denial-of-service",
    title="a chat template can use up the time or memory of who renders it",
    severity=Severity.ERROR,
    meaning="A render took more steps, memory or output than a template is given here (20,000 turns of loops, two "
    "million characters), or the text multiplies, raises, pads or counts to a number that no prompt needs.",
    why="One request stops the server that renders it.",
    example="chat_template.jinja: loops inside loops, 99980001 turns in all (default template)",
    advice="Use the base's template.",
)

TEMPLATE_HIDDEN_TEXT = Rule(
    ident="template-hidden-text",
    title="a chat template holds characters that no one sees, or data that no one can read",
    severity=Severity.ERROR,
    meaning="Bidirectional controls, tag characters, zero-width and other invisible characters, controls, rows of "
    "variation selectors, in the text or as escapes in its strings, comments included; or a long run of letters and "
    "digits that reads as encoded data. What emoji and scripts need is left alone.",
    why="A model reads what a person who reviews the template does not see.",
    example="chat_template.jinja: tag character U+E0049 TAG LATIN CAPITAL LETTER I (default template)",
    advice="Use the base's template, or ask the publisher what the characters are for.",
)

TEMPLATE_UNREADABLE = Rule(
    ident="template-unreadable",
    title="a chat template could not be parsed or rendered",
    severity=Severity.WARNING,
    meaning="The text is not what Jinja parses with the settings that loaders use, uses filters or tests that they do "
    "not have, or puts nothing that is said into the prompt in any conversation that is tried. What it does is not "
    "known, and coverage says so.",
    why="Another loader may read it in another way, and nothing was checked of what it does there.",
    example="chat_template.jinja: it cannot be parsed: no filter named 'from_json' (default template)",
    advice="Ask the publisher which loader it is for. Use the base's template.",
)

_CODE = frozenset({"internals", "reaches-out"})
_HIDDEN = frozenset({"hidden-character", "encoded-text"})


def _run(evidence: Evidence) -> Iterator[Finding]:
    for fact in facts(evidence.candidate, TemplateFact):
        if fact.error:
            yield TEMPLATE_UNREADABLE.finding(f"it cannot be parsed: {fact.error} ({named(fact.role)})", file=fact.file)
        for rule, kinds in ((TEMPLATE_CODE, _CODE), (TEMPLATE_HIDDEN_TEXT, _HIDDEN)):
            yield from _first(rule, fact, [feature for feature in fact.features if feature.kind in kinds])
        yield from _first(TEMPLATE_DENIAL_OF_SERVICE, fact, _loads(evidence, fact))
    for render in facts(evidence.candidate, RenderFact):
        if render.error and not render.reference:
            yield TEMPLATE_UNREADABLE.finding(f"{render.error} ({named(render.role)})", file=render.file)


def _loads(evidence: Evidence, fact: TemplateFact) -> list[Feature]:
    found = [feature for feature in fact.features if feature.kind == "blow-up"]
    for render in facts(evidence.candidate, RenderFact):
        if (render.file, render.role) == (fact.file, fact.role):
            limits = [difference for difference in render.differences if difference.kind == "limit"]
            found += [Feature("limit", f"no end in sight, or a huge one: {limit.detail}") for limit in limits]
    return found


def _first(rule: Rule, fact: TemplateFact, features: list[Feature]) -> Iterator[Finding]:
    """One finding a rule and template: the first thing, and how many more there are."""
    if features:
        more = f", and {len(features) - 1} more" if len(features) > 1 else ""
        line = features[0].line if fact.file.endswith(".jinja") else None
        yield rule.finding(f"{features[0].detail}{more} ({named(fact.role)})", file=fact.file, line=line)


def named(role: str) -> str:
    """`default template`, `tool_use template`."""
    return f"{role.partition(':')[2] or 'default'} template"


TEMPLATE_CODE_CHECK = Check(
    "template-code", (TEMPLATE_CODE, TEMPLATE_DENIAL_OF_SERVICE, TEMPLATE_HIDDEN_TEXT, TEMPLATE_UNREADABLE), _run
)
