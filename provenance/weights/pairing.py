"""Which tensor of the base each tensor of the candidate is compared with, and where nothing can be compared.

Tensors meet by canonical role where an architecture gives both one, else by stored name. Only headers are looked at.
No tensor is ever dropped: each of the candidate's is in a pair or added, each role of the base is in a pair or missing.
Where names are not mapped, both say no more than "without a counterpart", and why (`Unpaired.obstacle`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from provenance.records import Header, Tensor
from provenance.weights import adapters, kernels
from provenance.weights.architectures import Architecture, recognise
from provenance.weights.architectures.dense import EMBEDDING, LM_HEAD
from provenance.weights.entries import Entry, Lookup, entries
from provenance.weights.naming import Named, Naming, adapter_part, shard_set, shown

_TIED = "one side stores no lm_head and uses its embedding, which is what the other's lm_head is compared with"
_CONTESTED = "several stored names of one model claim this role"


@dataclass(frozen=True, slots=True)
class TensorPair:
    """A tensor of the candidate and its counterpart in the base."""

    role: str
    candidate: Tensor
    base: Tensor
    same_storage: bool = True
    """Both have one dtype, one shape and one order of elements: equal bytes are equal values."""
    obstacle: str = ""
    """Why values cannot be compared element by element, in plain words; empty where they can."""
    note: str = ""
    """What is unusual about the match itself."""


@dataclass(frozen=True, slots=True)
class Unpaired:
    """A tensor that has no counterpart."""

    role: str
    tensor: Tensor
    obstacle: str = ""
    """Why it is not known to be added, or missing, in plain words; empty where it is."""
    generated: bool = False
    """It is computed from the config, not learnt, so that it says nothing of the other tensors."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pairing:
    """The match between two models."""

    architecture: str
    """Family whose names were mapped (both, where they differ), or `names` where stored names alone were matched."""
    pairs: tuple[TensorPair, ...]
    added: tuple[Unpaired, ...]
    missing: tuple[Unpaired, ...]
    identical_headers: bool
    """Both have the same weight files with byte-identical headers: names, dtypes, shapes, order, metadata, shards."""
    renamed: bool
    """Some pair has two stored names, or lies in files of two formats, or a tensor is stored more than once."""
    adapter: bool = False
    """Every tensor of the candidate is a low-rank adapter's and fits a module of the base; none of these is missing."""


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two models."""

    entries: list[Entry]
    family: str
    """What its tensors' names are those of, as messages say it."""


def pair(
    candidate: Sequence[Header],
    base: Sequence[Header],
    candidate_config: Mapping[str, object] | None = None,
    base_config: Mapping[str, object] | None = None,
) -> Pairing:
    """Match two models by their validated headers and, where they have one, their parsed `config.json`."""
    architectures = [_architecture(candidate, candidate_config), _architecture(base, base_config)]
    # A model that does not say what it is, say one file without its config, is read with the other's names.
    ours, theirs = architectures[0] or architectures[1], architectures[1] or architectures[0]
    side = _Side(entries(candidate, ours), _family(candidate, candidate_config))
    base_side = _Side(entries(base, theirs), _family(base, base_config))
    pairs, added, missing = _matched(side.entries, base_side.entries)
    if not _declares_untied(candidate_config) and not _declares_untied(base_config):
        pairs += _tied(side.entries, base_side.entries, added, missing)
    alone = bool(added) and len(added) == len(side.entries) and all(adapter_part(e.tensor.name) for e in added)
    parts = adapters.fit((e.tensor for e in added), _shapes(base_side.entries, theirs))
    return Pairing(
        architecture="/".join(dict.fromkeys(a.name for a in (ours, theirs) if a is not None)) or "names",
        pairs=tuple(pairs),
        added=_unpaired(added, side, base_side, {tensor: note for tensor, (_, note) in parts.items()}),
        missing=() if alone else _unpaired(missing, base_side, side),
        identical_headers=_header_digests(candidate) == _header_digests(base),
        renamed=_renamed(side.entries, base_side.entries, pairs),
        adapter=alone and all(fits for fits, _ in parts.values()),
    )


def _matched(side: list[Entry], base: list[Entry]) -> tuple[list[TensorPair], list[Entry], list[Entry]]:
    """Pairs, the candidate's tensors without a counterpart, and the base's."""
    lookup, turned = Lookup(base), Lookup(side)
    pairs, added, missing = [], [], []
    for entry in side:
        match = lookup.counterpart(entry)
        if match is None:
            added.append(entry)
        else:
            pairs.append(_pair(entry, *match))
    for entry in lookup.unmatched():
        match = turned.counterpart(entry) if entry.contested else None
        if match is None:
            missing.append(entry)
        elif match[0].layout == entry.layout:
            # The base has the role under a second name; in another order of rows it can only be a copy of the first.
            pairs.append(_pair(match[0], entry))
    return pairs, added, missing


def _architecture(headers: Sequence[Header], config: Mapping[str, object] | None) -> Architecture | None:
    """What the config and every file's metadata agree on."""
    declared = {h.metadata.get("general.architecture") for h in headers if h.format == "gguf"} - {None}
    if len(declared) > 1:
        return None
    return recognise(config, {"general.architecture": next(iter(declared), None)})


