"""Tensor names in a narrow column: one line each where that is possible, and never two that look alike.

The numbers of a name say where it belongs and its end what it is, so what is too long loses a part between them:
`model.layers.1.…experts.7.up_proj.weight`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from provenance.outputs.escaping import MAX_NAME, MAX_TEXT, ascii_only, plain

MIN_WIDTH = 16
"""Columns below which nothing is elided: little would be left of a name."""


def fitted(names: Sequence[str], width: int, *, measure: Callable[[str], int], unicode: bool = True) -> list[str]:
    """`names`, escaped, each in `width` columns where it can be shortened; two names stay two.

    `measure` tells how many columns a text takes.
    """
    mark = "…" if unicode else "..."
    shown = [_shown(name, MAX_NAME, unicode) for name in names]
    short = [_elided(text, width, mark, measure) if width >= MIN_WIDTH else text for text in shown]
    for fuller in (shown, [_shown(name, MAX_TEXT, unicode) for name in names]):
        alike = _alike(names, short)
        short = [full if text in alike else text for text, full in zip(short, fuller, strict=True)]
    alike = _alike(names, short)  # longer than any name of a real model, and the same at both ends
    return [f"{text} ({number})" if text in alike else text for number, text in enumerate(short, start=1)]


def _shown(name: str, limit: int, unicode: bool) -> str:
    text = plain(name, limit)
    return text if unicode else ascii_only(text)


def _alike(names: Sequence[str], texts: Sequence[str]) -> frozenset[str]:
    """Texts that stand for two different names."""
    counts = Counter(text for _, text in {*zip(names, texts, strict=True)})
    return frozenset(text for text, count in counts.items() if count > 1)


def _elided(text: str, width: int, mark: str, measure: Callable[[str], int]) -> str:
    """`text` without the parts that say least, as few columns of them as will do.

    Numbers stay, and the last two parts: which layer it is and `up_proj.weight` are what a reader looks for. Where that
    is still too long, the name stays whole.
    """
    if measure(text) <= width:
        return text
    parts = text.split(".")
    best = ""
    for start in range(len(parts) - 2):
        head = ".".join(parts[:start]) + "." if start else ""
        for end in range(start + 1, len(parts) - 1):
            if parts[end - 1].isdigit():
                break
            left = head + mark + ".".join(parts[end:])
            if measure(best) < measure(left) <= width:
                best = left
    return best or text
