"""JSON documents: configuration in full, other documents as far as they are small."""

from __future__ import annotations

from posixpath import basename

from provenance.documents.strict_json import MAX_BYTES
from provenance.records import JsonFact, Unit
from provenance.surfaces import lenient_json
from provenance.surfaces.inspectors.interface import Buffered, Facts, InspectionContext, Inspector

MAX_CONFIG = 16 * 1024 * 1024
"""Bytes; the largest configurations found in use (per-layer quantization settings) are a tenth of it."""
MAX_KEPT = 1024 * 1024
"""Bytes up to which the value of any other document is kept; beyond, only what is wrong with it."""

CONFIGURATION = frozenset(
    {
        "adapter_config.json",
        "added_tokens.json",
        "chat_template.json",
        "config.json",
        "config_sentence_transformers.json",
        "generation_config.json",
        "hf_quant_config.json",
        "model_index.json",
        "modules.json",
        "params.json",
        "preprocessor_config.json",
        "processor_config.json",
        "quant_config.json",
        "quantization_config.json",
        "quantize_config.json",
        "sentence_bert_config.json",
        "special_tokens_map.json",
        "tokenizer_config.json",
        "video_preprocessor_config.json",
    }
)
"""Names that loaders ask for and obey."""


def _make(unit: Unit, _context: InspectionContext) -> Buffered | None:
    if not unit.file.lower().endswith(".json") or basename(unit.file) == "tokenizer.json":
        return None
    limit = MAX_CONFIG if basename(unit.file) in CONFIGURATION else MAX_BYTES
    if unit.nbytes > limit:
        return Buffered(0, lambda unit, _: (JsonFact(unit.file, None, error=f"{unit.nbytes} bytes of JSON"),))
    return Buffered(limit, _read)


def _read(unit: Unit, data: bytes) -> Facts:
    fact = lenient_json.read(unit.file, data)
    if len(data) > MAX_KEPT and basename(unit.file) not in CONFIGURATION:
        return (JsonFact(unit.file, None, fact.duplicate_keys, fact.error),)
    return (fact,)


DOCUMENTS = Inspector("documents", _make)
