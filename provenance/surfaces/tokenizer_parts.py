"""A tokenizer as parts that compare across files and formats, one text line an entry.

    tokenizer:tokens       every token and its id: `ID "TOKEN"`, by id (tokenizer.json, vocab.json, GGUF)
    tokenizer:merges       every merge, in order: `"A" "B"` (tokenizer.json, merges.txt, GGUF)
    tokenizer:NAME         any other part of a tokenizer.json: `normalizer`, `decoder`, …
    tokenizer:special      the special tokens that a tokenizer_config.json names
    tokenizer:ggml-NAME    what only GGUF says: `settings`, `types`, `scores`

Texts are ASCII, everything else escaped, so that look-alike letters differ to the eye as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from json.encoder import encode_basestring_ascii as _quoted

from provenance.records import TextFact

MAX_KEPT = 24 * 1024 * 1024
"""Bytes up to which a part is kept, so that the first difference can be named: above the largest vocabularies."""

PARTS = ("added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder")
"""Parts of a tokenizer.json that change what text becomes, beside its `model`. `truncation` and `padding` do not."""
SPECIAL = ("bos_token", "eos_token", "unk_token")
"""Special tokens compared; `pad_token` is not one of them, since training changes it and inference never reads it."""


def part(file: str, name: str, lines: Iterable[str]) -> TextFact:
    """One part, role `tokenizer:NAME`."""
    text = "\n".join(lines)
    data = text.encode("ascii", "backslashreplace")
    return TextFact(
        file, f"tokenizer:{name}", hashlib.sha256(data).hexdigest(), text if len(data) <= MAX_KEPT else None
    )


def tokens(file: str, entries: Iterable[tuple[int, str]]) -> TextFact:
    """The part `tokens`, from (id, token) in any order; equal pairs count once."""
    return part(file, "tokens", (f"{ident} {_quoted(token)}" for ident, token in sorted(set(entries))))


def merges(file: str, entries: Iterable[object]) -> TextFact:
    """The part `merges`; an entry is a pair, or two halves with one space between."""
    return part(file, "merges", map(_merge, entries))


def _merge(entry: object) -> str:
    halves = entry.split(" ") if isinstance(entry, str) else entry
    if isinstance(halves, list) and all(isinstance(half, str) for half in halves):
        return " ".join(map(_quoted, halves))
    return json.dumps(halves)


def from_tokenizer_json(file: str, value: object) -> tuple[TextFact, ...]:
    """Parts of a parsed `tokenizer.json`; none where it is not an object with a `model`."""
    if not isinstance(value, dict) or not isinstance(value.get("model"), dict):
        return ()
    model: dict[str, object] = value["model"]
    vocabulary = [*_vocabulary(model.get("vocab")), *_added(value.get("added_tokens"))]
    found = [tokens(file, vocabulary)]
    if isinstance(joined := model.get("merges"), list):
        found.append(merges(file, joined))
    rest = {key: item for key, item in model.items() if key not in ("vocab", "merges") and not _is_unset(item)}
    if isinstance(scored := model.get("vocab"), list):
        rest["scores"] = [score for _, score in _pairs(scored)]
    found.append(part(file, "model", _leaves(rest)))
    found += [part(file, name, _leaves(value.get(name))) for name in PARTS]
    return tuple(found)


def from_vocabulary(file: str, value: object) -> tuple[TextFact, ...]:
    """The tokens of a parsed `vocab.json`."""
    return (tokens(file, _vocabulary(value)),) if isinstance(value, dict) else ()


def from_merges(file: str, text: str) -> tuple[TextFact, ...]:
    """The merges of a `merges.txt`."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#version"))
    return (merges(file, lines),)


def from_settings(file: str, value: object) -> tuple[TextFact, ...]:
    """The special tokens that a parsed `tokenizer_config.json` names."""
    if not isinstance(value, dict):
        return ()
    named = {key: _content(value[key]) for key in SPECIAL if value.get(key) is not None}
    return (part(file, "special", _leaves(named)),) if named else ()


def from_gguf(file: str, metadata: Mapping[str, object]) -> tuple[TextFact, ...]:
    """Parts of the tokenizer in a GGUF header. Tokens of type 5 (unused) only fill up the vocabulary."""
    listed = metadata.get("tokenizer.ggml.tokens")
    if not isinstance(listed, tuple):
        return ()
    types = metadata.get("tokenizer.ggml.token_type")
    kinds = types if isinstance(types, tuple) and len(types) == len(listed) else (1,) * len(listed)
    found = [tokens(file, ((i, str(token)) for i, token in enumerate(listed) if kinds[i] != 5))]
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
    found.append(part(file, "ggml-settings", _leaves(settings)))
    return tuple(found)


def _is_unset(value: object) -> bool:
    """Older writers leave out what newer ones write as null, false or an empty text."""
    return value is None or value is False or value == ""


def _vocabulary(value: object) -> Iterator[tuple[int, str]]:
    """(id, token) of a `vocab`: an object of ids (BPE, WordPiece) or a list of scored pieces (Unigram)."""
    if isinstance(value, dict):
        yield from ((ident, token) for token, ident in value.items() if isinstance(ident, int))
    elif isinstance(value, list):
        yield from ((ident, entry[0]) for ident, entry in enumerate(_pairs(value)))


def _pairs(value: list[object]) -> list[tuple[str, object]]:
    """(piece, score) of a Unigram `vocab`; anything else in it is passed over."""
    scored = (entry for entry in value if isinstance(entry, list) and len(entry) == 2)
    return [(piece, score) for piece, score in scored if isinstance(piece, str)]


def _added(value: object) -> Iterator[tuple[int, str]]:
    if not isinstance(value, list):
        return
    for entry in value:
        if isinstance(entry, dict):
            ident, content = entry.get("id"), entry.get("content")
            if isinstance(ident, int) and isinstance(content, str):
                yield ident, content


def _content(token: object) -> object:
    return token.get("content") if isinstance(token, dict) else token


def _leaves(value: object) -> Iterator[str]:
    """One line a leaf of a JSON value, keys sorted."""
    yield from json.dumps(value, indent=0, sort_keys=True, default=str).splitlines()
