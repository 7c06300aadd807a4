"""What a template writes of itself: orders, turns that nobody took, addresses. The same for Jinja's and for Go's.

Words alone prove little: honest system prompts say "do not reveal" and "ignore". So what may stand in a default system
prompt is judged by the few patterns that none has; what stands after the first message, by more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from provenance.surfaces.jinja.words import prose, urls

MIN_TURN = 3
"""Words in a turn of its own."""

_ANYWHERE = re.compile(
    r"\b(?:ignore|disregard|forget)\s+(?:all|any|every|the)?\s*(?:of\s+)?(?:the\s+|your\s+)?(?:previous|prior|earlier|above|preceding)"
    r"\s+(?:instructions?|messages?|prompts?|rules)"
    r"|!\[[^\]\n]{0,80}\]\(\s*(?:https?:)?//"
    r"|\bask\b[^.\n]{0,60}\b(?:password|passphrase|pin code|credit card|credentials|seed phrase|private key|api key)"
    r"|\b(?:append|insert|attach)\b[^.\n]{0,60}\b(?:to|in|into)\s+(?:every|each|all)"
    r"\s+(?:\w+\s+)?(?:answer|reply|response|output|message)"
    r"|\bdecode\b[^.\n]{0,30}\b(?:obey|follow|execute)",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"\b(?:do not|don't|never)\s+(?:mention|reveal|tell|disclose|show|repeat|discuss)\b"
    r"|\b(?:never refuse|do not refuse|no restrictions|without restrictions|(?:guidelines|rules) do not apply)\b"
    r"|\bhide this\b|\bnot the user\b|\bsecretly\b|\bunrestricted\b",
    re.IGNORECASE,
)
_OPENED = re.compile(
    r"(?:[<|>\]]|start\|>)\s?(user|assistant|model|system|developer)(?![A-Za-z])(?:<\|[\w|]*\|>)?", re.IGNORECASE
)
_OPEN_MARK = re.compile(r"<[^<>]*\Z")
_MAIL = re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{2,64}")
_AROUND = 30

Turn = tuple[str, int, str]
"""Role, where it begins, what is said in it."""


def order(text: str, *, later: bool) -> str:
    """The first order in `text` that works against who uses the model, with what stands around it; or nothing.

    `later`: `text` stands after a message, where a default system prompt does not.
    """
    found = _ANYWHERE.search(text) or (_LATER.search(text) if later else None)
    return text[max(0, found.start() - _AROUND) : found.end() + _AROUND].strip() if found else ""


def turns(text: str) -> Iterator[Turn]:
    """Every turn that is opened in `text` and followed by another."""
    for one, following in pairwise(_OPENED.finditer(text)):
        yield one[1].lower(), one.start(), _OPEN_MARK.sub("", text[one.end() : following.start()])


def last_turn(text: str) -> Turn | None:
    """The turn that `text` ends in."""
    *_, last = [None, *_OPENED.finditer(text)]
    return (last[1].lower(), last.start(), text[last.end() :]) if last else None


def is_said(text: str) -> bool:
    """Whether there are words enough in `text` to be a turn of its own."""
    return len(prose(text)) >= MIN_TURN


def addresses(text: str) -> list[str]:
    """Where `text` sends its reader."""
    return [*urls(text), *_MAIL.findall(text)]
