"""A tokenizer as parts that compare across files and formats, one text line an entry.

    tokenizer:tokens       every token and its id: `ID "TOKEN"`, by id (tokenizer.json, vocab.json, GGUF)
    tokenizer:merges       every merge, in order: `"A" "B"` (tokenizer.json, merges.txt, GGUF)
    tokenizer:NAME         any other part of a tokenizer.json: `normalizer`, `decoder`, …
    tokenizer:truncation   where texts are cut off, if anywhere (tokenizer.json)
    tokenizer:scores       scores of the tokens of a Unigram model, by id (tokenizer.json)
    tokenizer:special      the special tokens that a tokenizer_config.json or special_tokens_map.json names
    tokenizer:extra-tokens tokens that settings add to a vocabulary (added_tokens.json, tokenizer_config.json)
    tokenizer:settings     what else a tokenizer_config.json decides: `KEY VALUE`
    tokenizer:file         a file that is compared as it is
    tokenizer:padding      the padding token that it names
    tokenizer:ggml-NAME    what only GGUF says: `settings`, `types`, `scores`

Texts are ASCII, everything else escaped, so that look-alike letters differ to the eye as well.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from json.encoder import encode_basestring_ascii as quoted

from provenance.facts import TextFact, VocabularyFact

MAX_KEPT = 24 * 1024 * 1024
"""Bytes up to which a part is kept, so that the first difference can be named: above the largest vocabularies."""

PARTS = ("added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder")
"""Parts of a tokenizer.json that change what text becomes, beside its `model`. `truncation` and `padding` do not."""
SPECIAL = ("bos_token", "eos_token", "unk_token")
"""Special tokens that decide what a model reads and where it stops; `pad_token` does neither, and is a part apart."""

SETTINGS = ("tokenizer_class", "add_bos_token", "add_eos_token", "fast_tokenizer_files", "model_max_length")
"""Keys of a tokenizer_config.json that decide how the tokenizer is made, and what it adds or cuts off."""

_PLAIN = {*range(33, 127), *range(161, 173), *range(174, 256)}
_BYTES = {byte: byte if byte in _PLAIN else 256 + n for n, byte in enumerate(sorted({*range(256)} - _PLAIN))} | {
    byte: byte for byte in _PLAIN
}
"""The character that byte-level vocabularies write for each byte."""


def part(file: str, name: str, lines: Iterable[str]) -> TextFact:
    """One part, role `tokenizer:NAME`. Lines are digested as they come, and kept while there are few."""
    source, digest = iter(lines), hashlib.sha256()
    kept: list[str] = []
    size, separator = 0, ""
    while batch := list(islice(source, 4096)):
        text = separator + "\n".join(batch)
        data = text.encode("ascii", "backslashreplace")
        digest.update(data)
        size, separator = size + len(data), "\n"
        if size <= MAX_KEPT:
            kept.append(text)
        else:
            kept.clear()
    return TextFact(file, f"tokenizer:{name}", digest.hexdigest(), "".join(kept) if size <= MAX_KEPT else None)


class Vocabulary:
    """Tokens and their ids, held as tightly as Python can: the largest have hundreds of thousands."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._tokens: list[str] = []

    def add(self, ident: int, token: str) -> None:
        """One `token`, quoted; an id that no vocabulary can have is kept out of the way, and still compared."""
        self._ids.append(max(-1, min(ident, 2**62)))
        self._tokens.append(token)

    def extend(self, idents: Iterable[int] | None, tokens: Sequence[str]) -> None:
        """Several, quoted; without ids of their own each has the number of those before it. Ids are in bounds."""
        self._ids.extend(range(len(self._ids), len(self._ids) + len(tokens)) if idents is None else idents)
        self._tokens.extend(tokens)

    def repeated(self) -> tuple[str, ...]:
        """Tokens that stand twice, a hundred at most."""
        if len(set(self._tokens)) == len(self._tokens):
            return ()
        seen: set[str] = set()
        again = (token for token in self._tokens if token in seen or seen.add(token))  # type: ignore[func-returns-value]
        return tuple(json.loads(token) for token in islice(again, 100))

    def parts(self, file: str) -> tuple[TextFact, VocabularyFact]:
        """The part `tokens`, by id, equal pairs once; and what the ids show.

        That is how far they reach, where two tokens share one, and where one has two.
        """
        by_id = self._by_id()
        return part(file, "tokens", self._lines(by_id)), self._fact(file, by_id)

    def _fact(self, file: str, by_id: list[int]) -> VocabularyFact:
        ids, names = self._ids, self._tokens
        shared = ((ids[i], names[i], names[j]) for i, j in pairwise(by_id) if ids[i] == ids[j] and names[i] != names[j])
        several = {name for name, number in Counter(names).items() if number > 1}
        by_name = sorted((i for i in by_id if names[i] in several), key=names.__getitem__) if several else []
        repeated = (
            (names[i], ids[i], ids[j]) for i, j in pairwise(by_name) if names[i] == names[j] and ids[i] != ids[j]
        )
        reach = (min(ids), max(ids)) if ids else (0, -1)
        return VocabularyFact(file, len(ids), *reach, tuple(islice(shared, 100)), tuple(islice(repeated, 100)))

    def _by_id(self) -> list[int]:
        """Places of the entries by id, then by token."""
        ids, names = self._ids, self._tokens
        order = sorted(range(len(ids)), key=ids.__getitem__)
        several = {ident for ident, number in Counter(ids).items() if number > 1}
        if not several:
            return order
        alike = iter(sorted((i for i in order if ids[i] in several), key=lambda i: (ids[i], names[i])))
        return [next(alike) if ids[i] in several else i for i in order]

    def _lines(self, by_id: list[int]) -> Iterator[str]:
        ids, names = self._ids, self._tokens
        before = ""
        for i in by_id:
            line = f"{ids[i]} {names[i]}"
            if line != before:
                yield line
            before = line


