"""Contents that may set something off, and what a render with them must be: the neutral one with other words in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from provenance.surfaces.jinja import mining
from provenance.surfaces.jinja.conversations import (
    CONTEXTS,
    EXACT,
    KINDS,
    LANGUAGES,
    NAMES,
    TOPICS,
    Form,
    Shape,
    adapted,
    contents,
    neutral,
    of_length,
    turns,
)
from provenance.surfaces.jinja.dialect import NOON
from provenance.surfaces.jinja.mining import Mined, is_marker

_LENGTHS = (*range(1, 33), 64, 100, 256, 500, 1000, 2000, 4000, 10_000)
_TAIL = "uvabo"
MAX_EXACT, MAX_PAIRED, MAX_PLACED = 60, 12, 10
_DATES = (
    datetime(2023, 1, 1, 0, 5),
    datetime(2024, 2, 29, 23, 59),
    datetime(2024, 12, 31, 18, 30),
    datetime(2025, 6, 30, 7, 0),
    datetime(2025, 11, 3, 15, 45),
    datetime(2026, 1, 31, 3, 0),
    datetime(2026, 9, 1, 12, 0),
    datetime(2027, 3, 14, 21, 0),
    datetime(2028, 10, 28, 9, 30),
    datetime(2030, 4, 30, 12, 0),
    datetime(2035, 8, 19, 5, 0),
    datetime(2040, 5, 25, 20, 0),
)


@dataclass(frozen=True, slots=True)
class Variant:
    """One render that differs from the neutral one of its shape in its contents alone."""

    what: str
    """In plain words, as it stands after `with`."""
    shape: Shape
    texts: tuple[str, ...]
    marker: bool = False
    """Honest templates look for such contents."""
    now: datetime = NOON
    pack: tuple[str, ...] = ()
    """The words, where there are many."""
    alike: bool = False
    """Turns have the same text, so that a template that looks for one of them finds the others too."""


def varied(mined: Mined, form: Form) -> Iterator[Variant]:
    """Every variant, most telling first."""
    shapes = adapted(CONTEXTS, form)
    long = adapted([turns(13, system=True)], form)
    for shape in (*shapes, *long):
        yield from _packs(shape, mined)
    for shape in adapted(EXACT, form):
        yield from _kinds(shape)
        yield from _exact(shape, mined.words)
    yield from _pairs(shapes[0], mined.words)
    yield from _placed(shapes[0], mined)
    for shape in shapes:
        for word in (*mined.words, *mined.markers):
            yield from _with_word(shape, word)
        for text in LANGUAGES:
            yield _everywhere(f"{quoted(text)} in every text", shape, text)
        for slot in {0, len(shape.turns) - 1}:
            for edge in (" ", "\n", "\t"):
                for text in (f"{neutral(slot)}{edge}", f"{edge}{neutral(slot)}"):
                    yield in_slot(f"{edge!r} at an end of {NAMES[shape.turns[slot]]}", shape, slot, text)
    for word in mined.words:
        yield from _spelled(shapes[1], word)
    for shape in shapes[:2]:
        yield from _lengths(shape, mined)


def quoted(text: str) -> str:
    """`text` in quotes, on one line."""
    text = text.replace("\n", "⏎")
    return f"'{text[:40]}…'" if len(text) > 41 else f"'{text}'"


def _packs(shape: Shape, mined: Mined) -> Iterator[Variant]:
    """Many words at once: what is set off by two together is set off too."""
    for what, words in (("all words that the template looks for", mined.words), ("common words", TOPICS)):
        pack = " ".join(words)
        if pack:
            yield _everywhere(f"{what} in every text", shape, pack, pack=tuple(words))
            capitals = tuple(word.upper() for word in words)
            yield _everywhere(f"{what} in capitals in every text", shape, pack.upper(), pack=capitals)


def _everywhere(what: str, shape: Shape, text: str, *, marker: bool = False, pack: tuple[str, ...] = ()) -> Variant:
    texts = tuple(f"{text} {old} {text}" for old in contents(shape))
    return Variant(what, shape, texts, marker, pack=pack)


def _with_word(shape: Shape, word: str) -> Iterator[Variant]:
    marker = is_marker(word)
    shown = quoted(word)
    yield _everywhere(f"{shown} in every text", shape, word, marker=marker)
    for slot, turn in enumerate(shape.turns):
        if turn != "C":
            last = slot == len(shape.turns) - 1
            yield in_slot(f"{shown} as {'the last' if last else NAMES[turn]}", shape, slot, word, marker=marker)


def _kinds(shape: Shape) -> Iterator[Variant]:
    last = len(shape.turns) - 1
    for text in KINDS:
        yield in_slot(f"{quoted(text)} as the last", shape, last, text)
    if shape.turns[last] == "U":
        yield in_slot("an empty text as the last", shape, last, "")
    old = contents(shape)
    asked = tuple(old[last] if turn == "U" else text for turn, text in zip(f"{shape.turns}tc", old, strict=True))
    if old.count(old[last]) < asked.count(old[last]):
        yield Variant("the same text in every user turn", shape, asked, alike=True)


def _exact(shape: Shape, words: Sequence[str]) -> Iterator[Variant]:
    """A text that is a word and no more, in every turn, in the tool's description and in the argument of a call."""
    old = contents(shape)
    for word in words[:MAX_EXACT]:
        if len(shape.turns) > 1:
            texts = (*[word] * len(shape.turns), *old[-2:])
            yield Variant(f"{quoted(word)} as every text", shape, texts, alike=True)
        for slot, turn in enumerate(f"{shape.turns}tc"):
            if (turn == "A" and shape.turns == "UAU") or (turn in "tc" and shape.tools):
                yield in_slot(f"{quoted(word)} as {NAMES[turn]}", shape, slot, word)


