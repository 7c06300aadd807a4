"""Pre-tokenizers: how a normalized text is cut into the pieces that the model gets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache

from provenance.surfaces.tokenizing import patterns
from provenance.surfaces.tokenizing.interface import (
    A_CHARACTER,
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
from provenance.surfaces.tokenizing.normalizers import spelled

Piece = tuple[str, bool]
"""A piece, and whether the text begins with it."""
Cut = Callable[[Piece], list[Piece]]

_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""GPT-2's."""
_WHITE = re.compile(f"[{WHITE}]")


def pre_tokenizer(value: object, work: Work) -> Callable[[list[Piece]], list[Piece]]:
    """All steps of the part `pre_tokenizer` as one. Raises `NotProbed`, as what it returns does."""
    cuts = [_step(step, work) for step in flat(value, "pretokenizers")]

    def run(pieces: list[Piece]) -> list[Piece]:
        for cut in cuts:
            work.add(A_CHARACTER * sum(len(piece) + 1 for piece, _ in pieces))
            pieces = [part for piece in pieces for part in cut(piece) if part[0]]
            if sum(len(piece) for piece, _ in pieces) > 4 * MAX_TEXT:
                raise NotProbed("its pre-tokenizer makes a text much longer")
        return pieces

    return run


def _step(step: Step, work: Work) -> Cut:
    make = _MAKERS.get(kind(step))
    if make is None:
        raise unknown("pre-tokenizer", step)
    return make(step, work)


# ---------------------------------------------------------------------------------------------------------------------
# What becomes of what is found
# ---------------------------------------------------------------------------------------------------------------------


def _cut(piece: Piece, found: Iterable[patterns.Span], behaviour: str, *, invert: bool = False) -> list[Piece]:
    """The piece cut at `found`; with `invert`, at all that lies between."""
    given, first = piece
    spans: list[tuple[int, int, bool]] = []
    after = 0
    for start, end in found:
        spans += (*([(after, start, invert)] if after < start else []), (start, end, not invert))
        after = end
    spans += [(after, len(given), invert)] if after < len(given) else []
    return [(given[start:end], first and start == 0) for start, end in _BEHAVIOURS[behaviour](spans)]


def _isolated(spans: list[tuple[int, int, bool]]) -> list[patterns.Span]:
    return [(start, end) for start, end, _ in spans]


def _removed(spans: list[tuple[int, int, bool]]) -> list[patterns.Span]:
    return [(start, end) for start, end, found in spans if not found]


def _contiguous(spans: list[tuple[int, int, bool]]) -> list[patterns.Span]:
    out: list[tuple[int, int, bool]] = []
    for start, end, found in spans:
        if out and out[-1][2] == found:
            out[-1] = (out[-1][0], end, found)
        else:
            out.append((start, end, found))
    return _isolated(out)


def _with_previous(spans: list[tuple[int, int, bool]]) -> list[patterns.Span]:
    out: list[patterns.Span] = []
    before = False
    for start, end, found in spans:
        if found and not before and out:
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
        before = found
    return out


def _with_next(spans: list[tuple[int, int, bool]]) -> list[patterns.Span]:
    out: list[patterns.Span] = []
    before = False
    for start, end, found in reversed(spans):
        if found and not before and out:
            out[-1] = (start, out[-1][1])
        else:
            out.append((start, end))
        before = found
    return out[::-1]


_BEHAVIOURS = {
    "Isolated": _isolated,
    "Removed": _removed,
    "Contiguous": _contiguous,
    "MergedWithPrevious": _with_previous,
    "MergedWithNext": _with_next,
}


# ---------------------------------------------------------------------------------------------------------------------
# Kinds
# ---------------------------------------------------------------------------------------------------------------------


