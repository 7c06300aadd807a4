"""Tokenizers of a model, read back from the parts that inspectors left: documents, tokens by id, special tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from posixpath import basename, dirname

from provenance.checks.interface import facts
from provenance.checks.settings import words
from provenance.facts import JsonFact, TextFact, VocabularyFact
from provenance.records import ModelEvidence

NAMED = ("bos_token", "eos_token", "unk_token", "sep_token", "cls_token", "mask_token", "pad_token")
"""Keys of a tokenizer_config.json or special_tokens_map.json that name one special token."""
_SETTINGS = ("tokenizer_config.json", "special_tokens_map.json")
_WHOLE = re.compile(r"tokenizer(?:\.[^/]+)?\.json")
_MARKS = re.compile(r"[<>\[\]{}|_#\uff5c\d]")
_PLACEHOLDER = re.compile(r"unused|reserved|extra|placeholder|dummy|control|special|PAD|unk", re.ASCII | re.IGNORECASE)
_SPACES = " \u0120\u2581\t\n"
_ABBREVIATIONS = words("sop eop pad unk bos eos cls sep mask gmask smask eot eod eom eoc endoftext")


@dataclass(frozen=True, slots=True)
class Special:
    """A token that a document adds or names."""

    file: str
    json_path: str
    content: str
    ident: int | None = None
    special: bool = True
    """Readers treat it as no part of the text, and hide it in answers."""
    role: str = ""
    """The key that names it: `eos_token`, …; empty where it is only listed."""


@dataclass(slots=True)
class Tokenizer:
    """What lies in one folder, or one GGUF file."""

    folder: str
    parts: dict[str, dict[str, TextFact]] = field(default_factory=dict)
    """Parts by file, then by name."""
    vocabularies: dict[str, VocabularyFact] = field(default_factory=dict)
    documents: dict[str, Mapping[str, object]] = field(default_factory=dict)
    """JSON beside it by name: its settings, `config.json`, `generation_config.json`."""

    def whole(self) -> Iterator[tuple[str, dict[str, TextFact]]]:
        """Every `tokenizer.json`, and what newer loaders read in its place."""
        return ((file, parts) for file, parts in self.parts.items() if _WHOLE.fullmatch(basename(file)))

    def path(self, name: str) -> str:
        """`name` in this folder."""
        return f"{self.folder}/{name}" if self.folder else name

    def special(self) -> list[Special]:
        """Every token that its documents add or name, first come first."""
        found = [special for file, parts in self.whole() for special in _added(file, parts)]
        for name in _SETTINGS:
            found += _named(self.path(name), self.documents.get(name, {}))
        more = self.documents.get("added_tokens.json", {})
        ids = ((token, ident) for token, ident in more.items() if isinstance(ident, int))
        found += (Special(self.path("added_tokens.json"), "$", token, ident, special=False) for token, ident in ids)
        return found


def tokenizers(model: ModelEvidence) -> list[Tokenizer]:
    """One a folder, in order; GGUF files stand alone."""
    ggufs = {header.file for header in model.headers if header.format == "gguf"}
    found: dict[str, Tokenizer] = {}

    def of(file: str) -> Tokenizer:
        key = file if file in ggufs else dirname(file)
        return found.setdefault(key, Tokenizer(key))

    for fact in facts(model, TextFact):
        role, _, name = fact.role.partition(":")
        if role == "tokenizer":
            of(fact.file).parts.setdefault(fact.file, {})[name] = fact
    for vocabulary in facts(model, VocabularyFact):
        of(vocabulary.file).vocabularies[vocabulary.file] = vocabulary
    for document in facts(model, JsonFact):
        if isinstance(document.value, dict) and (
            dirname(document.file) in found or basename(document.file) in _SETTINGS
        ):
            of(document.file).documents[basename(document.file)] = document.value
    return [found[key] for key in sorted(found)]


# ---------------------------------------------------------------------------------------------------------------------
# Parts
# ---------------------------------------------------------------------------------------------------------------------


def value(part: TextFact | None) -> object:
    """The JSON that a part of a tokenizer.json was; None where it is not kept."""
    if part is None or part.text is None:
        return None
    try:
        return json.loads(part.text)
    except ValueError:
        return None


def entries(part: TextFact) -> Iterator[tuple[int, str]]:
    """(id, token) of the part `tokens`, by id; the token quoted, as it stands there."""
    for line in (part.text or "").split("\n"):
        ident, space, token = line.partition(" ")
        if space:
            yield int(ident), token


def plain(token: str) -> str:
    """A quoted token as the text it is."""
    return token[1:-1] if "\\" not in token else str(json.loads(token))


def looked_up(
    part: TextFact | None, ids: Collection[int], tokens: Collection[str]
) -> tuple[dict[int, str], dict[str, int]]:
    """Tokens by id and ids by token, of these alone: a vocabulary as a whole is large."""
    by_id: dict[int, str] = {}
    by_token: dict[str, int] = {}
    numbers, escaped = {str(ident) for ident in ids}, {json.dumps(token): token for token in tokens}
    text = (part.text or "") if part is not None and (numbers or escaped) else ""
    for line in text.split("\n"):
        ident, _, token = line.partition(" ")
        if ident in numbers:
            by_id[int(ident)] = plain(token)
        if token in escaped:
            by_token[escaped[token]] = int(ident)
    return by_id, by_token


def flags(part: TextFact | None) -> dict[str, Mapping[str, object]]:
    """The entries of `added_tokens` by content."""
    listed = value(part)
    rows = [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
    return {row["content"]: row for row in rows if isinstance(row.get("content"), str)}


def _added(file: str, parts: Mapping[str, TextFact]) -> Iterator[Special]:
    listed = value(parts.get("added_tokens"))
    for number, row in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(row, dict) and isinstance(row.get("content"), str):
            ident = row.get("id")
            yield Special(
                file,
                f"$.added_tokens[{number}]",
                row["content"],
                ident if isinstance(ident, int) else None,
                special=row.get("special") is True,
            )
    model = value(parts.get("model"))
    if isinstance(model, dict) and isinstance(model.get("unk_token"), str):
        yield Special(file, "$.model.unk_token", model["unk_token"], role="unk_token")


def _named(file: str, document: Mapping[str, object]) -> Iterator[Special]:
    for key in NAMED:
        if isinstance(token := content(document.get(key)), str):
            yield Special(file, f"$.{key}", token, role=key)
    for key in ("additional_special_tokens", "extra_special_tokens"):
        listed = document.get(key)
        rows: Iterable[object] = (
            listed.values() if isinstance(listed, dict) else listed if isinstance(listed, list) else ()
        )
        yield from (Special(file, f"$.{key}", token) for token in map(content, rows) if isinstance(token, str))
    decoder = document.get("added_tokens_decoder")
    for ident, row in decoder.items() if isinstance(decoder, dict) else ():
        if isinstance(row, dict) and isinstance(token := content(row), str) and ident.isdecimal() and len(ident) < 10:
            path = f"$.added_tokens_decoder.{ident}"
            yield Special(file, path, token, int(ident), special=row.get("special") is True)


def content(token: object) -> object:
    """The text of a token, written out or as an object."""
    return token.get("content") if isinstance(token, dict) else token


def ids_of(document: Mapping[str, object], key: str) -> set[int]:
    """The ids under `key` of a config.json or generation_config.json: one, or a list."""
    nested = document.get("text_config")
    found = document.get(key, nested.get(key) if isinstance(nested, dict) else None)
    return {ident for ident in (found if isinstance(found, list) else [found]) if type(ident) is int}


# ---------------------------------------------------------------------------------------------------------------------
# Texts of tokens
# ---------------------------------------------------------------------------------------------------------------------


def is_word(text: str) -> bool:
    """Letters alone, as words of a text are: no marks that set special tokens apart, no usual abbreviation."""
    bare = text.strip(_SPACES)
    letters = bare.replace("'", "").replace("-", "")
    return len(letters) > 1 and letters.isalpha() and letters.casefold() not in _ABBREVIATIONS


def is_phrase(text: str) -> bool:
    """Several words, as no special token has them."""
    parts = [word for word in re.split(r"[\s\u2581\u0120_]+", text) if any(letter.isalpha() for letter in word)]
    return len(parts) >= (7 if _MARKS.search(text) else 4)


def is_ordinary(text: str) -> bool:
    """Text that people write, rather than marks of a format."""
    return is_word(text) or (bool(text.strip(_SPACES)) and not _MARKS.search(text))


def is_placeholder(text: str) -> bool:
    """A token that vocabularies keep free for later use."""
    return _PLACEHOLDER.search(text) is not None