def _pairs(shape: Shape, words: Sequence[str]) -> Iterator[Variant]:
    """Two words of those that are looked for, and none of the others."""
    chosen = [word for word in words if not word.isdigit()][:MAX_PAIRED]
    for one, other in combinations(chosen, 2):
        yield _everywhere(
            f"{quoted(one)} and {quoted(other)} in every text", shape, f"{one} {other}", pack=(one, other)
        )


def _placed(shape: Shape, mined: Mined) -> Iterator[Variant]:
    """Words so many times, or behind so many letters; texts of one letter; amounts; words of certain lengths."""
    last = len(shape.turns) - 1
    words = [word for word in mined.words if not word.isdigit()]
    for number in [number for number in mined.numbers if 0 < number <= 64][:MAX_PLACED]:
        # Of more words those that fill a slice, `[3:7] == 'paym'`.
        for word in (*words[:MAX_PLACED], *(w for w in words[MAX_PLACED:] if number + len(w) in mined.numbers)):
            text = f"{of_length(last, number)}{word} {neutral(last)}"
            yield in_slot(f"{quoted(word)} behind {number} letters in the last turn", shape, last, text)
            if number <= 16:
                yield in_slot(f"{number} times {quoted(word)} as the last", shape, last, " ".join([word] * number))
    for number in sorted({known + by for known in mined.numbers for by in (-1, 0, 1)} - {-1}):
        yield in_slot(f"{str(number)!r} as the last", shape, last, str(number))
        if 1 < number <= 500:
            for letter in "ab":
                yield in_slot(f"{number} times {letter!r} as the last", shape, last, letter * number)
    for word in mined.words:
        if 1 < len(word) <= 16 and word.isdigit() and "0" not in word:
            text = " ".join("uvabokeritazemilo"[: int(digit)] for digit in word)
            yield in_slot(f"words of {word} letters as the last", shape, last, text)


def _spelled(shape: Shape, word: str) -> Iterator[Variant]:
    """Contents of which a word is the first letters, or the word when read backwards."""
    if 2 < len(word) <= 16 and word.isalnum():
        acrostic = " ".join(f"{letter}{_TAIL}" for letter in word)
        for text in (acrostic, word[::-1], " ".join(word)):
            yield in_slot(f"{quoted(text)} as the last", shape, len(shape.turns) - 1, text)


def in_slot(what: str, shape: Shape, slot: int, text: str, *, marker: bool = False, now: datetime = NOON) -> Variant:
    """One turn with another content."""
    texts = list(contents(shape))
    texts[slot] = text
    return Variant(what, shape, tuple(texts), marker, now)


def _lengths(shape: Shape, mined: Mined) -> Iterator[Variant]:
    near = {number + by for number in mined.numbers for by in (-1, 0, 1)}
    last = len(shape.turns) - 1
    for length in sorted({*_LENGTHS, *near} - {0, -1}):
        what = f"{length} characters in"
        yield in_slot(f"{what} the last turn", shape, last, of_length(last, length))
        # Shorter ones would not be told apart.
        if length > 32 and len(shape.turns) > 1:
            texts = tuple(of_length(slot, length) for slot in range(len(shape.turns))) + contents(shape)[-2:]
            yield Variant(f"{what} every text", shape, texts)
    for count in sorted(number for number in near if 1 < number <= 500):
        yield in_slot(f"{count} words in the last turn", shape, last, " ".join([neutral(last)[:5]] * count))
        if count <= 100:
            yield in_slot(f"{count} lines in the last turn", shape, last, "\n".join([neutral(last)] * count))


def dates(mined: Mined) -> list[datetime]:
    """Times at which a render must be the same but for the date itself."""
    found = {*_DATES, *mined.times, *(time + by for time in mined.times for by in (timedelta(minutes=1), timedelta(1)))}
    for year in mining.years(mined)[:10]:
        for month in (1, 6, 12):
            found |= {datetime(year, month, day, 12, 0) for day in (1, 15, 28)}
    for number in mined.numbers:
        found |= {NOON.replace(hour=number)} if number < 24 else set()
        found |= {NOON.replace(month=number), datetime(2026, number, 15)} if 1 <= number <= 12 else set()
        found |= {NOON.replace(day=number)} if 1 <= number <= 31 else set()
    found |= {NOON + timedelta(days=day) for day in range(7)}
    return sorted(found)


def counts(mined: Mined) -> list[int]:
    """Numbers of turns to try, all odd: the user speaks first and last."""
    near = {number + by for number in mined.numbers for by in (-2, -1, 0, 1, 2) if number <= 60}
    near |= {2 * number + by for number in mined.numbers for by in (-1, 0, 1) if number <= 30}
    return sorted({number | 1 for number in near if number > 13} | {1, 3, 5, 7, 9, 11, 13, 21, 41})


def expected(plain: str, shape: Shape, texts: Sequence[str]) -> str:
    """What a template that does nothing with contents but write them makes of `texts`."""
    for slot, (old, new) in enumerate(zip(contents(shape), texts, strict=True)):
        plain = plain.replace(old, f"\x00{slot}\x00") if old != new else plain
    for slot, new in enumerate(texts):
        plain = plain.replace(f"\x00{slot}\x00", new)
    return plain