def _bytes(step: Step, work: Work) -> Cut:
    """GPT-2's: words, and then bytes."""
    space, cuts = flag(step, "add_prefix_space"), flag(step, "use_regex", default=True)
    words = patterns.Pattern(_WORDS, literal=False, work=work) if cuts else None

    def run(piece: Piece) -> list[Piece]:
        given, first = piece
        given = f" {given}" if space and not given.startswith(" ") else given
        parts = _cut((given, first), words.spans(given), "Isolated") if words else [(given, first)]
        return [(spelled(part), begins) for part, begins in parts]

    return run


def _metaspace(step: Step, _: Work) -> Cut:
    """SentencePiece's: a sign for spaces, one more in front."""
    sign, cuts = text(step, "replacement"), flag(step, "split", default=True)
    where = text(step, "prepend_scheme", "always" if flag(step, "add_prefix_space", default=True) else "never")
    if len(sign) != 1 or where not in ("always", "first", "never"):
        raise NotProbed("its Metaspace is of a kind that is not known")

    def run(piece: Piece) -> list[Piece]:
        given, first = piece
        given = given.replace(" ", sign)
        if (where == "always" or (where == "first" and first)) and not given.startswith(sign):
            given = sign + given
        found = [(i, i + 1) for i, character in enumerate(given) if character == sign]
        return _cut((given, first), found, "MergedWithNext") if cuts else [(given, first)]

    return run


def _split(step: Step, work: Work) -> Cut:
    pattern, behaviour = patterns.of_step(step, work), text(step, "behavior")
    if behaviour not in _BEHAVIOURS:
        raise NotProbed("its pre-tokenizer cuts in a way that is not known")
    invert = flag(step, "invert", default=False)
    return lambda piece: _cut(piece, pattern.spans(piece[0]), behaviour, invert=invert)


def _characters(is_found: Callable[[str], bool], behaviour: str) -> Cut:
    def run(piece: Piece) -> list[Piece]:
        return _cut(piece, ((i, i + 1) for i, c in enumerate(piece[0]) if is_found(c)), behaviour)

    return run


def _is_white(character: str) -> bool:
    return _WHITE.match(character) is not None


@cache
def _is_punctuation(character: str) -> bool:
    ascii_mark = character.isascii() and character.isprintable() and not character.isalnum() and character != " "
    return ascii_mark or unicodedata.category(character)[0] == "P"


def _is_numeric(character: str) -> bool:
    return unicodedata.category(character)[0] == "N"


def _punctuation(step: Step, _: Work) -> Cut:
    behaviour = text(step, "behavior", "Isolated")
    if behaviour not in _BEHAVIOURS:
        raise NotProbed("its pre-tokenizer cuts in a way that is not known")
    return _characters(_is_punctuation, behaviour)


def _digits(step: Step, _: Work) -> Cut:
    return _characters(_is_numeric, "Isolated" if flag(step, "individual_digits", default=False) else "Contiguous")


def _bert(_step: Step, _work: Work) -> Cut:
    white, marks = _characters(_is_white, "Removed"), _characters(_is_punctuation, "Isolated")
    return lambda piece: [part for word in white(piece) for part in marks(word)]


def _words(_step: Step, work: Work) -> Cut:
    # The library asks another engine here than for patterns of a model: to it joiners are parts of words, and fractions
    # are none.
    letters = r"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\u200c\u200d"
    words = patterns.Pattern(f"[{letters}]+|[^{letters}\\s]+", literal=False, work=work)
    return lambda piece: _cut(piece, words.spans(piece[0]), "Removed", invert=True)


def _delimiter(step: Step, _: Work) -> Cut:
    sign = text(step, "delimiter")
    return _characters(lambda character: character == sign, "Removed")


_MAKERS: dict[str, Callable[[Step, Work], Cut]] = {
    "ByteLevel": _bytes,
    "Metaspace": _metaspace,
    "Split": _split,
    "Whitespace": _words,
    "WhitespaceSplit": lambda _step, _work: _characters(_is_white, "Removed"),
    "Punctuation": _punctuation,
    "Digits": _digits,
    "BertPreTokenizer": _bert,
    "CharDelimiterSplit": _delimiter,
}
