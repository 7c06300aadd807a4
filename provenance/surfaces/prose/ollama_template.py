"""What the `TEMPLATE` of a Modelfile has a model told: its constant text, judged as that of chat templates is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.surfaces import constant_text
from provenance.surfaces.jinja.hidden import hidden, lookalikes, out_of_sight
from provenance.surfaces.jinja.words import prose, shown
from provenance.surfaces.prose import orders
from provenance.surfaces.prose.go_template import CONTENT, MAX_WORK, SYSTEM, Row, Template, parse, rows

MAX_FOUND = 10
MIN_BEGUN = 2
"""Words of an answer that is begun."""

_SPACES = re.compile(r"\s{3,}")
_ANSWERS = frozenset(
    ["analysis", "final", "commentary", "thought", "thinking", "think", "response", "answer", "message"]
)
_OPERATOR = ("system", "developer")


def judged(text: str) -> tuple[list[tuple[str, str]], bool]:
    """Kind and plain words of what is out of the ordinary in a template, and whether something was left out."""
    template = parse(text)
    found: dict[tuple[str, str], None] = dict.fromkeys(_characters(text, template))
    for literal in template.literals:
        said = constant_text.order(_spaced(literal), later=False) or orders.in_values(_spaced(literal))
        found |= {("order", f"it says {shown(said)}"): None} if said else {}
    work = 0
    for row in rows(template):
        work += sum(len(piece) + 1 for piece, _ in row)
        if work > MAX_WORK:
            return list(found)[:MAX_FOUND], True
        found |= dict.fromkeys(_row(row))
    return list(found)[:MAX_FOUND], template.left_out


def _characters(text: str, template: Template) -> Iterator[tuple[str, str]]:
    for part in (text, *template.literals):
        for _, what in (*hidden(part), *lookalikes(part), *out_of_sight(part)):
            yield "hidden-character", what


def _row(row: Row) -> Iterator[tuple[str, str]]:
    whole = _spaced("".join(piece for piece, _ in row))
    said = constant_text.order(whole, later=False) or orders.in_values(whole)
    if said:
        yield "order", f"it says {_plain(said)}"
    # Tools are explained at length, in turns of their own and with "do not tell the user".
    untold = [piece for piece, tools in row if not tools]
    yield from _turns(_spaced("".join(untold)))
    yield from _later(untold)


def _turns(whole: str) -> Iterator[tuple[str, str]]:
    """Before anything is said there may be a system prompt; every other turn says what it is given."""
    for role, start, said in constant_text.turns(whole):
        first = role in _OPERATOR and not {CONTENT, SYSTEM} & set(whole[:start])
        if not first and not {CONTENT, SYSTEM} & set(said) and constant_text.is_said(said):
            yield "order", f"it writes a turn of its own: {_plain(said)}"
    last = constant_text.last_turn(whole)
    if last and CONTENT in whole[: last[1]]:
        yield from _last(last[0], last[2])


def _last(role: str, rest: str) -> Iterator[tuple[str, str]]:
    """What the prompt ends in: the beginning of an answer."""
    if role in ("assistant", "model"):
        begun = rest.partition(CONTENT)[0]
        if len([word for word in prose(begun) if word not in _ANSWERS]) >= MIN_BEGUN:
            yield "order", f"it begins the answer itself: {_plain(begun)}"
    elif CONTENT not in rest and SYSTEM not in rest and constant_text.is_said(rest):
        yield "order", f"it writes a turn of its own: {_plain(rest)}"


def _later(pieces: list[str]) -> Iterator[tuple[str, str]]:
    """What stands behind the first message, and addresses behind the first that is not the operator's."""
    whole = "".join(pieces)
    said = whole.partition(CONTENT)[2]
    found = constant_text.order(_spaced(re.split(f"[{CONTENT}{SYSTEM}]", whole, maxsplit=1)[-1]), later=True)
    if found and (CONTENT in whole or SYSTEM in whole):
        yield "order", f"it says {_plain(found)}"
    for address in constant_text.addresses(_spaced(said)):
        yield "order", f"behind what was said it writes the address {_plain(address)}"


def _spaced(text: str) -> str:
    """Long white space is short, so that no pattern takes long over it."""
    return _SPACES.sub("\n\n", text)


def _plain(text: str) -> str:
    return shown(text.replace(CONTENT, "…").replace(SYSTEM, "…").strip())