def tokens(file: str, entries: Iterable[tuple[int, str]]) -> tuple[TextFact, VocabularyFact]:
    """The part `tokens` and what its ids show, from (id, token) in any order; equal pairs count once."""
    found = Vocabulary()
    for ident, token in entries:
        found.add(ident, quoted(token))
    return found.parts(file)


def merges(file: str, entries: Iterable[object]) -> TextFact:
    """The part `merges`; an entry is a pair, or two halves with one space between."""
    return part(file, "merges", map(_merge, entries))


def _merge(entry: object) -> str:
    halves = entry.split(" ") if isinstance(entry, str) else entry
    if isinstance(halves, list) and all(isinstance(half, str) for half in halves):
        return " ".join(map(quoted, halves))
    return json.dumps(halves)


def from_vocabulary(file: str, value: object) -> tuple[TextFact | VocabularyFact, ...]:
    """The tokens of a parsed `vocab.json`."""
    return tokens(file, _ids(value)) if isinstance(value, dict) else ()


def from_added_tokens(file: str, value: object) -> tuple[TextFact, ...]:
    """The tokens of a parsed `added_tokens.json`."""
    return (_extra(file, _ids(value)),) if isinstance(value, dict) else ()


def _extra(file: str, entries: Iterable[tuple[int, str]]) -> TextFact:
    return part(file, "extra-tokens", (f"{ident} {quoted(token)}" for ident, token in sorted(set(entries))))


def from_merges(file: str, text: str) -> tuple[TextFact, ...]:
    """The merges of a `merges.txt`."""
    # Only these ends: others of Unicode's may be tokens.
    ended = (line.removesuffix("\r") for line in text.split("\n"))
    lines = (line for line in ended if line and not line.startswith("#version"))
    return (merges(file, lines),)


