"""Adapters that lie beside the weights they would change."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename, dirname, join

from provenance.checks.interface import Check, Rule
from provenance.records import Evidence, Finding, Severity

ADAPTER_PRESENT = Rule(
    ident="adapter-present",
    title="an adapter lies beside the weights of a model",
    severity=Severity.WARNING,
    meaning="One folder holds the weights of a model, an `adapter_config.json` and the weights of an adapter "
    "(`adapter_model.safetensors` or `.bin`). Adapters of their own, without such weights beside them, are not meant.",
    why="Transformers applies an adapter that it finds there without being asked, where peft is installed: the model "
    "that answers is not the one whose weights were compared. Without a `config.json` it even takes the base that the "
    "adapter names, and not the weights beside it.",
    example="adapter_config.json: adapter_model.safetensors would be applied to the weights beside it",
    advice="Delete the adapter, or move it to a folder of its own and check it as what it is.",
)

_WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")


def _run(evidence: Evidence) -> Iterator[Finding]:
    paths = {file.path for file in evidence.candidate.manifest.files}
    for config in sorted(path for path in paths if basename(path) == "adapter_config.json"):
        folder = dirname(config)
        adapters = [join(folder, name) for name in _WEIGHTS if join(folder, name) in paths]
        others = [path for path in paths if dirname(path) == folder and path not in adapters and _is_weights(path)]
        if adapters and others:
            message = f"{adapters[0]} would be applied to the weights beside it"
            yield ADAPTER_PRESENT.finding(message, file=config)


def _is_weights(path: str) -> bool:
    """Whether transformers would load the file as weights of a model."""
    name = basename(path)
    return name.startswith(("model", "pytorch_model")) and name.endswith((".safetensors", ".bin"))


ADAPTERS = Check("adapters", (ADAPTER_PRESENT,), _run)
