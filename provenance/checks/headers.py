"""Weight files whose header breaks its format's rules, or describes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.interface import Check, Rule
from provenance.records import Evidence, Finding, Severity

HEADER_REJECTED = Rule(
    ident="header-rejected",
    title="the header of a weight file breaks its format's rules",
    severity=Severity.CRITICAL,
    meaning="A safetensors or GGUF file declares something that its format forbids: tensors that overlap or lie "
    "outside the file, a key that stands twice, a length that does not fit, parts of one set that contradict each "
    "other. The message ends with the name of the broken rule. No tensor of the file was read.",
    why="Two loaders read a broken header differently, so what was checked need not be what is loaded; and crafted "
    "headers are how memory-safety bugs in loaders written in C and C++ are reached.",
    example="model.safetensors: the data of 'model.norm.weight' ends at 4096, the file has 2048 bytes [outside-file]",
    advice="Do not load this file. Fetch it again from its source; if it is still broken there, tell its publisher.",
)

WEIGHTS_EMPTY = Rule(
    ident="weights-empty",
    title="a weight file holds no tensors",
    severity=Severity.ERROR,
    meaning="The header of a safetensors or GGUF file is valid and declares zero tensors.",
    why="A model without weights passes every comparison of weights. GGUF files that hold a vocabulary alone are used "
    "in tests of llama.cpp; they are not models either.",
    example="model.safetensors: a safetensors file with no tensors",
    advice="Ask the publisher for the weights, or remove the file if it was never meant to hold any.",
)


def _run(evidence: Evidence) -> Iterator[Finding]:
    for rejection in evidence.candidate.rejections:
        if not rejection.file.endswith(".json"):
            message = f"{rejection.format}: {rejection.message} [{rejection.rule}]"
            yield HEADER_REJECTED.finding(message, file=rejection.file, offset=rejection.offset)
    for header in evidence.candidate.headers:
        if not header.tensors:
            yield WEIGHTS_EMPTY.finding(f"a {header.format} file with no tensors", file=header.file)


HEADERS = Check("headers", (HEADER_REJECTED, WEIGHTS_EMPTY), _run)
