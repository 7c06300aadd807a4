"""Templates as programs."""

from __future__ import annotations

from provenance.checks.template_code import TEMPLATE_CODE_CHECK
from provenance.facts import Fact, Feature, RenderFact, TemplateFact
from provenance.records import Finding, Severity
from tests.checks.models import evidence, model


def run(*facts: Fact) -> list[Finding]:
    return list(TEMPLATE_CODE_CHECK.run(evidence(model(facts=facts))))


def test_one_finding_a_rule_with_the_first_thing_and_its_line() -> None:
    features = (Feature("internals", "it reads '__class__'", 7), Feature("reaches-out", "it loads another", 9))
    (found,) = run(TemplateFact("chat_template.jinja", "chat-template:rag", features))
    assert (found.rule, found.severity) == ("template-code", Severity.CRITICAL)
    assert found.message == "it reads '__class__', and 1 more (rag template)"
    assert (found.location.file, found.location.line) == ("chat_template.jinja", 7)


def test_a_line_of_a_template_is_no_line_of_a_json_document() -> None:
    (found,) = run(TemplateFact("tokenizer_config.json", "chat-template", (Feature("encoded-text", "x", 7),)))
    assert (found.rule, found.location.line) == ("template-hidden-text", None)


def test_a_limit_that_a_render_reached_is_a_load() -> None:
    render = RenderFact("t.jinja", "chat-template", "", 3, (Feature("limit", "UAU"),))
    other = RenderFact("other.jinja", "chat-template", "", 3, (Feature("limit", "UAU"),))
    (found,) = run(TemplateFact("t.jinja", "chat-template"), render, other)
    assert found.rule == "template-denial-of-service"
    assert "UAU" in found.message


def test_what_could_not_be_rendered_by_itself_is_said_once() -> None:
    text = TemplateFact("t.jinja", "chat-template")
    alone = RenderFact("t.jinja", "chat-template", "", 0, (), "no conversation reaches the prompt")
    beside = RenderFact("t.jinja", "chat-template", "base: t.jinja", 0, (), "no conversation reaches the prompt")
    (found,) = run(text, alone, beside)
    assert (found.rule, found.severity) == ("template-unreadable", Severity.WARNING)
