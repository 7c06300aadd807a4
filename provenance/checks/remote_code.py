"""Remote code: configuration that makes a loader import and run Python of somebody's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from posixpath import basename, dirname, normpath

from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.checks.json_places import ROOT, Place, members, path, short, texts
from provenance.facts import JsonFact
from provenance.records import Evidence, Finding, Severity

REMOTE_CODE = Rule(
    ident="remote-code",
    title="configuration asks the loader to run Python from the model",
    severity=Severity.ERROR,
    meaning="A JSON document has an `auto_map` or `custom_pipelines` that names a class in a Python file, or a "
    "`modules.json` names a module that is not of sentence_transformers. With `trust_remote_code=True` the loader "
    "imports that file; so it does with `custom_generate`. A key that stands twice is reported as well: the last one "
    "counts. Twenty findings a document are shown.",
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
    meaning="An `auto_map` names a class as `organisation/repository--module.Class`, or an attention implementation, a "
    "kernel or a `custom_generate` is named as `organisation/repository`: the loader downloads code that is no part of "
    "this model and of no fixed revision. It is a `warning` for `kernels-community`, the organisation from which the "
    "Hub's own library takes kernels.",
    why="Nothing that was checked here covers that code, and whoever owns the other repository can change it at any "
    "time.",
    example="config.json, $.auto_map.AutoModel: names 'someone/kernels--modeling.Model'",
    advice="Copy the code into the model after reading it, or load with a `code_revision` that you have read.",
)

CONFIGURATION_REDIRECTED = Rule(
    ident="configuration-redirected",
    title="configuration sends the loader to another file",
    severity=Severity.WARNING,
    meaning="`configuration_files` in a `config.json`, or `fast_tokenizer_files` in a `tokenizer_config.json`, names "
    "another file. Transformers then may read that file in place of the usual one; which file depends on its "
    "version. The other file is examined like any configuration; settings are compared with a base's in `config.json` "
    "alone.",
    why="A person, and most tools, read `config.json`. The model that is loaded may be described elsewhere. The key "
    "was made for a change of formats in 2021; hardly any model needs it.",
    example="config.json, $.configuration_files[0]: 'config.4.0.0.json' in place of config.json",
    advice="Compare the two files, and delete the key where it is not needed.",
)

_KEYS = frozenset({"auto_map", "custom_pipelines"})
_ATTENTION = frozenset({"attn_implementation", "_attn_implementation", "_attn_implementation_internal"})
_REDIRECTS = {"configuration_files": "config.json", "fast_tokenizer_files": "tokenizer.json"}
_GENERATE = "custom_generate"
_KERNELS = frozenset({"kernel_config", "kernels_config"})
_NAMES = _KEYS | _ATTENTION | _KERNELS | {"type", _GENERATE, *_REDIRECTS}
_KEPT_BY_THE_HUB = "kernels-community/"
_ELSEWHERE = re.compile(r"[^\s/]+/[^\s/]+--\S+")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(?:[@:]\S+)?", re.ASCII)
_MAX_SHOWN = 20


def _run(evidence: Evidence) -> Iterator[Finding]:
    paths = {file.path for file in evidence.candidate.manifest.files}
    for file in sorted(file for file in paths if file == f"{_GENERATE}/generate.py"):
        yield REMOTE_CODE.finding("is imported and takes the place of generate()", file=file)
    for fact in facts(evidence.candidate, JsonFact):
        found = _of_document(fact, paths)
        yield from islice(found, _MAX_SHOWN)
        if next(found, None) is not None:
            message = f"more than {_MAX_SHOWN} places like these; the others are not listed"
            yield REMOTE_CODE.finding(message, file=fact.file)


def _of_document(fact: JsonFact, paths: set[str]) -> Iterator[Finding]:
    for key in sorted(_KEYS.intersection(fact.duplicate_keys)):
        yield REMOTE_CODE.finding(f"{key} stands twice; loaders obey the last", file=fact.file, json_path=f"$..{key}")
    for place, key, target in _targets(fact):
        json_path = path(place)
        if key in _REDIRECTS:
            message = f"{quoted(target)} in place of {_REDIRECTS[key]}"
            yield CONFIGURATION_REDIRECTED.finding(message, file=fact.file, json_path=json_path)
        elif key in _ATTENTION | _KERNELS or _ELSEWHERE.fullmatch(target) or (key == _GENERATE and "/" in target):
            severity = Severity.WARNING if target.startswith(_KEPT_BY_THE_HUB) else None
            yield REMOTE_CODE_ELSEWHERE.finding(
                f"names {quoted(target)}", file=fact.file, json_path=json_path, severity=severity
            )
        else:
            module = normpath(f"{dirname(fact.file)}/{target.rpartition('.')[0].replace('.', '/')}.py".lstrip("/"))
            known = module in paths or key == "type"
            absent = "" if known else f" ({short(module)}, which is not in the model)"
            yield REMOTE_CODE.finding(f"names {quoted(target)}{absent}", file=fact.file, json_path=json_path)


def _targets(fact: JsonFact) -> Iterator[tuple[Place, str, str]]:
    """(place, key, target) of everything in one document that names code, or another document."""
    for place, key, value in members(fact.value, _NAMES):
        if key == "auto_map":
            yield from ((inner, key, text) for inner, text in texts(value, place))
        elif key in _KERNELS:
            named = ((inner, text) for inner, text in texts(value, place) if _REPOSITORY.fullmatch(text))
            yield from ((inner, key, text) for inner, text in named)
        elif key == _GENERATE:
            yield from ((inner, key, text) for inner, text in texts(value, place))
        elif key == "custom_pipelines":
            yield from ((inner, key, text) for inner, text in texts(value, place) if inner[1] == "impl")
        elif (key in _ATTENTION and isinstance(value, str) and _REPOSITORY.fullmatch(value)) or (
            key == "type" and basename(fact.file) == "modules.json" and isinstance(value, str) and _is_foreign(value)
        ):
            yield place, key, value
        elif key in _REDIRECTS and place[0] is ROOT:
            others = ((inner, text) for inner, text in texts(value, place) if text != _REDIRECTS[key])
            yield from ((inner, key, text) for inner, text in others)


def _is_foreign(module: str) -> bool:
    return not module.startswith("sentence_transformers.")


REMOTE_CODE_CHECK = Check("remote-code", (REMOTE_CODE, REMOTE_CODE_ELSEWHERE, CONFIGURATION_REDIRECTED), _run)
