"""What scripts and recipes would do, line by line: shells, PowerShell, batch, Make, Docker, JavaScript, pages.

None of these languages is parsed. The patterns are of things that are done in one line and that no model needs done:
what is fetched is run, what is decoded is run, a shell is given to somebody, secrets are read, a start is arranged.
Every pattern is linear in the length of its line, up to a bounded factor.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

from provenance.facts import Feature
from provenance.surfaces.code import sinks
from provenance.surfaces.code.fetched import Fetched

PIECE, OVERLAP = 4000, 500
"""Longer lines are looked at in pieces, so that the time is linear in the text."""
MAX_FEATURES = 40
"""Features of one kind in one source; none crowds out those of another kind."""

_FETCH = r"(?:curl|wget|fetch|aria2c|iwr|irm|Invoke-WebRequest|Invoke-RestMethod|lwp-download)\b"
_SHELL = (
    r"(?:sudo\s+(?:-\w+\s+)?)?(?:/usr)?(?:/bin/)?(?:env\s+(?:\w{1,40}=\S{0,80}\s+){0,5})?(?:busybox\s+)?"
    r"(?:xargs\b[^|\n]{0,80}?\s)?(?:(?:ba|z|da|k|c|fi)?sh\b|\$\{?(?:SHELL|BASH)\b)"
)
_INTERPRETER = (
    rf"(?:{_SHELL}|(?:sudo\s+)?(?:python|perl|ruby|node|php)[\d.]*\b(?!\s+-\w*[mcenp])|iex\b|Invoke-Expression\b)"
)
"""What runs its input; `python -m json.tool` and `perl -ne` run something else, to which the input is data."""

Patterns = tuple[tuple[str, str, str | re.Pattern[str]], ...]
"""Kind of feature, plain words, pattern; a text is compiled when it is needed, without regard to case."""


def _table(*rows: tuple[str, str, str]) -> Patterns:
    return rows


EVERYWHERE: Patterns = (
    *_table(
        ("runs-download", "what is fetched is run", rf"{_FETCH}[^\n]{{0,400}}?\|\s*{_INTERPRETER}"),
        ("runs-download", "what is fetched is run", rf"{_INTERPRETER}\s+(?:-\w+\s+)?[\"']?(?:<\(|\$\(|`)\s*{_FETCH}"),
        (
            "runs-download",
            "what is fetched is run",
            rf"(?:\beval|\bsource|(?<!\S)\.)\s+[\"']?(?:<\(|\$\(|`)\s*{_FETCH}",
        ),
        ("runs-download", "what is fetched is run", rf"^\s*[\"']?(?:\$\(|`)\s*{_FETCH}"),
        (
            "process",
            "a package is fetched and run",
            (
                r"(?:^|[\s;&|])(?:(?:npx|bunx|uvx)\s+(?:-\S{1,40}\s+){0,5}[@\w]|pipx\s+run\s|(?:pnpm|yarn)\s+dlx\s"
                r"|deno\s+run\s[^\n]{0,200}?https?:|go\s+run\s+\S{1,200}@)"
            ),
        ),
        ("runs-download", "what is fetched is run", r"\bDownloadString\b|\bDownloadFile\b|\biex\s*\(|\bmshta\b\s+\S"),
        (
            "runs-download",
            "what is fetched is run",
            r"\bcertutil\b.{0,200}-urlcache|\bbitsadmin\b|\bregsvr32\b.{0,200}http",
        ),
        (
            "runs-decoded",
            "what is decoded is run",
            rf"\bbase(?:64|32)\b[^\n]{{0,400}}?\|[^\n]{{0,200}}?{_INTERPRETER}",
        ),
        (
            "runs-decoded",
            "what is decoded is run",
            rf"\b(?:printf|rev|xxd|openssl|gunzip|zcat|tr)\b[^|\n]{{0,400}}\|\s*{_INTERPRETER}",
        ),
        ("runs-decoded", "what is decoded is run", rf"{_INTERPRETER}\s+-c\s+[\"']?\$\([^)\n]{{0,400}}base64"),
        ("runs-decoded", "what is decoded is run", r"\beval\s+[\"']?(?:\$\(|`)[^\n]{0,400}?\bbase(?:64|32)\b"),
        (
            "process",
            "code in one line reaches the host",
            (
                r"\b(?:python|pypy)[\d.]*\s+(?:-\w+\s+){0,3}?-\w*c\b[^\n]{0,300}?(?:\bos\.(?:system|popen|exec)|\bsubprocess\b"
                r"|\bexec\s*\(|\beval\s*\(|\b__import__\b|\burlopen\b|\bsocket\b|\bpickle\b|\bpty\b)"
                r"|\b(?:perl|ruby)\s+-\w*e\b[^\n]{0,300}?(?:\bsystem\b|\bexec\b|`|\bsocket\b)|\bawk\b[^\n]{0,400}?\bsystem\s*\("
            ),
        ),
        (
            "sends",
            "the environment is sent away",
            (
                r"\b(?:env|printenv)\s*\|[^\n]{0,200}?\b(?:nc|ncat|curl|wget|openssl)\b"
                r"|\b(?:curl|wget)\b[^\n]{0,200}?(?:\$\(|`)\s*(?:env|printenv|cat)\b"
            ),
        ),
        ("reverse-shell", "a way in is opened", r"\bssh\b[^\n]{0,200}?\s-\w*R\s*\S{0,100}?:\S"),
        ("persistence", "a program is given its owner's rights", r"\bchmod\s+(?:[ugo]*\+s\b|[2467][0-7]{3}\b)"),
        (
            "git-setting",
            "git is told to run a program",
            r"\bgit\s+config\b[^\n]{0,200}?(?:hooksPath|fsmonitor|sshCommand)\b",
        ),
        (
            "runs-decoded",
            "an encoded command",
            r"\bpowershell(?:\.exe)?\b.{0,300}\s-e(?:nc?|ncodedcommand)?\s+[\w+/=]{16,}",
        ),
        ("runs-decoded", "what is decoded is run", r"\bFromBase64String\b"),
        ("reverse-shell", "a shell is given to somebody", r"/dev/(?:tcp|udp)/|\bbash\s+-i\b|\bsh\s+-i\b"),
        (
            "reverse-shell",
            "a shell is given to somebody",
            r"\b(?:nc|ncat|netcat)\b.{0,200}\s-(?:e|c)\b|\bsocat\b.{0,200}exec",
        ),
        (
            "destructive",
            "files are wiped",
            r"\brm\s+-(?:rf|fr|r\s+-f)\s+(?:--no-preserve-root\s+)?[\"']?(?:/|~|\$HOME)(?:\s|[\"'/*]|$)",
        ),
        (
            "destructive",
            "files are wiped",
            (
                r"\bcd\s+(?:/|~|\$HOME|\$\{HOME\})\s*(?:&&|;)\s*(?:sudo\s+)?rm\s+-\w*r"
                r"|\brm\s+(?:-[\w-]{1,30}\s+){1,6}[\"']?(?:/|~|\$HOME|\$\{HOME\})(?:/?\*|/?[\"']|/?\s|/?$)"
            ),
        ),
        (
            "hooks-interpreter",
            "a variable that programs obey at their start",
            (
                r"\b(?:LD_PRELOAD|LD_AUDIT|DYLD_INSERT_LIBRARIES|BASH_ENV|PROMPT_COMMAND|PYTHONSTARTUP|GIT_SSH_COMMAND)="
                r"(?![\"']?(?:\s|$|\S{0,200}(?:malloc|libgomp|libiomp|libstdc\+\+|nccl)))\S"
            ),
        ),
        (
            "persistence",
            "a command is given another meaning",
            r"(?:^|[\s;&])alias\s+(?:sudo|su|ssh|gpg|passwd)=",
        ),
        ("destructive", "a disk is overwritten", r"\bmkfs\.|\bdd\b.{0,200}\bof=/dev/|:\(\)\s*\{\s*:\|"),
        (
            "sends",
            "something is sent away",
            (
                r"\bcurl\b(?![^\n]{0,800}(?:localhost|127\.0\.0\.1|0\.0\.0\.0))"
                r"[^\n]{0,400}?\s(?:-[dFT]|--data[\w-]*|--form|--upload-file)\b"
            ),
        ),
        ("sends", "something is sent away", r"\bwget\b[^\n]{0,400}?--post-|\b(?:scp|rsync|sftp)\b[^\n]{0,200}\S@\S"),
        ("unpickles", "a YAML tag makes Python objects", r"!!python/(?:object|name|module)"),
    ),
    ("credential-path", "where secrets lie", sinks.CREDENTIALS),
    ("persistence", "where programs arrange to be started again", sinks.PERSISTENCE),
    ("drop-point", "an address that data is carried to", sinks.DROP_POINTS),
)

BY_LANGUAGE: Mapping[str, Patterns] = {
    "powershell": _table(
        ("process", "a program is started", r"\b(?:Start-Process|Invoke-Expression|Invoke-Command|New-Object\s+Net)\b"),
    ),
    "batch": _table(
        ("runs-download", "something is fetched", rf"{_FETCH}|\bpowershell\b"),
    ),
    "make": _table(
        ("process", "make runs a command when it reads the file", r"\$\(shell\s|!=|^\s*-?include\s+\S*http"),
    ),
    "javascript": _table(
        ("process", "a program is started", r"\bchild_process\b|\bexecSync\b|\bspawnSync?\b|\bDeno\.run\b|\bBun\.spawn\b"),
        ("executes", "text is run", r"\beval\s*\(|\bnew\s+Function\s*\(|\bvm\.runIn"),
        ("sends", "the network is used", (r"\bXMLHttpRequest\b|\bfetch\s*\(|\bhttps?\.(?:request|get)\b|\bnet\.connect\b"
          r"|\bsendBeacon\b|\bWebSocket\b")),
        ("environment", "the environment is read", r"\bprocess\.env\b(?!\.\w)"),
    ),
    "vbscript": _table(
        ("process", "a program is started", r"\b(?:CreateObject|GetObject|ActiveXObject|ShellExecute|WScript\.Shell)\b"),
    ),
    "page": _table(
        ("sends", "the network is used", r"\bfetch\s*\(|\bXMLHttpRequest\b|\bsendBeacon\b|\bWebSocket\b|\bdocument\.cookie\b"),
        ("script-in-page", "a script", (r"<\s*script\b|\bjavascript\s*:|\son(?:load|error|click|mouseover|begin)\s*="
          r"|<\s*(?:iframe|object|embed|foreignObject)\b|<\s*hta:")),
    ),
    "lua": _table(
        ("process", "a program is started", r"\bos\.execute\b|\bio\.popen\b|\bpackage\.loadlib\b"),
        ("executes", "text is run", r"\bload(?:string|file)?\s*\("),
    ),
    "script": _table(
        (
            "process",
            "a program is started",
            (
                r"\b(?:system2?|exec|execv?p?|popen|shell_exec|passthru|proc_open|pcntl_exec|shell|spawn)\s*\(|%x[({\[]"
                r"|\bIO\.popen\b|\bOpen3\b|\bsystem\s+[\"'%]|\bexec\s+[\"'%]|(?<![`\w])`[^`\n]{1,200}`(?!`)|\brun\(`"
                r"|\bopen\s*\([^\n]{0,100}?(?:[\"']\s*-?\||\|-?\s*[\"'])"
            ),
        ),
        ("executes", "text is run", r"\b(?:eval|instance_eval|class_eval|include_string)\s*[(\"']|\bMeta\.parse\b"),
        ("sends", "the network is used", r"\b(?:TCPSocket|IO::Socket|Net::HTTP|fsockopen|stream_socket_client|LWP::|socket)\b"),
    ),
    "starter": _table(
        ("autorun", "a double click starts a program", r"^\s*Exec\s*=|^\s*open\s*=|^\s*shellexecute\s*="),
    ),
    "shortcut": _table(
        ("autorun", "opening it reaches another computer", r"^\s*(?:URL|IconFile|BASEURL)\s*=\s*(?:file:|\\\\)"),
    ),
    "git": _table(
        ("git-setting", "git runs a program or fetches from elsewhere",
         (r"^\s*(?:fsmonitor|hooksPath|sshCommand|pager|editor|askPass|gitProxy|textconv|process|smudge|clean|helper)\s*="
          r"|\bfilter=(?!lfs\b)\w|^\s*url\s*=\s*(?:-|ext::|file:|\W*-)|^\s*(?:lfsurl|url)\s*=\s*https?:(?!//(?:huggingface\.co"
          r"|github\.com|gitlab\.com|hf\.co)/)")),
    ),
    "yaml": _table(
        ("names-code", "a callable is named", r"^\s*_target_\s*:\s*[\"']?(?!torch\.|transformers\.|peft\.|datasets\.)\w"),
        ("process", "a hook runs a command of the repository", r"^\s*-?\s*language\s*:\s*(?:system|script|unsupported)"),
        ("install-source", "packages from another index", r"(?:--(?:extra-)?index-url|--find-links|--trusted-host)"),
    ),
    "toml": _table(
        ("autorun", "installing runs a build backend of the repository", r"^\s*backend-path\s*="),
    ),
    "pth": _table(
        ("autorun", "every Python that sees the file runs the line", r"^import[\s;]"),
    ),
}  # fmt: skip
SHELLS = frozenset({"shell", "docker", "make", "lines", "script"})
"""Languages of the shell, whose quotes and variables are followed a little."""
MAX_VARIABLES, MAX_PUT = 1000, 20
"""Variables of one script, and how many are put into one line."""
_GIVEN = re.compile(
    r"(?:^|[\s;&])(?:export\s+)?([A-Za-z_]\w{0,60})=(?:\"([^\"$`\n]{0,200})\"|'([^'\n]{0,200})'|([^\s;&|\"'$`]{1,200}))"
)
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w{0,60})\}|([A-Za-z_]\w{0,60}))")
_ECHO = re.compile(r"(?:\$\(|`)\s*echo\s+(?:-n\s+)?[\"']?([\w./:-]{1,100})[\"']?\s*(?:\)|`)")
_QUOTES = re.compile(r"\"\"|''|\\(?=[A-Za-z])|(?<=\w)['\"](?=\w)")
_COMMENT = re.compile(r"^\s*(?:#(?!!)|//|;|rem\s|::|--\s)", re.IGNORECASE)


@cache
def _compiled(language: str) -> list[tuple[str, str, re.Pattern[str]]]:
    rows = (*EVERYWHERE, *BY_LANGUAGE.get(language, ()))
    return [(kind, words, re.compile(row, re.IGNORECASE) if isinstance(row, str) else row) for kind, words, row in rows]


def features(text: str, language: str, fetched: Fetched | None = None) -> tuple[Feature, ...]:
    """What the lines of `text` would do; comments are not looked at, and lines that go on are joined.

    `fetched` is of texts that ran before this one.
    """
    fetched = fetched or Fetched()
    found: dict[tuple[str, str, int], Feature] = {}
    counts: Counter[str] = Counter()
    variables = {"IFS": " "}
    for number, line in _lines(text, language):
        spelt = _spelt_out(line, variables) if language in SHELLS else line
        for kind, detail in fetched.line(spelt) if language in SHELLS else ():
            if counts[kind] < MAX_FEATURES:
                counts[kind] += (kind, detail, number) not in found
                found.setdefault((kind, detail, number), Feature(kind, detail, number))
        for kind, words, pattern in _compiled(language):
            seen = pattern.search(line) or (pattern.search(spelt) if spelt != line else None)
            if seen and counts[kind] < MAX_FEATURES:
                counts[kind] += (kind, words, number) not in found
                shown = " ".join(seen[0].split())[:80]
                found.setdefault((kind, words, number), Feature(kind, f"{words}: {shown!r}", number))
    return tuple(found.values())


def _spelt_out(line: str, variables: dict[str, str]) -> str:
    """The line without quotes that quote nothing, with plain variables and echoed words in their places."""
    for found in _GIVEN.finditer(line):
        if len(variables) < MAX_VARIABLES:
            variables[found[1]] = found[2] or found[3] or found[4] or ""
    line = _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], found[0]), line, MAX_PUT)
    return _QUOTES.sub("", _ECHO.sub(r"\1", line))


def _lines(text: str, language: str) -> Iterator[tuple[int, str]]:
    kept, first = "", 0
    keep_comments = language in ("page", "yaml", "toml", "git")
    goes_on = "\\" if language == "script" else ("\\", "`", "^")
    for number, line in enumerate(text.splitlines(), 1):
        if not keep_comments and _COMMENT.match(line):
            continue
        first = first or number
        if line.endswith(goes_on) and len(kept) < PIECE:
            kept += line[:-1] + " "
            continue
        yield from _pieces(first, kept + line)
        kept, first = "", 0
    yield from _pieces(first, kept)


def _pieces(number: int, line: str) -> Iterator[tuple[int, str]]:
    for start in range(0, max(1, len(line) - OVERLAP), PIECE - OVERLAP):
        yield number, line[start : start + PIECE]
