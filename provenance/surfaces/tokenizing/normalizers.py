"""Normalizers: what a tokenizer makes of a text before it cuts it. Steps and members as `tokenizers` names them."""

from __future__ import annotations

import re
import sys
import unicodedata
from array import array
from base64 import b64decode
from collections.abc import Callable
from typing import Literal

from provenance.surfaces.tokenizing import patterns
from provenance.surfaces.tokenizing.interface import (
    A_CHARACTER,
    BYTES,
    MAX_TEXT,
    WHITE,
    NotProbed,
    Step,
    Work,
    flag,
    flat,
    kind,
    text,
    unknown,
)

Normalize = Callable[[str], str]

_IDEOGRAPHS = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F), (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip
"""What BERT's normalizer sets apart."""
_NMT = {
    **dict.fromkeys([*range(1, 9), 0x0B, *range(0x0E, 0x20), 0x7F, 0x8F, 0x9F]),
    **dict.fromkeys(
        [0x09, 0x0A, 0x0C, 0x0D, 0x1680, *range(0x200B, 0x2010), 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD], " "
    ),
}
"""What the normalizer `Nmt` takes out, and what it makes a space of."""


def normalizer(value: object, work: Work) -> Normalize:
    """All steps of the part `normalizer` as one. Raises `NotProbed`, as what it returns does."""
    steps = [_step(step, work) for step in flat(value, "normalizers")]

    def run(given: str) -> str:
        for step in steps:
            work.add(A_CHARACTER * len(given))
            given = step(given)
            if len(given) > MAX_TEXT:
                raise NotProbed("its normalizer makes a text much longer")
        return given

    return run


def _step(step: Step, work: Work) -> Normalize:
    make = _MAKERS.get(kind(step))
    if make is None:
        raise unknown("normalizer", step)
    return make(step, work)


def _form(name: Literal["NFC", "NFD", "NFKC", "NFKD"]) -> Callable[[Step, Work], Normalize]:
    return lambda _step, _work: lambda given: unicodedata.normalize(name, given)


def _plain(run: Normalize) -> Callable[[Step, Work], Normalize]:
    return lambda _step, _work: run


def _lower(given: str) -> str:
    """Character by character: a sigma at the end of a word is one like any other."""
    return "".join(character.lower() for character in given)


def without_marks(given: str, kinds: str = "Mn Mc Me") -> str:
    """Without marks, of all kinds or of some."""
    return "".join(character for character in given if unicodedata.category(character) not in kinds)


def _strip(step: Step, _: Work) -> Normalize:
    left, right = flag(step, "strip_left"), flag(step, "strip_right")

    def run(given: str) -> str:
        given = given.lstrip(WHITE) if left else given
        return given.rstrip(WHITE) if right else given

    return run


def _replace(step: Step, work: Work) -> Normalize:
    return replacing(patterns.of_step(step, work), text(step, "content"))


def replacing(pattern: patterns.Pattern, content: str) -> Normalize:
    """Every place of the pattern becomes `content`."""

    def run(given: str) -> str:
        out: list[str] = []
        after = 0
        for start, end in pattern.spans(given):
            out += (given[after:start], content)
            after = end
        return "".join((*out, given[after:]))

    return run


def _prepend(step: Step, _: Work) -> Normalize:
    first = text(step, "prepend")
    return lambda given: first + given if given else given


def spelled(given: str) -> str:
    """Each byte as the character that byte-level vocabularies write for it."""
    return "".join(map(BYTES.__getitem__, given.encode()))


# ---------------------------------------------------------------------------------------------------------------------
# BERT
# ---------------------------------------------------------------------------------------------------------------------


def _bert(step: Step, _: Work) -> Normalize:
    clean, apart = flag(step, "clean_text", default=True), flag(step, "handle_chinese_chars", default=True)
    lower = flag(step, "lowercase", default=True)
    strip = flag(step, "strip_accents", default=lower)

    def run(given: str) -> str:
        if clean:
            given = "".join(_cleaned(character) for character in given)
        if apart:
            given = "".join(f" {character} " if _is_ideograph(character) else character for character in given)
        if strip:
            given = without_marks(unicodedata.normalize("NFD", given), "Mn")
        return _lower(given) if lower else given

    return run


def _cleaned(character: str) -> str:
    if character in WHITE and character not in "\x0b\x0c\x85":
        return " "
    return "" if character == "\ufffd" or unicodedata.category(character)[0] == "C" else character


def _is_ideograph(character: str) -> bool:
    return character >= "\u3400" and any(low <= ord(character) <= high for low, high in _IDEOGRAPHS)


# ---------------------------------------------------------------------------------------------------------------------
# Compiled tables
# ---------------------------------------------------------------------------------------------------------------------

_CLUSTER = re.compile("\r\n|.", re.DOTALL)


def _compiled(step: Step, _: Work) -> Normalize:
    """The table that SentencePiece compiles: a trie as darts-clone lays it out, replacements with a zero after each.

    It is asked for a character with its marks, up to five bytes, then for each character; the first key that such a
    text begins with counts, however short.
    """
    said = step.get("precompiled_charsmap")
    if not said:
        return lambda given: given
    try:
        data = b64decode(str(said), validate=True)
    except ValueError:
        raise NotProbed("a compiled table cannot be read") from None
    size = int.from_bytes(data[:4], "little")
    units = array("I", data[4 : 4 + size - size % 4])
    if sys.byteorder == "big":
        units.byteswap()
    texts = data[4 + size :]

    def found(part: str) -> str | None:
        place = _first(units, part.encode())
        if place is None:
            return None
        end = texts.find(b"\0", place, place + 4 * MAX_TEXT)
        return texts[place : end if end >= 0 else place + 4 * MAX_TEXT].decode("utf-8", "replace")

    def run(given: str) -> str:
        out = []
        for cluster in _clusters(given):
            whole = found(cluster) if len(cluster.encode()) < 6 else None
            if whole is not None:
                out.append(whole)
                continue
            for character in cluster:
                other = found(character)
                out.append(character if other is None else other)
        return "".join(out)

    return run


def _first(units: array[int], key: bytes) -> int | None:
    """Where the replacement of the shortest key that `key` begins with is."""
    try:
        place = _offset(units[0])
        for byte in key:
            place ^= byte
            unit = units[place]
            if unit & 0x800000FF != byte:
                return None
            place ^= _offset(unit)
            if unit >> 8 & 1:
                return units[place] & 0x7FFFFFFF
    except IndexError:
        raise NotProbed("a compiled table cannot be read") from None
    return None


def _offset(unit: int) -> int:
    return unit >> 10 << ((unit & 0x200) >> 6)


def _clusters(given: str) -> list[str]:
    """A character and the marks and joiners on it, as far as the texts have them."""
    found: list[str] = []
    for character in _CLUSTER.findall(given):
        joins = unicodedata.category(character[0])[0] == "M" or character in "\u200c\u200d"
        if joins and found and unicodedata.category(found[-1][0]) != "Cc":
            found[-1] += character
        else:
            found.append(character)
    return found


_MAKERS: dict[str, Callable[[Step, Work], Normalize]] = {
    "NFC": _form("NFC"),
    "NFD": _form("NFD"),
    "NFKC": _form("NFKC"),
    "NFKD": _form("NFKD"),
    "Lowercase": _plain(_lower),
    "StripAccents": _plain(without_marks),
    "Nmt": _plain(lambda given: given.translate(_NMT)),
    "ByteLevel": _plain(spelled),
    "Strip": _strip,
    "Replace": _replace,
    "Prepend": _prepend,
    "BertNormalizer": _bert,
    "Precompiled": _compiled,
}