def _pair(entry: Entry, base: Entry, note: str = "", role: str | None = None) -> TensorPair:
    same_dtype = entry.tensor.dtype == base.tensor.dtype
    same_order = entry.layout == base.layout
    return TensorPair(
        role=role or entry.role or base.label,
        candidate=entry.tensor,
        base=base.tensor,
        same_storage=same_dtype and same_order and entry.tensor.shape == base.tensor.shape,
        obstacle=_obstacle(entry, base),
        note="; ".join(n for n in (_CONTESTED if entry.contested or base.contested else "", note) if n),
    )


def _obstacle(entry: Entry, base: Entry) -> str:
    if entry.layout != base.layout:
        return "one side stores the rows of each head interleaved, as llama.cpp does; they are not compared yet"
    for side, e in (("candidate", entry), ("base", base)):
        if e.scaled and e.tensor.dtype not in ("F64", "F32", "F16", "BF16"):
            return f"the {side} stores {e.tensor.dtype} codes with a scale beside them; they are not decoded yet"
        if not kernels.comparable(e.tensor.dtype, e.tensor.dtype):
            return f"the {side} stores {e.tensor.dtype}, which is not decoded yet"
    if not kernels.comparable(entry.tensor.dtype, base.tensor.dtype):
        return f"{entry.tensor.dtype} in the candidate, {base.tensor.dtype} in the base: codes of an unknown scheme"
    return ""


def _family(headers: Sequence[Header], config: Mapping[str, object] | None) -> str:
    """What a model calls itself, whether its names are mapped or not."""
    declared: list[object] = [h.metadata.get("general.architecture") for h in headers if h.format == "gguf"]
    declared.append((config or {}).get("model_type"))
    return next((shown(name) for name in declared if isinstance(name, str) and name), "an undeclared family")


def _unpaired(
    found: list[Entry], side: _Side, other: _Side, notes: Mapping[Tensor, str] | None = None
) -> tuple[Unpaired, ...]:
    """`found` of `side`, with what stands in the way of calling them added or missing."""
    unpaired = frozenset(found)
    named = {entry: _named(entry, entry not in unpaired) for entry in side.entries}
    naming = Naming(named.values(), [_named(entry, paired=False) for entry in other.entries])
    mapped = {entry.scheme for entry in side.entries if entry.role is not None}
    result = []
    for e in found:
        obstacle = e.origin or ("" if naming.knows(named[e]) else _unmapped(e, side.family, naming, mapped))
        result.append(Unpaired(e.label, e.tensor, obstacle, bool(e.origin), (notes or {}).get(e.tensor, "")))
    return tuple(result)


def _named(entry: Entry, paired: bool) -> Named:
    return Named(entry.tensor.name, entry.tensor.file, entry.scheme, entry.role is not None, paired)


def _unmapped(entry: Entry, family: str, naming: Naming, mapped: set[str]) -> str:
    if naming.has_format(entry.scheme):
        return f"the names in {shown(shard_set(entry.tensor.file))} are not mapped"
    where = f"{family} in {'GGUF' if entry.file_format == 'gguf' else entry.file_format}"
    return f"this name of {where} is not mapped" if entry.scheme in mapped else f"names of {where} are not mapped"


def _shapes(base: list[Entry], architecture: Architecture | None) -> Callable[[str], tuple[int, ...] | None]:
    """Shapes of the base's tensors by the names that the Hub gives them."""
    by_role = {entry.role: entry.tensor.shape for entry in base if entry.role is not None}
    by_name = {entry.tensor.name: entry.tensor.shape for entry in base}

    def shape(name: str) -> tuple[int, ...] | None:
        place = architecture.place(name, "safetensors") if architecture else None
        return by_name.get(name) or by_role.get(place.role if place else "")

    return shape


def _declares_untied(config: Mapping[str, object] | None) -> bool:
    return config is not None and config.get("tie_word_embeddings") is False


def _tied(
    entries: list[Entry], base_entries: list[Entry], added: list[Entry], missing: list[Entry]
) -> Iterable[TensorPair]:
    """Pairs an lm_head that only one side stores with the other's embedding; takes it out of `added` or `missing`."""
    for unpaired, others in ((added, base_entries), (missing, entries)):
        heads = [e for e in unpaired if e.role == LM_HEAD]
        embeddings = [e for e in others if e.role == EMBEDDING]
        if any(e.role == LM_HEAD for e in others) or not embeddings:
            continue
        for head in heads:
            unpaired.remove(head)
            sides = (head, embeddings[0]) if unpaired is added else (embeddings[0], head)
            yield _pair(*sides, note=_TIED, role=LM_HEAD)


def _header_digests(headers: Sequence[Header]) -> list[tuple[str, str]]:
    # The name of a lone file says nothing about its content.
    return sorted(("" if len(headers) == 1 else header.file, header.blake3) for header in headers)


def _renamed(entries: list[Entry], base_entries: list[Entry], pairs: list[TensorPair]) -> bool:
    stored, base_stored = (Counter((e.tensor.name, e.file_format) for e in side) for side in (entries, base_entries))
    shared = stored.keys() & base_stored.keys()
    return (
        any(p.candidate.name != p.base.name for p in pairs)
        or any(stored[k] != base_stored[k] for k in shared)
        or ({e.file_format for e in entries} != {e.file_format for e in base_entries})
    )
