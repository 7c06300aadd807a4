"""Literals of Python as NumPy writes them into the header of an array: read by a grammar of our own, nothing evaluated.

Dictionaries, lists, tuples, texts without escapes, whole numbers, truth values. What Python itself would refuse is
`RefusedError`; what it may take and no writer writes (escapes, sums, other bases) is `UnknownError`.
"""

from __future__ import annotations

import re

Literal = str | int | bool | None | list["Literal"] | tuple["Literal", ...] | dict[str, "Literal"]

MAX_DEPTH = 16
TOO_LARGE = 2**64
"""Stands for every whole number that has more digits."""
_TOKEN = re.compile(
    r"[ \t\n]*(?:(?P<text>'[^'\\\n\r]*'|\"[^\"\\\n\r]*\")|(?P<number>-?[0-9]+L?)(?![\w.])|(?P<word>True|False|None)\b"
    r"|(?P<mark>[{}\[\](),:])|(?P<end>\Z))"
)
_MAYBE = re.compile(r"[ \t\n]*(?:[#\\\f\r+.0-9-]|[bBrRuU]{0,2}(?:'''|\"\"\"|['\"][^\n]*\\)|[bBrRuU]{1,2}['\"]|set\b)")
"""What no token is and Python may take: comments, escapes, signs, other numbers, prefixed texts."""
_CLOSING = {"{": "}", "[": "]", "(": ")"}


class RefusedError(ValueError):
    """Python reads this text as no literal, or as one in which a key stands twice."""


class UnknownError(ValueError):
    """Python may read this text; this grammar does not."""


def parse(text: str, *, python2: bool) -> Literal:
    """The value of `text`, where `python2` with numbers of Python 2 (`3L`); raises `RefusedError` or `UnknownError`."""
    parser = _Parser(text, python2=python2)
    value = parser.value(0)
    if parser.kind != "end":
        raise RefusedError(f"goes on at character {parser.place}")
    return value


class _Parser:
    """One token of look-ahead."""

    def __init__(self, text: str, *, python2: bool) -> None:
        self._text, self._python2 = text, python2
        self._next = self.place = 0
        self.kind = self.token = ""
        self._step()

    def _step(self) -> None:
        found = _TOKEN.match(self._text, self._next)
        if found is None:
            where = f"has no literal at character {self._next}"
            raise UnknownError(where) if _MAYBE.match(self._text, self._next) else RefusedError(where)
        self.kind = str(found.lastgroup)
        self.token, self.place, self._next = found[self.kind], found.start(self.kind), found.end()

    def value(self, depth: int) -> Literal:
        """The value that begins with the token at hand."""
        kind, token = self.kind, self.token
        if depth > MAX_DEPTH:
            raise UnknownError(f"at character {self.place}")
        if kind == "mark" and token in _CLOSING:
            self._step()
            return self._items(token, depth + 1)
        if kind in ("mark", "end"):
            raise RefusedError(f"has no value at character {self.place}")
        self._step()
        if kind == "text":
            if self.kind == "text":
                raise UnknownError(f"at character {self.place}")  # two texts side by side are one
            return token[1:-1]
        return {"True": True, "False": False, "None": None}[token] if kind == "word" else self._number(token)

    def _items(self, opening: str, depth: int) -> Literal:
        """What stands between brackets, which are closed."""
        items: list[Literal] = []
        pairs: dict[str, Literal] = {}
        commas = 0
        while (self.kind, self.token) != ("mark", _CLOSING[opening]):
            item = self.value(depth)
            if opening == "{":
                self._pair(item, pairs, depth)
            items.append(item)
            if (self.kind, self.token) == ("mark", ","):
                commas += 1
                self._step()
            elif (self.kind, self.token) != ("mark", _CLOSING[opening]):
                raise RefusedError(f"has no comma or bracket at character {self.place}")
        self._step()
        if opening == "{":
            return pairs
        if opening == "(":
            return items[0] if len(items) == 1 and not commas else tuple(items)
        return items

    def _pair(self, key: Literal, pairs: dict[str, Literal], depth: int) -> None:
        if (self.kind, self.token) != ("mark", ":") or not isinstance(key, str):
            where = f"has no key at character {self.place}"
            raise RefusedError(where) if depth == 1 else UnknownError(where)
        if key in pairs:
            raise RefusedError(f"has the key {key[:80]!r} twice")
        self._step()
        pairs[key] = self.value(depth)

    def _number(self, token: str) -> int:
        """Python 3 has no `L`, which NumPy passes over in its older versions, and no zero before other digits."""
        digits = token.removesuffix("L").lstrip("-")
        plain = digits.lstrip("0") or "0"
        if plain not in (digits, "0") or (token.endswith("L") and not self._python2):
            raise RefusedError(f"has the number {token[:40]}")
        value = int(plain) if len(plain) < 20 else TOO_LARGE
        return -value if token.startswith("-") else value
