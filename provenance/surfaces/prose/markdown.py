"""A Markdown text in passages: what a reader of the rendered page sees, and what only its source shows.

No renderer: one pass that knows front matter, fences, code in a line, comments, elements whose style hides them, titles
of links and descriptions of pictures. What it cannot tell counts as seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

MAX_HIDDEN = 5000
"""Hidden passages of one text; beyond, the rest counts as seen."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a text that readers do not see where it stands."""

    kind: str
    """In words: `a comment`, `an element that is not shown`, `the title of a link`, …"""
    text: str
    place: int
    """Where it begins in the whole text, in characters."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text, taken apart."""

    front: str
    """YAML front matter without its marks; empty where there is none."""
    prose: str
    """What is seen and no code; all else is blank, so that every place is that of the whole text."""
    hidden: tuple[Passage, ...]


COMMENT_IN_CODE = "a comment in a block of code"
"""Readers see it, unless their program takes the block for HTML."""
_FRONT = re.compile(r"\ufeff?---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$", re.DOTALL | re.MULTILINE)
_OPENING = re.compile(r"<!--|^[ ]{0,3}(`{3,}|~{3,})[^`\n]*$|(`+)", re.MULTILINE)
_INDENTED = re.compile(r"^(?: {4}|\t)[^\n]*$", re.MULTILINE)
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_LONGEST_CODE = 2000


def parse(text: str) -> Document:
    """Take `text` apart; line ends are one character."""
    front = _FRONT.match(text)
    body = _blank(front[0]) + text[front.end() :] if front else text
    comments, markup, prose = _without_comments(body)
    prose = _INDENTED.sub(lambda line: _blank(line[0]), prose)
    hidden = islice(chain(comments, _elements(markup), _formulas(markup), _beside(markup)), MAX_HIDDEN)
    return Document(front[1] if front else "", prose, tuple(hidden))


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _without_comments(text: str) -> tuple[list[Passage], str, str]:
    """Comments; the text without them and without blocks of code; the text without code in a line as well."""
    comments: list[Passage] = []
    markup: list[str] = []
    prose: list[str] = []
    place = 0
    while found := _OPENING.search(text, place):
        before, end = text[place : found.start()], _end(text, found)
        piece = text[found.start() : end]
        if not found[2]:
            kind = "a comment" if found[0] == "<!--" else COMMENT_IN_CODE
            comments += [Passage(kind, inner[1], found.start() + inner.start()) for inner in _COMMENT.finditer(piece)]
        markup += [before, piece if found[2] else _blank(piece)]
        prose += [before, _blank(piece)]
        place = end
    rest = text[place:]
    return comments, "".join([*markup, rest]), "".join([*prose, rest])


def _end(text: str, found: re.Match[str]) -> int:
    """Where the comment, block of code or code in a line that begins at `found` ends."""
    if found[0] == "<!--":
        end = text.find("-->", found.end())
        return len(text) if end < 0 else end + 3
    if found[1]:
        closing = re.compile(rf"^[ ]{{0,3}}{re.escape(found[1][0])}{{{len(found[1])},}}[ \t]*$", re.MULTILINE)
        end_of_block = closing.search(text, found.end())
        return end_of_block.end() if end_of_block else len(text)
    end = text.find(found[2], found.end(), found.end() + _LONGEST_CODE)
    return found.end() if end < 0 else end + len(found[2])


# ---------------------------------------------------------------------------------------------------------------------
# Elements that are not shown, texts beside others
# ---------------------------------------------------------------------------------------------------------------------

