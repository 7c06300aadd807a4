"""Files that are left out of the model's digest by rule, where they could be loaded or run all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.checks.file_kinds import PICKLE_NAMES, PROGRAM_NAMES, SCRIPT_NAMES, WEIGHT_NAMES, suffix
from provenance.checks.interface import Check, Rule
from provenance.records import Confidence, Evidence, Finding, Severity

EXCLUDED_LOADABLE = Rule(
    ident="excluded-loadable",
    title="something loadable lies among the files that are left out",
    severity=Severity.ERROR,
    confidence=Confidence.MEDIUM,
    meaning="`.git/`, `.cache/huggingface/` and our own bundles are no part of a model's digest and are not read. "
    "Among them is a file with the name of weights, of a pickle, of Python, of a script or of a program, or an active "
    "git hook. What git and huggingface_hub write there themselves is not meant.",
    why="No attestation covers these files: they can change without any digest changing.",
    example=".git/model.safetensors: left out of the digest, and has a loadable name",
    advice="Move the file into the model, where it is checked, or delete it.",
)

GIT_HOOK = Rule(
    ident="git-hook",
    title="the repository has git hooks of the kind git-lfs installs",
    severity=Severity.INFO,
    meaning="`.git/hooks/` holds hooks under the four names that `git lfs install` uses. They were not read.",
    why="Git runs them. They are there in every clone made with git-lfs, and they cannot come with a clone; only a "
    "folder that was packed up whole brings somebody else's.",
    example=".git/hooks/post-checkout: a git hook, not read",
    advice="If you did not clone this repository yourself, delete `.git/hooks/`.",
)

_LFS_HOOKS = frozenset({"post-checkout", "post-commit", "post-merge", "pre-push"})
_GIT_OWN = re.compile(r"(?:.*/)?\.git/(?:modules/.*/)?(?:refs|logs|objects|lfs/objects|lfs/tmp)/.*", re.DOTALL)
"""Where names are those of branches or digests."""
_HOOK = re.compile(r"(?:.*/)?\.git/(?:modules/.*/)?hooks/([^/]+)", re.DOTALL)
_LOADABLE = PICKLE_NAMES | PROGRAM_NAMES | SCRIPT_NAMES | WEIGHT_NAMES | {".py", ".pyw", ".ipynb", ".zip", ".tar"}


def _run(evidence: Evidence) -> Iterator[Finding]:
    for path in evidence.candidate.manifest.excluded:
        hook = _HOOK.fullmatch(path)
        if hook:
            if hook[1] in _LFS_HOOKS:
                yield GIT_HOOK.finding("a git hook, not read", file=path)
            elif suffix(path) != ".sample":
                yield EXCLUDED_LOADABLE.finding("a git hook, left out of the digest", file=path)
        elif suffix(path) in _LOADABLE and not _GIT_OWN.fullmatch(path):
            yield EXCLUDED_LOADABLE.finding("left out of the digest, and has a loadable name", file=path)


EXCLUDED = Check("excluded", (EXCLUDED_LOADABLE, GIT_HOOK), _run)
