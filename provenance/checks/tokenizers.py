"""Tokenizers against the base's, part by part, across formats."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename

from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.records import Evidence, Finding, ModelEvidence, Severity, Skipped, TextFact

TOKENIZER_DIFFERS = Rule(
    ident="tokenizer-differs",
    title="the tokenizer differs from the base's",
    severity=Severity.WARNING,
    meaning="A part of the tokenizer that decides which tokens a text becomes, or which text tokens become, is not "
    "the base's: tokens and ids, merges, added tokens, normalizer, pre-tokenizer, post-processor, decoder, special "
    "tokens. One finding a part names the first entry that differs. Tokens and merges are compared between formats "
    "too. Padding, truncation and the padding token are not compared.",
    why="Two ids swapped turn yes into no. A normalizer or decoder can rewrite what is asked or answered. The weights "
    "stay what they were. Honest fine-tunes add tokens, or name another end-of-sequence token.",
    example="tokens: '9693 \"yes\"' here, '9693 \"no\"' in the base; 2 entries differ",
    advice="Use the base's tokenizer unless the publisher says why it was changed.",
)

_ORDER = ("tokenizer.json", "vocab.json", "merges.txt")
"""Which source of a part speaks for a model, where the same file is not on both sides."""


def _run(evidence: Evidence) -> Iterator[Finding]:
    if isinstance(evidence.base, Skipped):
        return
    mine, theirs = _parts(evidence.candidate), _parts(evidence.base)
    for role in sorted(mine.keys() & theirs.keys()):
        for here, there in _pairs(mine[role], theirs[role], role):
            if here.sha256 != there.sha256:
                difference = _difference(role.partition(":")[2], here, there)
                if difference:
                    yield TOKENIZER_DIFFERS.finding(difference, file=here.file)


def _parts(model: ModelEvidence) -> dict[str, list[TextFact]]:
    """Parts by role; of the model itself, not of models in sub-folders."""
    found: dict[str, list[TextFact]] = {}
    for fact in facts(model, TextFact):
        if fact.role.startswith("tokenizer:") and "/" not in fact.file:
            found.setdefault(fact.role, []).append(fact)
    return found


def _pairs(mine: list[TextFact], theirs: list[TextFact], role: str) -> Iterator[tuple[TextFact, TextFact]]:
    """The same file of both sides; where no file is on both, the first source of each."""
    there = {fact.file: fact for fact in theirs}
    same = [(fact, there[fact.file]) for fact in mine if fact.file in there]
    if same:
        yield from same
    elif role != "tokenizer:file":
        yield min(mine, key=_precedence), min(theirs, key=_precedence)


def _precedence(fact: TextFact) -> tuple[int, str]:
    name = basename(fact.file)
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), fact.file)


def _difference(part: str, here: TextFact, there: TextFact) -> str:
    """What differs, in words; empty where only the writers do."""
    if here.text is None or there.text is None:
        return f"{part}: not the base's {there.file}"
    mine, theirs = _entries(part, here.text), _entries(part, there.text)
    if mine == theirs:
        return ""
    new, gone = _only(mine, theirs), _only(theirs, mine)
    if not new and not gone:
        return f"{part}: the same entries as the base's in another order"
    if not gone:
        return f"{part}: {len(new)} entries more than in the base; first: {quoted(new[0])}"
    if not new:
        return f"{part}: {len(gone)} entries of the base are gone; first: {quoted(gone[0])}"
    count = max(len(new), len(gone))
    return f"{part}: {quoted(new[0])} here, {quoted(gone[0])} in the base; {count} entries differ"


def _only(entries: list[str], others: list[str]) -> list[str]:
    """Entries that are not among the others, in their order."""
    known = set(others)
    return [entry for entry in entries if entry not in known]


def _entries(part: str, text: str) -> list[str]:
    """The lines of a part. Converters to GGUF write SentencePiece's space as a plain one in tokens of the user."""
    return text.replace("\\u2581", " ").split("\n") if part == "tokens" else text.split("\n")


TOKENIZER_PARTS = Check("tokenizers", (TOKENIZER_DIFFERS,), _run)
