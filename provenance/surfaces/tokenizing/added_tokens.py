"""Added tokens: what is cut out of a text before anything else happens to it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from provenance.surfaces.tokenizing.interface import WHITE, NotProbed, flag
from provenance.surfaces.tokenizing.normalizers import Normalize

MAX_NORMALIZED = 20_000
"""Characters of added tokens that are normalized before they are looked for."""

Cut = list[tuple[str, bool, str | None]]
"""Parts of a text: the part, whether the text begins with it, and the added token that it is."""


@dataclass(frozen=True, slots=True)
class Added:
    """One added token, as the document describes it."""

    content: str
    ident: int
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    normalized: bool = True

    @property
    def flags(self) -> tuple[bool, ...]:
        """All that decides where it is found."""
        return (self.single_word, self.lstrip, self.rstrip, self.normalized)


def read(value: object) -> dict[str, Added]:
    """The part `added_tokens`, by content. Raises `NotProbed`."""
    found: dict[str, Added] = {}
    for row in value if isinstance(value, list) else ():
        if not isinstance(row, dict):
            raise NotProbed("one of its added tokens is not an object")
        content, ident, special = row.get("content"), row.get("id"), flag(row, "special", default=False)
        if not isinstance(content, str) or not isinstance(ident, int):
            raise NotProbed("one of its added tokens has no text, or no id")
        strict = {name: flag(row, name, default=False) for name in ("single_word", "lstrip", "rstrip")}
        if content and content not in found:
            found[content] = Added(content, ident, **strict, normalized=flag(row, "normalized", default=not special))
    return found


class Cutter:
    """Looks for added tokens: the longest where several begin at one place."""

    def __init__(self, tokens: Iterable[Added], normalize: Normalize) -> None:
        tokens = list(tokens)
        normalized = [token for token in tokens if token.normalized]
        if sum(len(token.content) for token in normalized) > MAX_NORMALIZED:
            raise NotProbed("it has too many added tokens")
        self._normalize = normalize
        self._plain = _lengths((token.content, token) for token in tokens if not token.normalized)
        self.written = {token.content: normalize(token.content) for token in normalized}
        """What the library writes in place of tokens that are looked for in normalized text."""
        self._normalized = _lengths((self.written[token.content], token) for token in normalized)

    def cut(self, given: str) -> Cut:
        """The text as added tokens and normalized parts between them."""
        out: Cut = []
        for part, first, token in _cut(given, self._plain):
            if token is not None:
                out.append((part, first, token))
            else:
                inner = _cut(self._normalize(part), self._normalized)
                out += ((text, first and begins, found) for text, begins, found in inner)
        return out


_ByLength = dict[int, dict[str, Added]]


def _lengths(tokens: Iterable[tuple[str, Added]]) -> _ByLength:
    """Tokens by length, the longest first."""
    found: _ByLength = {}
    for content, token in tokens:
        if content:
            found.setdefault(len(content), {})[content] = token
    return dict(sorted(found.items(), reverse=True))


def _cut(given: str, tokens: _ByLength) -> Cut:
    tokens = {length: known for length, known in tokens.items() if length <= len(given)}
    out: Cut = []
    place = after = 0
    while place < len(given):
        token = next((t for n, known in tokens.items() if (t := known.get(given[place : place + n])) is not None), None)
        if token is None:
            place += 1
            continue
        length = next(n for n, known in tokens.items() if known.get(given[place : place + n]) is token)
        start, stop = place, place + length
        place = stop
        if token.single_word and (_is_word(given[start - 1 : start]) or _is_word(given[stop : stop + 1])):
            continue
        if token.lstrip:
            start = max(after, len(given[:start].rstrip(WHITE)))
        if token.rstrip:
            stop += len(given[stop:]) - len(given[stop:].lstrip(WHITE))
        if start < after:
            raise NotProbed("added tokens that take spaces with them overlap")
        if after < start:
            out.append((given[after:start], after == 0, None))
        out.append((given[start:stop], start == 0, token.content))
        after = stop
    if after < len(given):
        out.append((given[after:], after == 0, None))
    return out


def _is_word(character: str) -> bool:
    if not character:
        return False
    category = unicodedata.category(character)
    return category[0] in "LM" or category in ("Nd", "Nl", "Pc") or character in "\u200c\u200d"
