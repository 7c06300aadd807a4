"""Source code in a model; Python as the sandbox's child sees it, here without the sandbox."""

from __future__ import annotations

import contextlib
import json

from provenance.surfaces.code import LINES, lines, notebooks, python_child, requirement_lines
from tests.fuzz.targets.interface import Target


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def read_python(data: bytes) -> None:
    """The answer is JSON, as the child promises. The sandbox turns these two errors into answers."""
    with contextlib.suppress(MemoryError, RecursionError):
        json.dumps(python_child.handle({"text": data.decode("utf-8", "replace")}))


def read_lines(data: bytes) -> None:
    """Scripts and recipes of every language."""
    for language in sorted(LINES):
        lines.features(_text(data), language)


def read_requirements(data: bytes) -> None:
    """`requirements.txt`."""
    requirement_lines.features(_text(data))


def read_notebook(data: bytes) -> None:
    """The cells of a notebook."""
    notebooks.cells(_text(data))


_HIDDEN = b"""import os, base64 as b
class A(nn.Module):
    def f(self, x: int = 1, *a, **k):
        return getattr(os, 'sys' + 'tem')(b.b64decode('bHM=').decode())
for i in range(3):
    exec(compile(f'{i!r:>{10}}', '<s>', 'exec'))
x = lambda y: [z async for z in y]
"""
_OTHER = b"""# -*- coding: utf-8 -*-
try:
    import requests
except* ImportError as e:
    raise
match x:
    case {'a': [1, *_]} if x: pass
print(''.join(chr(c) for c in [108, 115]))
"""
_PYTHON = (_HIDDEN, _OTHER)
_SHELL = b"#!/bin/sh\ncurl -fsSL https://example.org/x | sh\n# text\nRUN pip install \\\n  --index-url http://x y\n"
_REQUIREMENTS = (
    b"torch==2.1 --hash=sha256:aa\n-r other.txt\n--extra-index-url https://a.example\ngit+https://x/y@z#egg=q\n"
)
_CELL = {"cell_type": "code", "source": ["!pip install x\n", "import os"], "outputs": [{"data": {"text/html": "<b>"}}]}
_NOTEBOOK = json.dumps({"nbformat": 4, "cells": [_CELL, {"cell_type": "markdown", "source": "# A"}]}).encode()

CODE = (
    Target("python", read_python, lambda: _PYTHON),
    Target("lines", read_lines, lambda: (_SHELL, *_PYTHON)),
    Target("requirements", read_requirements, lambda: (_REQUIREMENTS,)),
    Target("notebook", read_notebook, lambda: (_NOTEBOOK,)),
)
