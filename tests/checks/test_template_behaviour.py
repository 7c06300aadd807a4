"""What templates do to conversations, as findings."""

from __future__ import annotations

import pytest

from provenance.checks.template_behaviour import TEMPLATE_BEHAVIOUR
from provenance.facts import Feature, RenderFact, TemplateFact
from provenance.records import Finding, Severity
from tests.checks.models import evidence, model


def run(*differences: Feature, reference: str = "") -> list[Finding]:
    fact = RenderFact("tokenizer_config.json", "chat-template:tool_use", reference, 300, differences)
    return list(TEMPLATE_BEHAVIOUR.run(evidence(model(facts=[fact]))))


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("trigger", "template-trigger"),
        ("drops", "template-drops-messages"),
        ("rewrites", "template-rewrites-messages"),
        ("repeats", "template-rewrites-messages"),
        ("reorders", "template-rewrites-messages"),
        ("role", "template-rewrites-messages"),
        ("instruction", "template-adds-text"),
        ("adds-tool", "template-adds-text"),
        ("prefill", "template-prefills-answer"),
        ("exfiltrates", "template-exfiltrates"),
    ],
)
def test_every_way_has_its_rule(kind: str, rule: str) -> None:
    (found,) = run(Feature(kind, "what it does"))
    assert (found.rule, found.severity) == (rule, Severity.ERROR)
    assert found.message == "what it does (tool_use template)"


@pytest.mark.parametrize("kind", ["drops-system", "adds-text"])
def test_what_templates_of_one_task_do_is_said_and_no_more(kind: str) -> None:
    (found,) = run(Feature(kind, "what it does"))
    assert found.severity is Severity.INFO


def test_the_worse_comes_first() -> None:
    (found,) = run(Feature("drops-system", "the system message"), Feature("drops", "a user turn"))
    assert found.severity is Severity.ERROR
    assert found.message == "a user turn, and 1 more (tool_use template)"


def test_what_differs_from_another_template_is_not_judged_here() -> None:
    assert run(Feature("drops", "x"), reference="base: chat_template.jinja") == []


def test_chance_is_a_trigger() -> None:
    text = TemplateFact("t.jinja", "chat-template", (Feature("random", "it chooses at random", 4),))
    (found,) = TEMPLATE_BEHAVIOUR.run(evidence(model(facts=[text])))
    assert (found.rule, found.location.line) == ("template-trigger", 4)
