"""Checks: from evidence to findings, pure functions all. One file a check; it owns one or more rules.

Adding a check is a file, an entry in `CHECKS`, a violating and a clean case in the tests, and a run of
`python -m provenance.checks` for the pages of its rules.
"""

from __future__ import annotations

from provenance.checks.adapters import ADAPTERS
from provenance.checks.agent_files import AGENT_FILES
from provenance.checks.archives import ARCHIVE_CONTENTS
from provenance.checks.cache_claims import CACHE_CLAIMS
from provenance.checks.changed_weights import CHANGED_WEIGHTS
from provenance.checks.chat_templates import CHAT_TEMPLATES
from provenance.checks.code_files import CODE_FILES
from provenance.checks.config_quantization import CONFIG_QUANTIZATION
from provenance.checks.config_references import CONFIG_REFERENCES
from provenance.checks.config_shapes import CONFIG_SHAPES
from provenance.checks.config_values import CONFIG_VALUES
from provenance.checks.configs import CONFIGS
from provenance.checks.declared_base import DECLARED_BASE
from provenance.checks.declared_relation import DECLARED_RELATION
from provenance.checks.disguises import DISGUISES
from provenance.checks.excluded import EXCLUDED
from provenance.checks.executables import EXECUTABLES
from provenance.checks.file_contents import FILE_CONTENTS
from provenance.checks.generation import GENERATION
from provenance.checks.gguf_structure import GGUF_STRUCTURE
from provenance.checks.header_texts import HEADER_TEXTS
from provenance.checks.headers import HEADERS
from provenance.checks.host_files import HOST_FILES
from provenance.checks.index_tensors import INDEX_TENSORS
from provenance.checks.interface import Check, Rule
from provenance.checks.json_files import JSON_FILES
from provenance.checks.keras_code import KERAS
from provenance.checks.licences import LICENCES
from provenance.checks.model_graphs import MODEL_GRAPHS
from provenance.checks.modelfiles import MODELFILES
from provenance.checks.not_finite import NOT_FINITE
from provenance.checks.pages import page
from provenance.checks.pickles import PICKLE_FILES
from provenance.checks.prose import PROSE
from provenance.checks.refused import REFUSED
from provenance.checks.remote_code import REMOTE_CODE_CHECK
from provenance.checks.shadow_weights import SHADOW_WEIGHTS
from provenance.checks.shards import SHARDS
from provenance.checks.source_code import SOURCE_CODE_CHECK
from provenance.checks.template_behaviour import TEMPLATE_BEHAVIOUR
from provenance.checks.template_code import TEMPLATE_CODE_CHECK
from provenance.checks.tensor_contents import TENSOR_CONTENTS
from provenance.checks.tokenizer_files import TOKENIZER_FILES
from provenance.checks.tokenizer_text import TOKENIZER_TEXT
from provenance.checks.tokenizer_tokens import TOKENIZER_TOKENS
from provenance.checks.tokenizer_trips import TOKENIZER_TRIPS
from provenance.checks.tokenizers import TOKENIZER_PARTS
from provenance.records import Evidence, Finding

CHECKS: tuple[Check, ...] = (
    HEADERS,
    HEADER_TEXTS,
    GGUF_STRUCTURE,
    SHARDS,
    INDEX_TENSORS,
    FILE_CONTENTS,
    ADAPTERS,
    PICKLE_FILES,
    ARCHIVE_CONTENTS,
    KERAS,
    MODEL_GRAPHS,
    DISGUISES,
    EXECUTABLES,
    CODE_FILES,
    REMOTE_CODE_CHECK,
    HOST_FILES,
    MODELFILES,
    AGENT_FILES,
    PROSE,
    SOURCE_CODE_CHECK,
    JSON_FILES,
    EXCLUDED,
    REFUSED,
    CACHE_CLAIMS,
    DECLARED_BASE,
    DECLARED_RELATION,
    LICENCES,
    CHANGED_WEIGHTS,
    NOT_FINITE,
    TENSOR_CONTENTS,
    SHADOW_WEIGHTS,
    CONFIGS,
    GENERATION,
    CONFIG_VALUES,
    CONFIG_SHAPES,
    CONFIG_REFERENCES,
    CONFIG_QUANTIZATION,
    CHAT_TEMPLATES,
    TEMPLATE_CODE_CHECK,
    TEMPLATE_BEHAVIOUR,
    TOKENIZER_PARTS,
    TOKENIZER_TEXT,
    TOKENIZER_TOKENS,
    TOKENIZER_FILES,
    TOKENIZER_TRIPS,
)

RULES: dict[str, Rule] = {rule.ident: rule for check in CHECKS for rule in check.rules}
"""Every rule by its id."""

__all__ = ["CHECKS", "RULES", "Check", "Rule", "page", "run_all"]


def run_all(evidence: Evidence) -> tuple[Finding, ...]:
    """The findings of every check: worst first, then by rule and place. Equal evidence gives equal findings."""
    found = [finding for check in CHECKS for finding in check.run(evidence)]
    return tuple(sorted(found, key=_order))


def _order(finding: Finding) -> tuple[int, str, str, str, int, int, str, str]:
    place = finding.location
    offset, line = (-1 if number is None else number for number in (place.offset, place.line))
    return (
        -finding.severity.rank,
        finding.rule,
        place.file,
        place.tensor,
        offset,
        line,
        place.json_path,
        finding.message,
    )
