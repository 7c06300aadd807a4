"""Characters that no one sees, and what scripts need of them."""

from __future__ import annotations

import pytest

from provenance.surfaces.jinja.hidden import hidden, lookalikes, out_of_sight


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a\n{# \u202e #}", "bidirectional"),
        ("a\n\U000e0049", "tag character"),
        ("a\nx\u200by", "invisible"),
        ("a\nx\u200dy", "joiner"),
        ("a\n😀\ufe0f\ufe01", "variation selector"),
        ("a\nx\u00ady", "invisible"),
        ("a\n\x1b[8m", "control"),
    ],
)
def test_hidden(text: str, what: str) -> None:
    ((line, found),) = hidden(text)
    assert line == 2
    assert what in found


NEEDED = [
    "☀\ufe0f 1\ufe0f\u20e3",
    "👩\u200d💻",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "🏴\U000e0067\U000e0062\U000e007f",
    "\ufeffa\n\tb",
]


@pytest.mark.parametrize("text", NEEDED)
def test_what_emoji_and_scripts_need(text: str) -> None:
    assert list(hidden(text)) == []


def test_marks_that_look_alike() -> None:
    assert [line for line, _ in lookalikes("<|im_start|>\n<|im_\u0455tart|>")] == [2]
    assert [line for line, _ in lookalikes("<|a|> <\uff5ca\uff5c>")] == [1]
    assert list(lookalikes("<\uff5cUser\uff5c><\uff5cend\u2581of\uff5c> <|im_start|> <b> </b>")) == []


def test_out_of_sight() -> None:
    assert [line for line, _ in out_of_sight("a\n{# #}" + " " * 200 + "{{ x }}")] == [2]
    assert list(out_of_sight(" " * 200 + "{{ x }}\n" + "x" + " " * 200)) == []
