"""The stored tensors of one model, the role that each claims, and which of them answers to another model's tensor."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from provenance.records import Header, Tensor
from provenance.weights.architectures import Architecture, Layout, wrapper
from provenance.weights.architectures.dense import LM_HEAD
from provenance.weights.naming import shown

_COPIES = "the base stores this tensor more than once; this compares with the one in "


def scheme(file_format: str) -> str:
    """Whose names the tensors of a file have: torch checkpoints have the Hub's, as safetensors files have."""
    return "safetensors" if file_format == "torch" else file_format


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored tensor and what its name says of it."""

    tensor: Tensor
    file_format: str
    role: str | None
    """None where no known architecture gives the name one: the tensor is then matched by its stored name."""
    layout: Layout
    scaled: bool
    """A scale is stored beside it, so its stored values are not the weights."""
    origin: str = ""
    """Where it comes from if it is computed from the config, not learnt."""
    contested: bool = False
    """Another stored name of the same format claims its role."""

    @property
    def scheme(self) -> str:
        """Whose names its name is one of."""
        return scheme(self.file_format)

    @property
    def key(self) -> tuple[bool, str, str]:
        """What it is matched by; a role and a stored name that read alike are two keys."""
        if self.role is None:
            return False, self.tensor.name, ""
        return True, self.role, self.tensor.name if self.contested else ""

    @property
    def label(self) -> str:
        """The role where there is one, else the stored name."""
        return self.tensor.name if self.role is None else self.role


def entries(headers: Sequence[Header], architecture: Architecture | None) -> list[Entry]:
    """Every tensor of every header, with the roles that `architecture` knows."""
    found = []
    names = {tensor.name for header in headers for tensor in header.tensors}
    for header in headers:
        for tensor in header.tensors:
            names_of = scheme(header.format)
            place = architecture.place(tensor.name, names_of) if architecture else None
            role, layout = (place.role, place.layout) if place else (None, Layout.PLAIN)
            origin = architecture.origin(tensor.name, names_of) if architecture else ""
            found.append(Entry(tensor, header.format, role, layout, _scaled(tensor.name, names), origin))
    return list(_contested(_without_strays(found)))


def _scaled(name: str, names: set[str]) -> bool:
    return any(name + suffix in names for suffix in ("_scale_inv", "_scale"))


def _without_strays(found: list[Entry]) -> list[Entry]:
    """Takes the role from a tensor whose wrapper is not the model's own, unless the model stores that role as well.

    A loader takes one wrapper off a whole model: a tensor under another one is not loaded, and is initialised anew.
    """
    wrappers = {(e.tensor.name, e.scheme): wrapper(e.tensor.name, e.scheme) for e in found}
    inside = [e for e in found if e.scheme == "safetensors" and e.role not in (None, LM_HEAD)]
    usual = Counter(wrappers[e.tensor.name, e.scheme] for e in inside).most_common(1)
    loaded = {e.role for e in inside if wrappers[e.tensor.name, e.scheme] == usual[0][0]}
    strays = {id(e) for e in inside if e.role not in loaded}
    return [replace(e, role=None, layout=Layout.PLAIN) if id(e) in strays else e for e in found]


def _contested(found: list[Entry]) -> Iterator[Entry]:
    claims: dict[tuple[str | None, str], set[str]] = defaultdict(set)
    for entry in found:
        claims[entry.role, entry.file_format].add(entry.tensor.name)
    for entry in found:
        contested = entry.role is not None and len(claims[entry.role, entry.file_format]) > 1
        yield replace(entry, contested=True) if contested else entry


class Lookup:
    """Finds one model's tensor for each of another's, and remembers which were found."""

    def __init__(self, side: Iterable[Entry]) -> None:
        self._entries = list(side)
        self._by_role: dict[str, list[Entry]] = defaultdict(list)
        self._by_name: dict[str, list[Entry]] = defaultdict(list)
        self._found: set[tuple[bool, str, str]] = set()
        for entry in self._entries:
            self._by_name[entry.tensor.name].append(entry)
            if entry.role is not None:
                self._by_role[entry.role].append(entry)

    def counterpart(self, entry: Entry) -> tuple[Entry, str] | None:
        """The tensor for `entry`, with a note where there are several; the one most alike in storage comes first."""
        found = self._by_role.get(entry.role, []) if entry.role is not None else []
        found = found or [e for e in self._by_name.get(entry.tensor.name, []) if None in (e.role, entry.role)]
        if not found:
            return None
        best = min(found, key=lambda e: (_unlike(e, entry), e.tensor.file))
        self._found.add(best.key)
        return best, _COPIES + shown(best.tensor.file) if len(found) > 1 else ""

    def unmatched(self) -> list[Entry]:
        """Tensors whose role (or name) was not found; a second copy under the same name is not among them."""
        return [e for e in self._entries if e.key not in self._found]


def _unlike(entry: Entry, other: Entry) -> tuple[bool, ...]:
    return (
        entry.tensor.name != other.tensor.name,
        entry.file_format != other.file_format,
        entry.layout != other.layout,
        entry.tensor.file != other.tensor.file,
    )
