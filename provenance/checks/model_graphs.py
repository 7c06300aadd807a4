"""Graphs of models that reach for the host they are loaded on."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.interface import Check, Rule, facts
from provenance.facts import ContainerFact
from provenance.records import Evidence, Finding, Severity

GRAPH_REACHES_HOST = Rule(
    ident="graph-reaches-host",
    title="a model's graph reaches for the host",
    severity=Severity.ERROR,
    meaning="An ONNX model keeps weights at a path outside of its folder, or has an operation that runs Python; a "
    "graph of TensorFlow reads or writes files or calls into Python; the code of TorchScript does (`torch.from_file`, "
    "`torch.save`); the description of an OpenVINO network declares entities. These marks are searched in the first "
    "16 MiB (4 MiB of a file of TorchScript); the formats are not read beyond that.",
    why="Loading or running the model then opens files of the host, or runs code that came from elsewhere.",
    example="model.onnx: weights at '../../../etc/passwd', outside of the folder",
    advice="Do not load this file.",
    references=("https://nvd.nist.gov/vuln/detail/CVE-2024-27318", "https://cwe.mitre.org/data/definitions/611.html"),
)

_KINDS = frozenset({"host-file", "host-code", "entities"})


def _run(evidence: Evidence) -> Iterator[Finding]:
    for container in facts(evidence.candidate, ContainerFact):
        found = [flaw for flaw in container.flaws if flaw.kind in _KINDS]
        if found:
            details = "; ".join(dict.fromkeys(flaw.detail for flaw in found[:5]))
            yield GRAPH_REACHES_HOST.finding(details, file=container.file, offset=found[0].offset)


MODEL_GRAPHS = Check("model-graphs", (GRAPH_REACHES_HOST,), _run)
