"""What a family of models is, declared: whose configs it claims, and which stored name holds which canonical role.

A role names the place of a tensor in the network whatever file format it is stored in: `layers.3.attention.q`, or
`layers.3.attention.q.bias` for a bias. Names are the only thing a family declares so far; no bytes are touched here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

LAYER = "{layer}"
"""Stands for the number of the layer in a `Row`."""

# Libraries that put a text model inside a larger one write their own name before the text model's.
_WRAPPERS = re.compile(
    r"(?:base_model\.model\.)?(?:model\.language_model\.|language_model\.model\.|language_model\.|model\.)?"
)
# Canonical decimals only: `layers.07` is not another spelling of layer 7.
_IN_LAYER = re.compile(r"(?P<group>layers|blk)\.(?P<number>0|[1-9][0-9]{0,5})\.(?P<rest>.+)", re.DOTALL)


class Layout(StrEnum):
    """The order in which a tensor's elements are stored."""

    PLAIN = "plain"
    """As the Hub stores them."""
    ROTARY_INTERLEAVED = "rotary-interleaved"
    """Rows of each head interleaved, first half with second: how llama.cpp stores q and k of the Llama family."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of tensor: its role and its stored names, without `.weight` or `.bias`."""

    role: str
    hub: str
    """Name in a safetensors file of the Hub, with the wrappers' prefixes (`model.`, …) taken off."""
    gguf: str
    gguf_layout: Layout = Layout.PLAIN


@dataclass(frozen=True, slots=True)
class Generated:
    """A tensor that is computed from the config, not learnt, and that only some writers of a model store."""

    file_format: str
    name: str
    """The whole stored name, in safetensors with the wrappers' prefixes taken off."""
    note: str
    """Where it comes from, in plain words."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the network a stored tensor belongs, and in which order its elements lie."""

    role: str
    layout: Layout


@dataclass(frozen=True)
class Architecture:
    """A family of models with one set of names."""

    name: str
    classes: frozenset[str]
    """Values of `architectures` in `config.json` that it claims."""
    model_types: frozenset[str]
    """Values of `model_type` in `config.json` that it claims."""
    gguf: frozenset[str]
    """Values of `general.architecture` in GGUF metadata that it claims."""
    rows: tuple[Row, ...]
    original: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Names in its maker's own safetensors files, each with the Hub's; elements lie there in the order of GGUF."""
    generated: tuple[Generated, ...] = ()
    _by_name: Mapping[str, Mapping[str, Place]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        hub = {row.hub: Place(row.role, Layout.PLAIN) for row in self.rows}
        gguf = {row.gguf: Place(row.role, row.gguf_layout) for row in self.rows}
        layouts = {row.hub: row.gguf_layout for row in self.rows}
        hub |= {name: Place(hub[stored].role, layouts[stored]) for name, stored in self.original.items()}
        object.__setattr__(self, "_by_name", {"safetensors": hub, "gguf": gguf})

    def place(self, name: str, file_format: str) -> Place | None:
        """Where the tensor stored as `name` in a `safetensors` or `gguf` file belongs; None where none is declared."""
        stem, _, kind = _unwrapped(name, file_format).rpartition(".")
        if kind not in ("weight", "bias") or LAYER in stem:
            return None
        pattern, number = _in_any_layer(stem)
        found = self._by_name.get(file_format, {}).get(pattern)
        if found is None:
            return None
        role = found.role.replace(LAYER, number)
        return Place(role if kind == "weight" else f"{role}.bias", found.layout)

    def origin(self, name: str, file_format: str) -> str:
        """Where a generated tensor comes from, in words; empty where the tensor is not declared to be one."""
        pattern, number = _in_any_layer(_unwrapped(name, file_format))
        if LAYER in pattern and not number:
            return ""
        notes = (g.note for g in self.generated if (g.file_format, g.name) == (file_format, pattern))
        return next(notes, "")


def wrapper(name: str, file_format: str) -> str:
    """What a larger model's library put before the text model's own name; empty in GGUF."""
    found = _WRAPPERS.match(name) if file_format == "safetensors" else None
    return found[0] if found else ""


def _unwrapped(name: str, file_format: str) -> str:
    return name.removeprefix(wrapper(name, file_format))


def _in_any_layer(stem: str) -> tuple[str, str]:
    """The name with its layer's number replaced by `LAYER`, and that number; empty where it is in no layer."""
    layer = _IN_LAYER.fullmatch(stem)
    return (f"{layer['group']}.{LAYER}.{layer['rest']}", layer["number"]) if layer else (stem, "")
