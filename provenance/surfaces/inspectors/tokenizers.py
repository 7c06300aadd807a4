"""Tokenizers, as parts whose digests and lines can be compared with another model's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from posixpath import basename

from provenance.documents.strict_json import MAX_BYTES
from provenance.records import JsonFact, TextFact, Unit
from provenance.surfaces import lenient_json, tokenizer_parts
from provenance.surfaces.inspectors.interface import Buffered, Facts, InspectionContext, Inspector


def _tokenizer_json(unit: Unit, data: bytes) -> Facts:
    """Its parts, in place of a value of tens of megabytes; and what is wrong with it as a document."""
    fact = lenient_json.read(unit.file, data)
    about = JsonFact(unit.file, None, fact.duplicate_keys, fact.error)
    return (about, *tokenizer_parts.from_tokenizer_json(unit.file, fact.value))


def _vocabulary(unit: Unit, data: bytes) -> Facts:
    return tokenizer_parts.from_vocabulary(unit.file, lenient_json.read(unit.file, data).value)


def _settings(unit: Unit, data: bytes) -> Facts:
    return tokenizer_parts.from_settings(unit.file, lenient_json.read(unit.file, data).value)


def _merges(unit: Unit, data: bytes) -> Facts:
    return tokenizer_parts.from_merges(unit.file, data.decode("utf-8", "surrogateescape"))


def _whole(unit: Unit, data: bytes) -> Facts:
    """A file that is compared as it is."""
    return (TextFact(unit.file, "tokenizer:file", hashlib.sha256(data).hexdigest(), None),)


READERS: dict[str, Callable[[Unit, bytes], Facts]] = {
    "tokenizer.json": _tokenizer_json,
    "vocab.json": _vocabulary,
    "tokenizer_config.json": _settings,
    "merges.txt": _merges,
    "vocab.txt": _whole,
    "tokenizer.model": _whole,
    "spiece.model": _whole,
    "sentencepiece.bpe.model": _whole,
    "tekken.json": _whole,
}


def _make(unit: Unit, _context: InspectionContext) -> Buffered | None:
    read = READERS.get(basename(unit.file))
    if read is None:
        return None
    if unit.nbytes > MAX_BYTES:
        return Buffered(0, lambda unit, _: (JsonFact(unit.file, None, error=f"{unit.nbytes} bytes of tokenizer"),))
    return Buffered(MAX_BYTES, read)


TOKENIZERS = Inspector("tokenizers", _make)
