"""Have every chat template parsed and rendered in a sandbox, by itself and beside the base's and the model's others."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from provenance.checks.chat_templates import templates_of
from provenance.facts import Fact, Feature, ProseFact, RenderFact, TemplateFact, TextFact
from provenance.records import ModelEvidence, Skipped
from provenance.surfaces.sandbox import Failure, Sandbox

MAX_TEMPLATES = 24
"""Different texts of one model; a repository with every variant of a family has a handful."""
_CHILD = "provenance.surfaces.jinja.child"

ALONE = Skipped(
    "chat-template",
    "it was rendered by itself, for there was no base's to hold it against; whether text that it adds to every "
    "conversation belongs there is not known",
)


def with_templates(
    candidate: ModelEvidence, base: ModelEvidence | Skipped
) -> tuple[ModelEvidence, tuple[Skipped, ...]]:
    """The candidate with what its templates do, and what of that was not looked at."""
    texts = [fact for fact in candidate.facts if isinstance(fact, TextFact) and _is_template(fact)]
    not_followed = tuple(
        Skipped("ollama-template", f"{fact.file}: {fact.error or fact.not_followed}", asked=bool(fact.error))
        for fact in candidate.facts
        if isinstance(fact, ProseFact) and fact.not_followed
    )
    if not texts:
        return candidate, not_followed
    with Sandbox(_CHILD) as sandbox:
        asked = _Asked(sandbox, {fact.sha256 for fact in texts})
        found: list[Fact] = [*_alone(asked, texts), *_against(asked, candidate, base)]
    skipped = [*_unlooked(found), *asked.left_out(texts)]
    if isinstance(base, Skipped):
        skipped.append(ALONE)
    return dataclasses.replace(candidate, facts=(*candidate.facts, *found)), (*skipped, *not_followed)


def _is_template(fact: TextFact) -> bool:
    return fact.role.partition(":")[0] == "chat-template" and fact.text is not None


class _Asked:
    """Questions about texts, each asked once: quantizations of one model carry the same template."""

    def __init__(self, sandbox: Sandbox, digests: set[str]) -> None:
        self._sandbox = sandbox
        self._looked_at = set(sorted(digests)[:MAX_TEMPLATES])
        self._answers: dict[tuple[str, ...], Mapping[str, Any]] = {}

    def ask(self, question: str, *texts: TextFact) -> Mapping[str, Any]:
        """The child's answer; `limit` among its differences where a text used up what it was given."""
        if any(text.sha256 not in self._looked_at for text in texts[:1]):
            return {"skipped": True}
        key = (question, *(text.sha256 for text in texts))
        if key not in self._answers:
            given = texts[0].text if len(texts) == 1 else [text.text for text in texts]
            answer = self._sandbox.ask({question: given})
            self._answers[key] = _failed(answer) if isinstance(answer, Failure) else _object(answer)
        return self._answers[key]

    def left_out(self, texts: list[TextFact]) -> Iterator[Skipped]:
        """That there were more texts than are looked at."""
        more = sorted({fact.file for fact in texts if fact.sha256 not in self._looked_at})
        if more:
            yield Skipped(
                "chat-template", f"{more[0]}: more than {MAX_TEMPLATES} different ones in one model", asked=True
            )


def _object(answer: object) -> Mapping[str, Any]:
    assert isinstance(answer, dict), "the child answers with objects"
    return answer


def _failed(failure: Failure) -> Mapping[str, Any]:
    if failure.kind in ("time", "memory"):
        return {"differences": {"limit": [str(failure)]}, "features": [("blow-up", str(failure), None)]}
    return {"error": str(failure)}


def _alone(asked: _Asked, texts: list[TextFact]) -> Iterator[Fact]:
    for fact in texts:
        looked = asked.ask("look", fact)
        if "skipped" in looked:
            continue
        seen = [Feature(*feature) for feature in looked.get("features", ())]
        error = next((feature.detail for feature in seen if feature.kind == "unparsable"), looked.get("error", ""))
        features = tuple(feature for feature in seen if feature.kind != "unparsable")
        yield TemplateFact(fact.file, fact.role, features, error)
        if not error:
            yield _render_fact(fact, "", asked.ask("alone", fact))


def _against(asked: _Asked, candidate: ModelEvidence, base: ModelEvidence | Skipped) -> Iterator[Fact]:
    theirs = {} if isinstance(base, Skipped) else templates_of(base)
    for role, sources in templates_of(candidate).items():
        references = [(f"base: {other.file}", other) for other in theirs.get(role, [])[:1]]
        for place, fact in enumerate(sources):
            for name, other in (*references, *([(sources[0].file, sources[0])] if place else [])):
                if fact.sha256 != other.sha256 and fact.text is not None and other.text is not None:
                    answer = asked.ask("against", fact, other)
                    if "skipped" not in answer:
                        yield _render_fact(fact, name, answer)


def _render_fact(fact: TextFact, reference: str, answer: Mapping[str, Any]) -> RenderFact:
    found = answer.get("differences", {})
    differences = tuple(Feature(kind, detail) for kind, details in found.items() for detail in details)
    conversations, error = answer.get("conversations", 0), answer.get("error", "")
    return RenderFact(fact.file, fact.role, reference, conversations, differences, error)


def _unlooked(found: list[Fact]) -> Iterator[Skipped]:
    for fact in found:
        if isinstance(fact, TemplateFact | RenderFact) and fact.error:
            beside = f", beside {fact.reference}" if isinstance(fact, RenderFact) and fact.reference else ""
            yield Skipped("chat-template", f"{fact.file} ({fact.role}{beside}): {fact.error}", asked=True)
