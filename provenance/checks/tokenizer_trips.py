"""What texts become with a tokenizer, there and back."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.interface import Check, Rule, facts
from provenance.facts import Feature, RoundTripFact
from provenance.records import Evidence, Finding, Severity

TEXT_DIFFERS = Rule(
    ident="tokenizer-text-differs",
    title="texts become other tokens than with the base's tokenizer",
    severity=Severity.ERROR,
    meaning="A set of texts (many scripts, numbers, code, addresses, spaces, role tokens) was encoded and decoded "
    "with this `tokenizer.json` and with the base's. One of them becomes other ids, or comes back as another text. It "
    "is an `info` where a token that only one of the two has, or that one of them looks for in another way, stands in "
    "the text, and its letters come back: that is what appended tokens are for.",
    why="Whatever was changed in the files, this is what it does: the weights read another text than was written, or "
    "a reader gets another than was answered.",
    example="'yes no true false' becomes 265 'yes' here, and 264 'yes' in the base",
    advice="Use the base's tokenizer.",
)
NOT_REVERSIBLE = Rule(
    ident="tokenizer-not-reversible",
    title="a text does not come back from the tokenizer as it was",
    severity=Severity.WARNING,
    meaning="A text that was encoded and decoded again has other letters or digits, by this tokenizer alone. Case, "
    "accents, Unicode forms, spaces and signs do not count, nor do texts that the vocabulary has no tokens for, "
    "tokenizers without a decoder, and those of speech, which leave repetitions out.",
    why="A step rewrites words, or two of them do not fit together: what the model answers is not what is shown.",
    example="'0 1 2 3 4 5 6 7 8 9' comes back as '9 1 2 3 4 5 6 7 8 9'",
    advice="Compare it with the base's tokenizer (`--base`), and read its normalizer and decoder.",
)


def _run(evidence: Evidence) -> Iterator[Finding]:
    for fact in facts(evidence.candidate, RoundTripFact):
        worse = [feature for feature in fact.differences if feature.kind in ("other-ids", "other-text")]
        apart = [feature for feature in fact.differences if feature.kind == "cut-apart"]
        changed = [feature for feature in fact.differences if feature.kind == "not-reversed"]
        if worse:
            yield TEXT_DIFFERS.finding(_message(worse, fact), file=fact.file)
        if apart:
            yield TEXT_DIFFERS.finding(_message(apart, fact), file=fact.file, severity=Severity.INFO)
        if changed:
            yield NOT_REVERSIBLE.finding(_message(changed, fact), file=fact.file)


def _message(found: list[Feature], fact: RoundTripFact) -> str:
    """The first difference, and how many texts differ."""
    return f"{found[0].detail}; {len(found)} of {fact.texts} texts" if len(found) > 1 else found[0].detail


TOKENIZER_TRIPS = Check("tokenizer-trips", (TEXT_DIFFERS, NOT_REVERSIBLE), _run)
