"""Letters that nobody sees, or that turn a line round, in a text for people.

Joiners, marks of direction and emoji need some of them: single ones are left alone, and so are flags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.facts import Feature

_ROW = re.compile("[\u200b-\u200d\u2060-\u2064\ufeff\u180e\u034f\u115f\u1160\u3164\uffa0]{8,}")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")
_TAGS = re.compile("(\U0001f3f4?)([\U000e0000-\U000e007f]{3,})")
_OVERRIDE = re.compile("[\u202d\u202e]")
_HOST = re.compile(r"https?://([^\s/()<>\[\]\"'`]{1,253})", re.IGNORECASE)
_MIXED = re.compile("[\u0370-\u052f][a-z]", re.IGNORECASE)
"""A Greek or Cyrillic letter before a Latin one in one label, which no registry gives out. The other way round it may
be the next word of a sentence."""
_MOST_IN_A_FLAG = 7


def features(text: str) -> Iterator[Feature]:
    """The first place of each kind."""
    for kind, pattern, words in (
        ("invisible-letters", _ROW, "letters of no width in a row"),
        ("invisible-letters", _SELECTORS, "variation selectors in a row"),
        ("bidi-override", _OVERRIDE, "character that turns the line round"),
    ):
        found = pattern.search(text)
        if found:
            yield Feature(kind, f"{len(found[0])} {words}", _line(text, found.start()))
    for host in _HOST.finditer(text):
        if _MIXED.search(host[1]):
            yield Feature("mixed-host", f"the host {host[1]!a} mixes alphabets", _line(text, host.start()))
            break
    for found in _TAGS.finditer(text):
        if not found[1] or len(found[2]) > _MOST_IN_A_FLAG:
            said = "".join(chr(ord(letter) & 0x7F) for letter in found[2] if 0x20 <= ord(letter) & 0x7F < 0x7F)
            yield Feature("tag-letters", f"letters that nobody sees spell {said[:100]!r}", _line(text, found.start()))
            return


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
