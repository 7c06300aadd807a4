"""Source code of the model by what it would reach for: programs, the network, secrets, other code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from posixpath import basename

from provenance.checks.file_kinds import is_standard_module
from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.facts import CodeFact, Feature, JsonFact
from provenance.records import Confidence, Evidence, Finding, Severity

_READ = "Read the code before you run or load anything. Use weights whose architecture your library knows without it."

CODE_RUNS_PROGRAMS = Rule(
    ident="code-runs-programs",
    title="source code of the model runs programs",
    severity=Severity.ERROR,
    meaning="A source (Python, a notebook's cell, JavaScript, Lua, a recipe) starts other programs or calls native "
    "code: `os.system`, `subprocess`, `ctypes`, `child_process` and their kin, by whatever name they were imported, "
    "looked up or put together. The source was parsed, never run.",
    why="Code that only computes a model needs no other program. This is how a loader that trusts the repository's "
    "code becomes a shell.",
    example="modeling_foo.py: subprocess.run is used",
    advice=_READ,
    references=("https://huggingface.co/docs/transformers/custom_models", "https://cwe.mitre.org/data/definitions/78"),
)

CODE_USES_NETWORK = Rule(
    ident="code-uses-network",
    title="source code of the model uses the network",
    severity=Severity.ERROR,
    meaning="A source opens sockets, listens, sends requests with data or takes commands. It is a `warning` where it "
    "only fetches (`urllib.request`, `requests.get`), as honest processors do with pictures.",
    why="What a model is asked is confidential. Code that is loaded with the weights sees all of it.",
    example="handler.py: requests.post is used",
    advice=f"{_READ} Where it must run, run it without a network.",
)

CODE_READS_SECRETS = Rule(
    ident="code-reads-secrets",
    title="source code of the model reads secrets, or names a place to carry them to",
    severity=Severity.ERROR,
    meaning="A source names files where keys, tokens, cookies or wallets lie, reads the whole environment or secret "
    "variables of it, asks the Hub's library for the user's token, or holds an address that thieves have data sent to "
    "(webhooks, paste sites, bare IP addresses). With use of the network it is `critical`.",
    why="Forks of real projects with code that harvests credentials are the commonest attack on those who download "
    "models.",
    example="modeling_foo.py: '~/.aws/credentials' stands in a text",
    advice="Do not run it, tell the publisher's host, and change the secrets of machines that ran it.",
)

CODE_EXECUTES_DATA = Rule(
    ident="code-executes-data",
    title="source code of the model executes data",
    severity=Severity.ERROR,
    meaning="A source turns text or bytes into running code: `eval`, `exec`, unpickling (`torch.load` with "
    "`weights_only=False` too), imports by a name made at run time, another repository's code. It is `critical` "
    "where what is executed is fetched or decoded first, and a `warning` for `torch.load` that says nothing.",
    why="What the code does then stands nowhere in it: it was not read by anybody, and may change.",
    example="modeling_foo.py: exec is used, base64.b64decode is used",
    advice=_READ,
)

CODE_HIDDEN = Rule(
    ident="code-hidden",
    title="source code of the model hides what it does",
    severity=Severity.ERROR,
    meaning="A source has characters that nobody sees (bidirectional, zero-width), identifiers in look-alike letters, "
    "code far out of sight to the right, names of powerful functions put together from pieces, or an encoding that "
    "editors do not show.",
    why="Nobody writes so who wants to be read.",
    example="modeling_foo.py, line 12: 'system' is put together from pieces",
    advice="Do not run it.",
    references=("https://trojansource.codes", "https://www.unicode.org/reports/tr55/"),
)

CODE_PERSISTS = Rule(
    ident="code-persists",
    title="source code of the model takes hold of the machine",
    severity=Severity.CRITICAL,
    meaning="A source gives a shell to somebody, arranges to be started again (start files of shells, cron, systemd, "
    "keys that may log in), or wipes files. It is an `error` where a folder is deleted, or files of the user are "
    "removed or written.",
    why="No model does that.",
    example="install.sh, line 3: a shell is given to somebody: '/dev/tcp/'",
    advice="Do not run it, and look at machines that ran it.",
)

CODE_PATCHES_LIBRARIES = Rule(
    ident="code-patches-libraries",
    title="source code of the model changes other code",
    severity=Severity.ERROR,
    meaning="A source replaces functions of transformers, torch, Python's builtins or the like, puts itself before "
    "imports, or hooks the interpreter.",
    why="It then acts in programs that never call it, on other models too.",
    example="modeling_foo.py: transformers.GenerationMixin.generate is replaced",
    advice=_READ,
)

CODE_RUNS_UNASKED = Rule(
    ident="code-runs-unasked",
    title="a file that runs without being asked for",
    severity=Severity.ERROR,
    meaning="The model holds a file that other programs run by themselves: lines of a `.pth`, `sitecustomize.py`, a "
    "module named like one of the standard library, hooks of installers and editors, filters of git, starters that "
    "look like documents, pictures with scripts. It is a `warning` for pages with scripts and for `conftest.py`.",
    why="To have it lie in the folder is enough.",
    example="json.py: has the name of a module of Python's standard library",
    advice="Delete it, or leave it out of what you deploy.",
)

INSTALL_SOURCE = Rule(
    ident="install-source",
    title="requirements come from elsewhere than they seem to",
    severity=Severity.ERROR,
    meaning="A requirements file, or a recipe, has packages installed from another index, an address, or a name that "
    "is one slip away from a popular one. Indexes of PyTorch and NVIDIA are not meant. It is a `warning` for a "
    "repository of a well-known forge, and for a package in the model itself.",
    why="Installing runs code. A second index wins with a higher version; a name with a slip is somebody else's.",
    example="requirements.txt, line 1: --extra-index-url https://packages.example/simple",
    advice="Install the packages from the index that you trust, by their right names.",
    references=("https://pip.pypa.io/en/stable/reference/requirements-file-format/",),
)

CODE_UNREADABLE = Rule(
    ident="code-unreadable",
    title="source code of the model could not be parsed",
    severity=Severity.WARNING,
    confidence=Confidence.MEDIUM,
    meaning="A Python source is no Python of the version that examined it. It is an `error` where it is too long, or "
    "takes too much to parse, or is what git obeys and could not be read, and an `info` for one cell of a notebook. "
    "But for that cell, the file counts as not looked at, which leaves the verdict undecided.",
    why="What was not parsed was not looked at, and may run all the same under another version.",
    example="modeling_foo.py: it is no Python of this version, line 3",
    advice="Read it by hand.",
)

_OBEYED = re.compile(r"(?:.*/)?\.git/", re.DOTALL)
"""Hooks and settings, which are lines of text in every honest repository."""

_LEVELS: dict[str, tuple[Rule, Severity]] = {
    kind: (rule, severity)
    for rule, severity, kinds in (
        (CODE_RUNS_PROGRAMS, Severity.ERROR, "process"),
        (CODE_USES_NETWORK, Severity.WARNING, "network"),
        (CODE_USES_NETWORK, Severity.ERROR, "sends"),
        (CODE_READS_SECRETS, Severity.ERROR, "credential-path environment drop-point"),
        (CODE_READS_SECRETS, Severity.WARNING, "secret"),
        (
            CODE_EXECUTES_DATA,
            Severity.ERROR,
            "executes unpickles dynamic-import interpreter-internals trusts-remote-code",
        ),
        (CODE_EXECUTES_DATA, Severity.ERROR, "names-code"),
        (CODE_EXECUTES_DATA, Severity.WARNING, "unpickles-maybe"),
        (CODE_EXECUTES_DATA, Severity.CRITICAL, "runs-download runs-decoded"),
        (CODE_HIDDEN, Severity.ERROR, "invisible-character code-out-of-sight disguised-identifier assembled-name"),
        (CODE_HIDDEN, Severity.ERROR, "odd-encoding"),
        (CODE_PERSISTS, Severity.ERROR, "deletes writes-home"),
        (CODE_PERSISTS, Severity.CRITICAL, "persistence reverse-shell destructive"),
        (CODE_PATCHES_LIBRARIES, Severity.ERROR, "patches-library hooks-interpreter"),
        (CODE_RUNS_UNASKED, Severity.ERROR, "autorun git-setting"),
        (CODE_RUNS_UNASKED, Severity.WARNING, "script-in-page"),
        (INSTALL_SOURCE, Severity.ERROR, "install-source imitated-package"),
        (INSTALL_SOURCE, Severity.WARNING, "install-forge install-local"),
    )
    for kind in kinds.split()
}
"""What each kind of feature is a finding of; kinds that are not here say something only beside others."""
_MAX_SHOWN = 3
_MAX_SOURCES = 200
"""Findings of one rule in one model; a thousand sources say no more."""
_UNASKED = frozenset({"sitecustomize.py", "usercustomize.py"})
_SHELL_STARTS = frozenset(
    {".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshrc", ".zshenv", ".zprofile", ".envrc", "autorun.inf"}
)
_STARTERS = (".lnk", ".hta", ".scr", ".pif", ".vbs", ".vbe", ".wsf", ".jse", ".reg", ".inf", ".msi", ".application")
_INSTALL_SCRIPTS = frozenset({"preinstall", "install", "postinstall", "prepare", "prepublish"})


def _run(evidence: Evidence) -> Iterator[Finding]:
    found: dict[str, list[Finding]] = {}
    for fact in facts(evidence.candidate, CodeFact):
        for finding in _of_source(fact):
            found.setdefault(finding.rule, []).append(finding)
    for findings in found.values():
        yield from sorted(findings, key=lambda finding: -finding.severity.rank)[:_MAX_SOURCES]
    yield from islice(_by_name(evidence), _MAX_SOURCES)
    for document in facts(evidence.candidate, JsonFact):
        yield from _of_document(document)


def _of_source(fact: CodeFact) -> Iterator[Finding]:
    kinds = {feature.kind for feature in fact.features}
    by_rule: dict[str, list[tuple[Severity, Feature]]] = {}
    rules = {rule.ident: rule for rule, _ in _LEVELS.values()}
    for feature in fact.features:
        if feature.kind in _LEVELS:
            rule, severity = _LEVELS[feature.kind]
            by_rule.setdefault(rule.ident, []).append((_raised(feature.kind, severity, kinds, fact), feature))
    for ident, seen in by_rule.items():
        worst = max((severity for severity, _ in seen), key=lambda severity: severity.rank)
        shown = [feature for severity, feature in seen if severity is worst]
        yield rules[ident].finding(_message(fact, shown), severity=worst, file=fact.file, line=_line(fact, shown))
    if fact.error:
        level = Severity.INFO if fact.cell is not None else Severity.WARNING
        if (fact.language == "python" and not fact.error.startswith("it is no Python")) or _OBEYED.match(fact.file):
            level = Severity.ERROR
        yield CODE_UNREADABLE.finding(f"{_cell(fact)}{fact.error}", severity=level, file=fact.file)


def _raised(kind: str, severity: Severity, kinds: set[str], fact: CodeFact) -> Severity:
    """The severity of a kind beside the others of its source."""
    network = bool(kinds & {"network", "sends", "drop-point"})
    reads = {"credential-path", "environment", "secret", "drop-point"}
    if kind in reads and network and kinds & (reads - {"drop-point"}):
        return Severity.CRITICAL
    if kind in ("executes", "unpickles") and (network or kinds & {"decodes", "encoded-text"}):
        return Severity.CRITICAL
    if kind == "script-in-page" and fact.cell is not None:
        return Severity.INFO  # Jupyter runs no script of a notebook that is not trusted, and honest plots are scripts
    if kind == "script-in-page" and fact.file.lower().endswith((".svg", ".hta")):
        return Severity.ERROR
    return severity


def _message(fact: CodeFact, shown: list[Feature]) -> str:
    details = list(dict.fromkeys(feature.detail for feature in shown))
    more = f" and {len(details) - _MAX_SHOWN} more" if len(details) > _MAX_SHOWN else ""
    return f"{_cell(fact)}{'; '.join(details[:_MAX_SHOWN])}{more}"


def _cell(fact: CodeFact) -> str:
    return f"cell {fact.cell}: " if fact.cell is not None else ""


def _line(fact: CodeFact, shown: Iterable[Feature]) -> int | None:
    """Line of the file; a notebook's cells have none."""
    return None if fact.cell is not None else next((feature.line for feature in shown), None)


