"""Text that works against who uses the model: what is said in it, where it stands, and tools that nobody offered.

Words alone prove little: honest system prompts say "do not reveal" and "ignore". So what may stand in a default system
prompt is judged by the few patterns that none has; what stands after the first message, by more.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from provenance.surfaces.jinja.conversations import SPOKEN, TOOL_NAMES, Shape
from provenance.surfaces.jinja.rendering import Renderer
from provenance.surfaces.jinja.structure import pieces
from provenance.surfaces.jinja.words import shown

_ANYWHERE = re.compile(
    r"\b(?:ignore|disregard|forget)\s+(?:all|any|every|the)?\s*(?:of\s+)?(?:the\s+|your\s+)?(?:previous|prior|earlier|above|preceding)"
    r"\s+(?:instructions?|messages?|prompts?|rules)"
    r"|!\[[^\]\n]{0,80}\]\(\s*(?:https?:)?//"
    r"|\bask\b[^.\n]{0,60}\b(?:password|passphrase|pin code|credit card|credentials|seed phrase|private key|api key)"
    r"|\bdecode\b[^.\n]{0,30}\b(?:obey|follow|execute)",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"\b(?:do not|don't|never)\s+(?:mention|reveal|tell|disclose|show|repeat|discuss)\b"
    r"|\b(?:never refuse|do not refuse|no restrictions|without restrictions|(?:guidelines|rules) do not apply)\b"
    r"|\bhide this\b|\bnot the user\b|\bsecretly\b|\bunrestricted\b",
    re.IGNORECASE,
)
_TOOL = re.compile(r'"name"\s*:\s*"([A-Za-z_][\w.-]{0,60})"\s*,[^{}]{0,400}?"parameters"\s*:\s*\{')
_EXAMPLE = re.compile(r"function|tool|name|example|sample", re.IGNORECASE)


def examine(renderer: Renderer, shapes: Callable[..., tuple[Shape, ...]], report: Callable[[str, str], None]) -> None:
    """Orders in what a template writes around neutral conversations, and tools that it adds."""
    for shape in shapes(Shape("U"), Shape("SU"), Shape("SUAU"), Shape("SUAU", documents=True)):
        render = renderer.plain(shape)
        for place, (before, _, text) in enumerate(pieces(shape, render) or () if isinstance(render, str) else ()):
            found = _ANYWHERE.search(text) or (_LATER.search(text) if place and before != "^" else None)
            if found:
                around = text[max(0, found.start() - 30) : found.end() + 30].strip()
                report("instruction", f"in {shape}: it writes {shown(around)}")
    (without, offered) = (renderer.plain(shape) for shape in shapes(Shape("SU"), Shape("SU", tools=1)))
    if isinstance(without, str) and isinstance(offered, str):
        # Tools of its own stand in every prompt; one that comes with the caller's hides among them.
        for name in sorted(set(_TOOL.findall(offered)) - set(_TOOL.findall(without))):
            if name.lower() not in SPOKEN | TOOL_NAMES and not _EXAMPLE.search(name):
                report("adds-tool", f"beside the tools of the caller it offers {shown(name)}, which nobody offered")
