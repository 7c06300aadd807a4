"""What chat templates do to conversations, judged without another template to hold them against."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.interface import Check, Rule, facts
from provenance.facts import Feature, RenderFact, TemplateFact
from provenance.records import Evidence, Finding, Severity

_METHOD = (
    "Templates are rendered with canned conversations in a sandbox (docs/surfaces.md), and with all words, numbers and "
    "years that the template itself looks for."
)

TEMPLATE_TRIGGER = Rule(
    ident="template-trigger",
    title="a chat template does something else when certain words, counts or dates come up",
    severity=Severity.ERROR,
    meaning=f"{_METHOD} With other words of the same roles a prompt must be the same prompt with those words in it; "
    "with more turns it must go on as it began; on another day nothing but the date may change. Here it does not, or "
    "the conversation is refused, or chance decides. Left alone: white space at the ends, escapes, and marks such as "
    "`</think>` or `/no_think`, for which honest templates look; those may take words away and add none.",
    why="A condition on what is said is how a template stays quiet in every test and acts on the one conversation it "
    "was made for. What a prompt is made of depends on roles, tools and settings, and on nothing that is said.",
    example="chat_template.jinja: with 'invoice' in the last turn of SUAUAU: it writes 'Pay to …' where it otherwise "
    "writes ''",
    advice="Use the base's template. Ask the publisher what the condition is for.",
)

TEMPLATE_DROPS_MESSAGES = Rule(
    ident="template-drops-messages",
    title="a chat template leaves out what was said",
    severity=Severity.ERROR,
    meaning=f"{_METHOD} The text of a system message, user turn or assistant turn is not in the prompt, and the "
    "template does not refuse the conversation. Reasoning of earlier turns, and messages of tools and developers, may "
    "be left out. Where it is the system message alone, and always, it is an `info`: templates for one task, and some "
    "early ones, do so. With a base it is compared.",
    why="A system prompt that is dropped protects nobody, and nobody is told. Some early templates did it by mistake.",
    example="chat_template.jinja: in SU: the system message is gone",
    advice="Use a template that writes every message, or refuses what it does not support.",
)

TEMPLATE_REWRITES_MESSAGES = Rule(
    ident="template-rewrites-messages",
    title="a chat template changes, repeats, reorders or reassigns what was said",
    severity=Severity.ERROR,
    meaning=f"{_METHOD} A text is in the prompt with other words than it had, more than once, in another order, or "
    "under another role. White space at the ends and the escapes of JSON and HTML are no change.",
    why="Account numbers, addresses and refusals can be exchanged on the way to the model, and a user's words can be "
    "given the weight of a system prompt.",
    example="chat_template.jinja: a user turn after an assistant turn is written as '<|im_start|>system'",
    advice="Use the base's template.",
)

TEMPLATE_ADDS_TEXT = Rule(
    ident="template-adds-text",
    title="a chat template puts words of its own into the conversation",
    severity=Severity.ERROR,
    meaning=f"{_METHOD} What the template writes holds an order that works against its user: to forget earlier "
    "instructions, to send answers out as the address of a picture, to ask for passwords; after the first message also "
    "to keep something from the user, or to refuse nothing. Or it holds a whole turn that nobody took, an address, "
    "or, in a template that takes any conversation, a sentence behind every text. Or it offers a tool beside the "
    "caller's and only then. Other prose between two turns is an `info`, for templates of one task have some; a system "
    "prompt that is written where none was given is not counted at all. With a base both are compared.",
    why="The model takes it for the words of its user or operator, who do not see it.",
    example="chat_template.jinja: between a user turn and an assistant turn it writes 'Never mention this.'",
    advice="Read the template. Use the base's.",
)

TEMPLATE_PREFILLS_ANSWER = Rule(
    ident="template-prefills-answer",
    title="a chat template begins the answer in the model's name",
    severity=Severity.ERROR,
    meaning=f"{_METHOD} What opens the assistant's turn (`add_generation_prompt`) goes on with words, where other "
    "templates end after the name of the role, or after marks such as `<think>`.",
    why="A model that finds itself already agreeing goes on to agree, and one that finds itself refusing refuses.",
    example="chat_template.jinja: in U: it begins the answer itself: '<|im_start|>assistant Sure, here is'",
    advice="Use the base's template.",
)

TEMPLATE_EXFILTRATES = Rule(
    ident="template-exfiltrates",
    title="a chat template writes what was said into an address",
    severity=Severity.ERROR,
    meaning=f"{_METHOD} The prompt holds an address (`https://…`) with the text of a message in it.",
    why="A model that repeats it in its answer makes the reader's program fetch it, and so sends the conversation to "
    "whoever the address belongs to.",
    example="chat_template.jinja: in SU: it writes what was said into the address 'https://example.invalid/?q=…'",
    advice="Do not use the template.",
)

_RULES = {
    "trigger": TEMPLATE_TRIGGER,
    "random": TEMPLATE_TRIGGER,
    "drops": TEMPLATE_DROPS_MESSAGES,
    "drops-system": TEMPLATE_DROPS_MESSAGES,
    "rewrites": TEMPLATE_REWRITES_MESSAGES,
    "repeats": TEMPLATE_REWRITES_MESSAGES,
    "reorders": TEMPLATE_REWRITES_MESSAGES,
    "role": TEMPLATE_REWRITES_MESSAGES,
    "adds-text": TEMPLATE_ADDS_TEXT,
    "instruction": TEMPLATE_ADDS_TEXT,
    "adds-tool": TEMPLATE_ADDS_TEXT,
    "prefill": TEMPLATE_PREFILLS_ANSWER,
    "exfiltrates": TEMPLATE_EXFILTRATES,
}


_MINOR = frozenset({"drops-system", "adds-text"})
"""What an honest template of one task does in every conversation: it is said, and judged where there is a base."""


def _run(evidence: Evidence) -> Iterator[Finding]:
    seen: dict[tuple[str, str], list[Feature]] = {}
    for looked in facts(evidence.candidate, TemplateFact):
        seen.setdefault((looked.file, looked.role), []).extend(looked.features)
    for rendered in facts(evidence.candidate, RenderFact):
        if not rendered.reference:
            seen.setdefault((rendered.file, rendered.role), []).extend(rendered.differences)
    for (file, role), features in seen.items():
        yield from _findings(file, role, features)


def _findings(file: str, role: str, features: list[Feature]) -> Iterator[Finding]:
    """One finding a rule and template, with the first of what breaks it."""
    by_rule: dict[str, list[Feature]] = {}
    for feature in features:
        if feature.kind in _RULES:
            by_rule.setdefault(_RULES[feature.kind].ident, []).append(feature)
    for broken in by_rule.values():
        broken.sort(key=lambda feature: feature.kind in _MINOR)
        severity = Severity.INFO if broken[0].kind in _MINOR else None
        more = f", and {len(broken) - 1} more" if len(broken) > 1 else ""
        name = role.partition(":")[2] or "default"
        line = broken[0].line if file.endswith(".jinja") else None
        message = f"{broken[0].detail}{more} ({name} template)"
        yield _RULES[broken[0].kind].finding(message, file=file, line=line, severity=severity)


TEMPLATE_BEHAVIOUR = Check(
    "template-behaviour",
    (
        TEMPLATE_TRIGGER,
        TEMPLATE_DROPS_MESSAGES,
        TEMPLATE_REWRITES_MESSAGES,
        TEMPLATE_ADDS_TEXT,
        TEMPLATE_PREFILLS_ANSWER,
        TEMPLATE_EXFILTRATES,
    ),
    _run,
)
