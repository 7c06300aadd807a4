"""Whether a declared base model and the base that was given are the same repository, as far as names can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from provenance.facts import CardFact, JsonFact
from provenance.records import ModelEvidence

_CACHE = re.compile(r"(?:^|/)models--([^/]+?)(?:/|$)")
_SOURCE = re.compile(r"(?:hf://|https?://(?:www\.)?(?:huggingface\.co|hf\.co)/)([^/@?#]+/[^/@?#]+)")
_REPOSITORY = re.compile(r"[\w.-]+/[\w .-]+|[\w .-]+", re.ASCII)
_ADDRESSES = ("general.repo_url", "general.source.repo_url")


class Match(Enum):
    """What names say of a declaration and a base."""

    SAME = "same"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, order=True)
class Declaration:
    """A base model that the candidate declares."""

    file: str
    name: str
    """As declared."""


def declarations(model: ModelEvidence) -> tuple[Declaration, ...]:
    """Every base model declared in the card, in GGUF metadata and in an adapter's configuration."""
    return tuple(sorted(_declarations(model)))


def _declarations(model: ModelEvidence) -> Iterator[Declaration]:
    for fact in model.facts:
        if isinstance(fact, CardFact):
            yield from (Declaration(fact.file, name) for name in fact.base_models)
        elif isinstance(fact, JsonFact) and fact.file == "adapter_config.json" and isinstance(fact.value, dict):
            name = fact.value.get("base_model_name_or_path")
            if isinstance(name, str) and name:
                yield Declaration(fact.file, name)


def match(declared: str, base: ModelEvidence) -> Match:
    """Compare a declared name with all that is known of the base's name.

    Addresses, Hugging Face caches and `hf://` names say for certain which repository a base is. A folder's name can
    only agree: that it differs says nothing.
    """
    name = _plain(declared)
    if name is None:
        return Match.UNKNOWN
    certain = set(_certain(base))
    if name in certain or ("/" not in name and name in {entry.rpartition("/")[2] for entry in certain}):
        return Match.SAME
    if certain:
        return Match.OTHER
    folders = [_normal(part) for part in base.name.replace("\\", "/").rstrip("/").split("/") if part]
    likely = {"/".join(folders[-2:]), *folders[-1:]}
    likely |= {part.removesuffix(".gguf").removesuffix(".safetensors") for part in folders[-1:]}
    return Match.SAME if likely & {name, name.rpartition("/")[2]} else Match.UNKNOWN


def _certain(base: ModelEvidence) -> Iterator[str]:
    """Repository names that the base is known by beyond doubt, normalised."""
    cached = _CACHE.search(base.name.replace("\\", "/"))
    if cached:
        yield _normal(cached[1].replace("--", "/"))
    source = _SOURCE.match(base.name)
    if source:
        yield _normal(source[1])
    for header in base.headers:
        for key in _ADDRESSES:
            address = _SOURCE.match(str(header.metadata.get(key, "")))
            if address:
                yield _normal(address[1])


def _plain(declared: str) -> str | None:
    """A declared name as `organisation/name` or `name`; None for a path on somebody's disk, or anything else."""
    address = _SOURCE.match(declared)
    name = address[1] if address else declared.partition("@")[0]
    return _normal(name) if _REPOSITORY.fullmatch(name) and not name.startswith(".") else None


def _normal(name: str) -> str:
    """The Hub ignores case; GGUF writers put spaces where the Hub has hyphens."""
    return name.strip().lower().replace(" ", "-").replace("_", "-")
