r"""Regular expressions of tokenizers, as Python can run them.

Tokenizers write them for Oniguruma: `\p{L}` and its like, which Python does not have, become ranges. Only a part of the
language is taken, which the patterns in use keep to: alternatives of classes and letters, each repeated, two of them
without an end at most. Nothing else could be bounded: a pattern is the model's own text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

from provenance.surfaces.tokenizing.interface import A_CLASS, BYTES, WHITE, NotProbed, Step, Work
from provenance.surfaces.tokenizing.texts import TEXTS

Span = tuple[int, int]

MAX_PATTERN = 4096
"""Characters of a pattern."""
_CATEGORY = re.compile(r"[pP]\{([LMNPSZC][a-z]?)\}")
_BRACES = re.compile(r"\{(\d{0,4})(,?)(\d{0,4})\}", re.ASCII)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\x0c", "v": "\x0b"}
_SHORT = {"s": (), "d": ("Nd",), "w": ("L", "M", "Nd", "Nl", "Pc")}
_SIGNS = "\u2581\ufffd\u2047\u2423\uff5c\u200b\ufeff"
"""What normalizers write for spaces, and for what they do not know."""
_FRACTIONS = "\xb2\xb3\xb9\xbc\xbd\xbe"
"""What Oniguruma alone counts among the letters of words."""
_FEW = 4
"""Repetitions up to which an end is near enough not to count, and how many of these an alternative may have."""


class Pattern:
    """What a step looks for: a text, or a regular expression."""

    def __init__(self, source: str, *, literal: bool, work: Work) -> None:
        """Raises `NotProbed` for an expression that is not taken."""
        self._work = work
        rewritten, self._weights, classes = (re.escape(source), (0,), 0) if literal else _rewritten(source)
        work.add(A_CLASS * classes)
        try:
            self._compiled = _compiled(rewritten)
        except (re.error, OverflowError, RecursionError):
            raise NotProbed(f"a pattern of it cannot be read: {source[:60]!r}") from None

    def spans(self, text: str) -> list[Span]:
        """Where it is found, from left to right. Raises `NotProbed`."""
        if not text:
            return []
        if not _known().issuperset(text):
            raise NotProbed("it makes characters that its patterns are not known for")
        self._work.add(sum(len(text) ** (weight + 1) for weight in self._weights))
        return [match.span() for match in self._compiled.finditer(text)]


def of_step(step: Step, work: Work) -> Pattern:
    """The `pattern` of a step: `{"String": …}`, or `{"Regex": …}`."""
    said = step.get("pattern")
    if isinstance(said, dict) and len(said) == 1:
        (kind, source), *_ = said.items()
        if kind in ("String", "Regex") and isinstance(source, str):
            return Pattern(source, literal=kind == "String", work=work)
    raise NotProbed("the pattern of a step is no pattern")


@lru_cache(maxsize=16)
def _compiled(rewritten: str) -> re.Pattern[str]:
    return re.compile(rewritten)


def _rewritten(source: str) -> tuple[str, tuple[int, ...], int]:
    """The pattern for Python, what its alternatives weigh, and how many large classes it has."""
    parser = _Parser(source)
    return parser.whole(), tuple(parser.weights), parser.classes


class _Parser:
    """One pass over a pattern, writing it anew."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._endless = self._limited = self.classes = 0
        self.weights: list[int] = []
        """Repetitions without an end, of each alternative: it costs the text's length to that power, and once more."""
        if len(source) > MAX_PATTERN:
            raise self.refused("is too long")

    def refused(self, why: str) -> NotProbed:
        """What to raise for what is not taken."""
        return NotProbed(f"a pattern of it {why}: {self._source[:60]!r}")

    def whole(self) -> str:
        """The pattern for Python."""
        found = [self._alternative()]
        while self._take("|"):
            found.append(self._alternative())
        if self._at != len(self._source):
            raise self.refused("has a group that is not open")
        return "|".join(found)

    def _alternative(self) -> str:
        self._endless = self._limited = 0
        out = []
        while self._at < len(self._source) and self._source[self._at] not in "|)":
            out.append(self._group() if self._source[self._at] == "(" else self._atom() + self._repetition())
        if self._endless > 2 or self._limited > _FEW:
            raise self.refused("repeats too much at once")
        self.weights.append(self._endless)
        return "".join(out)

    def _group(self) -> str:
        """A group of plain alternatives, which may be left out; or a look ahead at one of them."""
        opened = re.compile(r"\((?:\?(?:i?:|[=!]))?(?!\?)").match(self._source, self._at)
        if opened is None:
            raise self.refused("has a group of a kind that is not known")
        self._at = opened.end()
        inner = []
        while not self._take(")"):
            if self._at >= len(self._source):
                raise self.refused("has a group that does not end")
            inner.append("|" if self._take("|") else self._atom())
        ahead = opened[0][-1] in "=!"
        begins = "(?:" if opened[0] == "(" else opened[0]
        optional = "?" if not ahead and self._take("?") else ""
        self._limited += bool(optional)
        if self._at < len(self._source) and self._source[self._at] in "*+?{":
            raise self.refused("repeats a group")
        return f"{begins}{''.join(inner)}){optional}"

    def _repetition(self) -> str:
        braces = _BRACES.match(self._source, self._at)
        if braces is not None and (braces[1] or braces[3]):
            self._at = braces.end()
            low, high = braces[1] or "0", (braces[3] if braces[2] else braces[1])
            near = high != "" and int(high) <= _FEW
            found = f"{{{low},{high}}}"
        elif self._at < len(self._source) and self._source[self._at] in "*+?":
            found = self._source[self._at]
            near = found == "?"
            self._at += 1
        else:
            return ""
        self._limited += near
        self._endless += not near
        # After braces a plus repeats the repetition; after the others it forbids to go back.
        if self._take("?"):
            return found + "?"
        if braces is None and self._take("+"):
            return found + "+"
        if self._at < len(self._source) and self._source[self._at] in "*+{":
            raise self.refused("repeats a repetition")
        return found

    def _atom(self) -> str:
        """One character, or one class of them."""
        character = self._next()
        if character == "[":
            return self._class()
        if character == ".":
            return r"[^\n]"
        if character == "\\":
            members = self._escaped()
            return f"[{members}]" if len(members) > 1 else re.escape(members)
        if character in "^$*+?{()|":
            raise self.refused(f"has {character!r} where it is not known")
        return re.escape(character)

    def _class(self) -> str:
        """What stands between brackets."""
        negated = self._take("^")
        out: list[str] = []
        while not (self._take("]") and out):
            character = self._next()
            if character == "[" or self._source.startswith("&&", self._at - 1) or character == "]":
                raise self.refused("has a class of a kind that is not known")
            members = self._escaped() if character == "\\" else character
            if len(members) > 1:
                out.append(members)
            elif self._take("-") and self._source[self._at : self._at + 1] != "]":
                last = self._next()
                last = self._escaped() if last == "\\" else last
                if len(last) > 1 or last == "[":
                    raise self.refused("has a range without an end")
                out.append(f"{_spelled(members)}-{_spelled(last)}")
            else:
                out.append(_spelled(members))
                if self._source[self._at - 1] == "-" and members != "-":
                    out.append("\\-")
        return f"[{'^' if negated else ''}{''.join(out)}]"

    def _escaped(self) -> str:
        """What follows a backslash: one character, or the members of a class."""
        category = _CATEGORY.match(self._source, self._at)
        if category is not None:
            self._at = category.end()
            self.classes += 1
            return _members(category[1], negated=category[0][0] == "P")
        character = self._next()
        if character.lower() in _SHORT:
            self.classes += 1
            return _members(character.lower(), negated=character.isupper())
        if character in _CONTROLS:
            return _CONTROLS[character]
        if character == "u" and re.compile("[0-9a-fA-F]{4}").match(self._source, self._at):
            self._at += 4
            return chr(int(self._source[self._at - 4 : self._at], 16))
        if character.isalnum():
            raise self.refused(f"has '\\{character}', which is not known")
        return character

    def _next(self) -> str:
        if self._at >= len(self._source):
            raise self.refused("ends too soon")
        self._at += 1
        return self._source[self._at - 1]

    def _take(self, character: str) -> bool:
        found = self._source.startswith(character, self._at)
        self._at += found
        return found


