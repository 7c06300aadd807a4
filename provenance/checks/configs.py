"""Configuration against the base's: the same weights under other settings are another model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import basename

from provenance.checks import gguf_settings
from provenance.checks.behaviour_settings import (
    config_severity,
    generation_severity,
    keeps_weights,
    longer_context,
    rows,
)
from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.checks.settings import Difference, Path, Settings, differences, settings
from provenance.facts import JsonFact
from provenance.records import Evidence, Finding, Header, ModelEvidence, Severity, Skipped

CONFIG_DIFFERS = Rule(
    ident="config-differs",
    title="the configuration differs from the base's",
    severity=Severity.ERROR,
    meaning="A `config.json`, or the metadata of a GGUF file, sets something else than the base's. It is an `error` "
    "where no weight is known to be changed and the setting decides what is computed from the weights (architecture, "
    "heads, rotary embedding, epsilon, activation, soft caps, attention windows, layers, experts), takes away the "
    "token that ends an answer, or leaves a sixteenth of the context; a `warning` for other settings, where weights "
    "were changed with it, for a context lengthened by YaRN, and where the base leaves the setting to the library; an "
    "`info` for the padding token, and for a vocabulary of as many tokens as the embedding has rows. Without a "
    "comparison of weights the digests of tensors tell whether they were changed. Spellings of transformers 4 and 5, "
    "and defaults written out, are no difference; storage types, dropout and caches are not compared. Of GGUF, the "
    "families llama, qwen2 and qwen3 are compared with a `config.json`, and any with another GGUF file.",
    why="A loader builds the model from its settings. Another rotary base, or another number of heads of the same "
    "total size, loads without complaint, computes something else, and leaves every weight as it was.",
    example="config.json: rms_norm_eps 1e-06 → 10.0, rope_parameters.rope_theta 10000.0 → 3.0 (the base's → here)",
    advice="Use the base's configuration, unless the publisher says why a setting was changed.",
)

GENERATION_CONFIG_DIFFERS = Rule(
    ident="generation-config-differs",
    title="the settings of generation differ from the base's",
    severity=Severity.WARNING,
    meaning="`generation_config.json` sets something else than the base's. It is an `error` for what forbids, forces "
    "or favours tokens, stops at words or brings an assistant, and, where no weight is known to be changed, for an end "
    "token that is not one any more; an `info` for settings of sampling and lengths, for the padding token, and where "
    "the base has the file and the model has none; a `warning` for the rest. Where a model has no such file, loaders "
    "take the special tokens of its `config.json`.",
    why="Transformers, vLLM and others generate with these settings unless they are told otherwise. Suppressed "
    "tokens are words that the model can no longer say; without its end token it does not stop.",
    example="generation_config.json: suppress_tokens not set → [1, 2, 3] (the base's → here)",
    advice="Use the base's file, or set what you want where you call the model.",
)

_SPECIAL = ("bos_token_id", "eos_token_id", "pad_token_id")
_FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
_PLAIN = re.compile(r"[\w.]{1,80}", re.ASCII)
_SHOWN = 5


def _run(evidence: Evidence) -> Iterator[Finding]:
    base = evidence.base
    if isinstance(base, Skipped):
        return
    mine, theirs = _documents(evidence.candidate), _documents(base)
    kept, embedded = keeps_weights(evidence), rows(evidence.candidate)
    for file in sorted(file for file in mine.keys() & theirs.keys() if basename(file) == "config.json"):
        found = differences(*_matched(settings(mine[file]), settings(theirs[file])))
        yield from _configs(file, _meant(found, evidence.candidate), kept, embedded)
    yield from _ggufs(evidence.candidate, base, mine, theirs, kept)
    if not _is_gguf(evidence.candidate):
        yield from _generation(mine, theirs, kept)


def _documents(model: ModelEvidence) -> dict[str, Mapping[str, object]]:
    return {fact.file: fact.value for fact in facts(model, JsonFact) if isinstance(fact.value, dict)}


# ---------------------------------------------------------------------------------------------------------------------
# config.json
# ---------------------------------------------------------------------------------------------------------------------


def _matched(mine: Settings, theirs: Settings) -> tuple[Settings, Settings]:
    """Both as they are; the text model of a larger one where the other side is a text model."""
    nested = [any(path[0] == "text_config" for path in side) for side in (mine, theirs)]
    if nested[0] == nested[1]:
        return mine, theirs
    return (_text_model(mine), theirs) if nested[0] else (mine, _text_model(theirs))


def _text_model(found: Settings) -> Settings:
    return {path[1:]: value for path, value in found.items() if path[0] == "text_config"}


def _meant(found: Iterable[Difference], model: ModelEvidence) -> Iterator[Difference]:
    """Differences that a loader of this model would notice.

    Weights stored as codes need a `quantization_config`, MLX's a `quantization`, and GGUF repositories hold a
    `config.json` of one line that only names the family.
    """
    coded = any(tensor.dtype not in _FLOATS for header in model.headers for tensor in header.tensors)
    for difference in found:
        explained = coded and (
            difference.path[-1] in ("quantization_config", "compression_config")
            or (difference.path[0] == "quantization" and difference.base is None)
        )
        if not explained and not (_is_gguf(model) and difference.here is None):
            yield difference


def _is_gguf(model: ModelEvidence) -> bool:
    """Whether all weights that were read are GGUF: llama.cpp reads no other file."""
    return bool(model.headers) and all(header.format == "gguf" for header in model.headers)


def _configs(file: str, found: Iterable[Difference], kept: bool, embedded: frozenset[int]) -> Iterator[Finding]:
    seen = [difference for difference in found if not _is_idle(difference)]
    longer = longer_context(seen)
    by_severity: dict[Severity, list[Difference]] = {}
    for difference in seen:
        severity = config_severity(difference, kept=kept and difference.path not in longer, embedded=embedded)
        by_severity.setdefault(severity, []).append(difference)
    for severity, alike in by_severity.items():
        yield CONFIG_DIFFERS.finding(_message(alike), file=file, json_path=_json_path(alike[0]), severity=severity)


def _is_idle(difference: Difference) -> bool:
    """Training names a padding token where the base has none; no answer depends on it."""
    return difference.path[-1] == "pad_token_id" and None in (difference.base, difference.here)


# ---------------------------------------------------------------------------------------------------------------------
# GGUF
# ---------------------------------------------------------------------------------------------------------------------


def _ggufs(
    candidate: ModelEvidence,
    base: ModelEvidence,
    mine: Mapping[str, Mapping[str, object]],
    theirs: Mapping[str, Mapping[str, object]],
    kept: bool,
) -> Iterator[Finding]:
    """GGUF metadata against the base's metadata or `config.json`, and a `config.json` against a base in GGUF."""
    here, there, embedded = gguf_settings.described(candidate), gguf_settings.described(base), rows(candidate)
    for header in here:
        other = next((other for other in there if other.file == header.file), there[0] if there else None)
        if other is not None:
            found = differences(gguf_settings.others(header), gguf_settings.others(other))
            yield from _configs(header.file, map(_renamed, found), kept, embedded)
        elif "config.json" in theirs:
            known = _with_config(header, settings(theirs["config.json"]))
            special = _special(header, base, tuple(theirs[name] for name in _ID_FILES if name in theirs))
            yield from _configs(header.file, (*known, *special), kept, embedded)
    if there and not here and "config.json" in mine:
        known = _with_config(there[0], settings(mine["config.json"]))
        turned = (Difference(d.path, d.here, d.base) for d in known)
        yield from _configs("config.json", turned, kept, embedded)


