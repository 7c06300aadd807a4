"""Templates of a whole model: where they are found, what they are held against, what is said of the rest."""

from __future__ import annotations

import json

from provenance.checks import run_all
from provenance.facts import RenderFact, TemplateFact
from provenance.pipeline.templates import ALONE, MAX_TEMPLATES, with_templates
from provenance.records import ModelEvidence, Severity, Skipped
from tests.checks.models import contents, evidence
from tests.surfaces.jinja.asking import CHATML, when

NO_BASE = Skipped("base", "no base was given")
TRIGGERED = when("'invoice' in messages[-1].content")


def jinja(text: str, file: str = "chat_template.jinja") -> dict[str, bytes]:
    return {file: text.encode()}


def worst(candidate: ModelEvidence, base: ModelEvidence) -> dict[str, Severity]:
    judged, _ = with_templates(candidate, base)
    found: dict[str, Severity] = {}
    for finding in run_all(evidence(judged, base)):
        if "template" in finding.rule:
            found.setdefault(finding.rule, finding.severity)
    return found


def test_a_model_without_templates_starts_no_child() -> None:
    model = contents({"config.json": b"{}"})
    assert with_templates(model, NO_BASE) == (model, ())


def test_of_a_template_in_go_it_is_said_what_is_not_followed() -> None:
    model = contents({"Modelfile": b"FROM a.gguf\nTEMPLATE {{ .Prompt }}\n", "sub/Modelfile": b"FROM a.gguf\n"})
    (skipped,) = with_templates(model, NO_BASE)[1]
    assert skipped.surface == "ollama-template"
    assert skipped.reason.startswith("Modelfile: ")
    assert not skipped.asked
    endless = "FROM a\nTEMPLATE " + "{{if .A}}a{{else}}b{{end}}" * 3000
    (skipped,) = with_templates(contents({"Modelfile": endless.encode()}), NO_BASE)[1]
    assert skipped.asked


def test_every_place_is_rendered_and_the_same_text_once() -> None:
    files = jinja(CHATML) | jinja(CHATML, "sub/chat_template.jinja")
    files |= jinja(TRIGGERED, "additional_chat_templates/rag.jinja")
    files["tokenizer_config.json"] = json.dumps({"chat_template": CHATML}).encode()
    judged, skipped = with_templates(contents(files), NO_BASE)
    looked = [(fact.file, fact.role) for fact in judged.facts if isinstance(fact, TemplateFact)]
    assert sorted(looked) == [
        ("additional_chat_templates/rag.jinja", "chat-template:rag"),
        ("chat_template.jinja", "chat-template"),
        ("sub/chat_template.jinja", "chat-template"),
        ("tokenizer_config.json", "chat-template"),
    ]
    odd = {fact.file for fact in judged.facts if isinstance(fact, RenderFact) and fact.differences}
    assert odd == {"additional_chat_templates/rag.jinja"}
    assert skipped == (ALONE,)


def test_beside_the_base() -> None:
    base = contents(jinja(CHATML))
    assert worst(contents(jinja(CHATML)), base) == {}
    assert worst(contents(jinja(CHATML + "{# new #}")), base) == {"chat-template-differs": Severity.INFO}
    found = worst(contents(jinja(TRIGGERED)), base)
    assert found == {"chat-template-differs": Severity.ERROR, "template-trigger": Severity.ERROR}
    thinking = CHATML.replace("assistant\\n", "assistant\\n<think>\\n")
    assert worst(contents(jinja(thinking)), base) == {"chat-template-differs": Severity.WARNING}


def test_a_second_source_is_held_against_the_base_and_the_first() -> None:
    files = jinja(CHATML) | {"tokenizer_config.json": json.dumps({"chat_template": when("true")}).encode()}
    found = worst(contents(files), contents(jinja(CHATML)))
    assert found["chat-template-differs"] is found["chat-template-conflict"] is Severity.ERROR


def test_a_named_template_that_is_the_bases_default_is_nothing_new() -> None:
    named = [{"name": "default", "template": CHATML}, {"name": "tool_use", "template": CHATML}]
    files = {"tokenizer_config.json": json.dumps({"chat_template": named}).encode()}
    assert worst(contents(files), contents(jinja(CHATML))) == {"chat-template-differs": Severity.INFO}


def test_what_cannot_be_rendered_was_asked_for() -> None:
    for text in ("{% if %}", "{{ x|no_such_filter }}", "hello"):
        _, skipped = with_templates(contents(jinja(text)), contents(jinja(CHATML)))
        assert skipped
        assert all(reason.asked for reason in skipped)


def test_more_templates_than_are_looked_at() -> None:
    files: dict[str, bytes] = {}
    for number in range(MAX_TEMPLATES + 1):
        files |= jinja(f"{{{{ {number} }}}}{{% if %}}", f"additional_chat_templates/n{number:02d}.jinja")
    judged, skipped = with_templates(contents(files), NO_BASE)
    assert sum(isinstance(fact, TemplateFact) for fact in judged.facts) == MAX_TEMPLATES
    assert any(f"more than {MAX_TEMPLATES}" in reason.reason and reason.asked for reason in skipped)