def _by_name(evidence: Evidence) -> Iterator[Finding]:
    """Files that run for their names."""
    for file in evidence.candidate.manifest.files:
        name = basename(file.path).lower()
        if name in _UNASKED:
            message = "Python runs it at every start, where it lies on its path"
        elif name in _SHELL_STARTS:
            message = "shells, and Windows, run files of this name at their start"
        elif name.endswith(_STARTERS):
            message = "opening it runs what it says"
        elif is_standard_module(file.path):
            message = "has the name of a module of Python's standard library"
        elif name == "conftest.py":
            yield CODE_RUNS_UNASKED.finding("pytest runs it", file=file.path, severity=Severity.WARNING)
            continue
        else:
            continue
        yield CODE_RUNS_UNASKED.finding(message, file=file.path)


def _of_document(fact: JsonFact) -> Iterator[Finding]:
    """Hooks of npm, of Visual Studio Code and of development containers."""
    value, name = fact.value, basename(fact.file)
    if not isinstance(value, dict):
        return
    if name == "package.json" and isinstance(scripts := value.get("scripts"), dict):
        for key in sorted(_INSTALL_SCRIPTS & scripts.keys()):
            message = f"npm runs {quoted(scripts[key])}"
            yield CODE_RUNS_UNASKED.finding(message, file=fact.file, json_path=f"$.scripts.{key}")
    if name == "tasks.json" and isinstance(tasks := value.get("tasks"), list):
        for number, task in enumerate(tasks[:100]):
            options = task.get("runOptions") if isinstance(task, dict) else None
            if isinstance(options, dict) and options.get("runOn") == "folderOpen":
                message = f"an editor runs {quoted(task.get('command', ''))} when it opens the folder"
                yield CODE_RUNS_UNASKED.finding(message, file=fact.file, json_path=f"$.tasks[{number}]")
    if name in ("devcontainer.json", ".devcontainer.json"):
        for key in sorted(key for key in value if key.endswith("Command")):
            message = f"an editor runs {quoted(value[key])} when it opens the folder"
            yield CODE_RUNS_UNASKED.finding(message, file=fact.file, json_path=f"$.{key}")


SOURCE_CODE_CHECK = Check(
    "source-code",
    (
        CODE_RUNS_PROGRAMS,
        CODE_USES_NETWORK,
        CODE_READS_SECRETS,
        CODE_EXECUTES_DATA,
        CODE_HIDDEN,
        CODE_PERSISTS,
        CODE_PATCHES_LIBRARIES,
        CODE_RUNS_UNASKED,
        INSTALL_SOURCE,
        CODE_UNREADABLE,
    ),
    _run,
)