_ID_FILES = ("config.json", "generation_config.json")


def _renamed(difference: Difference) -> Difference:
    """A key of GGUF by the name of the setting that means the same, where there is one."""
    known = gguf_settings.KEYS.get(difference.path[0].partition(".")[2])
    return Difference(known, difference.base, difference.here) if known else difference


def _with_config(header: Header, config: Settings) -> list[Difference]:
    """What a GGUF file (here) and a `config.json` (the base) say differently."""
    if any(path[0] == "text_config" for path in config):
        config = _text_model(config)
    declared, family = config.get(("model_type",)), gguf_settings.architecture(header)
    known = gguf_settings.FAMILIES.get(str(declared))
    if known is None or family not in gguf_settings.FAMILIES.values():
        return []
    if known != family:
        return [Difference(("model_type",), declared, family)]
    return list(differences(gguf_settings.settings(header), gguf_settings.comparable(config, header)))


def _special(header: Header, base: ModelEvidence, documents: tuple[Mapping[str, object], ...]) -> Iterator[Difference]:
    """Special tokens that the base uses nowhere."""
    for name, key in gguf_settings.SPECIAL.items():
        known, ident = gguf_settings.special_ids(base, name, documents), header.metadata.get(key)
        if known and ident is not None and ident not in known:
            yield Difference((f"{name}_token_id",), sorted(known, key=str), ident)


# ---------------------------------------------------------------------------------------------------------------------
# generation_config.json
# ---------------------------------------------------------------------------------------------------------------------


def _generation(
    mine: Mapping[str, Mapping[str, object]], theirs: Mapping[str, Mapping[str, object]], kept: bool
) -> Iterator[Finding]:
    file = "generation_config.json"
    if "config.json" not in mine or "config.json" not in theirs or file not in mine.keys() | theirs.keys():
        return
    here, there = (settings(side.get(file, _implied(side))) for side in (mine, theirs))
    by_severity: dict[Severity, list[Difference]] = {}
    for difference in differences(here, there):
        if not _is_idle(difference):
            severity = generation_severity(difference, kept=kept) if file in mine else Severity.INFO
            by_severity.setdefault(severity, []).append(difference)
    gone = "" if file in mine else "the base's is gone: "
    place = file if file in mine else "config.json"
    for severity, alike in by_severity.items():
        message, json_path = gone + _message(alike), _json_path(alike[0])
        yield GENERATION_CONFIG_DIFFERS.finding(message, severity=severity, file=place, json_path=json_path)


def _implied(side: Mapping[str, Mapping[str, object]]) -> Mapping[str, object]:
    """The settings that loaders make for a model without the file."""
    config = side["config.json"]
    nested = config.get("text_config")
    named = {**nested, **config} if isinstance(nested, dict) else config
    return {key: named[key] for key in _SPECIAL if key in named}


# ---------------------------------------------------------------------------------------------------------------------
# Words
# ---------------------------------------------------------------------------------------------------------------------


def _message(found: list[Difference]) -> str:
    shown = ", ".join(
        f"{_name(difference.path)} {_value(difference.base)} → {_value(difference.here)}"
        for difference in found[:_SHOWN]
    )
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{shown}{more} (the base's → here)"


def _name(path: Path) -> str:
    name = ".".join(path)
    return name if _PLAIN.fullmatch(name) else quoted(name)


def _value(value: object) -> str:
    if value is None:
        return "not set"
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:40]}…{text[-19:]}"


def _json_path(difference: Difference) -> str:
    return f"$.{'.'.join(difference.path)}"


CONFIGS = Check("configs", (CONFIG_DIFFERS, GENERATION_CONFIG_DIFFERS), _run)
