"""Values in configurations that no honest model has, whatever its tensors and its base."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from posixpath import basename

from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.checks.settings import words
from provenance.facts import JsonFact
from provenance.records import Evidence, Finding, Severity

CONFIG_VALUE_IMPOSSIBLE = Rule(
    ident="config-value-impossible",
    title="a setting has a value that no model has",
    severity=Severity.ERROR,
    meaning="A `config.json` or `generation_config.json` is no object; holds `NaN`, or an infinity for a single "
    "setting; gives a negative or absurdly large size; an epsilon above 0.1; a rotary base of zero or less; thousands "
    "of rotary factors, or long and short ones of different number; or a name of a class that is no name.",
    why="Such values stop a loader, exhaust its memory, or flatten every layer, and no writer of models writes them.",
    example="config.json: hidden_size is -16",
    advice="Get the file again from its source; if it is the same there, do not load the model.",
)

_FILES = frozenset({"config.json", "generation_config.json"})
_LARGEST: Mapping[str, int] = {
    "hidden_size": 1 << 20,
    "intermediate_size": 1 << 24,
    "max_position_embeddings": 1 << 31,
    "num_attention_heads": 1 << 16,
    "num_experts": 1 << 16,
    "num_hidden_layers": 1 << 14,
    "num_key_value_heads": 1 << 16,
    "num_local_experts": 1 << 16,
    "n_routed_experts": 1 << 16,
    "vocab_size": 1 << 26,
}
"""Sizes, and what each is far below in every model; a lower bound is zero."""
_UNSET = words("max_position_embeddings num_key_value_heads")
"""Sizes that some configurations set to -1, for none."""
_EPSILONS = words("layer_norm_eps layer_norm_epsilon norm_eps norm_epsilon rms_norm_eps")
_MAX_FACTORS = 4096
_MAX_SHOWN = 10


def _run(evidence: Evidence) -> Iterator[Finding]:
    for fact in facts(evidence.candidate, JsonFact):
        if basename(fact.file) not in _FILES or (fact.value is None and fact.error):
            continue
        if not isinstance(fact.value, dict):
            kind = type(fact.value).__name__
            yield CONFIG_VALUE_IMPOSSIBLE.finding(f"is a {kind}, not an object", file=fact.file, json_path="$")
            continue
        for path, message in islice(_objects(fact.value), _MAX_SHOWN):
            yield CONFIG_VALUE_IMPOSSIBLE.finding(message, file=fact.file, json_path=path)


def _objects(document: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """(path, message) of every impossible value. A stack and no recursion: documents are deep."""
    stack: list[tuple[str, Mapping[str, object]]] = [("$", document)]
    while stack:
        path, value = stack.pop()
        for key, item in value.items():
            place = f"{path}.{key[:60]}"
            message = _impossible(key, item)
            if message:
                yield place, f"{quoted(key, 60) if len(key) > 60 else key} {message}"
            if isinstance(item, dict) and len(path) < 500:
                stack.append((place, item))


def _impossible(key: str, value: object) -> str:
    """Why a setting cannot have its value; empty where it can."""
    if isinstance(value, list):
        return _of_list(key, value)
    if isinstance(value, dict):
        return _of_factors(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if isinstance(value, float) and not math.isfinite(value):
        return f"is {value}"
    largest = _LARGEST.get(key)
    if largest is not None and (value > largest or (value < 0 and not (value == -1 and key in _UNSET))):
        return f"is {_short(value)}"
    if key in _EPSILONS and not 0 <= value <= 0.1:
        return f"is {value}"
    return f"is {value}" if key == "rope_theta" and value <= 0 else ""


def _of_list(key: str, value: list[object]) -> str:
    if key == "architectures":
        odd = next((name for name in value if not (isinstance(name, str) and name.isidentifier())), None)
        return f"names {quoted(odd)}" if odd is not None else ""
    if key.endswith("_factor") and len(value) > _MAX_FACTORS:
        return f"has {len(value)} entries"
    return "holds NaN" if any(isinstance(item, float) and math.isnan(item) for item in value) else ""


def _of_factors(value: Mapping[str, object]) -> str:
    long, short = value.get("long_factor"), value.get("short_factor")
    if isinstance(long, list) and isinstance(short, list) and len(long) != len(short):
        return f"has {len(long)} long factors and {len(short)} short ones"
    return ""


def _short(value: float) -> str:
    """Integers may be thousands of digits long, which Python does not even write."""
    return f"{value:.3g}" if isinstance(value, float) or abs(value) < 1 << 63 else "larger than 64 bits"


CONFIG_VALUES = Check("config-values", (CONFIG_VALUE_IMPOSSIBLE,), _run)
