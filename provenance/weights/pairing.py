"""Which tensor of the base each tensor of the candidate is compared with, and where nothing can be compared.

Tensors meet by canonical role where an architecture gives both one, else by stored name. Only headers are looked at.
No tensor is ever dropped: each of the candidate's is in a pair or added, each role of the base is in a pair or missing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from provenance.errors import one_line
from provenance.records import Header, Tensor
from provenance.weights import kernels
from provenance.weights.architectures import Architecture, Layout, recognise
from provenance.weights.architectures.dense import EMBEDDING, LM_HEAD

_TIED = "one side stores no lm_head and uses its embedding, which is what the other's lm_head is compared with"
_CLASH = "several stored names of one model claim this role, so it is matched by stored name"
_COPIES = "the base stores this tensor more than once; this compares with the one in "


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


@dataclass(frozen=True, slots=True)
class _Entry:
    tensor: Tensor
    file_format: str
    role: str | None
    """None where the tensor is matched by stored name."""
    layout: Layout
    scaled: bool
    """A scale is stored beside it, so its stored values are not the weights."""
    note: str = ""

    @property
    def key(self) -> tuple[bool, str]:
        """What it is matched by; a role and a stored name that read alike are two keys."""
        return (False, self.tensor.name) if self.role is None else (True, self.role)

    @property
    def label(self) -> str:
        """The role where there is one, else the stored name."""
        return self.tensor.name if self.role is None else self.role


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
    entries, base_entries = _entries(candidate, ours), _entries(base, theirs)
    lookup = _Lookup(base_entries)
    pairs, added = [], []
    for entry in entries:
        match = lookup.counterpart(entry)
        if match is None:
            added.append(entry)
        else:
            pairs.append(_pair(entry, *match))
    missing = lookup.unmatched()
    if not _declares_untied(candidate_config) and not _declares_untied(base_config):
        pairs += _tied(entries, base_entries, added, missing)
    return Pairing(
        architecture="/".join(dict.fromkeys(a.name for a in (ours, theirs) if a is not None)) or "names",
        pairs=tuple(pairs),
        added=tuple(Unpaired(e.label, e.tensor, e.note) for e in added),
        missing=tuple(Unpaired(e.label, e.tensor, e.note) for e in missing),
        identical_headers=_header_digests(candidate) == _header_digests(base),
        renamed=_renamed(entries, base_entries, pairs),
    )


def _architecture(headers: Sequence[Header], config: Mapping[str, object] | None) -> Architecture | None:
    """What the config and every file's metadata agree on."""
    declared = {h.metadata.get("general.architecture") for h in headers if h.format == "gguf"} - {None}
    if len(declared) > 1:
        return None
    return recognise(config, {"general.architecture": next(iter(declared), None)})


def _entries(headers: Sequence[Header], architecture: Architecture | None) -> list[_Entry]:
    entries = []
    names = {tensor.name for header in headers for tensor in header.tensors}
    for header in headers:
        for tensor in header.tensors:
            place = architecture.place(tensor.name, header.format) if architecture else None
            role, layout = (place.role, place.layout) if place else (None, Layout.PLAIN)
            entries.append(_Entry(tensor, header.format, role, layout, _scaled(tensor.name, names)))
    return [replace(e, role=None, note=_CLASH) if clash else e for e, clash in _clashes(entries)]


def _scaled(name: str, names: set[str]) -> bool:
    return any(name + suffix in names for suffix in ("_scale_inv", "_scale"))


def _clashes(entries: list[_Entry]) -> Iterator[tuple[_Entry, bool]]:
    """Each entry, and whether another stored name of the same format claims its role."""
    claims: dict[tuple[str | None, str], set[str]] = defaultdict(set)
    for entry in entries:
        claims[entry.role, entry.file_format].add(entry.tensor.name)
    for entry in entries:
        yield entry, entry.role is not None and len(claims[entry.role, entry.file_format]) > 1


class _Lookup:
    """Finds the base's tensor for each of the candidate's, and remembers which were found."""

    def __init__(self, entries: list[_Entry]) -> None:
        self._entries = entries
        self._by_role: dict[str, list[_Entry]] = defaultdict(list)
        self._by_name: dict[str, list[_Entry]] = defaultdict(list)
        self._found: set[tuple[bool, str]] = set()
        for entry in entries:
            self._by_name[entry.tensor.name].append(entry)
            if entry.role is not None:
                self._by_role[entry.role].append(entry)

    def counterpart(self, entry: _Entry) -> tuple[_Entry, str] | None:
        """The base's tensor for `entry`, with a note where it had several; the same format and file come first."""
        found = self._by_role.get(entry.role, []) if entry.role is not None else []
        found = found or [e for e in self._by_name.get(entry.tensor.name, []) if None in (e.role, entry.role)]
        if not found:
            return None
        best = min(
            found, key=lambda e: (e.file_format != entry.file_format, e.tensor.file != entry.tensor.file, e.tensor.file)
        )
        self._found.add(best.key)
        return best, _COPIES + one_line(best.tensor.file) if len(found) > 1 else ""

    def unmatched(self) -> list[_Entry]:
        """Tensors of the base whose role (or name) no tensor of the candidate has; a second copy is not among them."""
        return [e for e in self._entries if e.key not in self._found]


def _pair(entry: _Entry, base: _Entry, note: str = "", role: str | None = None) -> TensorPair:
    same_dtype = entry.tensor.dtype == base.tensor.dtype
    same_order = entry.layout == base.layout
    return TensorPair(
        role=role or entry.role or base.label,
        candidate=entry.tensor,
        base=base.tensor,
        same_storage=same_dtype and same_order and entry.tensor.shape == base.tensor.shape,
        obstacle=_obstacle(entry, base),
        note="; ".join(n for n in dict.fromkeys((entry.note, base.note, note)) if n),
    )


def _obstacle(entry: _Entry, base: _Entry) -> str:
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


def _declares_untied(config: Mapping[str, object] | None) -> bool:
    return config is not None and config.get("tie_word_embeddings") is False


def _tied(
    entries: list[_Entry], base_entries: list[_Entry], added: list[_Entry], missing: list[_Entry]
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


def _renamed(entries: list[_Entry], base_entries: list[_Entry], pairs: list[TensorPair]) -> bool:
    stored, base_stored = (Counter((e.tensor.name, e.file_format) for e in side) for side in (entries, base_entries))
    shared = stored.keys() & base_stored.keys()
    return (
        any(p.candidate.name != p.base.name for p in pairs)
        or any(stored[k] != base_stored[k] for k in shared)
        or ({e.file_format for e in entries} != {e.file_format for e in base_entries})
    )