def from_settings(file: str, value: object) -> tuple[TextFact, ...]:
    """What a parsed `tokenizer_config.json` or `special_tokens_map.json` decides."""
    if not isinstance(value, dict):
        return ()
    named = {key: _content(value[key]) for key in SPECIAL if value.get(key) is not None}
    found = [part(file, "special", leaves(named))] if named else []
    if value.get("pad_token") is not None:
        found.append(part(file, "padding", leaves({"pad_token": _content(value["pad_token"])})))
    if added := sorted(set(_decoder(value.get("added_tokens_decoder")))):
        found.append(_extra(file, added))
    decided = {key: value[key] for key in SETTINGS if value.get(key) is not None and not _is_endless(key, value[key])}
    if decided:
        found.append(
            part(file, "settings", (f"{key} {json.dumps(decided[key])}" for key in SETTINGS if key in decided))
        )
    return tuple(found)


def from_ranks(file: str, text: str) -> tuple[TextFact | VocabularyFact, ...]:
    """The tokens of a `*.tiktoken` file: one a line in base64, and its rank, which is its id."""
    return tokens(file, _ranks(text))


def _ranks(text: str) -> Iterator[tuple[int, str]]:
    """Tokens as the characters that byte-level vocabularies write for their bytes."""
    for line in text.split("\n"):
        written, _, rank = line.rstrip("\r").partition(" ")
        if rank.isdecimal() and rank.isascii() and len(rank) < 10:
            try:
                yield int(rank), b64decode(written, validate=True).decode("latin-1").translate(_BYTES)
            except ValueError:
                continue


def from_gguf(file: str, metadata: Mapping[str, object]) -> tuple[TextFact | VocabularyFact, ...]:
    """Parts of the tokenizer in a GGUF header. Tokens of type 5 (unused) only fill up the vocabulary."""
    listed = metadata.get("tokenizer.ggml.tokens")
    if not isinstance(listed, tuple):
        return ()
    types = metadata.get("tokenizer.ggml.token_type")
    kinds = types if isinstance(types, tuple) and len(types) == len(listed) else (1,) * len(listed)
    found: list[TextFact | VocabularyFact] = []
    found += tokens(file, ((i, str(token)) for i, token in enumerate(listed) if kinds[i] != 5))
    if isinstance(joined := metadata.get("tokenizer.ggml.merges"), tuple):
        found.append(merges(file, joined))
    for key, name in (("tokenizer.ggml.token_type", "ggml-types"), ("tokenizer.ggml.scores", "ggml-scores")):
        values = metadata.get(key)
        if isinstance(values, tuple):
            found.append(part(file, name, map(json.dumps, values)))
    settings = {
        key: value
        for key, value in metadata.items()
        if key.startswith("tokenizer.ggml.") and not isinstance(value, tuple) and "padding" not in key
    }
    found.append(part(file, "ggml-settings", leaves(settings)))
    return tuple(found)


def _ids(value: object) -> Iterator[tuple[int, str]]:
    """(id, token) of an object of ids."""
    if isinstance(value, dict):
        yield from ((ident, token) for token, ident in value.items() if isinstance(ident, int))


def _decoder(value: object) -> Iterator[tuple[int, str]]:
    """(id, token) of an `added_tokens_decoder`: an object by id."""
    if isinstance(value, dict):
        named = ((ident, _content(token)) for ident, token in value.items())
        yield from ((int(ident), text) for ident, text in named if ident.isdecimal() and isinstance(text, str))


def _content(token: object) -> object:
    return token.get("content") if isinstance(token, dict) else token


def _is_endless(key: str, value: object) -> bool:
    """Transformers writes 10**30 for the length of a model whose length it does not know."""
    return key == "model_max_length" and isinstance(value, int | float) and value > 1e15


def leaves(value: object) -> Iterator[str]:
    """One line a leaf of a JSON value, keys sorted."""
    yield from json.dumps(value, indent=0, sort_keys=True, default=str).splitlines()
