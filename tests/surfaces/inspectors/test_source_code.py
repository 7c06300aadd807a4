"""Python files are digested, kept while small, and never run."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from provenance.facts import TextFact
from provenance.surfaces.inspectors.source_code import SOURCE_CODE
from provenance.surfaces.template_text import MAX_SHOWN
from tests.surfaces.feeding import inspect, inspect_with


@pytest.mark.parametrize("chunk", [1, 5, 1000])
def test_text_and_digest(chunk: int) -> None:
    data = "x = 'é'\n".encode()
    assert inspect_with(SOURCE_CODE, "a/b.py", data, chunk) == (
        TextFact("a/b.py", "python", hashlib.sha256(data).hexdigest(), "x = 'é'\n"),
    )


@pytest.mark.parametrize("size", [MAX_SHOWN, MAX_SHOWN + 1, 3 * MAX_SHOWN])
def test_a_long_file_is_known_by_its_digest_alone(size: int) -> None:
    data = b"#" * size
    (fact,) = inspect_with(SOURCE_CODE, "b.py", data) or ()
    assert isinstance(fact, TextFact)
    assert fact.sha256 == hashlib.sha256(data).hexdigest()
    assert (fact.text is None) == (size > MAX_SHOWN)


def test_other_files_are_not_wanted() -> None:
    assert inspect_with(SOURCE_CODE, "a.txt", b"import os") == ()
    assert inspect_with(SOURCE_CODE, "model.pth", b"\x80\x02\x00.") == ()


@pytest.mark.parametrize(
    ("file", "data", "role"),
    [
        ("a.ipynb", b"{}", "notebook"),
        ("start", b"#!/bin/sh\ntrue\n", "shell"),
        ("start", b"#!/usr/bin/env python3\n", "python"),
        ("start", b"#! /usr/bin/node\n", "javascript"),
        ("a.ps1", "\ufeffiex 1".encode("utf-16-le"), "powershell"),
        ("Dockerfile", b"FROM x", "docker"),
        ("requirements-dev.txt", b"torch", "requirements"),
        ("x.pth", b"import os", "pth"),
        (".gitattributes", b"* text", "git"),
    ],
)
def test_languages_by_name_and_first_line(file: str, data: bytes, role: str) -> None:
    (fact,) = inspect_with(SOURCE_CODE, file, data) or ()
    assert isinstance(fact, TextFact)
    assert fact.role == role
    assert fact.text


def test_nothing_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = f"open({str(mark)!r}, 'w').close()\n".encode()
    inspect("modeling.py", code)
    inspect("handler.py", b"#!/usr/bin/env python\n" + code)
    assert not mark.exists()
