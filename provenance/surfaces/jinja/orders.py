"""Text that works against who uses the model, where it stands, and tools that nobody offered."""

from __future__ import annotations

import re
from collections.abc import Callable

from provenance.surfaces.constant_text import order
from provenance.surfaces.jinja.conversations import SPOKEN, TOOL_NAMES, Shape
from provenance.surfaces.jinja.rendering import Renderer
from provenance.surfaces.jinja.structure import pieces
from provenance.surfaces.jinja.words import shown

_TOOL = re.compile(r'"name"\s*:\s*"([A-Za-z_][\w.-]{0,60})"\s*,[^{}]{0,400}?"parameters"\s*:\s*\{')
_EXAMPLE = re.compile(r"function|tool|name|example|sample", re.IGNORECASE)


def examine(renderer: Renderer, shapes: Callable[..., tuple[Shape, ...]], report: Callable[[str, str], None]) -> None:
    """Orders in what a template writes around neutral conversations, and tools that it adds."""
    for shape in shapes(Shape("U"), Shape("SU"), Shape("SUAU"), Shape("SUAU", documents=True)):
        render = renderer.plain(shape)
        if not isinstance(render, str):
            continue
        for place, (before, _, text) in enumerate(pieces(shape, render) or [("^", "$", render)]):
            found = order(text, later=bool(place) and before != "^")
            if found:
                report("instruction", f"in {shape}: it writes {shown(found)}")
    (without, offered) = (renderer.plain(shape) for shape in shapes(Shape("SU"), Shape("SU", tools=1)))
    if isinstance(without, str) and isinstance(offered, str):
        # Tools of its own stand in every prompt; one that comes with the caller's hides among them.
        for name in sorted(set(_TOOL.findall(offered)) - set(_TOOL.findall(without))):
            if name.lower() not in SPOKEN | TOOL_NAMES and not _EXAMPLE.search(name):
                report("adds-tool", f"beside the tools of the caller it offers {shown(name)}, which nobody offered")
