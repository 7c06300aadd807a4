"""Entries of a model's folder that are no files of a model, and names that show something else than they are."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.checks.interface import Check, Rule
from provenance.records import Evidence, Finding, Refused, Severity

LINK_IN_MODEL = Rule(
    ident="link-in-model",
    title="a link in place of a file",
    severity=Severity.ERROR,
    meaning="A file or folder of the model is a symbolic link that leads out of it. It was not followed, and the model "
    "has no digest; whether anything is there on this machine does not matter. It is a `warning` where the link leads "
    "to another place in the model, or nowhere in it. Links of a snapshot in a Hugging Face cache, "
    "which lead to the cache's blobs, are not meant.",
    why="What is behind the link is another thing on every machine: a loader that follows it reads a file of the "
    "host, or writes to it, and what was checked is not what is used.",
    example="vocab.txt: is a symbolic link that leads out of the model, to /etc/passwd",
    advice="Do not load this model where there is anything to read. Put files in place of links, or delete them.",
)

SPECIAL_FILE = Rule(
    ident="special-file",
    title="a pipe, socket or device in place of a file",
    severity=Severity.WARNING,
    meaning="The model's folder holds a FIFO or a socket; it was not opened, and the model has no digest. A device is "
    "an `error`.",
    why="Whoever reads it waits for ever, or takes what some other program writes.",
    example="vocab.txt: is a FIFO, not a regular file",
    advice="Delete it. No download brings one along; ask where the folder came from.",
)

FILE_NAME_DECEIVES = Rule(
    ident="file-name-deceives",
    title="a file has a name that is shown as another",
    severity=Severity.ERROR,
    meaning="The name of a file holds control characters, characters that turn the order of letters round, or "
    "invisible ones. Files whose names hold control characters were not looked at. It is a `warning` where a name is "
    "only one that some systems cannot have or take for something else: not UTF-8, with a backslash, with `-` in "
    "front, the same as another's but for case.",
    why="A person sees another name than a program does, and takes a program for a picture. Terminals obey control "
    "characters.",
    example="logo\\u202egnp.exe: the name holds U+202E, which turns the order of what is shown",
    advice="Do not open it. Rename or delete it.",
    references=("https://trojansource.codes",),
)

_UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u2060-\u2064\ufeff\u00ad\U000e0000-\U000e007f]")
"""Joiners (U+200C, U+200D) are letters' own, and in emoji."""
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINKS = {"link-out": Severity.ERROR, "link-inside": Severity.WARNING, "link-broken": Severity.WARNING}
_SPECIAL = {"device": Severity.ERROR, "special": Severity.WARNING}
_MAX = 200
"""Findings of one rule: a folder of a hundred thousand links says no more."""


def _run(evidence: Evidence) -> Iterator[Finding]:
    counts: dict[str, int] = {}
    for finding in (*_refused(evidence), *_names(evidence)):
        counts[finding.rule] = counts.get(finding.rule, 0) + 1
        if counts[finding.rule] <= _MAX:
            yield finding


def _refused(evidence: Evidence) -> Iterator[Finding]:
    # The worst first, so that a limit leaves out the least.
    for entry in sorted(evidence.candidate.refused, key=lambda entry: (_severity(entry).rank * -1, entry.path)):
        if entry.kind in _LINKS:
            yield LINK_IN_MODEL.finding(entry.reason, file=entry.path, severity=_severity(entry))
        elif entry.kind in _SPECIAL:
            yield SPECIAL_FILE.finding(entry.reason, file=entry.path, severity=_severity(entry))
        elif entry.kind in ("name", "collision"):
            yield FILE_NAME_DECEIVES.finding(entry.reason, file=entry.path, severity=_severity(entry))


def _severity(entry: Refused) -> Severity:
    if entry.kind == "name" and _CONTROL.search(entry.path):
        return Severity.ERROR
    return (_LINKS | _SPECIAL).get(entry.kind, Severity.WARNING)


def _names(evidence: Evidence) -> Iterator[Finding]:
    for file in evidence.candidate.manifest.files:
        if seen := _UNSEEN.search(file.path):
            message = f"the name holds U+{ord(seen[0]):04X}, which nobody sees, or which turns what is shown"
            yield FILE_NAME_DECEIVES.finding(message, file=file.path)


REFUSED = Check("refused", (LINK_IN_MODEL, SPECIAL_FILE, FILE_NAME_DECEIVES), _run)
