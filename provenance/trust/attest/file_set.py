"""The files that were signed against the files on disk, in words: one line a file, so nobody has to search."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from provenance.documents.report import File
from provenance.records import FileDigest, Manifest, ModelKind

MAX_NAMED = 20
"""Files that a message names; it counts the rest."""


def differences(signed: Sequence[File], manifest: Manifest) -> list[str]:
    """Every difference, each kind in path order; empty where the two sets are equal.

    `modified P expected sha256:… actual sha256:…`, `renamed A -> B`, `removed P`, `added P`, `listed twice P`.
    """
    expected = {file.path: file for file in signed}
    actual = {file.path: file for file in manifest.files}
    if manifest.kind is ModelKind.FILE and len(signed) == 1:
        # The plain SHA-256 of a single file does not commit to its name: a renamed GGUF is the same model.
        expected = {manifest.files[0].path: signed[0]}
    lines = [f"listed twice {path}" for path, count in Counter(file.path for file in signed).items() if count > 1]
    for path in sorted(expected.keys() & actual.keys()):
        lines += _modified(expected[path], actual[path])
    removed = [expected[path] for path in sorted(expected.keys() - actual.keys())]
    added = [actual[path] for path in sorted(actual.keys() - expected.keys())]
    return lines + _moved(removed, added)


def summary(lines: Sequence[str]) -> str:
    """`lines` joined for one message, at most `MAX_NAMED` of them."""
    rest = len(lines) - MAX_NAMED
    return "; ".join(lines[:MAX_NAMED]) + (f"; and {rest} more" if rest > 0 else "")


def nothing_in_common(signed: Sequence[File], manifest: Manifest) -> bool:
    """Whether no byte string of one set is in the other: another model, rather than a changed one."""
    return {file.sha256 for file in signed}.isdisjoint(file.sha256 for file in manifest.files)


def _modified(expected: File, actual: FileDigest) -> list[str]:
    if expected.sha256 != actual.sha256:
        return [f"modified {actual.path} expected sha256:{expected.sha256} actual sha256:{actual.sha256}"]
    if expected.size != actual.size:
        return [f"modified {actual.path} expected {expected.size} bytes actual {actual.size} bytes"]
    return []


def _moved(removed: Sequence[File], added: Sequence[FileDigest]) -> list[str]:
    """Removed and added files; one of each with the same bytes are a rename."""
    new_paths: defaultdict[str | None, list[str]] = defaultdict(list)
    for file in reversed(added):
        new_paths[file.sha256].append(file.path)
    lines = [
        f"renamed {old.path} -> {new_paths[old.sha256].pop()}" if new_paths[old.sha256] else f"removed {old.path}"
        for old in removed
    ]
    unexplained = {path for paths in new_paths.values() for path in paths}
    return lines + [f"added {path}" for path in sorted(unexplained)]
