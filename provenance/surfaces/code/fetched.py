"""What a script of the shell fetches in one place and runs in another, and where it has packages installed from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename

from provenance.surfaces.code import requirement_lines

MAX_FILES, MAX_WORDS = 1000, 200
"""Files of one script that are remembered; words of one command that are looked at."""
_SPLIT = re.compile(r"&&|\|\||[;|\n]|&(?!\S*>)")
_WORD = re.compile(r"\"([^\"]*)\"|'([^']*)'|([^\s\"']+)")
_FETCHERS = frozenset({"curl", "wget", "aria2c", "fetch", "iwr", "irm", "invoke-webrequest"})
_OUT = frozenset({"-o", "-O", "--output", "--output-document", "-outfile", "--out"})
_RUNNERS = re.compile(r"(?:ba|z|da|k|c|fi)?sh|source|\.|python[\d.]*|perl|ruby|node|php|exec|bash\.exe|chmod\+x")
_BEFORE = frozenset(
    {"sudo", "env", "time", "nohup", "exec", "command", "then", "do", "run", "&", "if", "busybox", "-e"}
)
_ADDRESS = re.compile(r"(?i)(?:https?|ftp)://\S+")
_INSTALLERS = re.compile(
    r"(?:\bpip[\d.]*|\bpip[\d.]*\.exe)\s+(?:-\S+\s+)*(?:install|download|wheel)\s([^\n;&|]*)"
    r"|\buv\s+(?:add|sync|tool\s+install)\s([^\n;&|]*)|\b(?:poetry|pdm)\s+add\s([^\n;&|]*)"
)
_VALUE = re.compile(
    r"(?:^|\s)(--index-url|--extra-index-url|--default-index|--index|--find-links|--trusted-host|--registry|-i|-f)"
    r"(?:=|\s+)[\"']?([^\s\"']+)"
)
_SETTING = re.compile(
    r"\b((?:PIP|UV)_(?:EXTRA_|DEFAULT_)?INDEX(?:_URL)?|npm_config_registry)=[\"']?(\w+://[^\s\"']+)", re.IGNORECASE
)

Seen = tuple[str, str]
"""Kind of feature and plain words."""


class Fetched:
    """Files that the lines of one script fetch, as far as they have been looked at."""

    def __init__(self) -> None:
        self._files: set[str] = set()

    def line(self, line: str) -> Iterator[Seen]:
        """What this line runs that was fetched before, in it or above it; and what it installs from elsewhere."""
        for command in _SPLIT.split(line):
            words = [a or b or c for a, b, c in _WORD.findall(command)[:MAX_WORDS]]
            while words and (words[0].lower() in _BEFORE or re.fullmatch(r"\w+=\S*", words[0])):
                del words[0]
            if not words:
                continue
            name = basename(words[0]).lower()
            if name in _FETCHERS or words[0].lower() in _FETCHERS:
                self._fetch(words)
            elif run := self._run(words):
                yield "runs-download", f"what is fetched is run: {run[:80]!r}"
        yield from installs(line)

    def _fetch(self, words: list[str]) -> None:
        named = {words[place + 1] for place, word in enumerate(words[:-1]) if _writes(word)}
        named |= {word.partition("=")[2] for word in words if word.startswith(("--output=", "--output-document="))}
        addresses = [word for word in words if _ADDRESS.match(word)]
        named |= {basename(re.split(r"[?#]", address)[0]) for address in addresses}
        for name in named:
            if plain := _plain(name):
                self._files.add(plain)
        if len(self._files) > MAX_FILES:
            self._files.pop()

    def _run(self, words: list[str]) -> str:
        if _plain(words[0]) in self._files and "/" in words[0]:
            return words[0]
        if _RUNNERS.fullmatch(words[0].lower().rpartition("/")[2] or "."):
            return next((word for word in words[1:] if _plain(word) in self._files), "")
        return ""


def _writes(word: str) -> bool:
    """`-o`, `-qO`, `-sSLo`, `>`: what follows is the file's name."""
    return word in _OUT or word in (">", ">>") or re.fullmatch(r"-[A-Za-z]{1,8}[oO]", word) is not None


def _plain(name: str) -> str:
    return name.removeprefix("<").removeprefix("./").rstrip(")`\"'")


def installs(line: str) -> Iterator[Seen]:
    """Where a command has packages installed from, if elsewhere, and names that are one slip from popular ones."""
    for found in _SETTING.finditer(line):
        if requirement_lines.host(found[2]) not in requirement_lines.KNOWN_HOSTS:
            yield "install-source", f"{found[1]}={found[2][:100]}"
    for command in _INSTALLERS.finditer(line):
        said = next(filter(None, command.groups()), "")
        for option in _VALUE.finditer(said):
            if requirement_lines.host(option[2]) not in requirement_lines.KNOWN_HOSTS or option[1] == "--trusted-host":
                yield "install-source", f"{option[1]} {option[2][:100]}"
        for a, b, c in _WORD.findall(_VALUE.sub(" ", said))[:MAX_WORDS]:
            for kind, detail in requirement_lines.line_features(a or b or c):
                # A package of a forge, or of the folder, is what honest recipes install.
                if kind in ("install-source", "imitated-package"):
                    yield kind, detail[:200]