_TAG = re.compile(r"<([A-Za-z][A-Za-z0-9-]{0,20})(\s[^<>]{0,2000})>")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_STYLE = re.compile(r"\bstyle\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_COLOR = re.compile(r"\bcolor\s*=\s*[\"']?(?:white|#fff(?:fff)?|transparent)\b", re.IGNORECASE)
_FEW = re.compile(r"[01](?:\.\d+)?(?:px|pt|em|rem|%)?")
_LONGEST = 50_000


def _elements(text: str) -> Iterator[Passage]:
    place = 0
    while found := _TAG.search(text, place):
        place = found.end()
        if not hides(found[2]):
            continue
        stop = _closing(found[1].lower(), text, place)
        yield Passage("an element that is not shown", text[place:stop], found.start())
        place = stop


def _closing(name: str, text: str, place: int) -> int:
    """Where the next end tag of `name` is."""
    for found in re.finditer(r"</([A-Za-z][A-Za-z0-9-]{0,20})", text[place : place + _LONGEST]):
        if found[1].lower() == name:
            return place + found.start()
    return min(len(text), place + _LONGEST)


def hides(attributes: str) -> bool:
    """Whether an element's attributes keep its text from being seen."""
    bare = _QUOTED.sub("", attributes).lower().replace("aria-hidden", "")
    if re.search(r"\bhidden\b", bare) or _COLOR.search(attributes):
        return True
    style = _STYLE.search(attributes)
    if not style:
        return False
    pairs = (part.partition(":") for part in (style[1] or style[2] or "").lower().split(";"))
    rules = {name.strip(): value.replace("!important", "").strip() for name, _, value in pairs}
    color, ground = rules.get("color", ""), rules.get("background-color", rules.get("background", ""))
    moved = any(rules.get(side, "").startswith("-") for side in ("left", "top", "text-indent", "margin-left"))
    return (
        rules.get("display") == "none"
        or rules.get("visibility") in ("hidden", "collapse")
        or _FEW.fullmatch(rules.get("font-size", "")) is not None
        or rules.get("opacity", "1").startswith(("0", ".0"))
        or color in ("transparent", "white", "#fff", "#ffffff", "rgb(255,255,255)", "rgb(255, 255, 255)")
        or (color != "" and color == ground)
        or moved
    )


_UNPRINTED = re.compile(
    r"\\(?:(?:text)?color\s{0,4}\{\s{0,4}(?:white|transparent|#fff(?:fff)?)\s{0,4}\}|[hv]?phantom\b)([^$\n]{0,4000})",
    re.IGNORECASE,
)


def _formulas(text: str) -> Iterator[Passage]:
    """What TeX prints in no colour, or keeps room for and does not print."""
    for found in _UNPRINTED.finditer(text):
        yield Passage("a formula that is not shown", found[1], found.start())


_ALT = re.compile(r"!\[")
_TITLE = re.compile(r"\]\([^()\s]{0,1000}\s{1,4}([\"'(])")
_CLOSES = {'"': '"', "'": "'", "(": ")"}
_REFERENCE = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:([^\n]{10,})$", re.MULTILINE)
_ATTRIBUTE = re.compile(
    r"\b(?:alt|title|aria-label|content|data-[\w-]{1,40})\s{0,4}=\s{0,4}(?:\"([^\"]{10,4000})\"|'([^']{10,4000})')",
    re.IGNORECASE,
)
_LONGEST_TITLE = 4000


def _beside(text: str) -> Iterator[Passage]:
    """Texts that the page shows when pointed at, or when a picture does not come, or not at all."""
    for found in _ALT.finditer(text):
        end = text.find("](", found.end(), found.end() + _LONGEST_TITLE)
        if end > 0:
            yield Passage("the description of a picture", text[found.end() : end], found.start())
    for found in _TITLE.finditer(text):
        end = text.find(_CLOSES[found[1]], found.end(), found.end() + _LONGEST_TITLE)
        if end > 0:
            yield Passage("the title of a link", text[found.end() : end], found.start())
    for found in _REFERENCE.finditer(text):
        yield Passage("a reference that is not shown", found[1], found.start())
    for found in _ATTRIBUTE.finditer(text):
        yield Passage("an attribute of an element", found[1] or found[2], found.start())
