"""Archives and compressed files: what is in them, and what an unpacker or a second reader would make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from provenance.checks.file_kinds import PICKLE_NAMES, PICKLES, PROGRAM_NAMES, PROGRAMS, WEIGHT_NAMES, suffix
from provenance.checks.interface import ACCEPT_UNREAD, Check, Rule, facts, listing, quoted
from provenance.facts import ContainerFact, Flaw, MemberFact
from provenance.records import Evidence, Finding, Severity

ARCHIVE_PATH_ESCAPES = Rule(
    ident="archive-path-escapes",
    title="unpacking an archive would write outside its folder",
    severity=Severity.CRITICAL,
    meaning="A member of an archive has an absolute name, a name with `..` in it or with a drive, is a link that "
    "points out of the folder, or is a device or a pipe.",
    why="Unpackers that follow such names write where the archive says: into a start script, a folder of keys, the "
    "place of a library.",
    example="extras.tar.gz: 'extras.tar!/../../.bashrc' leads out of the folder that it is unpacked in",
    advice="Do not unpack this file.",
    references=("https://cwe.mitre.org/data/definitions/22.html",),
)

ARCHIVE_AMBIGUOUS = Rule(
    ident="archive-ambiguous",
    title="two programs would see two archives",
    severity=Severity.ERROR,
    meaning="An archive says one thing in its directory and another in its members' own headers, or has members under "
    "one name, overlapping members, bytes that its directory does not speak of, several ends, data after its end, a "
    "wrong checksum, a mark of encryption, or a link. torch, Python and unpackers choose differently among "
    "these. Checkpoints that torch wrote without checksums (all of them zero) are not meant.",
    why="What is checked is not what is loaded: scanners have been passed by each of these.",
    example="pytorch_model.bin: 'archive/data.pkl' stands in it twice",
    advice="Do not load this file. If it came from a broken download, fetch it again.",
    references=("https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT",),
)

ARCHIVE_BOMB = Rule(
    ident="archive-bomb",
    title="an archive expands to far more than it is",
    severity=Severity.ERROR,
    meaning="A compressed file or member expands to more than 64 MiB and a hundred times its size, or archives lie in "
    "archives more than eight deep.",
    why="Whoever unpacks it runs out of disk or memory. It is also a way to make a scanner give up before it has come "
    "to what matters.",
    example="data.npz: expands to more than 100 times its size",
    advice="Do not unpack this file.",
    references=("https://cwe.mitre.org/data/definitions/409.html",),
)

ARCHIVE_UNREADABLE = Rule(
    ident="archive-unreadable",
    title="an archive is broken",
    severity=Severity.ERROR,
    meaning="An archive or compressed file ends early, has no directory, its data does not expand, or a storage "
    "that a checkpoint's pickle asks for is not in it.",
    why="A more lenient program may still read it, and what it would see was not checked.",
    example="extras.tar.gz: its compressed data ends early",
    advice="Fetch it again; if it stays so, leave it out.",
    accept=ACCEPT_UNREAD,
)

ARCHIVE_PROGRAM = Rule(
    ident="archive-program",
    title="a program lies in an archive",
    severity=Severity.CRITICAL,
    meaning="A member of an archive is machine code or byte code by its content (ELF, Windows PE, Mach-O, …), also "
    "where the numbers of a tensor should be. A member that only has the name of one is an `error`.",
    why="A model is data. A program that comes packed with it has been put out of sight.",
    example="extras.zip: 'lib/helper.bin' in it is ELF program or library",
    advice="Do not unpack this file.",
)

ARCHIVE_CODE = Rule(
    ident="archive-code",
    title="source code lies in an archive",
    severity=Severity.WARNING,
    meaning="A member of an archive is Python, a script, or TorchScript, which torch compiles and runs when it is "
    "loaded. Where a program runs it unasked (`.mar`, `.whl`, `.egg`), or where the archive has a name of weights and "
    "holds nothing that weights need, it is an `error`.",
    why="Weights and configuration are data; this is a program, and it was not read.",
    example="extras.zip: 'setup.py' in it is Python source",
    advice="Unpack it in a place of its own and read it before anything runs it.",
)

_OTHER_READING = frozenset(
    {"duplicate-member", "header-mismatch", "crc-mismatch", "encrypted", "overlap", "hidden-member", "hidden-data"}
    | {"several-ends", "moved-directory", "trailing-data", "count-mismatch", "odd-name", "odd-member", "link", "sparse"}
)
_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("traversal", "device"), ARCHIVE_PATH_ESCAPES),
    **dict.fromkeys(_OTHER_READING, ARCHIVE_AMBIGUOUS),
    **dict.fromkeys(("bomb", "nesting"), ARCHIVE_BOMB),
    **dict.fromkeys(
        ("unreadable", "unreadable-member", "missing-storage", "truncated", "directory-broken"), ARCHIVE_UNREADABLE
    ),
}
"""By the kind of a flaw."""
_CODE = frozenset({"python", "script", "torchscript"})
_RUN_UNASKED = frozenset({".mar", ".whl", ".egg"})
_MAX_DETAILS = 5


def _run(evidence: Evidence) -> Iterator[Finding]:
    said: dict[tuple[str, str], list[str]] = {}
    for container in facts(evidence.candidate, ContainerFact):
        for flaw in container.flaws:
            if flaw.kind in _RULES:
                said.setdefault((container.file, _RULES[flaw.kind].ident), []).append(_words(container, flaw))
    rules = {rule.ident: rule for rule in _RULES.values()}
    for (file, rule), details in said.items():
        yield rules[rule].finding(_some(details), file=file)
    yield from _members(facts(evidence.candidate, MemberFact))


def _words(container: ContainerFact, flaw: Flaw) -> str:
    return f"{quoted(container.member)} in it: {flaw.detail}" if container.member else flaw.detail


def _some(details: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(details))
    shown = "; ".join(distinct[:_MAX_DETAILS])
    return f"{shown}; and {len(distinct) - _MAX_DETAILS} more" if len(distinct) > _MAX_DETAILS else shown


def _members(members: Sequence[MemberFact]) -> Iterator[Finding]:
    by_file: dict[str, list[MemberFact]] = {}
    for member in members:
        by_file.setdefault(member.file, []).append(member)
    for file, found in by_file.items():
        programs = [member for member in found if member.kind in PROGRAMS]
        named = [m for m in found if m not in programs and suffix(m.member) in PROGRAM_NAMES and m.kind != "zip"]
        code = [member for member in found if member.kind in _CODE]
        if programs:
            yield ARCHIVE_PROGRAM.finding(_held(programs), file=file)
        elif named:
            yield ARCHIVE_PROGRAM.finding(_held(named), file=file, severity=Severity.ERROR)
        if code:
            bare = suffix(file) in PICKLE_NAMES | WEIGHT_NAMES and not any(member.kind in PICKLES for member in found)
            severity = Severity.ERROR if bare or suffix(file) in _RUN_UNASKED else None
            yield ARCHIVE_CODE.finding(_held(code), file=file, severity=severity)


def _held(members: Sequence[MemberFact]) -> str:
    verb = "is" if len(members) == 1 else "are"
    names = listing([member.member for member in members])
    return f"{names} in it {verb} {' and '.join(sorted({member.detail for member in members})[:3])}"


ARCHIVE_CONTENTS = Check(
    "archives",
    (
        ARCHIVE_PATH_ESCAPES,
        ARCHIVE_AMBIGUOUS,
        ARCHIVE_BOMB,
        ARCHIVE_UNREADABLE,
        ARCHIVE_PROGRAM,
        ARCHIVE_CODE,
    ),
    _run,
)
