"""A tokenizer.json as its parts, read straight from its bytes and never as one value.

The largest hold a million texts in thirty megabytes; as Python values they would take ten times that, and a hostile
file more. So tokens and merges go by one after another, and only the small members become values. Whatever is not the
layout that the `tokenizers` library writes and reads is an error, and never passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from json.encoder import encode_basestring_ascii as quoted
from typing import NoReturn

from provenance.documents.strict_json import StrictJsonError, loads
from provenance.facts import JsonFact, TextFact, VocabularyFact
from provenance.surfaces import lenient_json
from provenance.surfaces.tokenizer_parts import PARTS, Vocabulary, leaves, part

MAX_ENTRIES = 1_000_000
"""Tokens, and merges, of one tokenizer; the largest in use have 262 thousand, and 580 thousand."""
MAX_VALUE = 4 * 1024 * 1024
"""Bytes of any other member; the largest are tables of normalization and lists of added tokens, of a megabyte."""
MODELS = frozenset({"BPE", "Unigram", "WordLevel", "WordPiece"})

_GAP = rb"[ \t\n\r]*+"
_STRING = rb'(?:"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*+")'
_NUMBER = rb"(?:-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)"
_SPACE = re.compile(_GAP)
_KEY = re.compile(_GAP + rb"(" + _STRING + rb")" + _GAP + rb":" + _GAP)
_SCALAR = re.compile(_STRING + rb"|[^\s,\[\]{}\"]++")
_BRACKET = re.compile(_STRING + rb"|[\[\]{}]")
_RUN = 4096
"""Entries that are matched at once."""


class _Entries:
    """Entries of one kind, with so many strings each, up to a bracket: a run of them is one match."""

    def __init__(self, entry: bytes, strings: int, close: bytes) -> None:
        self.close, self.strings = close, strings
        end = rb"(?:,|(?=" + re.escape(close) + rb"))"
        self.run = re.compile(rb"(?:" + _GAP + entry + _GAP + end + rb"){1,%d}" % _RUN)


_TOKENS = _Entries(_STRING + _GAP + rb":" + _GAP + rb"[0-9]{1,10}+", 1, b"}")
_PIECES = _Entries(rb"\[" + _GAP + _STRING + _GAP + rb"," + _GAP + _NUMBER + _GAP + rb"\]", 1, b"]")
_PAIRS = _Entries(rb"\[" + _GAP + _STRING + _GAP + rb"," + _GAP + _STRING + _GAP + rb"\]", 2, b"]")
_JOINED = _Entries(_STRING, 1, b"]")
_NUMBERS, _ESCAPES = re.compile(_NUMBER.decode()), re.compile(r"\\.")
_NUL = "\\u0000"


def read(file: str, data: bytes) -> tuple[JsonFact | TextFact | VocabularyFact, ...]:
    """What is wrong with the document first, then its parts; no parts where no loader could read it."""
    document = _Document(file, data)
    try:
        document.read()
    except StrictJsonError as error:
        return (JsonFact(file, None, tuple(document.twice), str(error)),)
    said = document.errors[0] if document.errors else ""
    return (JsonFact(file, None, tuple(document.twice), said), *document.parts())


class _Document:
    """One pass over the bytes; `at` is how far it has come."""

    def __init__(self, file: str, data: bytes) -> None:
        self._file = file
        self._data = data
        self._at = 0
        self._vocabulary = Vocabulary()
        self._model: dict[str, object] = {}
        self._streamed: dict[str, TextFact] = {}
        self._members: dict[str, object] = {}
        self.twice: dict[str, None] = {}
        self.errors: list[str] = []

    def read(self) -> None:
        """The whole document. Raises `StrictJsonError`."""
        self._skip()
        for key in self._keys():
            if key == "model" and self._peek() == b"{":
                self._read_model()
            else:
                self._members[key] = self._value()
        self._skip()
        if self._at != len(self._data):
            self._fail("something follows the document")
        if not self._model and not self._streamed:
            self._fail("there is no model in it")
        kind = self._model.get("type")
        if (kind is None and "vocab" not in self._streamed) or (kind is not None and not _is_model(kind)):
            self.errors.append("its model is none of those that tokenizers are made of")

    def parts(self) -> Iterator[TextFact | VocabularyFact]:
        """Every part that the document has."""
        added = self._members.get("added_tokens")
        for entry in added if isinstance(added, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("id"), int) and isinstance(entry.get("content"), str):
                self._vocabulary.add(entry["id"], quoted(entry["content"]))
        yield from self._vocabulary.parts(self._file)
        yield from (fact for name, fact in self._streamed.items() if name != "vocab")
        rest = {key: item for key, item in self._model.items() if not _is_unset(item)}
        yield part(self._file, "model", leaves(rest))
        yield from (part(self._file, name, leaves(self._members.get(name))) for name in PARTS)
        if (truncation := self._members.get("truncation")) is not None:
            yield part(self._file, "truncation", leaves(truncation))

    def _read_model(self) -> None:
        self._vocabulary, self._model, self._streamed = Vocabulary(), {}, {}
        for key in self._keys():
            opens = self._peek()
            if key == "vocab" and opens == b"{":
                self._streamed["vocab"] = part(self._file, "vocab", ())
                self._read_entries()
            elif key == "vocab" and opens == b"[":
                self._streamed["vocab"] = part(self._file, "vocab", ())
                self._streamed["scores"] = part(self._file, "scores", self._pieces())
            elif key == "merges" and opens == b"[":
                self._streamed["merges"] = part(self._file, "merges", self._merges())
            else:
                self._model[key] = self._value()

    def _read_entries(self) -> None:
        """Tokens and their ids: the `vocab` of every model but Unigram."""
        for tokens, between in self._runs(_TOKENS):
            self._vocabulary.extend(map(int, _NUMBERS.findall(between)), [f'"{token}"' for token in tokens])
        for again in self._vocabulary.repeated():
            self._repeats(again)

    def _pieces(self) -> Iterator[str]:
        """Scored pieces, the `vocab` of Unigram: remembers the tokens, yields the scores."""
        for tokens, between in self._runs(_PIECES):
            self._vocabulary.extend(None, [f'"{token}"' for token in tokens])
            yield from (repr(float(score)) for score in _NUMBERS.findall(between))

    def _merges(self) -> Iterator[str]:
        """Lines of the part `merges`: of pairs, or of texts with one space between two halves."""
        self._at += 1
        self._skip()
        joined = self._peek() == b'"'
        self._at -= 1
        for texts, _ in self._runs(_JOINED if joined else _PAIRS):
            if joined:
                yield from ['"' + text.replace(" ", '" "') + '"' for text in texts]
            else:
                yield from [f'"{left}" "{right}"' for left, right in zip(texts[::2], texts[1::2], strict=True)]

    # JSON

    def _keys(self) -> Iterator[str]:
        """Keys of the object that begins here; whoever takes one reads its value before the next."""
        if self._peek() != b"{":
            self._fail("no object")
        self._at += 1
        seen: set[str] = set()
        self._skip()
        while self._peek() != b"}" or seen:
            found = _KEY.match(self._data, self._at)
            if found is None:
                self._fail("no key of an object")
            key = _text(found[1])
            if key in seen:
                self._repeats(key)
            seen.add(key)
            self._at = found.end()
            yield key
            self._skip()
            if self._peek() == b"}":
                break
            self._expect(b",")
        self._expect(b"}")

    def _runs(self, entries: _Entries) -> Iterator[tuple[list[str], str]]:
        """Entries up to the bracket that closes them, many at a time: see `_apart`."""
        self._at += 1
        self._skip()
        number, more = 0, self._peek() != entries.close
        while more:
            run = entries.run.match(self._data, self._at)
            if run is None:
                self._fail("an entry that no tokenizer has")
            try:
                strings, between = _apart(run[0].decode("utf-8"))
            except UnicodeDecodeError:
                raise StrictJsonError("not-utf8", f"no UTF-8 between bytes {run.start()} and {run.end()}") from None
            self._at = run.end()
            number += len(strings) // entries.strings
            if number > MAX_ENTRIES:
                raise StrictJsonError("too-large", f"{lenient_json.TOO_LARGE}: more than {MAX_ENTRIES} entries")
            yield strings, between
            more = self._data[self._at - 1 : self._at] == b","
        self._expect(entries.close)

    def _value(self) -> object:
        """The value that begins here, read as loaders do."""
        start, depth = self._at, 0
        if self._peek() in (b"{", b"["):
            for bracket in _BRACKET.finditer(self._data, start, start + MAX_VALUE):
                depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(bracket[0], 0)
                if depth == 0:
                    self._at = bracket.end()
                    break
            else:
                self._fail(f"a value that does not end, or is {lenient_json.TOO_LARGE}")
        else:
            found = _SCALAR.match(self._data, start, start + MAX_VALUE)
            if found is None:
                self._fail("no value")
            self._at = found.end()
        fact = lenient_json.read(self._file, self._data[start : self._at])
        if fact.error and not fact.duplicate_keys:
            self.errors.append(fact.error)
        for key in fact.duplicate_keys:
            self._repeats(key)
        return fact.value

    def _repeats(self, key: str) -> None:
        self.twice[key] = None
        self.errors.append(f"the key {key!r} stands twice in one object")

    def _skip(self) -> None:
        found = _SPACE.match(self._data, self._at)
        assert found is not None, "it matches nothing at least"
        self._at = found.end()

    def _peek(self) -> bytes:
        return self._data[self._at : self._at + 1]

    def _expect(self, byte: bytes) -> None:
        if self._peek() != byte:
            self._fail(f"{byte.decode()!r} is missing")
        self._at += 1

    def _fail(self, what: str) -> NoReturn:
        raise StrictJsonError("not-json", f"{what} at byte {self._at}")


def _text(literal: bytes) -> str:
    """The text that a JSON string spells."""
    if b"\\" in literal:
        value = loads(literal)
        assert isinstance(value, str), "a string and nothing else was matched"
        return value
    try:
        return literal[1:-1].decode("utf-8")
    except UnicodeDecodeError:
        raise StrictJsonError("not-utf8", f"{literal[:40]!r} is not UTF-8") from None


def _apart(text: str) -> tuple[list[str], str]:
    """The strings of valid JSON, spelled as `json.dumps` does and without quotes; and what stands between them."""
    escapes = _ESCAPES.findall(text) if "\\" in text else []
    if escapes:
        # No string holds a NUL, so that one can keep the place of each.
        text = _ESCAPES.sub("\0", text)
    if not text.isascii() or escapes or "\x7f" in text:
        text = quoted(text)[1:-1].replace('\\"', '"')
    halves = text.split('"')
    strings = halves[1::2]
    if escapes:
        _put_back(strings, text, iter(escapes))
    return strings, " ".join(halves[::2])


def _put_back(strings: list[str], text: str, escapes: Iterator[str]) -> None:
    """Puts escapes where the NULs of `text` are, in its strings, and spells these anew."""
    places: dict[int, None] = {}
    quotes = after = 0
    for found in re.finditer(re.escape(_NUL), text):
        quotes += text.count('"', after, found.start())
        after = found.start()
        places[quotes // 2] = None
    whole = (re.sub(re.escape(_NUL), lambda _: next(escapes), strings[place]) for place in places)
    texts = loads("[{}]".format(",".join(f'"{string}"' for string in whole)).encode())
    assert isinstance(texts, list), "strings and commas between them"
    for place, string in zip(places, texts, strict=True):
        strings[place] = quoted(string)[1:-1]


def _is_model(kind: object) -> bool:
    return isinstance(kind, str) and kind in MODELS


def _is_unset(value: object) -> bool:
    """Older writers leave out what newer ones write as null, false or an empty text."""
    return value is None or value is False or value == ""
