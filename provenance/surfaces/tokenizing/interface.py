"""What the parts of an encoder share: steps as a tokenizer.json describes them, characters they agree on, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Step = Mapping[str, object]

MAX_STEPS = 32
"""Steps of one part."""
MAX_TEXT = 640
"""Characters that a text may grow to: the longest have 80, and some of Unicode's forms are thrice as long."""
MAX_WORK = 500_000_000
"""Most that one tokenizer may cost, in nanoseconds or so on the slowest of machines in use: a second or two."""
A_CHARACTER = 300
"""What a step of our own costs for each character."""
A_LOOK = 100
"""What looking up a token or a merge costs."""
A_CLASS = 2_000_000
"""What it costs to make a class of characters."""

WHITE = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What Unicode calls white space. Python's own notion has four controls more."""

_PLAIN = [*range(33, 127), *range(161, 173), *range(174, 256)]
BYTES = {byte: chr(byte) for byte in _PLAIN} | {
    byte: chr(256 + n) for n, byte in enumerate(sorted({*range(256)} - {*_PLAIN}))
}
"""The character that byte-level vocabularies write for each byte."""


class NotProbed(Exception):  # noqa: N818 - what happened, as in errors.py
    """The tokenizer does something that is not known here, or too much of it. The reason reads after `because`."""


@dataclass(slots=True)
class Work:
    """What one tokenizer has cost; counted, not timed, so that all hosts give up at the same place."""

    done: int = 0

    def add(self, cost: int) -> None:
        """Raises `NotProbed` where it is too much."""
        self.done += cost
        if self.done > MAX_WORK:
            raise NotProbed("it would take too long")


def flat(value: object, inner: str) -> list[Step]:
    """The steps of a part one after another; `inner` is where its sequences hold theirs."""
    if value is None:
        return []
    if not isinstance(value, dict):
        raise NotProbed("one of its parts is not an object")
    if value.get("type") != "Sequence":
        return [value]
    listed = value.get(inner)
    found = [step for part in (listed if isinstance(listed, list) else [None]) for step in flat(part or 0, inner)]
    if len(found) > MAX_STEPS:
        raise NotProbed(f"one of its parts has more than {MAX_STEPS} steps")
    return found


def kind(step: Step) -> str:
    """The `type` of a step."""
    return text(step, "type")


def text(step: Step, key: str, default: str | None = None) -> str:
    """A text of a step; `default` where there is none."""
    value = step.get(key, default)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise NotProbed(f"{key!r} of a step is no text, or too long")
    return value


def flag(step: Step, key: str, *, default: bool | None = None) -> bool:
    """True or false; `default` where neither is said."""
    value = step.get(key)
    value = default if value is None else value
    if not isinstance(value, bool):
        raise NotProbed(f"{key!r} of a step is neither true nor false")
    return value


def number(step: Step, key: str, default: int | None = None) -> int:
    """A whole number that is not negative."""
    value = step.get(key, default)
    if not isinstance(value, int) or value < 0:
        raise NotProbed(f"{key!r} of a step is no number")
    return value


def unknown(part: str, step: Step) -> NotProbed:
    """What to raise for a kind of step that is not here."""
    return NotProbed(f"its {part} has a step {str(step.get('type'))[:40]!r}")
