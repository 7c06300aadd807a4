"""What a configuration says of quantization, against the tensors beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from posixpath import basename, dirname

from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.checks.settings import words
from provenance.facts import JsonFact
from provenance.records import Evidence, Finding, ModelEvidence, Severity

QUANTIZATION_INCONSISTENT = Rule(
    ident="quantization-inconsistent",
    title="what is said of quantization does not fit the tensors",
    severity=Severity.ERROR,
    meaning="A `config.json` declares a quantization whose weights are stored as codes, and every tensor beside it is "
    "a plain float without scales; or lists modules that are kept by paths that lead out of the model. It is a "
    "`warning` for bitsandbytes, which quantizes when it loads, and for tensors of codes that nothing declares.",
    why="The declaration chooses the code that reads the weights. Where it does not fit them they are not loaded, or "
    "loaded as something else.",
    example="config.json: quant_method 'gptq' is declared, and no tensor is quantized",
    advice="Get the configuration that belongs to these weights.",
)

_STORED = words("aqlm auto-round autoround awq fbgemm_fp8 fp8 gptq modelopt mxfp4 spqr vptq")
"""Methods whose checkpoints hold codes and scales."""
_ON_LOADING = words("bitsandbytes")
_CODES = re.compile(
    r"\.(?:qweight|qzeros|g_idx|weight_packed|weight_scale(?:_inv)?|weight_scale_2|input_scale|SCB|codes|codebooks"
    r"|absmax|quant_map|quant_state\..+|indices|centroids)$|_(?:blocks|scales|scale_inv)$"
)
_DECLARATIONS = frozenset(
    {"quantize_config.json", "quant_config.json", "hf_quant_config.json", "quantization_config.json"}
)
_PACKED = re.compile(r"\.(?:qweight|qzeros|weight_packed)$")
_FLOATS = frozenset({"F64", "F32", "F16", "BF16"})


def _run(evidence: Evidence) -> Iterator[Finding]:
    model = evidence.candidate
    for fact in facts(model, JsonFact):
        if basename(fact.file) == "config.json" and isinstance(fact.value, dict):
            yield from _config(fact, fact.value, model)


def _config(fact: JsonFact, config: Mapping[str, object], model: ModelEvidence) -> Iterator[Finding]:
    folder = dirname(fact.file)
    tensors = [
        tensor
        for header in model.headers
        if header.format == "safetensors" and dirname(header.file) == folder and "adapter" not in basename(header.file)
        for tensor in header.tensors
    ]
    declared = config.get("quantization_config")
    coded = any(tensor.dtype not in _FLOATS or _CODES.search(tensor.name) for tensor in tensors)
    if isinstance(declared, dict):
        method = str(declared.get("quant_method"))
        if tensors and not coded and method in _STORED | _ON_LOADING:
            yield QUANTIZATION_INCONSISTENT.finding(
                f"quant_method {quoted(method)} is declared, and no tensor is quantized",
                file=fact.file,
                json_path="$.quantization_config",
                severity=Severity.WARNING if method in _ON_LOADING else None,
            )
        yield from _kept(fact, declared)
    elif not any(key in config for key in ("quantization_config", "compression_config")):
        packed = next((tensor.name for tensor in tensors if _PACKED.search(tensor.name)), None)
        beside = {basename(file.path) for file in model.manifest.files if dirname(file.path) == folder}
        if packed and not beside & _DECLARATIONS:
            message = f"{quoted(packed)} holds codes, and no quantization is declared"
            yield QUANTIZATION_INCONSISTENT.finding(message, file=fact.file, severity=Severity.WARNING)


def _kept(fact: JsonFact, declared: Mapping[str, object]) -> Iterator[Finding]:
    """Modules that are not converted, by names that no module has."""
    for key in ("modules_to_not_convert", "ignore", "ignored_layers"):
        names = declared.get(key)
        for name in names if isinstance(names, list) else ():
            if isinstance(name, str) and (".." in name.split("/") or name.startswith("/")):
                yield QUANTIZATION_INCONSISTENT.finding(
                    f"{key} names {quoted(name)}", file=fact.file, json_path=f"$.quantization_config.{key}"
                )
                return


CONFIG_QUANTIZATION = Check("config-quantization", (QUANTIZATION_INCONSISTENT,), _run)
