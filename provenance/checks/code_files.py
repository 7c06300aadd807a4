"""Files of code that somebody may run: Python, notebooks, scripts."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename

from provenance.checks.file_kinds import SCRIPT_NAMES, TEXTS, suffix
from provenance.checks.interface import Check, Rule, facts
from provenance.facts import ContentFact
from provenance.records import Evidence, Finding, Severity

PYTHON_FILE = Rule(
    ident="python-file",
    title="the model brings Python source",
    severity=Severity.WARNING,
    meaning="A file is Python by its name or its first line. Nothing says that it does harm; loaders import it when "
    "`auto_map` names it, servers run a `handler.py`, and people run the rest by hand.",
    why="Weights and configuration are data; this is a program, and its digest is all that was checked of it.",
    example="modeling_foo.py: Python source",
    advice="Read it before you load the model with trust_remote_code or run it.",
)

NOTEBOOK_FILE = Rule(
    ident="notebook-file",
    title="the model brings a notebook",
    severity=Severity.INFO,
    meaning="A file is a Jupyter notebook by its name. No loader opens it; its cells run when a person runs them.",
    why="Cells are code, and their output may show what they do not do.",
    example="demo.ipynb: Jupyter notebook, by its name",
    advice="Read the cells before you run them.",
)

SCRIPT_FILE = Rule(
    ident="script-file",
    title="the model brings a script",
    severity=Severity.WARNING,
    meaning="A file is a script by its name (`.sh`, `.bat`, `.ps1`, `.js`, …) or by its first line (`#!`). A script "
    "under a name that promises something else is an `error`.",
    why="No loader needs it. It runs when a person, an installer or a file manager runs it.",
    example="setup.sh: script for /bin/bash",
    advice="Read it before you run it, or leave it out of what you deploy.",
)


def _run(evidence: Evidence) -> Iterator[Finding]:
    for fact in facts(evidence.candidate, ContentFact):
        name = suffix(fact.file)
        if fact.kind == "python":
            server = ", which inference servers run unasked" if basename(fact.file) == "handler.py" else ""
            yield PYTHON_FILE.finding(f"{fact.detail}{server}", file=fact.file)
        elif name == ".ipynb":
            yield NOTEBOOK_FILE.finding("Jupyter notebook, by its name", file=fact.file)
        elif fact.kind == "script":
            honest = name in SCRIPT_NAMES or not name
            severity = None if honest else Severity.ERROR
            yield SCRIPT_FILE.finding(fact.detail, file=fact.file, severity=severity)
        elif name in SCRIPT_NAMES and fact.kind in TEXTS:
            yield SCRIPT_FILE.finding("script, by its name", file=fact.file)


CODE_FILES = Check("code-files", (PYTHON_FILE, NOTEBOOK_FILE, SCRIPT_FILE), _run)
