"""Files that set up tools of the host, and containers that take hold of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename

from provenance.checks.interface import Check, Rule, facts
from provenance.facts import TextFact
from provenance.records import Evidence, Finding, Severity

HOST_SETTINGS_FILE = Rule(
    ident="host-settings-file",
    title="a file sets up tools of the host",
    severity=Severity.ERROR,
    meaning="The model brings a file that tools look for by its name (`.env`, `.netrc`, `.npmrc`, `pip.conf`, keys, "
    "credentials), and it holds secrets, or another registry, index, proxy or endpoint, or has code loaded. It is a "
    "`warning` where it holds none of these. Values are not shown.",
    why="Tools that are started in the folder obey it: packages and models then come from elsewhere, and requests go "
    "there. Secrets in it are somebody's, and lost.",
    example="pip.conf, line 2: another index",
    advice="Delete the file. If the secrets are yours, revoke them.",
)

CONTAINER_TAKES_HOST = Rule(
    ident="container-takes-host",
    title="a container is given the host",
    severity=Severity.ERROR,
    meaning="A Compose file starts a privileged container, or one that gets Docker's socket, the whole file system, "
    "the host's processes or all capabilities.",
    why="Such a container is the host's administrator. Serving a model needs no more than its files and a GPU.",
    example="docker-compose.yml, line 6: Docker's socket",
    advice="Serve the model with a file of your own.",
    references=("https://docs.docker.com/engine/security/#docker-daemon-attack-surface",),
)

_SECRETS_BY_NAME = re.compile(
    r"\.netrc|_netrc|\.git-credentials|\.pgpass|id_(?:rsa|ecdsa|ed25519)|credentials|\.dockercfg"
)
_MEANS = (
    (
        "a secret",
        r"(?:token|secret|passw(?:or)?d|api_?key|access_?key|private_?key|credential|_auth)\w*[\"']?\s*[=:]\s*\S",
    ),
    (
        "another registry or index",
        r"(?:registry|index(?:[-_]url)?|find[-_]links|trusted[-_]host|channels?)\w*[\"']?\s*[=:]|^\s*url\s*=",
    ),
    (
        "a proxy or endpoint",
        r"(?:proxy|endpoint|base_?url|api_?base|no_?verify|verify_?ssl|strict-ssl)\w*[\"']?\s*[=:]",
    ),
    (
        "code that is loaded",
        r"(?:ld_preload|ld_library_path|pythonpath|pythonstartup|node_options|bash_env|^\s*path)\s*=|\b(?:system2?|source|eval|shell)\s*\(",
    ),
)
_LINES = tuple((words, re.compile(pattern, re.IGNORECASE)) for words, pattern in _MEANS)
_USUAL = re.compile(
    r"https://(?:registry\.npmjs\.org|pypi\.org|registry\.yarnpkg\.com|huggingface\.co)/?[\w/.-]*[\"']?\s*$"
)
_COMPOSE = re.compile(r"(?:docker-)?compose(?:\..+)?\.ya?ml", re.IGNORECASE)
_TAKES = (
    ("Docker's socket", re.compile(r"docker\.sock\b")),
    ("a privileged container", re.compile(r"^\s*privileged:\s*[\"']?(?:true|yes|on)\b", re.IGNORECASE)),
    ("the whole file system", re.compile(r"^\s*-\s*[\"']?/:/|\bsource:\s*[\"']?/[\"']?\s*$")),
    ("the host's processes", re.compile(r"^\s*(?:pid|userns_mode):\s*[\"']?host\b")),
    ("all capabilities", re.compile(r"^\s*-\s*[\"']?(?:ALL|SYS_ADMIN|SYS_MODULE|SYS_PTRACE)[\"']?\s*$")),
)
_MAX_LINES, _MAX_SHOWN = 20_000, 5


def _run(evidence: Evidence) -> Iterator[Finding]:
    for fact in facts(evidence.candidate, TextFact):
        if fact.role == "host-settings":
            yield _host(fact)
        elif fact.role == "yaml" and _COMPOSE.fullmatch(basename(fact.file)):
            yield from _compose(fact)


def _host(fact: TextFact) -> Finding:
    if _SECRETS_BY_NAME.fullmatch(basename(fact.file).lower()):
        return HOST_SETTINGS_FILE.finding("credentials, by its name", file=fact.file)
    if fact.text is None:
        return HOST_SETTINGS_FILE.finding("too long for such a file, and not looked at", file=fact.file)
    for number, line in enumerate(fact.text.split("\n")[:_MAX_LINES], 1):
        if line.lstrip().startswith(("#", ";")) or _USUAL.search(line):
            continue
        for words, pattern in _LINES:
            if pattern.search(line[:2000]):
                return HOST_SETTINGS_FILE.finding(words, file=fact.file, line=number)
    message = "tools look for a file of this name"
    return HOST_SETTINGS_FILE.finding(message, file=fact.file, severity=Severity.WARNING)


def _compose(fact: TextFact) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, line in enumerate((fact.text or "").split("\n")[:_MAX_LINES], 1):
        for words, pattern in _TAKES:
            if words not in seen and pattern.search(line[:2000]):
                seen.add(words)
                yield CONTAINER_TAKES_HOST.finding(words, file=fact.file, line=number)


HOST_FILES = Check("host-files", (HOST_SETTINGS_FILE, CONTAINER_TAKES_HOST), _run)
