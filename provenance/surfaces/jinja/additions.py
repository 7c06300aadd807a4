"""What a template adds of its own to what it is given: turns, sentences, addresses, and changes to tools.

Of templates that take any conversation, system message and all: those of one task have words around every text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from provenance.surfaces.constant_text import addresses, is_said, turns
from provenance.surfaces.jinja.conversations import (
    DESCRIBED,
    NAMES,
    PARAMETER,
    SPOKEN,
    TOOL,
    Shape,
    neutral,
    parameters,
)
from provenance.surfaces.jinja.rendering import Renderer
from provenance.surfaces.jinja.structure import MAX_PROSE, Piece, pieces
from provenance.surfaces.jinja.words import new_words, prose, shown

Report = Callable[[str, str], None]

MAX_OBJECTS = 200
"""Places at which a tool is looked for."""

_TYPES = frozenset(
    ["str", "string", "int", "integer", "float", "bool", "dict", "list", "any", "none", "args", "returns"]
)
"""Words with which a description shows how the tool is called."""
_DESCRIPTION = re.compile(r'"description"\s*:\s*"((?:[^"\\]|\\.){0,2000})"')


def examine(renderer: Renderer, shapes: Callable[..., tuple[Shape, ...]], report: Report) -> None:
    """Turns, sentences and addresses between what was said; tools that are not as they were given."""
    for shape in shapes(Shape("U"), Shape("SU"), Shape("SUAU"), Shape("UAUAU")):
        render = renderer.plain(shape)
        found = pieces(shape, render) if isinstance(render, str) else None
        for piece in found or ():
            _own_turns(shape, piece, report)
    (whole,) = shapes(Shape("SUAUAU"))
    render = renderer.plain(whole)
    found = pieces(whole, render) if isinstance(render, str) and not whole.documents else None
    for piece in found[1:] if found else ():
        _own_words(whole, piece, report)
    for shape in shapes(Shape("SU", tools=1), Shape("U", tools=2)):
        render = renderer.plain(shape)
        if isinstance(render, str):
            _tools(shape, render, report)


def _own_turns(shape: Shape, piece: Piece, report: Report) -> None:
    """Before the turn that a piece opens it may close one, and no more; before the first, say who the model is."""
    before, _, text = piece
    for role, _, said in turns(text):
        if is_said(said) and not (before == "^" and role in ("system", "developer")):
            place = "before the first turn" if before == "^" else f"after {NAMES[before]}"
            report("instruction", f"in {shape}: {place} it writes a turn of its own: {shown(said.strip())}")


def _own_words(shape: Shape, piece: Piece, report: Report) -> None:
    before, after, text = piece
    if before == "S":
        return  # many families say here what tools there are, and what day it is
    for address in addresses(text):
        report("instruction", f"in {shape}: after {NAMES[before]} it writes the address {shown(address)}")
    if len(prose(text)) > MAX_PROSE and after != "$":
        report("instruction", f"in {shape}: after {NAMES[before]} it writes {shown(text.strip())}")


# ---------------------------------------------------------------------------------------------------------------------
# Tools
# ---------------------------------------------------------------------------------------------------------------------


def _tools(shape: Shape, render: str, report: Report) -> None:
    """A tool that is written as JSON is the one that was given; less of it may be written, and nothing else."""
    said = neutral(DESCRIBED)
    for match in _DESCRIPTION.finditer(render):
        if said in match[1] and new_words(match[1], SPOKEN, _TYPES):
            report("rewrites", f"in {shape}: a tool is described as {shown(match[1])}, and was as {shown(said)}")
    given = parameters(PARAMETER)
    for tool in _objects(render):
        schema = tool.get("parameters")
        if tool.get("name") == TOOL and isinstance(schema, dict) and {"type", "properties"} <= schema.keys():
            changed = _changed(schema, given)
            if changed:
                report("rewrites", f"in {shape}: of a tool's parameters {shown(changed)} is not what was given")


def _objects(render: str) -> Iterator[dict[str, Any]]:
    """Every JSON object that holds a tool."""
    decoder, place = json.JSONDecoder(), -1
    for _ in range(MAX_OBJECTS):
        place = render.find("{", place + 1)
        if place < 0:
            return
        try:
            value, _ = decoder.raw_decode(render, place)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            inner = value.get("function")
            yield inner if isinstance(inner, dict) else value


def _changed(schema: object, given: object) -> str:
    """The first key or value that is not in `given`."""
    if isinstance(schema, dict) and isinstance(given, dict):
        for key, value in schema.items():
            found = key if key not in given else _changed(value, given[key])
            if found:
                return str(found)
        return ""
    return "" if str(schema).lower() == str(given).lower() or schema == given else str(schema)
