"""Which weight files a comparison is about, and what stands in its way.

A model is compared by the formats that language models are run from. Exports beside them (ONNX, NumPy) hold the same
numbers under other names, or transposed, and what trainers leave behind is not run at all: neither says what the model
is to its base. They are left out where there is anything better, and named.
"""

from __future__ import annotations

from posixpath import basename, dirname, join

from provenance.checks.file_kinds import LEFT_BEHIND
from provenance.reading.engine import OpenModel
from provenance.reading.formats.shards import split_name
from provenance.records import Header, ModelEvidence, Rejection, Skipped

RUN_FROM = frozenset({"safetensors", "gguf", "torch"})
"""Formats that language models are run from."""


def rejected(model: OpenModel | ModelEvidence) -> list[Rejection]:
    """Rejections of files that a loader would open: not `._model.safetensors`, which macOS leaves on foreign disks."""
    return [rejection for rejection in model.rejections if not basename(rejection.file).startswith("._")]


def compared(model: OpenModel, other: OpenModel | None = None) -> tuple[Header, ...]:
    """The headers of `model` whose tensors are compared with those of `other`."""
    weights = [header for header in model.headers if header.tensors and not left_behind(header.file)]
    weights = [header for header in weights if "fortran_order" not in header.metadata or header.format in RUN_FROM]
    theirs = other.headers if other else ()
    if any(header.format in RUN_FROM and not left_behind(header.file) for header in (*weights, *theirs)):
        weights = [header for header in weights if header.format in RUN_FROM]
    return tuple(weights)


def left_out(model: OpenModel, other: OpenModel) -> tuple[Skipped, ...]:
    """Files of `model` with tensors that `compared` leaves out."""
    chosen = {header.file for header in compared(model, other)}
    return tuple(
        Skipped(header.file, "its tensors are what a trainer left behind; they were digested and not compared")
        if left_behind(header.file)
        else Skipped(header.file, f"is {header.format}, whose tensors were digested and not compared", asked=True)
        for header in model.headers
        if header.tensors and header.file not in chosen
    )


def obstacle(model: OpenModel, other: OpenModel | None = None) -> str | None:
    """Why the model's weights cannot be compared at all; None where they can."""
    if model.listing.refused:
        return f"{model.listing.refused[0].path} was not looked at, so the weights are not all known"
    if bad := rejected(model):
        return f"the header of {bad[0].file} was rejected, so the weights are not known"
    weights = compared(model, other)
    if not weights:
        return "the model holds no weights that can be compared"
    if gap := next((header for header in weights if header.unread), None):
        return f"some tensors of {gap.file} were not read, so the weights are not all known"
    if part := next((skipped for skipped in model.unread if _is_part(skipped.surface, model)), None):
        return f"{part.surface} was not read, so the weights are not all known"
    return None


def left_behind(path: str) -> bool:
    """Whether the file is called as what trainers leave beside the weights: no loader of models asks for it."""
    return LEFT_BEHIND.fullmatch(basename(path)) is not None


def _is_part(path: str, model: OpenModel) -> bool:
    """Whether the file is one of several that make up a checkpoint."""
    listed = {join(dirname(index.file), shard) for index in model.indexes for shard in index.weight_map.values()}
    return split_name(path) is not None or path in listed
