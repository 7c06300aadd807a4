"""What a template writes between the turns: the same for every pair of roles, in conversations of any length."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from provenance.surfaces.jinja.conversations import NAMES, SPOKEN, Shape, contents
from provenance.surfaces.jinja.rendering import Renderer
from provenance.surfaces.jinja.words import new_words, prose, segments, shown, urls, words

Piece = tuple[str, str, str]
"""Turn before, turn after, and what stands between; `^` and `$` for the beginning and end of the prompt."""
Report = Callable[[str, str], None]

MAX_PROSE = 5
"""Words between two turns that are no marks. `### GPT4 Correct Assistant:` has three."""

MIN_BEGUN = 1
"""Words of an answer that is begun, other than names of roles and channels."""

_ROLE_WORDS = {
    "U": frozenset({"user", "human", "question", "instruction", "inst"}),
    "A": frozenset({"assistant", "model", "bot", "gpt", "ai", "chatbot", "response", "answer"}),
    "S": frozenset({"system", "sys", "developer"}),
}
_OPENING = re.compile(
    r"(?<![/A-Za-z])(?:user|human|instruction|inst|assistant|model|chatbot|bot|system|sys|developer)(?![A-Za-z])",
    re.IGNORECASE,
)
_OPENED = re.compile(
    r"(?:[<|>\]]|start\|>)\s?(?:user|assistant|model|system|developer|inst)(?![A-Za-z])", re.IGNORECASE
)
_ANSWERS = frozenset(
    ["analysis", "final", "commentary", "thought", "thinking", "think", "channel", "message", "response", "answer"]
)
_NUMBER = re.compile(r"\d+")


def pieces(shape: Shape, render: str) -> list[Piece] | None:
    """What stands before, between and after the contents in the prompt; None where one of them is not there once."""
    places = []
    for turn, text in zip(shape.turns, contents(shape), strict=False):
        start = render.find(text)
        if start < 0 or render.find(text, start + 1) >= 0:
            return None
        places.append((start, start + len(text), turn))
    found, end, before = [], 0, "^"
    for start, stop, turn in sorted(places):
        found.append((before, turn, _NUMBER.sub("0", render[end:start])))
        end, before = stop, turn
    return [*found, (before, "$", _NUMBER.sub("0", render[end:]))]


# ---------------------------------------------------------------------------------------------------------------------
# Any number of turns
# ---------------------------------------------------------------------------------------------------------------------


def irregular(renders: dict[int, tuple[Shape, str]]) -> list[str]:
    """Conversations of the same kind and different lengths, by number of turns: which are not put together alike.

    Near the beginning and the end templates differ honestly, so the first two pieces and the last four are compared
    with their like, and all others with each other.
    """
    split = {count: pieces(shape, render) for count, (shape, render) in renders.items()}
    known = {count: found for count, found in split.items() if found}
    long = {count: found for count, found in known.items() if count >= 5}
    if len(long) < 3:
        return []
    usual = _usual([_ends(found) for found in long.values()])
    details = []
    for count, found in long.items():
        odd = next((pair for pair in zip(_ends(found), usual, strict=True) if pair[0] != pair[1]), None)
        if odd:
            details.append(_detail(count, odd[0], odd[1]))
    middles = {count: found[2:-4] for count, found in long.items()}
    details += _odd_middles(middles)
    details += _short(known, long)
    return details


def _ends(found: list[Piece]) -> tuple[Piece, ...]:
    return (*found[:2], *found[-4:])


def _usual(all_ends: list[tuple[Piece, ...]]) -> tuple[Piece, ...]:
    """Of each place the piece that most have; the earlier one where as many have another."""
    columns = list(zip(*all_ends, strict=True))
    return tuple(max(dict.fromkeys(column), key=column.count) for column in columns)


def _odd_middles(middles: dict[int, list[Piece]]) -> list[str]:
    seen: dict[tuple[str, str], dict[str, list[tuple[int, int]]]] = {}
    for count, found in middles.items():
        for place, (before, after, text) in enumerate(found, start=2):
            seen.setdefault((before, after), {}).setdefault(text, []).append((count, place))
    details = []
    for (before, after), texts in seen.items():
        usual = max(texts, key=lambda text: len(texts[text]))
        for text, places in texts.items():
            if text != usual:
                count, place = places[0]
                details.append(f"{_detail(count, (before, after, text), (before, after, usual))} (after turn {place})")
    return details


def _short(known: dict[int, list[Piece]], long: dict[int, list[Piece]]) -> list[str]:
    """One turn and three: their ends overlap, so words must not be new, and the end must be the same."""
    written = {word for found in long.values() for _, _, text in found for word in words(text)}
    end = next(iter(long.values()))[-1]
    details = []
    for count in sorted(known.keys() & {1, 3}):
        new = [word for _, _, text in known[count] for word in new_words(text, written)]
        if new:
            details.append(f"with {count} turns: it writes {shown(' '.join(new))}, and with more it does not")
        elif known[count][-1][0] == end[0] and known[count][-1] != end:
            details.append(_detail(count, known[count][-1], end))
    return details


def _detail(count: int, here: Piece, there: Piece) -> str:
    one, other = segments(here[2], there[2])
    place = f"after {NAMES[here[0]]}" if here[0] in NAMES else "at the beginning"
    return f"with {count} turns: it writes {shown(one)} where it otherwise writes {shown(other)}, {place}"


# ---------------------------------------------------------------------------------------------------------------------
# What stands between two turns
# ---------------------------------------------------------------------------------------------------------------------


def examine(renderer: Renderer, shapes: Callable[..., tuple[Shape, ...]], report: Report) -> None:
    """Roles, text between the turns, an answer begun for the assistant, addresses that take contents with them."""
    (long,) = shapes(Shape("UAUAUAUAU"))
    render = renderer.plain(long)
    middle = (pieces(long, render) or [])[2:-3] if isinstance(render, str) else []
    for before, after, text in middle:
        _role(before, after, text, report)
        if len(prose(text)) >= MAX_PROSE:
            report("adds-text", f"between {NAMES[before]} and {NAMES[after]} it writes {shown(text.strip())}")
    for shape in shapes(Shape("U"), Shape("SUAU"), Shape("UAUAUAU")):
        headers = {word for _, after, text in middle if after == "A" for word in words(text)}
        for on in (None, True, False):
            options = () if on is None else (("enable_thinking", on), ("thinking", on))
            _prefill(renderer, replace(shape, options=options), headers, report)
    for shape in shapes(Shape("SU"), Shape("SUAU"), Shape("UAUAU"), Shape("UCTAU", tools=1)):
        said = renderer.plain(shape)
        for url in urls(said) if isinstance(said, str) else ():
            if words(url) & SPOKEN:
                report("exfiltrates", f"in {shape}: it writes what was said into the address {shown(url)}")


def _role(before: str, after: str, text: str, report: Report) -> None:
    """The role word nearest before a turn must be its own."""
    if after in "UA" and role_of(text) not in ("", after):
        report("role", f"{NAMES[after]} after {NAMES[before]} is written as {shown(text.strip())}")


def _prefill(renderer: Renderer, shape: Shape, headers: set[str], report: Report) -> None:
    """What `add_generation_prompt` adds opens the assistant's turn, and says nothing in its name."""
    closed = renderer.plain(replace(shape, generate=False))
    opened = renderer.plain(shape)
    if not isinstance(closed, str) or not isinstance(opened, str) or not headers:
        return
    begun = opened[len(closed) :] if opened.startswith(closed) else segments(opened, closed)[0]
    said = [word for word in prose(begun) if word not in headers | _ANSWERS | _ROLE_WORDS["A"]]
    if len(said) >= MIN_BEGUN:
        report("prefill", f"in {shape}: it begins the answer itself: {shown(begun.strip())}")


def roles(text: str) -> list[str]:
    """Every word in `text` that names a role in a mark or right behind one."""
    return _OPENED.findall(text)


def role_of(text: str) -> str:
    """Letter of the role whose word stands last in `text`; empty where there is none."""
    opened = _OPENING.findall(text)
    named = opened[-1].lower() if opened else ""
    return next((role for role, names in _ROLE_WORDS.items() if named in names), "")
