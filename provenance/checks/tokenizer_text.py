"""Tokenizers that read or write other words than they are given, by themselves: no base is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provenance.checks.interface import Check, Rule, quoted
from provenance.checks.tokenizer_reading import flags, is_ordinary, looked_up, tokenizers, value
from provenance.checks.tokenizer_steps import forgets_text, inserted, rewriting
from provenance.facts import TextFact
from provenance.records import Evidence, Finding, Severity

REWRITES_TEXT = Rule(
    ident="tokenizer-rewrites-text",
    title="the tokenizer changes, drops or adds words",
    severity=Severity.ERROR,
    meaning="A step of a `tokenizer.json` does more to text than tokenizers do. A normalizer or decoder that replaces "
    "or takes off anything but spaces, quotes and the signs of word pieces (compiled tables are read through); a "
    "normalizer that puts words in front; a pre-tokenizer that drops what it matches; a post-processor that inserts "
    "more than eight tokens, ordinary ones, or ids that are not those of the tokens it names, or that leaves the text "
    "itself out; truncation after fewer "
    "than 16 tokens; dropout, which cuts the same text in another way each time. Unicode forms, case, accents, spaces "
    "and special tokens around a text are no finding. A step of a kind that this version does not know is a `warning`.",
    why="The model never sees what was asked, or its answer is changed after it was given: `safe` becomes `unsafe`, an "
    "address another, a number zero. No weight is touched, and no log of the conversation shows it.",
    example="normalizer: 'safe' becomes 'unsafe'",
    advice="Use the tokenizer of the model's base. If the step is meant, its publisher should say what for.",
)

_MAX_INSERTED = 8
_MIN_LENGTH = 16
_TEXT_STEPS = ("normalizer", "pre_tokenizer", "decoder")


def _run(evidence: Evidence) -> Iterator[Finding]:
    for tokenizer in tokenizers(evidence.candidate):
        for file, parts in tokenizer.whole():
            yield from _steps(file, parts)
            yield from _insertions(file, parts)
            yield from _limits(file, parts)


def _steps(file: str, parts: Mapping[str, TextFact]) -> Iterator[Finding]:
    for part in _TEXT_STEPS:
        for said in rewriting(part, value(parts.get(part))):
            severity = Severity.WARNING if said.startswith("a step of a kind") else None
            path = f"$.{part}"
            yield REWRITES_TEXT.finding(f"{part}: {said}", file=file, json_path=path, severity=severity)


def _insertions(file: str, parts: Mapping[str, TextFact]) -> Iterator[Finding]:
    path = "$.post_processor"
    if forgets_text(value(parts.get("post_processor"))):
        message = "post_processor: the text itself is left out of what the model gets"
        yield REWRITES_TEXT.finding(message, file=file, json_path=path)
    put = list(inserted(value(parts.get("post_processor"))))
    if len(put) > _MAX_INSERTED:
        message = f"post_processor: {len(put)} tokens are put around every text"
        yield REWRITES_TEXT.finding(message, file=file, json_path=path)
    listed = flags(parts.get("added_tokens"))
    by_id, _ = looked_up(parts.get("tokens"), {ident for _, ident in put}, ())
    for token, ident in dict.fromkeys(put):
        there = by_id.get(ident)
        if there != token:
            really = "no token" if there is None else quoted(there)
            said = f"id {ident} is put around every text as {quoted(token)}, and is {really}"
        elif token not in listed and is_ordinary(token):
            said = f"{quoted(token)}, an ordinary token, is put around every text"
        else:
            continue
        yield REWRITES_TEXT.finding(f"post_processor: {said}", file=file, json_path=path)


def _limits(file: str, parts: Mapping[str, TextFact]) -> Iterator[Finding]:
    truncation, model = value(parts.get("truncation")), value(parts.get("model"))
    length = truncation.get("max_length") if isinstance(truncation, dict) else None
    if isinstance(length, int) and length < _MIN_LENGTH:
        message = f"truncation: every text is cut off after {length} tokens"
        yield REWRITES_TEXT.finding(message, file=file, json_path="$.truncation.max_length")
    if not isinstance(model, dict):
        return
    if dropout := model.get("dropout"):
        message = f"model: dropout {quoted(dropout)}, so the same text is cut in another way each time"
        yield REWRITES_TEXT.finding(message, file=file, json_path="$.model.dropout")
    longest = model.get("max_input_chars_per_word", 100)
    if isinstance(longest, int) and longest < _MIN_LENGTH:
        message = f"model: words of more than {longest} letters are lost"
        yield REWRITES_TEXT.finding(message, file=file, json_path="$.model.max_input_chars_per_word")


TOKENIZER_TEXT = Check("tokenizer-text", (REWRITES_TEXT,), _run)
