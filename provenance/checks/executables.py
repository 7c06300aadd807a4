"""Programs, by their content; and data that claims to be executable."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.file_kinds import PROGRAM_NAMES, PROGRAMS, suffix
from provenance.checks.interface import Check, Rule, facts, listing
from provenance.facts import ContentFact
from provenance.records import Evidence, Finding, Severity

EXECUTABLE_FILE = Rule(
    ident="executable-file",
    title="the model contains a program",
    severity=Severity.CRITICAL,
    meaning="A file is machine code or byte code by its content, whatever its name: ELF, Windows PE, Mach-O, "
    "WebAssembly, Java, Android, compiled Python, a static library. A file that only has such a name (`.so`, `.exe`, "
    "`.jar`, …) is an `error`.",
    why="A model is data. A program among it waits for someone, or some loader of plug-ins, to run it.",
    example="tokenizer.bin: ELF program or library, by its content",
    advice="Do not deploy this file. A model that runs only with a program of its own has to be built from source.",
)

EXECUTABLE_MODE = Rule(
    ident="executable-mode",
    title="data files are marked executable",
    severity=Severity.INFO,
    meaning="The mode of files that are no programs allows execution. One finding names them all. Folders shared with "
    "Windows, and some archives, mark every file so.",
    why="It is harmless by itself; a data file is never run, and the mark makes it easier to run one by mistake.",
    example="'config.json', 'model.safetensors' and 7 more are marked executable",
    advice="chmod a-x FILE",
)


def _run(evidence: Evidence) -> Iterator[Finding]:
    found = facts(evidence.candidate, ContentFact)
    for fact in found:
        if fact.kind in PROGRAMS:
            yield EXECUTABLE_FILE.finding(f"{fact.detail}, by its content", file=fact.file)
        elif suffix(fact.file) in PROGRAM_NAMES and fact.kind != "empty":
            message = f"the name of a program; {fact.detail}, by its content"
            yield EXECUTABLE_FILE.finding(message, file=fact.file, severity=Severity.ERROR)
    marked = sorted(
        {fact.file for fact in found if fact.executable and fact.kind not in PROGRAMS | {"python", "script"}}
    )
    if marked:
        verb = "is" if len(marked) == 1 else "are"
        yield EXECUTABLE_MODE.finding(f"{listing(marked)} {verb} marked executable", file=marked[0])


EXECUTABLES = Check("executables", (EXECUTABLE_FILE, EXECUTABLE_MODE), _run)
