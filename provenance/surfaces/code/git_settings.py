"""Settings of git that run a program, read as git reads them: `.git/config`, `.gitmodules`, `.lfsconfig`.

Sections and keys without regard to case, a key on the line of its section, quotes inside of values, escapes, values
that go on in the next line. A line that git refuses is passed over: git itself goes no further than that.

Source: git-config(1), "Syntax" and "Variables".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from posixpath import basename, dirname, join, normpath

from provenance.facts import Feature

MAX_FEATURES = 40

_SECTION = re.compile(r"\[([\w.-]+)(?:[ \t]+\"((?:[^\"\\\n]|\\[^\n])*)\")?\]")
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*(=?)")
_PIECE = re.compile(r"\\\r?\n|\\.|\r?\n|[^\"\\#;\r\n]+|.", re.DOTALL)
_ESCAPES = {"\\n": "\n", "\\t": "\t", "\\b": "\b", '\\"': '"', "\\\\": "\\"}

_ANY = re.compile(r".", re.DOTALL)
_SCRIPT = re.compile(r"[;|&$`/\\<>(]|\.\w|\b(?:ba|z|da|k|c|fi)?sh\b|\b(?:python|perl|ruby|node|php)\b", re.IGNORECASE)
"""More than the bare name of an editor or a pager."""
_HELPER = re.compile(r"-|[\w.+]+::")
_NOT_LFS = re.compile(r"(?!git[ -]lfs (?:clean|smudge|filter-process)[ \w.%-]*$).", re.DOTALL)
_RUN: dict[str, re.Pattern[str]] = {
    name: pattern
    for pattern, names in (
        (_ANY, ("core.hookspath core.sshcommand core.gitproxy core.askpass core.alternaterefscommand diff.external "
               "diff.command diff.textconv difftool.cmd difftool.path mergetool.cmd mergetool.path merge.driver "
               "gpg.program gpg.defaultkeycommand remote.uploadpack remote.receivepack remote.vcs browser.cmd "
               "browser.path man.cmd man.path include.path includeif.path init.templatedir trailer.cmd "
               "trailer.command imap.tunnel uploadpack.packobjectshook hook.command lfs.clean lfs.smudge")),
        (_NOT_LFS, "filter.clean filter.smudge filter.process"),
        (_SCRIPT, "core.editor core.pager sequence.editor interactive.difffilter web.browser help.browser"),
        (_HELPER, "remote.url remote.pushurl submodule.url"),
        (re.compile(r"[!/.~]"), "credential.helper"),
        (re.compile(r"!"), "submodule.update"),
        (re.compile(r"(?!(?:true|false|yes|no|on|off|-?\d+)?$).", re.DOTALL | re.IGNORECASE), "core.fsmonitor"),
        # What `hf lfs-enable-largefiles` and `git xet install` write.
        (re.compile(r"(?!(?:huggingface-cli|hf|transformers-cli|git-xet|git-lfs)$)."), "lfs.path"),
    )
    for name in names.split()
}  # fmt: skip
"""By section and key, without the part between: what must match at the start of the value (`_SCRIPT`: anywhere)."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; section and key in lower case."""

    line: int
    section: str
    part: str
    """What stands between section and key: a remote's name, a URL."""
    key: str
    value: str


def features(text: str) -> tuple[Feature, ...]:
    """The settings that make git run a program; `MAX_FEATURES` at most."""
    found = []
    for setting in settings(text):
        if _runs(setting):
            shown = " ".join(f"{setting.section}.{setting.key} = {setting.value}".split())[:80]
            found.append(Feature("git-setting", f"git runs a program: {shown!r}", setting.line))
        if len(found) == MAX_FEATURES:
            break
    return tuple(found)


def elsewhere(file: str, text: str) -> tuple[Feature, ...]:
    """That a file named `.git` (or `commondir`) leads git to a folder of the model, whose hooks and settings it obeys.

    A `.git` that leads out of the model is what `git worktree` and `git submodule` write.
    """
    if basename(file) == "commondir":
        return (Feature("git-setting", f"git obeys what lies in another folder: {text.strip()[:80]!r}", 1),)
    if not text.startswith("gitdir:"):
        return ()
    target = normpath(join(dirname(file), text.removeprefix("gitdir:").strip()))
    if target.startswith(("/", "../", ".git/modules/", ".git/worktrees/")) or target == "..":
        return ()
    return (Feature("git-setting", f"git obeys what lies in a folder of the model: {target[:80]!r}", 1),)


def _runs(setting: Setting) -> bool:
    if setting.section == "pager":
        return bool(_SCRIPT.search(setting.value))
    if setting.section == "url":
        return bool(_HELPER.match(setting.part))
    pattern = _RUN.get(f"{setting.section}.{setting.key}")
    if pattern is None:
        return False
    return bool(pattern.search(setting.value) if pattern is _SCRIPT else pattern.match(setting.value))


def settings(text: str) -> Iterator[Setting]:
    """Every setting of a file, in its order. Time is linear in the text."""
    section, part, line, position = "", "", 1, 1 if text.startswith("\ufeff") else 0
    while position < len(text):
        character = text[position]
        if character == "\n":
            line += 1
        if character.isspace():
            position += 1
        elif found := _SECTION.match(text, position):
            section, _, dotted = found[1].lower().partition(".")
            part = re.sub(r"\\(.)", r"\1", found[2] or dotted)
            position = found.end()
        elif section and (found := _KEY.match(text, position)):
            value, position = _value(text, found.end()) if found[2] else ("true", found.end())
            yield Setting(line, section, part, found[1].lower(), value)
            line += text.count("\n", found.start(), position)
        else:
            position = _line_end(text, position)


def _value(text: str, position: int) -> tuple[str, int]:
    """A value without its quotes and its comment, and where its line ends."""
    pieces, quoted = [], False
    for found in _PIECE.finditer(text, position):
        piece = found[0]
        position = found.start()
        if piece in ("\n", "\r\n"):
            break
        if piece in "#;" and not quoted:
            position = _line_end(text, position)
            break
        position = found.end()
        if piece == '"':
            quoted = not quoted
        elif not piece.startswith("\\"):
            pieces.append(piece)
        elif not piece.endswith("\n"):
            pieces.append(_ESCAPES.get(piece, piece))
    return "".join(pieces).strip(" \t\r"), position


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end
