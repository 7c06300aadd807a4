"""The base model that the candidate declares, against the base that was given."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.base_names import Match, declarations, match
from provenance.checks.interface import Check, Rule, facts, listing, quoted
from provenance.facts import CardFact
from provenance.records import Confidence, Evidence, Finding, Lineage, Relation, Severity, Skipped

BASE_MISMATCH = Rule(
    ident="base-mismatch",
    title="the declared base is not the base that was given",
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    meaning="The card, the GGUF metadata or the adapter's configuration declares a base model, and the base that was "
    "given is a repository of another name. Names of repositories are known from a Hugging Face cache, an `hf://` "
    "name or an address in GGUF metadata; a plain folder never gives rise to this.",
    why="Either the comparison was made with the wrong base, or the declaration is wrong. A mirror under another name "
    "is harmless.",
    example="README.md: declares 'Qwen/Qwen3-0.6B', the base is 'models--Qwen--Qwen3-0.6B-Base'",
    advice="Compare with the declared base, or ask the publisher to correct the declaration.",
)

BASE_NOT_COMPARABLE = Rule(
    ident="base-not-comparable",
    title="whether the declared base is the given one cannot be said",
    severity=Severity.INFO,
    meaning="A base model is declared, and the name of the given base (a plain folder, or a path in the declaration) "
    "does not tell whether it is the same. Where the weights are the base's, it does not matter and nothing is said.",
    why="Only the comparison of weights then says what the model is to the base that you gave.",
    example="README.md: declares 'Qwen/Qwen3-0.6B', the base is '/data/base'",
    advice="Make sure that the base is the declared one; give it as a Hugging Face cache snapshot and this is checked.",
)

BASE_UNDECLARED = Rule(
    ident="base-undeclared",
    title="no base model is declared",
    severity=Severity.INFO,
    meaning="A base was given and the weights are not equal to it, yet neither the card nor GGUF metadata nor an "
    "adapter's configuration declares any base model. Nothing is said where the card cannot be read.",
    why="Readers cannot know what the model was made from, nor which licence it inherits.",
    example="nothing declares a base model; compared with '/data/base'",
    advice="Publishers: add `base_model` and `base_model_relation` to the card.",
)

CARD_UNREADABLE = Rule(
    ident="card-unreadable",
    title="the front matter of the model card cannot be read",
    severity=Severity.WARNING,
    meaning="The YAML block that opens README.md is not YAML, is longer than 64 KiB, holds aliases or a key twice. "
    "What it declares is then unknown here, while the Hub may still show something.",
    why="A declaration that cannot be read cannot be held against what was found.",
    example="README.md: the front matter is not YAML at line 7",
    advice="Correct the front matter.",
)

_SAME_WEIGHTS = frozenset({Relation.IDENTICAL, Relation.REPACKED})
_MADE_OF_IT = _SAME_WEIGHTS | {Relation.DTYPE_CAST, Relation.QUANTIZED}
"""Weights that say themselves which base they are, whatever it is called."""


def _run(evidence: Evidence) -> Iterator[Finding]:
    for card in facts(evidence.candidate, CardFact):
        if card.error:
            yield CARD_UNREADABLE.finding(card.error, file=card.file)
    if isinstance(evidence.base, Skipped):
        return
    declared = declarations(evidence.candidate)
    matches = {declaration: match(declaration.name, evidence.base) for declaration in declared}
    base = quoted(evidence.base.name)
    relations = set(evidence.lineage.relations) if isinstance(evidence.lineage, Lineage) else set(Relation)
    if not declared:
        unreadable = any(card.error for card in facts(evidence.candidate, CardFact))
        if not unreadable and not relations <= _SAME_WEIGHTS:
            yield BASE_UNDECLARED.finding(f"nothing declares a base model; compared with {base}")
    elif Match.SAME not in matches.values():
        message = f"declares {listing(sorted({declaration.name for declaration in declared}))}, the base is {base}"
        if Match.OTHER in matches.values():
            yield BASE_MISMATCH.finding(message, file=declared[0].file)
        elif not relations <= _MADE_OF_IT:
            yield BASE_NOT_COMPARABLE.finding(message, file=declared[0].file)


DECLARED_BASE = Check("declared-base", (BASE_MISMATCH, BASE_NOT_COMPARABLE, BASE_UNDECLARED, CARD_UNREADABLE), _run)
