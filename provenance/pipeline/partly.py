"""A model of which not everything could be looked at: the rest is, and it has no name.

Also what lies beside a model and git obeys: it is read, and no part of the model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from posixpath import basename

from provenance.errors import CouldNotLook
from provenance.facts import CodeFact, Fact, TextFact
from provenance.reading.files import OpenFile
from provenance.reading.sources import ListedFile, Listing
from provenance.records import ModelEvidence, Refused
from provenance.surfaces.inspectors.source_code import by_shebang

Failed = dict[str, CouldNotLook] | None
"""Files that could not be read to their end, by path; None where that ends the run."""

MAX_GIT_FILES, MAX_GIT_BYTES = 200, 64 * 1024
"""Hooks are a few lines, and a configuration of git a page."""


def take_note(entry: Refused, error: CouldNotLook) -> None:
    """The listing keeps what was refused; nothing is raised."""
    del entry, error


def nameless_where_refused(model: ModelEvidence) -> ModelEvidence:
    """Without either name where part of the model was refused: a digest of the rest would be that of another model."""
    if not model.refused:
        return model
    return replace(model, manifest=replace(model.manifest, subject_sha256=None, tensor_root=None))


def without_failed(model: ModelEvidence, failed: Failed) -> ModelEvidence:
    """Without files that could not be read to their end, and all that was seen of them."""
    if not failed:
        return model
    refused = tuple(Refused(path, "unreadable", error.what) for path, error in sorted(failed.items()))
    files = tuple(file for file in model.manifest.files if file.path not in failed)
    if not files:
        raise next(iter(failed.values()))
    tensors = tuple(tensor for tensor in model.manifest.tensors if tensor.file not in failed)
    return nameless_where_refused(
        replace(
            model,
            manifest=replace(model.manifest, files=files, tensors=tensors),
            headers=tuple(header for header in model.headers if header.file not in failed),
            indexes=tuple(index for index in model.indexes if index.file not in failed),
            facts=tuple(fact for fact in model.facts if fact.file not in failed),
            refused=(*model.refused, *refused),
        )
    )


def git_texts(listing: Listing) -> Iterator[Fact]:
    """Hooks and settings of git that lie beside the model, as texts; what cannot be read says so."""
    for number, listed in enumerate(listing.beside):
        role = _git_role(listed.path)
        if isinstance(listed, Refused):
            yield CodeFact(listed.path, role, error=listed.reason)
        elif number < MAX_GIT_FILES:
            yield _git_text(listed, role)
        else:
            yield CodeFact(listed.path, role, error=f"git obeys more than {MAX_GIT_FILES} files here")
            return


def _git_role(path: str) -> str:
    if "hooks/" in path:
        return "git-hook"
    return {"config": "git-config", "config.worktree": "git-config", "commondir": "git-file"}.get(basename(path), "git")


def _git_text(listed: ListedFile, role: str) -> Fact:
    file = OpenFile(listed, listed.path, kept=True)
    try:
        data = file.pread(min(file.size, MAX_GIT_BYTES), 0)
    except CouldNotLook as error:
        return CodeFact(listed.path, role, error=error.what)
    finally:
        file.close()
    if role == "git-hook":
        role = by_shebang(data[:600]) or "shell"
    text = data.decode("utf-8", "surrogateescape") if file.size <= MAX_GIT_BYTES else None
    return TextFact(listed.path, role, hashlib.sha256(data).hexdigest(), text)
