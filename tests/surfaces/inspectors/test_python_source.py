"""Python files are digested, kept while small, and never run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from provenance.facts import TextFact
from provenance.surfaces.inspectors.python_source import PYTHON_SOURCE
from provenance.surfaces.template_text import MAX_SHOWN
from tests.surfaces.feeding import inspect, inspect_with


@pytest.mark.parametrize("chunk", [1, 5, 1000])
def test_text_and_digest(chunk: int) -> None:
    data = "x = 'é'\n".encode()
    assert inspect_with(PYTHON_SOURCE, "a/b.py", data, chunk) == (
        TextFact("a/b.py", "python", hashlib.sha256(data).hexdigest(), "x = 'é'\n"),
    )


@pytest.mark.parametrize("size", [MAX_SHOWN, MAX_SHOWN + 1, 3 * MAX_SHOWN])
def test_a_long_file_is_known_by_its_digest_alone(size: int) -> None:
    data = b"#" * size
    (fact,) = inspect_with(PYTHON_SOURCE, "b.py", data) or ()
    assert isinstance(fact, TextFact)
    assert fact.sha256 == hashlib.sha256(data).hexdigest()
    assert (fact.text is None) == (size > MAX_SHOWN)


def test_other_files_are_not_wanted() -> None:
    assert inspect_with(PYTHON_SOURCE, "a.txt", b"import os") is None


def test_nothing_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = f"open({str(mark)!r}, 'w').close()\n".encode()
    inspect("modeling.py", code)
    inspect("handler.py", b"#!/usr/bin/env python\n" + code)
    assert not mark.exists()
