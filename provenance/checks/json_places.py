"""Members of JSON documents and where they are: for checks that look for a few keys anywhere in a document.

Most members are never named, so no path is written before one is. A stack and no recursion: documents are deep.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

_MAX_KEY = 60

Place = tuple["Place | None", str | int]
"""A member or item, and where its parent is."""
ROOT: Place = (None, "$")


def members(document: object, names: Container[str] | None = None) -> Iterator[tuple[Place, str, object]]:
    """(place, key, value) of every member of every object whose key is one of `names`; of all without them."""
    stack: list[tuple[Place, object]] = [(ROOT, document)]
    while stack:
        place, value = stack.pop()
        if isinstance(value, dict):
            for key, item in value.items():
                if names is None or key in names:
                    yield (place, key), key, item
            stack += [((place, key), item) for key, item in value.items() if isinstance(item, dict | list)]
        elif isinstance(value, list):
            stack += [((place, i), item) for i, item in enumerate(value) if isinstance(item, dict | list)]


def texts(value: object, place: Place) -> Iterator[tuple[Place, str]]:
    """(place, text) of every text that is not empty."""
    if isinstance(value, str) and value:
        yield place, value
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from texts(item, (place, i))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, (place, key))


def short(text: str) -> str:
    """A key, cut where it is too long to show."""
    return text if len(text) <= _MAX_KEY else f"{text[:_MAX_KEY]}…"


def path(place: Place) -> str:
    """JSON path of a place; long keys are shortened."""
    steps: list[str] = []
    at: Place | None = place
    while at is not None:
        at, step = at
        if isinstance(step, int):
            steps.append(f"[{step}]")
        else:
            steps.append(short(step) if at is None else f".{short(step)}")
    return "".join(reversed(steps))
