"""Source code in a model: what it would reach for, seen without running it.

sources()        from texts to facts, each language by its own reader
python_child     Python, from its syntax tree, in a sandbox's child
meanings         what its names mean
reaching         what is done with them
folding          what hides a name, added up
sinks            the names and texts that matter
lines            scripts and recipes, line by line
fetched          what one line fetches and another runs
git_settings     what git is told to run
requirement_lines    where packages come from
notebooks        cells
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from provenance.facts import CodeFact, Feature, TextFact
from provenance.surfaces.code import git_settings, lines, requirement_lines
from provenance.surfaces.code.fetched import Fetched
from provenance.surfaces.code.notebooks import Cell, cells
from provenance.surfaces.sandbox import Failure, Limits, Sandbox

LINES = frozenset({*lines.BY_LANGUAGE, "shell", "docker", "lines"})
"""Roles of texts that are looked at line by line."""
ROLES = LINES | {"python", "notebook", "requirements", "git-config", "git-file"}
"""Roles of texts that are source code."""
MAX_PYTHON = 2000
"""Python sources and cells of one model that are parsed; what is beyond is said to be unread."""
_CHILD = "provenance.surfaces.code.python_child"


def sources(texts: Iterable[TextFact]) -> tuple[CodeFact, ...]:
    """A fact for each source among `texts` (and each cell of a notebook), in their order."""
    with Sandbox(_CHILD, Limits(seconds=10)) as sandbox:
        return tuple(_facts(texts, sandbox))


def _facts(texts: Iterable[TextFact], sandbox: Sandbox) -> Iterator[CodeFact]:
    parsed = 0
    for fact in texts:
        if fact.role not in ROLES:
            continue
        if fact.text is None:
            yield CodeFact(fact.file, fact.role, error="it is too long to be looked at")
        elif fact.role == "python":
            parsed += 1
            yield _python(fact.file, fact.text, sandbox, over=parsed > MAX_PYTHON)
        elif fact.role == "notebook":
            found, error = cells(fact.text)
            if error:
                yield CodeFact(fact.file, "notebook", error=error)
            fetched = Fetched()
            for cell in found:
                parsed += 1
                yield _cell(fact.file, cell, fetched, sandbox, over=parsed > MAX_PYTHON)
        elif fact.role == "requirements":
            yield CodeFact(fact.file, fact.role, requirement_lines.features(fact.text))
        else:
            yield CodeFact(fact.file, fact.role, _by_line(fact.file, fact.role, fact.text))


def _by_line(file: str, role: str, text: str) -> tuple[Feature, ...]:
    if role == "git-file":
        return git_settings.elsewhere(file, text)
    if role == "git-config":
        return git_settings.features(text)
    found = lines.features(text, role)
    if role != "git":
        return found
    told = {feature.line for feature in found}
    return (*found, *(feature for feature in git_settings.features(text) if feature.line not in told))


def _cell(file: str, cell: Cell, fetched: Fetched, sandbox: Sandbox, *, over: bool) -> CodeFact:
    python = _python(file, cell.python, sandbox, over=over) if cell.python.strip() else CodeFact(file, "python")
    shell = lines.features(cell.shell, "shell", fetched) + lines.features(cell.page, "page")
    shell += lines.features(cell.script, "script")
    return CodeFact(file, "notebook", (*python.features, *shell), python.error, cell.number)


def _python(file: str, text: str, sandbox: Sandbox, *, over: bool) -> CodeFact:
    if over:
        return CodeFact(file, "python", error=f"the model has more than {MAX_PYTHON} sources")
    answer = sandbox.ask({"text": text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")})
    if isinstance(answer, Failure):
        return CodeFact(file, "python", error=f"when it was parsed, {answer}")
    assert isinstance(answer, dict), "what the child promises"
    found = tuple(Feature(kind, detail, line) for kind, detail, line in answer["features"])
    return CodeFact(file, "python", found, answer["error"])
