"""Remote code: configuration that makes a loader import and run Python of somebody's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename, dirname, normpath

from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.records import Evidence, Finding, JsonFact, Severity

REMOTE_CODE = Rule(
    ident="remote-code",
    title="configuration asks the loader to run Python from the model",
    severity=Severity.ERROR,
    meaning="A JSON document has an `auto_map` or `custom_pipelines` that names a class in a Python file, or a "
    "`modules.json` names a module that is not of sentence_transformers. With `trust_remote_code=True` the loader "
    "imports that file. A key that stands twice is reported as well: the last one counts.",
    why="The code runs with all rights of the user, before one weight is read. Many honest architectures come this "
    "way at first, so the code has to be read by someone; no scanner can promise what it does.",
    example="config.json, $.auto_map.AutoModelForCausalLM: names 'modeling_foo.FooForCausalLM'",
    advice="Load without trust_remote_code where your library knows the architecture. Otherwise read the Python "
    "files, and pin the revision.",
)

REMOTE_CODE_ELSEWHERE = Rule(
    ident="remote-code-elsewhere",
    title="configuration asks the loader to run code from another repository",
    severity=Severity.ERROR,
    meaning="An `auto_map` names a class as `organisation/repository--module.Class`, or an attention implementation "
    "is named as `organisation/repository`: the loader downloads code that is no part of this model and of no fixed "
    "revision.",
    why="Nothing that was checked here covers that code, and whoever owns the other repository can change it at any "
    "time.",
    example="config.json, $.auto_map.AutoModel: names 'someone/kernels--modeling.Model'",
    advice="Copy the code into the model after reading it, or load with a `code_revision` that you have read.",
)

_KEYS = frozenset({"auto_map", "custom_pipelines"})
_ATTENTION = frozenset({"attn_implementation", "_attn_implementation", "_attn_implementation_internal"})
_ELSEWHERE = re.compile(r"[^\s/]+/[^\s/]+--\S+")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(?:[@:]\S+)?", re.ASCII)


def _run(evidence: Evidence) -> Iterator[Finding]:
    paths = {file.path for file in evidence.candidate.manifest.files}
    for fact in facts(evidence.candidate, JsonFact):
        for json_path, key, target in _targets(fact):
            where = f"names {quoted(target)}"
            if key in _ATTENTION or _ELSEWHERE.fullmatch(target):
                yield REMOTE_CODE_ELSEWHERE.finding(where, file=fact.file, json_path=json_path)
            else:
                module = normpath(f"{dirname(fact.file)}/{target.rpartition('.')[0].replace('.', '/')}.py".lstrip("/"))
                absent = "" if module in paths or key == "type" else f" ({module}, which is not in the model)"
                yield REMOTE_CODE.finding(where + absent, file=fact.file, json_path=json_path)
        for key in sorted(_KEYS.intersection(fact.duplicate_keys)):
            yield REMOTE_CODE.finding(
                f"{key} stands twice; loaders obey the last", file=fact.file, json_path=f"$..{key}"
            )


def _targets(fact: JsonFact) -> Iterator[tuple[str, str, str]]:
    """(JSON path, key, target) of everything in one document that names code."""
    for path, key, value in _members(fact.value):
        if key == "auto_map":
            yield from ((inner, key, text) for inner, text in _texts(value, path))
        elif key == "custom_pipelines":
            yield from ((inner, key, text) for inner, text in _texts(value, path) if inner.endswith(".impl"))
        elif key in _ATTENTION and isinstance(value, str) and _REPOSITORY.fullmatch(value):
            yield path, key, value
        elif key == "type" and basename(fact.file) == "modules.json" and _is_foreign(value):
            yield path, key, str(value)


def _is_foreign(module: object) -> bool:
    return isinstance(module, str) and not module.startswith("sentence_transformers.")


def _members(document: object) -> Iterator[tuple[str, str, object]]:
    """(JSON path, key, value) of every member of every object. A stack and no recursion: documents are deep."""
    stack: list[tuple[str, object]] = [("$", document)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            for key, item in value.items():
                yield f"{path}.{key}", key, item
            stack += [(f"{path}.{key}", item) for key, item in value.items() if isinstance(item, dict | list)]
        elif isinstance(value, list):
            stack += [(f"{path}[{i}]", item) for i, item in enumerate(value) if isinstance(item, dict | list)]


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    """(JSON path, text) of every text that is not empty."""
    if isinstance(value, str) and value:
        yield path, value
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _texts(item, f"{path}[{i}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{path}.{key}")


REMOTE_CODE_CHECK = Check("remote-code", (REMOTE_CODE, REMOTE_CODE_ELSEWHERE), _run)
