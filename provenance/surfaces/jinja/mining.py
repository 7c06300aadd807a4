"""What a template compares contents with: words, numbers and years, read from its tree and seen while it renders.

Reading finds what stands in branches that no conversation here takes; watching finds what is put together at run time,
however it was taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from jinja2 import TemplateError, nodes

from provenance.surfaces.jinja.conversations import SHAPES, SPOKEN, Form, Shape, adapted
from provenance.surfaces.jinja.dialect import NOON, TooMuch
from provenance.surfaces.jinja.rendering import Renderer

MAX_WORDS = 300
MAX_NUMBERS = 40
MAX_NUMBER = 200_000
MAX_WORD = 120
MAX_FOLDED = 2000
MAX_FORMATS, MAX_DAYS, MAX_TIMES = 8, 6 * 366, 40

_MARKER = re.compile(r"\s*(?:[<\[(].*[>\])]|</?[\w|]+|[\w|]+>|/\w+|[\W_]*[<>\[\](){}|][\W_]*)\s*", re.DOTALL)
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class Mined:
    """Sorted, so that the order in which things were found does not show."""

    words: tuple[str, ...]
    """Texts that may trigger something, of what language has."""
    markers: tuple[str, ...]
    """Texts in brackets, commands with a slash, punctuation: what honest templates look for in contents."""
    numbers: tuple[int, ...]
    times: tuple[datetime, ...] = ()
    """When the clock says what the template looks for."""
    left_out: int = 0
    """Words that were found and are more than are tried."""


def mine(tree: nodes.Template, text: str, form: Form) -> Mined:
    """Everything of the template `text`, whose syntax tree is `tree`."""
    # What is read comes first: numbers that are only seen are mostly lengths and counters.
    found: dict[str | int, None] = dict.fromkeys(_constants(tree))
    watcher = Renderer(text, recording=True)
    shapes = adapted(SHAPES, form)
    for _ in range(3):
        known = len(found)
        _watch(watcher, shapes, [word for word in found if isinstance(word, str)])
        found |= watcher.environment.recorded
        if len(found) == known:
            break
    mined = _sorted(found)
    return replace(mined, times=times(sorted(watcher.environment.formats), mined))


def merged(one: Mined, other: Mined) -> Mined:
    """What either has."""
    both = _sorted([*one.words, *one.markers, *one.numbers, *other.words, *other.markers, *other.numbers])
    return replace(both, times=tuple(sorted({*one.times, *other.times})))


def times(formats: Sequence[str], mined: Mined) -> tuple[datetime, ...]:
    """Minutes and days at which the clock, written in one of `formats`, says a word or number that is looked for."""
    wanted = {*mined.words, *mined.markers, *map(str, mined.numbers)}
    days = [datetime(2024, 1, 1, 12, 0) + timedelta(days=day) for day in range(MAX_DAYS)]
    minutes = [NOON.replace(hour=0) + timedelta(minutes=minute) for minute in range(24 * 60)]
    found: set[datetime] = set()
    for form in formats[:MAX_FORMATS]:
        said: dict[str, datetime] = {}
        for now in (*days, *minutes):
            text = now.strftime(form)
            for value in (text, text.lstrip("0"), *text.split()):
                said.setdefault(value, now)
        found |= {said[value] for value in wanted if value in said}
    return tuple(sorted(found)[:MAX_TIMES])


def _watch(watcher: Renderer, shapes: Iterable[Shape], words: list[str]) -> None:
    """Render with every word in every text, so that conditions after `and` are reached too."""
    pack = " ".join(sorted(word for word in words if len(word) <= MAX_WORD and not is_marker(word))[:MAX_WORDS])
    for shape in shapes:
        watcher.plain(shape)
        if pack:
            watcher.render(shape, [pack] * (len(shape.turns) + 2))


def _sorted(found: Iterable[str | int]) -> Mined:
    texts = sorted({word.strip() for word in found if isinstance(word, str) and 0 < len(word.strip()) <= MAX_WORD})
    texts = [word for word in texts if not set(word.lower().split()) & SPOKEN]
    numbers = [number for number in found if isinstance(number, int) and 0 <= number <= MAX_NUMBER]
    words = [word for word in texts if not is_marker(word)]
    markers = [word for word in texts if is_marker(word)]
    return Mined(
        tuple(words[:MAX_WORDS]),
        tuple(markers[:MAX_WORDS]),
        tuple(sorted(numbers[:MAX_NUMBERS])),
        left_out=max(0, len(words) - MAX_WORDS) + max(0, len(markers) - MAX_WORDS),
    )


def is_marker(word: str) -> bool:
    """Whether `word` is structure and not language: `</think>`, `[INST]`, `/no_think`, a line end."""
    return not word.strip() or _MARKER.fullmatch(word) is not None


def years(mined: Mined) -> list[int]:
    """Years that stand in words or numbers."""
    texts = [*mined.words, *mined.markers, *map(str, mined.numbers)]
    return sorted({int(year) for text in texts for year in _YEAR.findall(text)})


def _constants(tree: nodes.Template) -> Iterator[str | int]:
    """Values of expressions that are not themselves what is written to the prompt, and what constant ones amount to."""
    folded = 0
    stack: list[tuple[nodes.Node, bool]] = [(tree, False)]
    while stack:
        node, written = stack.pop()
        if isinstance(node, nodes.TemplateData):
            continue
        if isinstance(node, nodes.Const):
            if not written and isinstance(node.value, str | int) and not isinstance(node.value, bool):
                yield node.value
            continue
        if isinstance(node, nodes.List | nodes.Tuple):
            yield from _lengths(node)
        if isinstance(node, nodes.Filter | nodes.Add | nodes.Concat | nodes.Getitem | nodes.Mul) and not written:
            folded += 1
            if folded <= MAX_FOLDED:
                yield from _folded(node)
        inner = isinstance(node, nodes.Output) or (written and isinstance(node, nodes.Add | nodes.Concat))
        stack += [(child, inner) for child in node.iter_child_nodes()]


def _lengths(node: nodes.List | nodes.Tuple) -> Iterator[str]:
    """`[3, 1, 4]` as `314`: it may be how long words are to be."""
    values = [item.value for item in node.items if isinstance(item, nodes.Const)]
    if len(values) == len(node.items) > 1 and all(type(value) is int and 0 < value < 10 for value in values):
        yield "".join(map(str, values))


def _folded(node: nodes.Expr) -> Iterator[str | int]:
    try:
        value = node.as_const()
    except (nodes.Impossible, TemplateError, TooMuch, TypeError, ValueError, LookupError, ArithmeticError, MemoryError):
        return
    if isinstance(value, str | int) and not isinstance(value, bool):
        yield value
