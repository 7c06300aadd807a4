"""Which token an id is, and whether it is a word or a mark: for checks of settings that name tokens by their ids."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from posixpath import dirname

from provenance.checks.interface import facts
from provenance.facts import TextFact
from provenance.records import ModelEvidence

_LINE = re.compile(r'^([0-9]{1,9}) ("(?:[^"\\]|\\.)*+")$', re.MULTILINE)
_ADDED = re.compile(r'^"content": ("(?:[^"\\]|\\.)*+")', re.MULTILINE)
_SPECIAL = re.compile(r'^"\w+": ("(?:[^"\\]|\\.)*+")', re.MULTILINE)
_FEW = 32
_MARK = re.compile(r"[<\[{|\uff5c].*[>\]}|\uff5c]|<.*|.*>", re.DOTALL)
"""`<|im_end|>`, `</s>`, `[PAD]`, `<image>`: texts that mark something, as people write them."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of some ids, as far as the tokenizer's facts tell."""

    texts: Mapping[int, str]
    marks: frozenset[str]
    """Tokens that the tokenizer lists as added or special."""

    def text(self, ident: int) -> str | None:
        """The token of an id, for people; None where it is not known."""
        found = self.texts.get(ident)
        return None if found is None else found.replace("\u0120", " ").replace("\u2581", " ")

    def is_word(self, ident: int) -> bool:
        """Whether the token is known and a part of texts: not added, not special, not written as a mark."""
        found = self.texts.get(ident)
        if found is None or _MARK.fullmatch(found):
            return False
        return found not in self.marks or found.isalpha()


def tokens(model: ModelEvidence, folder: str, idents: Iterable[int]) -> Tokens:
    """The tokens of `idents` by the tokenizer that lies in `folder`."""
    wanted = frozenset(ident for ident in idents if 0 <= ident < 1 << 30)
    texts: dict[int, str] = {}
    marks: set[str] = set()
    for fact in facts(model, TextFact):
        if not wanted or fact.text is None or dirname(fact.file) != folder:
            continue
        if fact.role == "tokenizer:tokens":
            texts |= {ident: text for ident, text in _named(fact.text, wanted) if ident not in texts}
        elif fact.role == "tokenizer:extra-tokens":
            found = dict(_named(fact.text, wanted))
            texts |= found
            marks |= set(found.values())
        elif fact.role == "tokenizer:added_tokens":
            marks |= {json.loads(found[1]) for found in _ADDED.finditer(fact.text)}
        elif fact.role == "tokenizer:special":
            marks |= {json.loads(found[1]) for found in _SPECIAL.finditer(fact.text)}
    return Tokens(texts, frozenset(marks))


def _named(text: str, wanted: frozenset[int]) -> Iterator[tuple[int, str]]:
    """(id, token) of the lines `ID "TOKEN"` of some ids; a few are looked for one by one, for texts are long."""
    if len(wanted) > _FEW:
        for line in _LINE.finditer(text):
            if int(line[1]) in wanted:
                yield int(line[1]), json.loads(line[2])
        return
    for ident in wanted:
        start = 0 if text.startswith(f"{ident} ") else text.find(f"\n{ident} ") + 1
        entry = _LINE.match(text, start)
        if entry and int(entry[1]) == ident:
            yield ident, json.loads(entry[2])
