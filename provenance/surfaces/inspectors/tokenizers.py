"""Tokenizers, as parts whose digests and lines can be compared with another model's."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from posixpath import basename

from provenance.facts import JsonFact, TextFact
from provenance.records import Consumer, Unit
from provenance.surfaces import lenient_json, tokenizer_json, tokenizer_parts
from provenance.surfaces.inspectors.interface import Buffered, Digested, Facts, InspectionContext, Inspector

MAX_TOKENIZER = 48 * 1024 * 1024
"""Bytes of a tokenizer.json: Gemma's have 33 million."""
MAX_BYTES = 24 * 1024 * 1024
"""Bytes of any other file that is read: the largest vocabularies have six million."""


def _tokenizer_json(unit: Unit, data: bytes) -> Facts:
    return tokenizer_json.read(unit.file, data)


def _document(parts: Callable[[str, object], Facts], unit: Unit, data: bytes) -> Facts:
    return parts(unit.file, lenient_json.read(unit.file, data).value)


def _merges(unit: Unit, data: bytes) -> Facts:
    return tokenizer_parts.from_merges(unit.file, data.decode("utf-8", "surrogateescape"))


def _ranks(unit: Unit, data: bytes) -> Facts:
    return tokenizer_parts.from_ranks(unit.file, data.decode("ascii", "replace"))


def _digest(role: str, unit: Unit, sha256: str) -> Facts:
    """A file that is compared as it is."""
    return (TextFact(unit.file, f"tokenizer:{role}", sha256, None),)


READERS: dict[str, Callable[[Unit, bytes], Facts]] = {
    "tokenizer.json": _tokenizer_json,
    "vocab.json": partial(_document, tokenizer_parts.from_vocabulary),
    "added_tokens.json": partial(_document, tokenizer_parts.from_added_tokens),
    "tokenizer_config.json": partial(_document, tokenizer_parts.from_settings),
    "special_tokens_map.json": partial(_document, tokenizer_parts.from_settings),
    "merges.txt": _merges,
    "*.tiktoken": _ranks,
}
WHOLE = frozenset({"vocab.txt", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "tekken.json"})
"""Files that are compared as they are."""
_VERSIONED = re.compile(r"tokenizer\.[^/]+\.json")
"""What transformers reads in place of `tokenizer.json` where `fast_tokenizer_files` lists it."""


def _make(unit: Unit, _context: InspectionContext) -> Consumer[Facts] | None:
    name = basename(unit.file)
    if _VERSIONED.fullmatch(name):
        name = "tokenizer.json"
    if name.endswith(".tiktoken"):
        name = "*.tiktoken"
    if name in WHOLE:
        return Digested(partial(_digest, "file"))
    read = READERS.get(name)
    if read is None:
        return None
    limit = MAX_TOKENIZER if name == "tokenizer.json" else MAX_BYTES
    if unit.nbytes <= limit:
        return Buffered(limit, read)
    if name == "tokenizer.json":
        return Buffered(0, partial(_unread, limit))
    return Digested(partial(_digest, "merges" if name == "merges.txt" else "tokens"))


def _unread(limit: int, unit: Unit, _: bytes) -> tuple[JsonFact]:
    return (lenient_json.too_large(unit.file, unit.nbytes, limit),)


def _cost(unit: Unit) -> int:
    """The parts of a tokenizer are kept as text, written more tersely than in the file."""
    limit = 0 if basename(unit.file) in WHOLE else MAX_TOKENIZER
    return 2 * unit.nbytes if unit.nbytes <= limit else 0


TOKENIZERS = Inspector("tokenizers", _make, _cost)
