"""JSON documents: configuration in full, other documents as far as they are small."""

from __future__ import annotations

import re
from posixpath import basename

from provenance.facts import JsonFact
from provenance.records import Unit
from provenance.surfaces import lenient_json
from provenance.surfaces.inspectors.interface import Buffered, Facts, InspectionContext, Inspector

MAX_CONFIG = 8 * 1024 * 1024
"""Bytes; the largest configurations found in use (per-layer quantization settings) are a fifth of it."""
MAX_DOCUMENT = 24 * 1024 * 1024
"""Bytes of any other document: Mistral's tekken.json has 19 million. Parsing takes a multiple of it in memory."""
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
_VERSIONED = re.compile(r"config\.[^/]+\.json")
"""What transformers reads in place of `config.json` where `configuration_files` lists it."""
_TOKENIZER = re.compile(r"tokenizer(\.[^/]+)?\.json")
"""Tokenizers have an inspector of their own."""


def _is_configuration(file: str) -> bool:
    return basename(file) in CONFIGURATION or _VERSIONED.fullmatch(basename(file)) is not None


def _make(unit: Unit, _context: InspectionContext) -> Buffered | None:
    if not unit.file.lower().endswith(".json") or _TOKENIZER.fullmatch(basename(unit.file)):
        return None
    limit = MAX_CONFIG if _is_configuration(unit.file) else MAX_DOCUMENT
    if unit.nbytes > limit:
        return Buffered(0, lambda unit, _: (lenient_json.too_large(unit.file, unit.nbytes, limit),))
    return Buffered(limit, _read)


def _read(unit: Unit, data: bytes) -> Facts:
    fact = lenient_json.read(unit.file, data)
    if len(data) > MAX_KEPT and not _is_configuration(unit.file):
        return (JsonFact(unit.file, None, fact.duplicate_keys, fact.error),)
    return (fact,)


def _cost(unit: Unit) -> int:
    """Parsed, a document takes some 23 times its size (measured: 4.4 MB of small objects took 100 MB)."""
    kept = unit.nbytes <= (MAX_CONFIG if _is_configuration(unit.file) else MAX_KEPT)
    return 24 * unit.nbytes if kept else 0


DOCUMENTS = Inspector("documents", _make, _cost)
