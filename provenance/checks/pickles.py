"""Pickles, by content: formats whose loading runs what the file says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename

from provenance.checks.file_kinds import PICKLES
from provenance.checks.interface import ACCEPT_UNREAD, Check, Rule, facts
from provenance.facts import ContentFact
from provenance.records import Evidence, Finding, Severity

PICKLE_FILE = Rule(
    ident="pickle-file",
    title="a file is a Python pickle",
    severity=Severity.ERROR,
    meaning="A file is a pickle by its content, whatever its name: a plain pickle of any protocol, a checkpoint as "
    "`torch.save` writes it (zip or the older format), a NumPy array of objects. It was recognised, never unpickled. "
    "This version does not read which functions it would call. Files that trainers leave behind "
    "(`training_args.bin`, `optimizer.pt`, `scheduler.pt`, `rng_state.pth`) are not needed to run the model, and the "
    "finding says so.",
    why="A pickle is a program. Loading one runs what its writer chose, with all rights of the user; lists of "
    "forbidden functions have been circumvented many times. Language models do not need pickles.",
    example="pytorch_model.bin: pickles and tensors in a zip, as torch.save writes them",
    advice="Use the safetensors files. Where there are none, convert the checkpoint in a sandbox with "
    "`torch.load(weights_only=True)`.",
    accept=ACCEPT_UNREAD,
)

_LEFT_BEHIND = re.compile(
    r"training_args\.bin|(optimizer|scheduler|scaler|sampler)(_\d+)?\.(pt|bin)|rng_state(_\d+)?\.pth"
    r"|random_states_\d+\.pkl"
)
"""What trainers of transformers and accelerate write beside the weights."""
_NOT_NEEDED = "Delete it or leave it out of the download (it is not needed to run the model)."


def _run(evidence: Evidence) -> Iterator[Finding]:
    for fact in facts(evidence.candidate, ContentFact):
        if fact.kind in PICKLES:
            advice = _NOT_NEEDED if _LEFT_BEHIND.fullmatch(basename(fact.file)) else ""
            yield PICKLE_FILE.finding(fact.detail, file=fact.file, advice=advice)


PICKLE_FILES = Check("pickles", (PICKLE_FILE,), _run)
