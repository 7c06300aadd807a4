"""What the sandbox's child is asked about chat templates.

Requests are JSON objects: `{"look": TEXT}` for what its text shows, `{"alone": TEXT}` for what it does to
conversations, `{"against": [TEXT, REFERENCE]}` for what it does otherwise than another. Answers are objects with
`error` where there is none.
"""

from __future__ import annotations

import codecs
import html
import pprint
from typing import Any

import jinja2.debug

from provenance.surfaces.jinja import against, alone, mining, syntax
from provenance.surfaces.jinja.conversations import Form
from provenance.surfaces.jinja.rendering import Exhausted, LimitReached, Renderer, Unparsable, parse

# What jinja2 imports when it first needs it, which is too late here: the child can open no file.
LOADED = (jinja2.debug, html, pprint, codecs.lookup("unicode_escape"))


def handle(request: Any) -> object:
    """Answer one request."""
    if "look" in request:
        return {"features": syntax.features(request["look"])}
    try:
        return _alone(request["alone"]) if "alone" in request else _against(*request["against"])
    except Unparsable as error:
        return {"error": f"it cannot be parsed: {error}"}


def _alone(text: str) -> object:
    found: dict[str, list[str]] = {}
    renderer, error = None, ""
    try:
        renderer = Renderer(text)
        form = alone.form_of(renderer)
        mined = mining.mine(parse(text), text, form or Form())
        error = f"{mined.left_out} words that it looks for were not tried" if mined.left_out else ""
        error = error if form else "no conversation that is tried reaches the prompt"
        alone.examine(alone.Session(renderer, form or Form(), found=found, unheard=form is None), mined)
    except LimitReached as limit:
        found["limit"] = [limit.where]
    except Exhausted:
        error = "it takes more renders than one template is given"
    return {"differences": found, "conversations": renderer.renders if renderer else 0, "error": error}


def _against(text: str, reference: str) -> object:
    """What goes wrong with the reference is no fault of the text."""
    try:
        other = Renderer(reference)
        form = alone.form_of(other)
    except (Unparsable, LimitReached):
        form = None
    if form is None:
        return {"error": "the other template cannot be rendered"}
    try:
        return against.compare(text, reference, other, form)
    except LimitReached as limit:
        return {"error": f"one of the two has no end in sight: {limit.where}"}
    except Exhausted:
        return {"error": "it takes more renders than one template is given"}
