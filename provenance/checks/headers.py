"""Weight files whose header breaks its format's rules, or describes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename

from provenance.checks.interface import Check, Rule, facts
from provenance.checks.shards import numbered
from provenance.facts import ContentFact
from provenance.records import Evidence, Finding, Header, ModelEvidence, Rejection, Severity

HEADER_REJECTED = Rule(
    ident="header-rejected",
    title="the header of a weight file breaks its format's rules",
    severity=Severity.CRITICAL,
    meaning="A safetensors or GGUF file, or a torch checkpoint, declares something that its format forbids: tensors "
    "that overlap or lie outside the file or their storage, two headers of a zip that contradict each other, a key "
    "that stands twice, a length that does not fit, parts of one set that contradict each other. The message ends "
    "with the name of the broken rule. No tensor of the file was read. Not meant are git-lfs pointers "
    "(`lfs-pointer`), files whose only trouble is that others of their set are missing (`shard-missing`), and the "
    "`._NAME` files of macOS.",
    why="Two loaders read a broken header differently, so what was checked need not be what is loaded; and crafted "
    "headers are how memory-safety bugs in loaders written in C and C++ are reached.",
    example="model.safetensors: the data of 'model.norm.weight' ends at 4096, the file has 2048 bytes [outside-file]",
    advice="Do not load this file. Fetch it again from its source; if it is still broken there, tell its publisher.",
)

WEIGHTS_EMPTY = Rule(
    ident="weights-empty",
    title="a weight file holds no weights",
    severity=Severity.ERROR,
    meaning="The header of a safetensors or GGUF file, or of a torch checkpoint named as weights are, is valid and "
    "declares zero tensors, or none with an element.",
    why="A model without weights passes every comparison of weights. GGUF files that hold a vocabulary alone are used "
    "in tests of llama.cpp; they are not models either.",
    example="model.safetensors: a safetensors file with no tensors",
    advice="Ask the publisher for the weights, or remove the file if it was never meant to hold any.",
)


_WEIGHTS_BY_NAME = re.compile(r"(pytorch_|adapter_|diffusion_pytorch_)?model[-._]|consolidated[-._]")
"""Names under which loaders ask for the weights of a torch checkpoint."""


def _run(evidence: Evidence) -> Iterator[Finding]:
    elsewhere = _told_elsewhere(evidence.candidate)
    for rejection in evidence.candidate.rejections:
        if not rejection.file.endswith(".json") and rejection not in elsewhere:
            message = f"{rejection.format}: {rejection.message} [{rejection.rule}]"
            yield HEADER_REJECTED.finding(message, file=rejection.file, offset=rejection.offset)
    for header in evidence.candidate.headers:
        if header.unread or not _promises_weights(header):
            continue
        if not header.tensors:
            yield WEIGHTS_EMPTY.finding(f"a {header.format} file with no tensors", file=header.file)
        elif not any(tensor.nbytes for tensor in header.tensors):
            what = f"a {header.format} file whose {len(header.tensors)} tensors have no elements"
            yield WEIGHTS_EMPTY.finding(what, file=header.file)


def _promises_weights(header: Header) -> bool:
    """Schedulers and counters are saved with `torch.save` as well, and a graph may have no constants."""
    named = header.format == "torch" and _WEIGHTS_BY_NAME.match(basename(header.file)) is not None
    return named or header.format in ("safetensors", "gguf")


def _told_elsewhere(model: ModelEvidence) -> set[Rejection]:
    """Rejections of files that nothing is wrong with, or whose trouble has a rule of its own."""
    kinds = {fact.file: fact.kind for fact in facts(model, ContentFact)}
    read: dict[tuple[str, int, str], int] = {}
    for header in model.headers:
        if part := numbered(header.file):
            read[part.of] = read.get(part.of, 0) + 1
    return {
        rejection
        for rejection in model.rejections
        if kinds.get(rejection.file) == "lfs-pointer"
        or (kinds.get(rejection.file) == "apple-double" and basename(rejection.file).startswith("._"))
        or _lacks_others(rejection, read)
    }


def _lacks_others(rejection: Rejection, read: dict[tuple[str, int, str], int]) -> bool:
    """The file's set is incomplete, whichever way it says so; once it is whole, its parts are held to each other."""
    part = numbered(rejection.file)
    return rejection.rule == "split-count" and part is not None and 0 < read.get(part.of, 0) < part.of[1]


HEADERS = Check("headers", (HEADER_REJECTED, WEIGHTS_EMPTY), _run)
