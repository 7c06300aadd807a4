"""Source code in any language, kept as text. Nothing is imported, compiled or run."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Mapping
from posixpath import basename, splitext

from provenance.facts import TextFact
from provenance.records import Unit
from provenance.surfaces.inspectors.interface import Facts, InspectionContext, Inspector
from provenance.surfaces.template_text import MAX_SHOWN

BY_SUFFIX: Mapping[str, str] = {
    suffix: language
    for language, suffixes in (
        ("python", ".py .pyw .pyi .pyx"),
        ("notebook", ".ipynb"),
        ("shell", ".sh .bash .zsh .fish .ksh .command .run"),
        ("powershell", ".ps1 .psm1 .psd1"),
        ("batch", ".bat .cmd"),
        ("javascript", ".js .mjs .cjs .ts .jsx .tsx"),
        ("vbscript", ".vbs .vbe .wsf .jse .scpt .applescript"),
        ("page", ".html .htm .svg .hta .xhtml"),
        ("make", ".mk .mak"),
        ("docker", ".dockerfile"),
        ("lua", ".lua"),
        ("script", ".rb .pl .php .r .jl .tcl .awk"),
        ("lines", ".service .timer .env .rc"),
        ("starter", ".desktop .inf .reg"),
        ("shortcut", ".url .webloc .library-ms .search-ms"),
        ("yaml", ".yaml .yml"),
        ("toml", ".toml .cfg"),
        ("pth", ".pth"),
    )
    for suffix in suffixes.split()
}
"""Languages by suffix. A `.pth` is a checkpoint as a rule; where it is text, Python runs its lines."""
BY_NAME: Mapping[str, str] = {
    "dockerfile": "docker", "containerfile": "docker", "makefile": "make", "gnumakefile": "make", "justfile": "make",
    "modelfile": "lines", "procfile": "lines", "jenkinsfile": "lines", "vagrantfile": "lines", ".envrc": "shell",
    ".bashrc": "shell", ".bash_profile": "shell", ".profile": "shell", ".zshrc": "shell", ".zshenv": "shell",
    ".gitattributes": "git", ".gitmodules": "git", ".lfsconfig": "git", ".gitconfig": "git", ".git": "git-file",
    "config": "git-config", "config.worktree": "git-config", ".npmrc": "lines",
    "pipfile": "toml", "tox.ini": "toml", "mlmodel": "yaml", "pip.conf": "lines", "autorun.inf": "starter",
}  # fmt: skip
MAX_NOTEBOOK = 8 * MAX_SHOWN
_REQUIREMENTS = re.compile(r"(?:.*[-_.])?(?:requirements|constraints)(?:[-_.].*)?\.(?:txt|in)", re.IGNORECASE)
_SHEBANG = re.compile(rb"(?:\xef\xbb\xbf)?#![ \t]*(\S{1,256})(?:[ \t]+(\S{1,256}))?")


def role(path: str) -> str | None:
    """The language that a file's name says it is written in; None where it says none."""
    name = basename(path).lower()
    if _REQUIREMENTS.fullmatch(name):
        return "requirements"
    return BY_NAME.get(name) or BY_SUFFIX.get(splitext(name)[1])


class _SourceCode:
    """Digests a source of any size, and keeps its text where that is small. A file that is none costs nothing."""

    def __init__(self, named: str | None) -> None:
        self._role = named
        self._unit: Unit | None = None
        self._digest = hashlib.sha256()
        self._kept = bytearray()
        self._begun = False

    def begin(self, unit: Unit) -> None:
        """Remember whose bytes follow."""
        self._unit = unit

    def update(self, chunk: memoryview) -> None:
        """Digest, and keep one byte more than is shown, to tell a text that is too long."""
        if not self._begun:
            self._begun = True
            self._role = self._role or by_shebang(bytes(chunk[:600]))
        if self._role:
            self._digest.update(chunk)
            self._kept += chunk[: _most(self._role) + 1 - len(self._kept)]

    def finish(self) -> Facts:
        """The one fact, or none."""
        assert self._unit is not None, "begin comes first"
        if self._role is None:
            return ()
        # A checkpoint called .pth is no text, and other binary data under such a name is for others to name.
        if self._role != "python" and b"\x00" in self._kept and not self._kept.startswith(_UTF16):
            return ()
        text = _decoded(bytes(self._kept)) if len(self._kept) <= _most(self._role) else None
        return (TextFact(self._unit.file, self._role, self._digest.hexdigest(), text),)


def _most(language: str) -> int:
    """Bytes of a source that are kept. What a notebook has saved of pictures is most of it."""
    return MAX_NOTEBOOK if language == "notebook" else MAX_SHOWN


_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _decoded(data: bytes) -> str:
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8", "surrogateescape")


def by_shebang(head: bytes) -> str | None:
    """The language that the first line of a file says an interpreter of; None where it says none."""
    found = _SHEBANG.match(head)
    if not found:
        return None
    interpreter = b" ".join(part for part in found.groups() if part)
    return next((language for mark, language in _INTERPRETERS if mark in interpreter), "shell")


_INTERPRETERS = ((b"python", "python"), (b"node", "javascript"), (b"pwsh", "powershell"), (b"lua", "lua"))


def _make(unit: Unit, _context: InspectionContext) -> _SourceCode | None:
    named = role(unit.file)
    if named == "pth" and unit.nbytes > MAX_SHOWN:
        return None
    return _SourceCode(named) if named or unit.nbytes <= MAX_SHOWN else None


def _cost(unit: Unit) -> int:
    """A character takes four bytes where one of them lies beyond the basic plane."""
    named = role(unit.file)
    return 4 * unit.nbytes if named and unit.nbytes <= _most(named) else 0


SOURCE_CODE = Inspector("source-code", _make, _cost)