# ---------------------------------------------------------------------------------------------------------------------
# Classes
# ---------------------------------------------------------------------------------------------------------------------


def _spelled(character: str) -> str:
    return f"\\U{ord(character):08X}"


@cache
def _members(name: str, *, negated: bool) -> str:
    """Ranges, as they stand between brackets: of a general category, or of `s`, `d`, `w`; never none at all."""
    single = WHITE if name == "s" else _FRACTIONS if name == "w" else ""
    wanted = () if name == "s" else _SHORT.get(name, (name,))
    codes = [
        ord(character)
        for character in sorted(_known())
        if (character in single or unicodedata.category(character).startswith(wanted)) is not negated
    ]
    spans: list[list[int]] = []
    for code in codes or [0x10FFFF]:
        if spans and spans[-1][1] == code - 1:
            spans[-1][1] = code
        else:
            spans.append([code, code])
    return "".join(f"\\U{low:08X}-\\U{high:08X}" for low, high in spans)


@cache
def _known() -> frozenset[str]:
    """All that a text can hold: what the texts have, what Unicode makes of it, and the letters of bytes."""
    found = {*map(chr, range(256)), *BYTES.values(), *_SIGNS, *"".join(TEXTS)}
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        found.update(*(unicodedata.normalize(form, text) for text in (*TEXTS, *found)))
    found.update(*(case(character) for case in (str.lower, str.upper, str.casefold) for character in tuple(found)))
    return frozenset(found)
