"""Chat templates against the base's and against each other."""

from __future__ import annotations

from typing import Any

from provenance.checks.chat_templates import CHAT_TEMPLATES
from provenance.records import Finding, ModelEvidence, Severity
from tests.checks.cases import json_file
from tests.checks.models import contents, evidence, header, model

SETTINGS = "tokenizer_config.json"


def jinja(text: str) -> dict[str, bytes]:
    return {"chat_template.jinja": text.encode()}


def settings(value: Any) -> dict[str, bytes]:
    return json_file(SETTINGS, {"chat_template": value})


def run(candidate: dict[str, bytes], base: dict[str, bytes] | None = None) -> list[Finding]:
    return list(CHAT_TEMPLATES.run(evidence(contents(candidate), contents(base) if base is not None else None)))


NOTHING = {"config.json": b"{}"}
TOKENIZER = settings(None) | json_file("vocab.json", {"a": 0})


def test_the_first_line_that_differs_is_shown() -> None:
    (found,) = run(jinja("a\nb\nmine\nd"), jinja("a\nb\ntheirs\nd"))
    assert found.rule == "chat-template-differs"
    assert found.message == "line 3 of the template: 'mine', the base has 'theirs' (default template)"
    assert (found.location.file, found.location.line) == ("chat_template.jinja", 3)


def test_a_line_more_at_the_end() -> None:
    (found,) = run(jinja("a\nb"), jinja("a"))
    assert "line 2 of the template: 'b', the base has ''" in found.message


def test_equal_texts_in_different_places_are_equal() -> None:
    assert run(jinja("a\nb\n"), settings("a\nb")) == []
    assert run({**jinja("a"), **settings("a")}, settings([{"name": "default", "template": "a"}])) == []


def test_what_a_loader_would_use_is_compared() -> None:
    found = run({**jinja("mine"), **settings("theirs")}, settings("theirs"))
    assert sorted(finding.rule for finding in found) == ["chat-template-conflict", "chat-template-differs"]


def test_named_templates_are_compared_by_name() -> None:
    mine = settings([{"name": "default", "template": "a"}, {"name": "rag", "template": "x"}])
    theirs = {**jinja("a"), "additional_chat_templates/rag.jinja": b"y"}
    (found,) = run(mine, theirs)
    assert "(rag template)" in found.message
    (found,) = run({**jinja("a"), **TOKENIZER}, theirs)
    assert found.message == "the rag template of the base (additional_chat_templates/rag.jinja) is gone"
    (found,) = run(theirs, jinja("a"))
    assert (found.severity, found.location.file) == (Severity.WARNING, "additional_chat_templates/rag.jinja")


def test_a_template_that_is_gone_or_new() -> None:
    (found,) = run(TOKENIZER, jinja("a"))
    assert found.severity is Severity.WARNING
    assert found.message == "the default template of the base (chat_template.jinja) is gone"
    (found,) = run(jinja("a"), NOTHING)
    assert found.severity is Severity.INFO
    assert run(NOTHING, NOTHING) == []


def test_what_brings_no_tokenizer_is_used_with_the_bases_template() -> None:
    assert run(NOTHING, jinja("a")) == []
    assert run({"model.safetensors": b"x"}, {**jinja("a"), **TOKENIZER}) == []


def gguf(file: str, **metadata: Any) -> ModelEvidence:
    from provenance.surfaces.inspectors.gguf_metadata import facts

    values = {"tokenizer.ggml.tokens": ("a",), **{f"tokenizer.{key}": value for key, value in metadata.items()}}
    made = header(file, ["w"], kind="gguf", metadata=values)
    return model(files=[file], headers=[made], facts=facts(made))


def test_gguf_in_a_sub_folder_carries_its_template() -> None:
    base = contents(jinja("a"))
    assert list(CHAT_TEMPLATES.run(evidence(gguf("Q8/m.gguf", chat_template="a"), base))) == []
    (found,) = CHAT_TEMPLATES.run(evidence(gguf("Q8/m.gguf", chat_template="b"), base))
    assert found.location.file == "Q8/m.gguf"
    (found,) = CHAT_TEMPLATES.run(evidence(gguf("Q8/m.gguf"), base))
    assert found.message.endswith("is gone")


def test_sources_of_one_model_disagree() -> None:
    (found,) = run({**jinja("a\nb"), **settings("a\nc")})
    assert found.rule == "chat-template-conflict"
    assert found.message == "line 2 of the template: not the one in chat_template.jinja"
    assert run({**jinja("a\nb\n"), **settings("a\nb")}) == []


def test_models_in_sub_folders_are_not_the_model() -> None:
    nested = {"old/chat_template.jinja": b"b", "chat_template.jinja": b"a"}
    assert run(nested) == []
    assert run(nested, jinja("a")) == []


def test_gguf_against_the_repository_it_was_made_from() -> None:
    from provenance.surfaces.inspectors.gguf_metadata import facts

    made = header("m.gguf", ["w"], kind="gguf", metadata={"tokenizer.chat_template": "mine"})
    candidate = model(files=["m.gguf"], headers=[made], facts=facts(made))
    (found,) = CHAT_TEMPLATES.run(evidence(candidate, contents(jinja("theirs"))))
    assert found.location.file == "m.gguf"
    assert list(CHAT_TEMPLATES.run(evidence(candidate, contents(jinja("mine\n"))))) == []


def test_a_line_of_a_template_is_no_line_of_a_json_document() -> None:
    (found,) = run(settings("a\nb"), settings("a\nc"))
    assert found.location.line is None
    assert found.message.startswith("line 2 of the template")


def test_texts_too_long_to_show_are_compared_by_digest() -> None:
    (found,) = run(jinja("x" * 2_000_000), jinja("y" * 2_000_000))
    assert found.message == "it is not the base's (default template)"
    assert found.location.line is None
    assert run(jinja("x" * 2_000_000), jinja("x" * 2_000_000)) == []


def test_a_long_line_is_shortened() -> None:
    (found,) = run(jinja("x" * 5000), jinja("y" * 5000))
    assert len(found.message) < 350
