"""Characters of a text that no one sees, or that make it read otherwise than it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x061C, 0x200E, 0x200F}
_TAGS = range(0xE0000, 0xE0080)
_SELECTORS = {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x180B, 0x1810)}
_JOINERS = {0x200C, 0x200D}
_BLANK = {0x00AD, 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x200B, 0x2800, 0x3164, 0xFEFF, 0xFFA0}
_BLANK |= {*range(0x2060, 0x2066), *range(0x206A, 0x2070), *range(0xFFF9, 0xFFFC), *range(0x1D173, 0x1D17B)}
_FLAG = "\U0001f3f4"
_SUSPECTS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e01ef]"
)


def hidden(text: str) -> Iterator[tuple[int, str]]:
    """Line and description of the first character of each kind, by place in the text.

    What emoji and scripts need is left alone: joiners and variation selectors after what they join and vary, flags.
    """
    seen: set[str] = set()
    for match in _SUSPECTS.finditer(text):
        kind = _kind(text, match.start())
        if kind and kind not in seen:
            seen.add(kind)
            yield text.count("\n", 0, match.start()) + 1, f"{kind} U+{ord(match[0]):04X}{_name(match[0])}"


def _name(character: str) -> str:
    name = unicodedata.name(character, "")
    return f" {name}" if name else ""


def _kind(text: str, place: int) -> str:
    code, before = ord(text[place]), text[place - 1 : place]
    if code in _BIDI:
        return "bidirectional control"
    if code in _TAGS:
        return "" if _in_flag(text, place) else "tag character"
    if code in _SELECTORS:
        return (
            ""
            if before and (not before.isascii() or before in "0123456789#*") and not _stacked(before)
            else ("variation selector")
        )
    if code in _JOINERS:
        return "" if before and not before.isascii() and not text[place + 1 : place + 2].isascii() else "joiner"
    if code in _BLANK:
        return "" if code == 0xFEFF and place == 0 else "invisible character"
    return "control character"


def _stacked(before: str) -> bool:
    """A selector after a selector varies nothing: bytes are smuggled in such rows."""
    return ord(before) in _SELECTORS


def _in_flag(text: str, place: int) -> bool:
    """The flags of England, Scotland and Wales are a black flag and tag characters."""
    start = place
    while start and ord(text[start - 1]) in _TAGS and place - start < 8:
        start -= 1
    return text[start - 1 : start] == _FLAG


# ---------------------------------------------------------------------------------------------------------------------
# Marks that look like others, code that is out of sight
# ---------------------------------------------------------------------------------------------------------------------

_MARK = re.compile(r"<[^<>\s'\"{}]{2,60}>")
_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0445\u0443\u0456\u0455\u0458\u0410\u0412\u0415\u041a\u041c\u041d\u041e"
    "\u0420\u0421\u0422\u0425\u03bf\u03b1\u03b9\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4"
    "\u03a5\u03a7\u0131\u0251\u0261",
    "aeopcxyisjABEKMHOPCTXoaiABEHIKMNOPTYXiag",
)
_FAR = re.compile(r"\S[ \t]{150,}\S")


def lookalikes(text: str) -> Iterator[tuple[int, str]]:
    """Marks such as `<|im_start|>` that are written with other letters than one that they look like."""
    seen: dict[str, str] = {}
    for match in _MARK.finditer(text):
        mark = match[0]
        folded = unicodedata.normalize("NFKC", mark).translate(_LOOKALIKES)
        other = seen.setdefault(folded, mark)
        mixed = mark.isascii() is False and bool(re.search("[A-Za-z]", mark)) and mark.translate(_LOOKALIKES) != mark
        if other != mark or mixed:
            yield text.count("\n", 0, match.start()) + 1, f"{mark!a} looks like {folded!a} and is not"
            return


def out_of_sight(text: str) -> Iterator[tuple[int, str]]:
    """Code behind so many spaces that an editor does not show it."""
    match = _FAR.search(text)
    if match:
        yield text.count("\n", 0, match.start()) + 1, f"text after {len(match[0]) - 2} spaces, out of sight"
