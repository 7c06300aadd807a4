"""Chat templates as the sandbox's child sees them, here without the sandbox: only texts of our own, changed."""

from __future__ import annotations

import contextlib
import json

from provenance.surfaces.jinja import child
from tests.fuzz.targets.interface import Target

_CHATML = b"""{%- if tools %}{{ tools | tojson }}{% endif -%}
{%- for message in messages %}
    {%- if loop.first and message['role'] != 'system' %}{{ '<|im_start|>system\\nHelp.<|im_end|>' }}{% endif %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content | trim + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
"""
_MACRO = b"""{% macro show(x, n=2) %}{% set ns = namespace(a=[]) %}{% for i in range(n) %}{{ x[i:-1] ~ i }}{% endfor %}
{% endmacro %}{% set last = messages | selectattr('role', 'equalto', 'user') | list | last %}{{ bos_token }}
{% if last is defined and '2026' in strftime_now('%Y') %}{{ raise_exception('no') }}{% else %}{{ show(last.content) }}
{% endif %}{# text #}{% generation %}{{ messages[-1]['content'].split('</think>')[-1] }}{% endgeneration %}
"""


def _asked(question: str, data: bytes) -> None:
    # The sandbox turns these two errors into answers; every answer is sent as JSON.
    with contextlib.suppress(MemoryError, RecursionError):
        json.dumps(child.handle({question: data.decode("utf-8", "replace")}))


def look_at_template(data: bytes) -> None:
    """What the text and its syntax tree show."""
    _asked("look", data)


def render_template(data: bytes) -> None:
    """What it does to the canned conversations."""
    _asked("alone", data)


TEMPLATES = (
    Target("template", look_at_template, lambda: (_CHATML, _MACRO)),
    Target("template-render", render_template, lambda: (_CHATML, _MACRO), seconds=10),
)
