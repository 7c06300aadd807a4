"""The compiled table of a `Precompiled` normalizer: what it replaces by what.

SentencePiece writes it (normalizer.cc, `EncodePrecompiledCharsMap`): the length of a trie in 32 bits, the trie as
darts-clone lays it out in units of 32 bits, and the replacements, a zero byte after each; numbers little-endian.
"""

from __future__ import annotations

import sys
import unicodedata
from array import array
from base64 import b64decode
from collections.abc import Iterator

_LONGEST = 64
"""Bytes of a key; those of Unicode's normalization have 18 at most."""


def replacements(table: str) -> Iterator[tuple[str, str]]:
    """Every (text, replacement) of a table in base64. Raises `ValueError` where it is none."""
    data = b64decode(table, validate=True)
    size = int.from_bytes(data[:4], "little")
    if len(data) < 4 or size % 4 or not 0 < size <= len(data) - 4:
        raise ValueError("the length of its trie is not that of one")
    units = array("I", data[4 : 4 + size])
    if sys.byteorder == "big":
        units.byteswap()
    texts = data[4 + size :]
    for key, value in _keys(units):
        end = texts.find(b"\0", value)
        if value >= len(texts) or end < 0:
            raise ValueError("a replacement lies outside of it")
        yield key.decode("utf-8", "replace"), texts[value:end].decode("utf-8", "replace")


def _keys(units: array[int]) -> Iterator[tuple[bytes, int]]:
    """Keys of a trie and their values, each node once whatever the units say."""
    children: dict[int, list[tuple[int, int]]] = {}
    for place, unit in enumerate(units):
        # A unit with the highest bit is a value; others carry the byte that leads to them from `place ^ byte`.
        if place and not unit >> 31 and unit & 0xFF:
            children.setdefault(place ^ unit & 0xFF, []).append((unit & 0xFF, unit))
    root = _offset(units[0])
    seen, stack = {root}, [(b"", root)]
    while stack:
        key, node = stack.pop()
        for byte, unit in children.get(node, ()):
            place = node ^ byte
            below = place ^ _offset(unit)
            longer = key + bytes((byte,))
            if unit >> 8 & 1 and below < len(units):
                yield longer, units[below] & 0x7FFFFFFF
            if below in seen:
                continue
            seen.add(below)
            if len(longer) > _LONGEST:
                raise ValueError("a text in it has no end")
            stack.append((longer, below))


def _offset(unit: int) -> int:
    return unit >> 10 << ((unit & 0x200) >> 6)


def rewritten(table: str) -> tuple[str, str] | None:
    """The first (text, replacement) that is no form, case or spacing of the same text. Raises `ValueError`."""
    found = (pair for pair in replacements(table) if not _is_form(*pair))
    return min(found, default=None)


def _is_form(text: str, replacement: str) -> bool:
    """Whether normalization would say so: another form, case or accent of the same letters, or no letters at all."""
    if _folded(text) == _folded(replacement):
        return True
    if len(text) == 1 and unicodedata.category(text) == "Cn":
        # A character newer than Python's tables; tables of letters in other shapes are what Unicode adds.
        return len(replacement) == 1
    return not any(character.isalnum() for character in text + replacement)


def _folded(text: str) -> str:
    """Without width, case and accents, all of which tables may take away."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(character for character in plain if unicodedata.category(character) != "Mn")
