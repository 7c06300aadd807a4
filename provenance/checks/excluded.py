"""Files that are left out of the model's digest by rule, where they could be loaded or run all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.checks.file_kinds import PICKLE_NAMES, PROGRAM_NAMES, SCRIPT_NAMES, WEIGHT_NAMES, suffix
from provenance.checks.interface import Check, Rule, facts
from provenance.facts import TextFact
from provenance.records import Confidence, Evidence, Finding, Severity

EXCLUDED_LOADABLE = Rule(
    ident="excluded-loadable",
    title="something loadable lies among the files that are left out",
    severity=Severity.ERROR,
    confidence=Confidence.MEDIUM,
    meaning="`.git/`, `.cache/huggingface/` and our own bundles are no part of a model's digest and are not read. "
    "Among them is a file with the name of weights, of a pickle, of Python, of a script or of a program, or an active "
    "git hook that is not one of git-lfs. What git and huggingface_hub write there themselves is not meant. Hooks of a "
    "repository in a folder of the model are, whatever they do.",
    why="No attestation covers these files: they can change without any digest changing.",
    example=".git/model.safetensors: left out of the digest, and has a loadable name",
    advice="Move the file into the model, where it is checked, or delete it.",
)

GIT_HOOK = Rule(
    ident="git-hook",
    title="the repository has git hooks of the kind git-lfs installs",
    severity=Severity.INFO,
    meaning="`.git/hooks/` holds hooks under the four names that `git lfs install` uses, with the lines it writes.",
    why="Git runs them. They are there in every clone made with git-lfs, and they cannot come with a clone; only a "
    "folder that was packed up whole brings somebody else's.",
    example=".git/hooks/post-checkout: a git hook that calls git-lfs and nothing else",
    advice="If you did not clone this repository yourself, delete `.git/hooks/`.",
)

_LFS_HOOKS = frozenset({"post-checkout", "post-commit", "post-merge", "pre-push"})
_GIT_OWN = re.compile(r"(?:.*/)?\.git/(?:modules/.*/)?(?:refs|logs|objects|lfs/objects|lfs/tmp)/.*", re.DOTALL)
"""Where names are those of branches or digests."""
_HOOK = re.compile(r"(?:.*/)?\.git/(?:modules/.*/)?hooks/([^/]+)", re.DOTALL)
_LFS_TEXT = re.compile(
    r"#! ?/bin/(?:ba)?sh\s*\n"
    r"(?:command -v git-lfs >/dev/null 2>&1 \|\| \{ (?:echo|printf) >&2(?: \"[^\"$`]*\")+; exit [0-9]; \}\s*\n)?"
    r"git lfs (post-checkout|post-commit|post-merge|pre-push) \"\$@\"\s*"
)
"""What `git lfs install` writes: the words of the complaint changed with its versions, and expand to nothing."""
_LOADABLE = PICKLE_NAMES | PROGRAM_NAMES | SCRIPT_NAMES | WEIGHT_NAMES | {".py", ".pyw", ".ipynb", ".zip", ".tar"}


def _run(evidence: Evidence) -> Iterator[Finding]:
    texts = {fact.file: fact.text for fact in facts(evidence.candidate, TextFact)}
    for path in evidence.candidate.manifest.excluded:
        hook = _HOOK.fullmatch(path)
        if hook:
            called = _LFS_TEXT.fullmatch(texts.get(path) or "")
            if hook[1] in _LFS_HOOKS and called and called[1] == hook[1]:
                yield GIT_HOOK.finding("a git hook that calls git-lfs and nothing else", file=path)
            elif suffix(path) != ".sample":
                yield EXCLUDED_LOADABLE.finding("a git hook, left out of the digest", file=path)
        elif suffix(path) in _LOADABLE and not _GIT_OWN.fullmatch(path):
            yield EXCLUDED_LOADABLE.finding("left out of the digest, and has a loadable name", file=path)
    for file in evidence.candidate.manifest.files:
        if _HOOK.fullmatch(file.path) and suffix(file.path) != ".sample":
            yield EXCLUDED_LOADABLE.finding("a hook of a repository inside the model, which git runs", file=file.path)


EXCLUDED = Check("excluded", (EXCLUDED_LOADABLE, GIT_HOOK), _run)
