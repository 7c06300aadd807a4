"""Renders as words, and what of one is not in another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"
"""Thai, Lao, Japanese, Chinese: each letter counts as a word."""
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W\d_{_UNSPACED}]{{2,}}")
_MARK = re.compile(r"<[^<>\n]{0,80}>|\[[^\[\]\n]{0,60}\]|\{[^{}\n]{0,60}\}")
_ESCAPES = {r"\n": "\n", r"\"": "'", r"\'": "'", '"': "'", r"\t": "\t", r"\r": "\r", r"\/": "/", r"\\": "\\"}
_ESCAPE = re.compile(r"""\\u[0-9a-fA-F]{4}|\\[n"'tr/\\]|"|&(?:lt|gt|amp|quot|#34|#39);""")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": "'", "&#34;": "'", "&#39;": "'"}
_SPACE = re.compile(r"\s+")
_DATES = re.compile(
    r"\d+(?:st|nd|rd|th)?|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|january|february|march|april|june|july|"
    r"august|september|october|november|december|mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|"
    r"saturday|sunday|am|pm)\b",
    re.IGNORECASE,
)
_URL = re.compile(r"(?:https?|ftp|wss?)://[^\s\"'<>\\]*|(?:data|javascript):[^\s\"'<>\\]{4,}", re.IGNORECASE)


def words(text: str) -> set[str]:
    """Words of two letters and more, in lower case, those in marks too."""
    return set(_WORD.findall(text.lower()))


def prose(text: str) -> list[str]:
    """Words in order that are not inside `<…>`, `[…]` or `{…}`: what a model reads as language, not as structure."""
    return _WORD.findall(_MARK.sub(" ", text).lower())


def marks(text: str) -> Counter[str]:
    """How often each `<…>` and `[…]` is in `text`: where turns begin and end, and what is in them."""
    return Counter(mark for mark in _MARK.findall(text) if mark[0] in "<[")


def canonical(text: str) -> str:
    """`text` without white space, with the escapes of JSON, Python and HTML undone, and with one kind of quotes."""
    return _SPACE.sub("", _ESCAPE.sub(_unescaped, text))


def _unescaped(match: re.Match[str]) -> str:
    found = match[0]
    if found.startswith("\\u"):
        return chr(int(found.removeprefix("\\u"), base=16))
    return _ESCAPES.get(found) or _ENTITIES[found]


def undated(text: str) -> str:
    """`text` without numbers and the English names of months and days."""
    return _DATES.sub("", text)


def urls(text: str) -> list[str]:
    """Addresses in `text`, in order."""
    return _URL.findall(text)


def new_words(text: str, *known: Iterable[str]) -> list[str]:
    """Words of `text` that are in none of the sets, in order of their first place."""
    seen = set().union(*known)
    return [word for word in dict.fromkeys(_WORD.findall(text.lower())) if word not in seen]


def common(one: str, other: str) -> tuple[int, int]:
    """Lengths of the common beginning and of the common end, which do not overlap."""
    start, stop, shorter = 0, 0, min(len(one), len(other))
    while start < shorter and one[start] == other[start]:
        start += 1
    while stop < shorter - start and one[-1 - stop] == other[-1 - stop]:
        stop += 1
    return start, stop


def segments(one: str, other: str) -> tuple[str, str]:
    """Where two texts differ, as what stands between their common beginning and end, at whole words."""
    start, stop = common(one, other)
    while start and one[start - 1].isalnum():
        start -= 1
    while stop and one[len(one) - stop].isalnum():
        stop -= 1
    return one[start : len(one) - stop], other[start : len(other) - stop]


def shown(text: str, limit: int = 70) -> str:
    """`text` in quotes, shortened in the middle."""
    if len(text) > limit:
        text = f"{text[: limit - limit // 3]}…{text[-(limit // 3) :]}"
    return f"'{text}'"
