"""Keras models that bring code, or send Keras to fetch some."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.interface import Check, Rule, facts
from provenance.facts import ContainerFact
from provenance.records import Evidence, Finding, Severity

KERAS_CODE = Rule(
    ident="keras-code",
    title="a Keras model brings code of its own",
    severity=Severity.CRITICAL,
    meaning="The description of a Keras model (`config.json` in a `.keras` file, or the attribute of an HDF5 file) "
    "names a layer that carries compiled Python or a program (`Lambda`, `TorchModuleWrapper`, `TFSMLayer`, …). A class "
    "or function from a module that is not Keras's own, a layer that reads a file of the host, or a description that "
    "cannot be read, is an `error`.",
    why="Keras runs the code of such layers when it loads the model, or when it is first called. A module that the "
    "description names is imported.",
    example="model.keras: a Lambda, which carries code",
    advice="Do not load this file.",
    references=(
        "https://nvd.nist.gov/vuln/detail/CVE-2024-3660",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-1550",
    ),
)

_KINDS = {
    "keras-code": Severity.CRITICAL,
    "foreign-class": Severity.ERROR,
    "layer-file": Severity.ERROR,
    "keras-unreadable": Severity.ERROR,
}


def _run(evidence: Evidence) -> Iterator[Finding]:
    for container in facts(evidence.candidate, ContainerFact):
        found = [flaw for flaw in container.flaws if flaw.kind in _KINDS]
        if found:
            worst = max((_KINDS[flaw.kind] for flaw in found), key=lambda severity: severity.rank)
            details = "; ".join(dict.fromkeys(flaw.detail for flaw in found[:5]))
            yield KERAS_CODE.finding(details, file=container.file, severity=worst)


KERAS = Check("keras-code", (KERAS_CODE,), _run)
