"""Work without end ends, in the child itself where it can, and in the sandbox where it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from provenance.surfaces.jinja.child import handle
from provenance.surfaces.sandbox import Failure, Sandbox
from tests.surfaces.jinja.asking import CHATML, alone, when

CHILD = "provenance.surfaces.jinja.child"


@pytest.mark.parametrize(
    "load",
    [
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
        "{{ 'a' * 10000000000 }}",
        "{{ 9 ** 99999999 }}",
        "{{ 9999999999 * 10 ** 99999 }}",
        "{{ range(100000000)|list }}",
        "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
        "{{ '%10000000d' % 1 }}",
        "{{ messages|tojson(indent=100000) }}",
    ],
)
def test_a_load_is_a_limit(load: str) -> None:
    assert "limit" in alone(load + CHATML)


def test_a_load_on_a_condition_is_found_too() -> None:
    assert alone(when("messages|length > 9").replace("{{- '", "{{- 'a' * 10000000000 ~ '"))["limit"]


def test_more_words_than_are_tried() -> None:
    words = ", ".join(f"'w{number:03d}'" for number in range(400))
    answer: Any = handle({"alone": CHATML + f"{{% if messages[0].content in [{words}] %}}x{{% endif %}}"})
    assert answer["error"]


def test_what_cannot_be_rendered_is_said() -> None:
    unknown: Any = handle({"alone": "{{ x|no_such_filter }}"})
    assert unknown["error"] == "it cannot be parsed: No filter named 'no_such_filter'."
    nothing: Any = handle({"alone": "hello"})
    assert "reaches the prompt" in nothing["error"]
    for bad in ("hello", "{% if %}", "{{ 'a' * 10000000000 }}"):
        assert handle({"against": [CHATML, bad]}) == {"error": "the other template cannot be rendered"}


def test_the_sandbox_answers_as_the_child_does() -> None:
    """Nothing that is imported late is missing where no file can be opened."""
    texts = [
        CHATML,
        when("'invoice' in messages[-1].content"),
        "{{ '\\x41' }}{{ raise_exception('x') }}",
        "{% if %}",
        "{{ cycler() }}{{ 1 / 0 }}{{ 'x'.encode('utf-16') }}",
        "{{ messages|pprint }}{{ strftime_now('%A') }}{{ messages|tojson }}",
    ]
    with Sandbox(CHILD) as sandbox:
        for text in texts:
            for question in ("look", "alone"):
                answer = sandbox.ask({question: text})
                assert not isinstance(answer, Failure)
                here: Any = handle({question: text})
                assert _plain(answer) == _plain(here)
        assert sandbox.ask({"against": [texts[1], CHATML]}) == _plain(handle({"against": [texts[1], CHATML]}))


def _plain(value: object) -> object:
    """As JSON has it."""
    import json

    return json.loads(json.dumps(value))
