"""safetensors files, held against the reference reader: `safe_open` for the header, `deserialize` for the bytes.

What both take must be the same to the last byte; what it refuses we refuse; what we alone refuse has one of the rules
in `STRICTER`.
"""

from __future__ import annotations

import functools
import random
import tempfile
from pathlib import Path
from typing import Any

from provenance.reading.formats.rules import Rule
from provenance.records import Header
from tests.fuzz import interface
from tests.fuzz.interface import Kind, Ours
from tests.fuzz.mutations import json_header, raw
from tests.reading.formats.forge import small_safetensors

STRICTER = {
    Rule.NOT_SAFETENSORS: "white space before the brace, which the format's text forbids",
    Rule.DUPLICATE_KEY: "the last one wins there, the first one in other readers",
    Rule.BAD_ENTRY: "an entry written as a list, and fields that no reader reads",
    Rule.EMPTY_NAME: "a tensor without a name",
    Rule.NAME_TOO_LONG: "a name of more than 1,024 characters",
    Rule.HIDDEN_CHARACTER: "a name with characters that a person cannot see",
    Rule.TOO_MANY_DIMENSIONS: "more than 8 dimensions",
    Rule.SIZE_OVERFLOW: "sizes between 2**63 and 2**64, which other readers hold in signed numbers",
}
"""Rules by which we refuse what the reference reader takes, and what it takes there."""

_Seen = tuple[dict[str, str], dict[str, tuple[str, tuple[int, ...], bytes]]]
_NUMPY = ("bool", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8")
_TORCH = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu", "float8_e4m3fnuz", "float8_e5m2fnuz")


def seeds() -> tuple[bytes, ...]:
    """What the reference writer makes of arrays of all dtypes, and a file of our own with 4-bit elements.

    With one entry of metadata at most, because that writer puts several in an order that is not always the same.
    """
    import numpy as np
    import safetensors.numpy
    import safetensors.torch
    import torch

    arrays = {f"n.{code}": np.arange(6).astype(code).reshape(2, 3) for code in _NUMPY}
    tensors = {f"t.{name}": torch.arange(4.0).to(getattr(torch, name)) for name in _TORCH}
    few = {"wte.weight": np.arange(12, dtype="f4").reshape(3, 4), "bias": np.zeros(0, "f2"), "scale": np.array(2.5)}
    return (
        safetensors.numpy.save(arrays, {"format": "np"}),
        safetensors.torch.save(tensors, {"ärger 😀": "pt"}),
        safetensors.numpy.save(few),
        safetensors.numpy.save(few, {"format": "pt"}),
        safetensors.numpy.save({}),
        safetensors.torch.save({"a": torch.ones(2, 1, 2, dtype=torch.bfloat16), "b": torch.tensor([True, False])}),
        small_safetensors(),
    )


def mutate(data: bytes, source: random.Random) -> bytes:
    """Mostly the header as JSON, else bytes of the header or of the file."""
    chance = source.random()
    if chance < 0.7:
        return json_header.mutate(data, source)
    if chance < 0.9:
        return raw.in_range(data, 0, 8 + int.from_bytes(data[:8], "little"), source)
    return raw.mutate(data, source)


@functools.cache
def _file() -> Path:
    """One file for all cases of this process, in memory where the system has such a place."""
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="fuzz-", dir=shared if shared.is_dir() else None)) / "m.safetensors"


def reference(data: bytes) -> _Seen | None:
    """Metadata, and dtype, shape and bytes by name, as the reference reader has them; None where it refuses."""
    import safetensors

    file = _file()
    file.write_bytes(data)
    try:
        with safetensors.safe_open(file, "np") as opened:
            views = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 - it is no dictionary
            shapes = {name: (view.get_dtype(), tuple(view.get_shape())) for name, view in views.items()}
            metadata = dict(opened.metadata() or {})
    except BaseException as error:  # a panic of its Rust code is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return None
    held: dict[str, dict[str, Any]] = dict(safetensors.deserialize(data))  # type: ignore[no-untyped-call]
    assert held.keys() == shapes.keys(), "the reference reader's two ways in see two files"
    assert all((held[name]["dtype"], tuple(held[name]["shape"])) == shapes[name] for name in shapes)
    return metadata, {name: (*shapes[name], bytes(held[name]["data"])) for name in shapes}


def read(data: bytes) -> Ours:
    """Our reading of one file."""
    return interface.read_ours(data, "m.safetensors")


def judge(data: bytes) -> str:
    """How the two readings compare."""
    theirs = reference(data)
    ours = read(data)

    def differs(header: Header) -> str:
        assert theirs is not None
        if dict(header.metadata) != theirs[0]:
            return "metadata"
        seen = {t.name: (t.dtype, t.shape, data[t.offset : t.offset + t.nbytes]) for t in header.tensors}
        return "" if seen == theirs[1] else "tensors"

    return interface.compare(ours, theirs, differs)


def _fails(outcome: str) -> bool:
    undocumented = outcome.startswith(interface.WE_ALONE_REFUSE) and outcome not in _NAMED
    return interface.always_failures(outcome) or outcome == interface.WE_ALONE_READ or undocumented


_NAMED = {interface.WE_ALONE_REFUSE + rule for rule in STRICTER}

SAFETENSORS = Kind("safetensors", ".safetensors", seeds, mutate, read, judge, _fails)
