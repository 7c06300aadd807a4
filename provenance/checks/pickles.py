"""Pickles, by content: formats whose loading runs what the file says."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.file_kinds import PICKLES
from provenance.checks.interface import Check, Rule, facts
from provenance.records import ContentFact, Evidence, Finding, Severity

PICKLE_FILE = Rule(
    ident="pickle-file",
    title="a file is a Python pickle",
    severity=Severity.ERROR,
    meaning="A file is a pickle by its content, whatever its name: a plain pickle of any protocol, a checkpoint as "
    "`torch.save` writes it (zip or the older format), a NumPy array of objects. It was recognised, never unpickled. "
    "This version does not read which functions it would call.",
    why="A pickle is a program. Loading one runs what its writer chose, with all rights of the user; lists of "
    "forbidden functions have been circumvented many times. Language models do not need pickles.",
    example="pytorch_model.bin: pickles and tensors in a zip, as torch.save writes them",
    advice="Use the safetensors files. Where there are none, convert the checkpoint in a sandbox with "
    "`torch.load(weights_only=True)`.",
)


def _run(evidence: Evidence) -> Iterator[Finding]:
    for fact in facts(evidence.candidate, ContentFact):
        if fact.kind in PICKLES:
            yield PICKLE_FILE.finding(fact.detail, file=fact.file)


PICKLE_FILES = Check("pickles", (PICKLE_FILE,), _run)
