"""An Ollama Modelfile: where it takes weights from, and what it has the model say.

Its words as in Ollama's documentation, "Modelfile Reference". A text in three quotation marks may have many lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.facts import Feature
from provenance.surfaces.prose import orders

MAX_LINES = 100_000
_WORD = re.compile(r"[ \t]*([A-Za-z]+)[ \t]+(.*)", re.DOTALL)
_ELSEWHERE = re.compile(r"[a-z+]{2,10}://|~|/|[A-Za-z]:[\\/]|.*(?:^|[\\/])\.\.(?:[\\/]|$)", re.IGNORECASE | re.DOTALL)
_SPOKEN = re.compile(r"(?:user|assistant|system)\s+(.*)", re.DOTALL | re.IGNORECASE)
_COMMAND = re.compile(r"\b(?:curl|wget|sudo|rm -rf|powershell|bash -c|pip install|chmod \+x)\b")


def features(text: str) -> tuple[Feature, ...]:
    """What is out of the ordinary in the instructions of `text`."""
    return tuple(feature for line, word, value in _instructions(text) for feature in _of(line, word, value))


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """(line, instruction in upper case, value) of each; a value in `\"\"\"` goes on to the next such mark."""
    lines = iter(enumerate(text.split("\n")[:MAX_LINES], 1))
    for number, line in lines:
        found = _WORD.match(line)
        if not found or line.lstrip().startswith("#"):
            continue
        value = [found[2]]
        if found[2].count('"""') == 1:
            for _, more in lines:
                value.append(more)
                if '"""' in more:
                    break
        yield number, found[1].upper(), "\n".join(value).strip().strip('"').strip()


def _of(line: int, word: str, value: str) -> Iterator[Feature]:
    if word in ("FROM", "ADAPTER") and _ELSEWHERE.match(value):
        yield Feature("weights-elsewhere", f"{word} {value[:200]}", line)
    spoken = _SPOKEN.match(value) if word == "MESSAGE" else None
    said = orders.in_rules(spoken[1] if spoken else value) if word in ("SYSTEM", "MESSAGE", "TEMPLATE") else ""
    command = _COMMAND.search(spoken[1]) if spoken else None
    if word == "TEMPLATE":
        said = orders.in_values(value)
    if said or command:
        yield Feature("order", f"{word} has it: {said or orders.shown(spoken[1] if spoken else '', 0, 80)}", line)
    elif word == "MESSAGE":
        yield Feature("spoken", "it holds messages that nobody wrote", line)
