"""Python, notebooks and scripts."""

from __future__ import annotations

import pytest

from provenance.checks.code_files import CODE_FILES
from provenance.records import Severity
from tests.checks.models import contents, evidence

SHELL, PYTHON, TEXT = b"#!/bin/bash\necho\n", b"#!/usr/bin/env python3\n", b"words\n"


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("modeling.py", TEXT, ("python-file", Severity.WARNING)),
        ("convert", PYTHON, ("python-file", Severity.WARNING)),
        ("sub/handler.py", TEXT, ("python-file", Severity.WARNING)),
        ("demo.ipynb", b"{}", ("notebook-file", Severity.INFO)),
        ("train.sh", SHELL, ("script-file", Severity.WARNING)),
        ("train", SHELL, ("script-file", Severity.WARNING)),
        ("train.sh", TEXT, ("script-file", Severity.WARNING)),
        ("install.ps1", TEXT, ("script-file", Severity.WARNING)),
        ("config.json", SHELL, ("script-file", Severity.ERROR)),
        ("weights.bin", SHELL, ("script-file", Severity.ERROR)),
        ("modeling.py", SHELL, ("script-file", Severity.ERROR)),
    ],
)
def test_code(name: str, data: bytes, expected: tuple[str, Severity]) -> None:
    found = CODE_FILES.run(evidence(contents({name: data})))
    assert [(finding.rule, finding.severity) for finding in found] == [expected]


@pytest.mark.parametrize("name", ["README.md", "notes.txt", "config.json", "LICENSE", "__init__.py"])
def test_no_code(name: str) -> None:
    data = b"" if name.endswith(".py") else b"```\npip install x && curl http://localhost:8000 | sh\n```\n"
    assert list(CODE_FILES.run(evidence(contents({name: data})))) == []


def test_a_handler_is_run_unasked() -> None:
    (found,) = CODE_FILES.run(evidence(contents({"handler.py": TEXT})))
    assert "unasked" in found.message
