"""Tokens of a tokenizer that are not what they seem, or not where they must be, by themselves: no base is needed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from posixpath import dirname

from provenance.checks import lookalikes
from provenance.checks.interface import Check, Rule, quoted
from provenance.checks.tokenizer_reading import (
    Special,
    Tokenizer,
    entries,
    ids_of,
    is_ordinary,
    is_phrase,
    is_placeholder,
    is_word,
    looked_up,
    plain,
    tokenizers,
)
from provenance.facts import TextFact, VocabularyFact
from provenance.records import Evidence, Finding, ModelEvidence, Severity

SPECIAL_WORD = Rule(
    ident="tokenizer-special-word",
    title="an ordinary word or sentence is a special token",
    severity=Severity.ERROR,
    meaning="A token that a tokenizer's files flag or name as special is a word of letters alone, or four words and "
    "more (seven where marks like `<|` stand in it). So is one that `eos_token`, `bos_token` or `unk_token` names, and "
    "one whose id `config.json`, `generation_config.json` or a GGUF gives for the end. Usual abbreviations (`sop`, "
    "`eos`, `pad`) are no finding.",
    why="Special tokens are taken out of answers, and texts are cut at them first. A word among them vanishes from "
    "what a reader sees, ends an answer in the middle, or wakes what its new embedding was trained for.",
    example="'not' is a special token",
    advice="Use the base's tokenizer, or ask the publisher what the token is for.",
)
TOKEN_LOOKALIKE = Rule(
    ident="tokenizer-token-lookalike",
    title="a token looks like another one",
    severity=Severity.ERROR,
    meaning="Two special or marked tokens of one tokenizer look the same and are not: a letter of another alphabet, "
    "full-width marks. Or one of them mixes letters that only look Latin with Latin ones, alone.",
    why="Who reads a template or a log sees the role token that is expected; the model gets another one, whose "
    "embedding may mean anything.",
    example="'<|im_\\u0455tart|>' looks like '<|im_start|>'",
    advice="Use the base's tokenizer; tell the publisher.",
    references=("https://www.unicode.org/reports/tr39/",),
)
TOKEN_UNSEEN = Rule(
    ident="tokenizer-token-unseen",
    title="an added token holds characters that are not seen",
    severity=Severity.ERROR,
    meaning="A token that the files of a tokenizer add holds bidirectional or other controls, tag characters, or "
    "characters of no width. Joiners inside the scripts and emoji that need them, tabs and line ends are no finding.",
    why="Text that nobody sees becomes one token that the model was trained to obey; control characters rewrite the "
    "terminal or log that shows them.",
    example="'\\u200b\\u200c\\u200b' holds the invisible character U+200B",
    advice="Use the base's tokenizer; tell the publisher.",
)
IDS_COLLIDE = Rule(
    ident="tokenizer-ids-collide",
    title="two tokens share an id, or one token has two",
    severity=Severity.ERROR,
    meaning="Within one vocabulary two tokens have the same id, one token has two, or an id is negative. It is a "
    "`warning` where one of the two is a placeholder (`<unused0>`, `<|reserved_special_token_1|>`) that was given a "
    "new name in one place.",
    why="A word that has the id of another is read as the other. Which one an answer shows depends on the reader.",
    example="id 265 is 'no' and 'yes'",
    advice="Use the base's tokenizer.",
)
IDS_BEYOND_EMBEDDING = Rule(
    ident="tokenizer-ids-beyond-embedding",
    title="ids of tokens lie beyond the embedding",
    severity=Severity.ERROR,
    meaning="A vocabulary has ids for which the model has no row: the embedding tensor, or `vocab_size` where that is "
    "larger, ends before them. It is a `warning` for up to 16 added tokens right behind the last row that are no "
    "ordinary words: fine-tunes add a token for padding and forget to resize. A GGUF's special ids beyond its own "
    "list of tokens are a finding as well.",
    why="Looking up such an id reads past the end of the embedding: an error at best, foreign memory at worst.",
    example="ids up to 5289, and the embedding has 289 rows",
    advice="Use the base's tokenizer, or resize the embedding with it.",
)

_EMBEDDINGS = (
    "embed_tokens.weight", "word_embeddings.weight", "wte.weight", "tok_embeddings.weight", "token_embd.weight",
    "embed_in.weight", "shared.weight", "embeddings.weight",
)  # fmt: skip
_SLACK = 16
_ENDS = ("config.json", "generation_config.json")


def _run(evidence: Evidence) -> Iterator[Finding]:
    for tokenizer in tokenizers(evidence.candidate):
        named = tokenizer.special()
        yield from _words(tokenizer, named)
        yield from _alike(named)
        yield from _unseen(named)
        for fact in tokenizer.vocabularies.values():
            yield from _collisions(fact)
            yield from _beyond(evidence.candidate, tokenizer, fact)


# ---------------------------------------------------------------------------------------------------------------------
# What tokens are
# ---------------------------------------------------------------------------------------------------------------------


def _words(tokenizer: Tokenizer, named: Iterable[Special]) -> Iterator[Finding]:
    listed = {token.content for token in named if token.special and not token.role}
    said: set[tuple[str, str]] = set()
    for token in named:
        text = token.content
        odd = token.special and (is_word(text) or is_phrase(text))
        odd = odd or (token.role in ("eos_token", "bos_token") and is_ordinary(text) and text not in listed)
        if odd and (token.file, text) not in said:
            said.add((token.file, text))
            message = f"{quoted(text)} is {f'the {token.role}' if token.role else 'a special token'}"
            yield SPECIAL_WORD.finding(message, file=token.file, json_path=token.json_path)
    yield from _ends(tokenizer)


def _ends(tokenizer: Tokenizer) -> Iterator[Finding]:
    """Ids at which answers end."""
    ids = {name: ids_of(tokenizer.documents.get(name, {}), "eos_token_id") for name in _ENDS}
    part = next((parts["tokens"] for _, parts in tokenizer.whole() if "tokens" in parts), None)
    by_id, _ = looked_up(part, set().union(*ids.values()), ())
    for name, found in ids.items():
        for ident in sorted(ident for ident in found if is_word(by_id.get(ident, ""))):
            message = f"answers end at {quoted(by_id[ident])}, which has the id {ident}"
            yield SPECIAL_WORD.finding(message, file=tokenizer.path(name), json_path="$.eos_token_id")


def _alike(named: Iterable[Special]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    said: set[str] = set()
    for token in sorted(named, key=lambda token: not token.content.isascii()):
        text = token.content
        if text in said or not (token.special or lookalikes.is_marked(text)):
            continue
        first = seen.setdefault(lookalikes.skeleton(text), text)
        word = lookalikes.mixed(text)
        if first != text or word:
            said.add(text)
            other = first if first != text else lookalikes.skeleton(text)
            message = f"{quoted(json.dumps(text)[1:-1])} looks like {quoted(other)}"
            yield TOKEN_LOOKALIKE.finding(message, file=token.file, json_path=token.json_path)


def _unseen(named: Iterable[Special]) -> Iterator[Finding]:
    said: set[tuple[str, str]] = set()
    for token in named:
        kind = lookalikes.unseen(token.content)
        if kind and (token.file, token.content) not in said:
            said.add((token.file, token.content))
            message = f"{quoted(json.dumps(token.content)[1:-1])} holds {kind}"
            yield TOKEN_UNSEEN.finding(message, file=token.file, json_path=token.json_path)


# ---------------------------------------------------------------------------------------------------------------------
# Where tokens are
# ---------------------------------------------------------------------------------------------------------------------


def _collisions(fact: VocabularyFact) -> Iterator[Finding]:
    clashes = [(f"id {ident} is {quoted(plain(a))} and {quoted(plain(b))}", a, b) for ident, a, b in fact.shared]
    clashes += [
        (f"{quoted(plain(token))} has the ids {a} and {b}", token, token)
        for token, a, b in fact.repeated
        if not _spells_bytes(plain(token))
    ]
    for severity in (Severity.ERROR, Severity.WARNING):
        alike = [
            said
            for said, a, b in clashes
            if (Severity.WARNING if a != b and (is_placeholder(a) or is_placeholder(b)) else Severity.ERROR) is severity
        ]
        if alike:
            more = f"; {len(alike)} such in all" if len(alike) > 1 else ""
            yield IDS_COLLIDE.finding(alike[0] + more, file=fact.file, severity=severity)
    if fact.lowest < 0:
        yield IDS_COLLIDE.finding("an id is negative", file=fact.file)


def _spells_bytes(token: str) -> bool:
    """Whether it may be a text of its own in one place, and bytes in the letters that stand for them in the other."""
    return not token.isascii() and max(token) <= "\u0143"


def _beyond(model: ModelEvidence, tokenizer: Tokenizer, fact: VocabularyFact) -> Iterator[Finding]:
    gguf = fact.file == tokenizer.folder
    rows = _rows(model, fact.file if gguf else tokenizer.folder, tokenizer.documents.get("config.json", {}))
    if not rows:
        return
    reach = fact.highest
    if reach >= rows:
        part = tokenizer.parts.get(fact.file, {}).get("tokens")
        near = reach < rows + _SLACK and part is not None
        new = [plain(token) for ident, token in entries(part) if ident >= rows] if near and part else []
        few = new and not any(map(is_ordinary, new))
        message = f"ids up to {reach}, and the embedding has {rows} rows"
        yield IDS_BEYOND_EMBEDDING.finding(message, file=fact.file, severity=Severity.WARNING if few else None)
    if gguf:
        yield from _gguf_ids(model, fact, max(rows, fact.highest + 1))
        yield from _gguf_end(model, fact, tokenizer.parts.get(fact.file, {}).get("tokens"))


def _gguf_ids(model: ModelEvidence, fact: VocabularyFact, rows: int) -> Iterator[Finding]:
    metadata = next((header.metadata for header in model.headers if header.file == fact.file), {})
    for key, ident in metadata.items():
        names = key.startswith("tokenizer.ggml.") and key.endswith("_token_id")
        # The largest number of 32 bits is how converters write none.
        if names and isinstance(ident, int) and rows <= ident != 0xFFFFFFFF:
            yield IDS_BEYOND_EMBEDDING.finding(f"{key} is {ident}, and there are {rows} tokens", file=fact.file)


def _gguf_end(model: ModelEvidence, fact: VocabularyFact, tokens: TextFact | None) -> Iterator[Finding]:
    """The token at which answers end."""
    metadata = next((header.metadata for header in model.headers if header.file == fact.file), {})
    ident = metadata.get("tokenizer.ggml.eos_token_id")
    token = looked_up(tokens, {ident}, ())[0].get(ident, "") if isinstance(ident, int) else ""
    if is_word(token) or (len(token) == 1 and token.isascii() and token.isalnum()):
        yield SPECIAL_WORD.finding(f"answers end at {quoted(token)}, which has the id {ident}", file=fact.file)


def _rows(model: ModelEvidence, where: str, config: Mapping[str, object]) -> int:
    """Rows of the embedding of the model in the folder or GGUF file `where`; 0 where they are not known."""
    nested = config.get("text_config")
    sizes = [config.get("vocab_size"), nested.get("vocab_size") if isinstance(nested, dict) else None]
    for header in model.headers:
        if where in (header.file, dirname(header.file)):
            sizes += (
                tensor.shape[0]
                for tensor in header.tensors
                if tensor.name.endswith(_EMBEDDINGS) and len(tensor.shape) == 2 and "position" not in tensor.name
            )
    return max((size for size in sizes if isinstance(size, int)), default=0)


TOKENIZER_TOKENS = Check(
    "tokenizer-tokens", (SPECIAL_WORD, TOKEN_LOOKALIKE, TOKEN_UNSEEN, IDS_COLLIDE, IDS_BEYOND_EMBEDDING), _run
)
