"""Chat templates as texts that can be compared, by the name a loader would ask for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from provenance.facts import TextFact

MAX_SHOWN = 1024 * 1024
"""Bytes up to which a text is kept; beyond, only its digest."""
DEFAULT = "chat-template"


def role(name: str) -> str:
    """Role of the template `name`: `chat-template`, or `chat-template:NAME` where it is not the default one."""
    return DEFAULT if name == "default" else f"{DEFAULT}:{name}"


def text_fact(file: str, kind: str, text: str) -> TextFact:
    """`text` with its digest; the text itself where it is small enough to show differences of."""
    data = text.encode("utf-8", "surrogatepass")
    return TextFact(file, kind, hashlib.sha256(data).hexdigest(), text if len(data) <= MAX_SHOWN else None)


def template(file: str, text: str, name: str = "default") -> TextFact:
    """A chat template.

    Line ends become LF and one at the end is dropped, as Jinja does before it renders.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    return text_fact(file, role(name), text)


def templates_in(file: str, value: object) -> Iterator[TextFact]:
    """Templates in the value of a `chat_template` key: one text, or a list or object of named ones."""
    if isinstance(value, str):
        yield template(file, value)
    elif isinstance(value, dict):
        yield from (template(file, text, name) for name, text in value.items() if isinstance(text, str))
    elif isinstance(value, list):
        for entry in value:
            if not isinstance(entry, dict):
                continue
            name, text = entry.get("name"), entry.get("template")
            if isinstance(name, str) and isinstance(text, str):
                yield template(file, text, name)
