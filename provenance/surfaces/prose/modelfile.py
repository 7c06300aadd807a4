"""An Ollama Modelfile: where it takes weights from, and what it has the model say.

Its words as in Ollama's documentation, "Modelfile Reference". A text in three quotation marks may have many lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.facts import Feature, ProseFact
from provenance.surfaces.prose import ollama_template as template
from provenance.surfaces.prose import orders

MAX_LINES = 100_000
MAX_TEMPLATES = 4
"""Ollama takes the last."""
NOT_FOLLOWED = (
    "its TEMPLATE is written in Go's language: the text of every branch was judged; conditions, loops and functions "
    "were not followed, and on what they depend is not known"
)
_WORD = re.compile(r"[ \t]*([A-Za-z]+)[ \t]+(.*)", re.DOTALL)
_ELSEWHERE = re.compile(r"[a-z+]{2,10}://|~|/|[A-Za-z]:[\\/]|.*(?:^|[\\/])\.\.(?:[\\/]|$)", re.IGNORECASE | re.DOTALL)
_SPOKEN = re.compile(r"(?:user|assistant|system)\s+(.*)", re.DOTALL | re.IGNORECASE)
_COMMAND = re.compile(r"\b(?:curl|wget|sudo|rm -rf|powershell|bash -c|pip install|chmod \+x)\b")


def read(file: str, text: str) -> ProseFact:
    """What is out of the ordinary in the instructions of `text`."""
    found: list[Feature] = []
    left_out, templates = "", 0
    for line, word, value in _instructions(text):
        found += _of(line, word, value)
        if word == "TEMPLATE":
            templates += 1
            judged, more = template.judged(value) if templates <= MAX_TEMPLATES else ([], True)
            found += [Feature(kind, f"TEMPLATE: {detail}", line) for kind, detail in judged]
            left_out = "more of its TEMPLATE than is looked at" if more else left_out
    return ProseFact(file, "modelfile", tuple(found), left_out, NOT_FOLLOWED if templates else "")


def _instructions(text: str) -> Iterator[tuple[int, str, str]]:
    """(line, instruction in upper case, value) of each; one that begins with quotes goes on to a line that ends so."""
    lines = iter(enumerate(text.split("\n")[:MAX_LINES], 1))
    for number, line in lines:
        found = _WORD.match(line)
        if not found or line.lstrip().startswith("#"):
            continue
        value = [found[2].strip()]
        quotes = '"""' if value[0].startswith('"""') else '"' if value[0].startswith('"') else ""
        if quotes and not (value[0].endswith(quotes) and len(value[0]) >= 2 * len(quotes)):
            for _, more in lines:
                value.append(more)
                if more.rstrip().endswith(quotes):
                    break
        yield number, found[1].upper(), "\n".join(value).strip().strip('"').strip()


def _of(line: int, word: str, value: str) -> Iterator[Feature]:
    if word in ("FROM", "ADAPTER") and _ELSEWHERE.match(value):
        yield Feature("weights-elsewhere", f"{word} {value[:200]}", line)
    spoken = _SPOKEN.match(value) if word == "MESSAGE" else None
    said = orders.in_rules(spoken[1] if spoken else value) if word in ("SYSTEM", "MESSAGE") else ""
    command = _COMMAND.search(spoken[1]) if spoken else None
    if said or command:
        yield Feature("order", f"{word} has it: {said or orders.shown(spoken[1] if spoken else '', 0, 80)}", line)
    elif word == "MESSAGE":
        yield Feature("spoken", "it holds messages that nobody wrote", line)
