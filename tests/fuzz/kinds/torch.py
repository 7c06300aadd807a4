"""torch checkpoints of both formats, held against `torch.load(weights_only=True)`.

What both take must be the same: every tensor that torch loads is in our header with the same bytes, or named there as
unread. We read less than torch by design (a state dict and little else), so what we alone refuse is counted by its
rule and no failure; what we alone read is counted too: torch refuses some tensors for reasons of its own.
"""

from __future__ import annotations

import functools
import random
from collections import OrderedDict
from typing import Any

from provenance.reading.formats.torch_pickle import Machine
from provenance.records import Header
from tests.fuzz import interface
from tests.fuzz.interface import Kind, Ours
from tests.fuzz.mutations import pickles, raw, zips
from tests.reading.formats import torch_forge, torch_oracle
from tests.reading.formats.torch_forge import small_legacy, small_torch

_DTYPES = ("float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool", "complex64")
_NEWER = ("float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu", "uint16", "uint32", "uint64")
"""Dtypes without a storage class of their own, which the older format cannot hold."""
_LEGACY_PICKLES = 5


def _models(*, zipped: bool) -> list[object]:
    import torch

    base = torch.arange(24, dtype=torch.float32)
    views = {
        "w": base.reshape(4, 6), "tied": base.reshape(4, 6), "row": base[6:12], "turned": base.reshape(4, 6).t(),
        "none": torch.zeros(0, 3), "scalar": torch.tensor(2.5), "step": base[::2],
    }  # fmt: skip
    dtypes = {name: torch.arange(3).to(getattr(torch, name)) for name in _DTYPES + (_NEWER if zipped else ())}
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(3))
    for parameter in module.state_dict().values():
        parameter.copy_(torch.arange(parameter.numel()).reshape(parameter.shape))
    nested = {
        "model": OrderedDict(a=torch.ones(2, 2), b=torch.nn.Parameter(base[:4], requires_grad=False)),
        "list": [torch.arange(3), (7, "x", None, 1.5)], "epoch": 3, "size": torch.Size([1, 2]), 5: torch.ones(1),
    }  # fmt: skip
    some, more = dict(list(dtypes.items())[::2]), dict(list(dtypes.items())[1::2])
    return [views, some, more, module.state_dict(), nested, {"a": torch.ones(2), "b": torch.zeros(3)}, base]


def zip_seeds() -> tuple[bytes, ...]:
    """What `torch.save` writes, and a file of our own."""
    return (*(torch_oracle.saved(model) for model in _models(zipped=True)), small_torch())


def legacy_seeds() -> tuple[bytes, ...]:
    """The same in the format from before 1.6."""
    honest = (torch_oracle.saved(model, zipped=False) for model in _models(zipped=False))
    return (*(_with_other_keys(data) for data in honest), small_legacy())


def _with_other_keys(data: bytes) -> bytes:
    """The same checkpoint, whose storages torch has named and ordered by their addresses in memory."""
    *parts, rest = _split(data)
    machine = Machine(parts[3], "honest", legacy=True)
    machine.run()
    blocks = {}
    for key in sorted(machine.storages):
        length = 8 + machine.storages[key].elements * machine.storages[key].itemsize
        blocks[key], rest = rest[:length], rest[length:]
    keys = {key: str(100 + place) for place, key in enumerate(machine.storages)}
    ops = pickles.parse(parts[3])
    renamed = (torch_forge.text(keys[op.value]) if op.value in keys and op.is_text else op.raw for op in ops)
    listed = torch_forge.pickle(b"](" + b"".join(map(torch_forge.text, keys.values())) + b"e")
    return b"".join(parts[:3]) + b"".join(renamed) + listed + b"".join(blocks[key] for key in keys)


def mutate_zip(data: bytes, source: random.Random) -> bytes:
    """The pickle, the storages, the members or the frame; or bytes anywhere."""
    chance = source.random()
    if chance < 0.1:
        return raw.mutate(data, source)
    if chance < 0.2:
        return zips.mutate_frame(data, source)
    members = zips.parse(data)
    place = next(place for place, (info, _) in enumerate(members) if info.filename.endswith("/data.pkl"))
    if chance < 0.7:
        members[place] = (members[place][0], pickles.mutate(members[place][1], source))
    elif chance < 0.75:
        members[place] = (members[place][0], raw.mutate(members[place][1], source))
    if chance > 0.65:
        place = source.randrange(len(members))
        if source.random() < 0.4:
            members[place] = (members[place][0], _values(members[place][1], source))
        else:
            zips.mutate_members(members, source)
    changed = zips.write(members, source, source.choice((b"",) * 30 + (b"comment",)))
    return zips.mutate_frame(changed, source) if source.random() < 0.03 else changed


def mutate_legacy(data: bytes, source: random.Random) -> bytes:
    """One of the five pickles, mostly the object's; the storages; or bytes anywhere."""
    chance = source.random()
    if chance < 0.15:
        return raw.mutate(data, source)
    *parts, rest = _split(data)
    if chance < 0.75:
        parts[3] = pickles.mutate(parts[3], source)
    elif chance < 0.85:
        place = source.randrange(len(parts))
        parts[place] = pickles.mutate(parts[place], source)
    if chance > 0.8:
        rest = _values(rest, source)
    return b"".join(parts) + rest


@functools.cache
def _split(data: bytes) -> tuple[bytes, ...]:
    parts = []
    for _ in range(_LEGACY_PICKLES):
        ops = pickles.parse(data)
        length = sum(len(op.raw) for op in ops[:-1]) + 1
        parts.append(data[:length])
        data = data[length:]
    return *parts, data


def _values(data: bytes, source: random.Random) -> bytes:
    """Other bytes of the same number, or another number."""
    if source.random() < 0.3 or not data:
        return raw.mutate(data + b"\0", source)
    place = source.randrange(len(data))
    return data[:place] + source.randbytes(1) + data[place + 1 :]


def read(data: bytes) -> Ours:
    """Our reading of one file."""
    return interface.read_ours(data, "m.bin")


def judge(data: bytes) -> str:
    """How the two readings compare."""
    theirs = torch_oracle.loaded(data)
    ours = read(data)

    def differs(header: Header) -> str:
        assert theirs is not None
        seen = {t.name: (t.dtype, t.shape, data[t.offset : t.offset + t.nbytes]) for t in header.tensors}
        unread = {skipped.surface for skipped in header.unread}
        if unread & seen.keys():
            return "a tensor is read and unread"
        return _first_difference(seen, {name: tensor for name, tensor in theirs.items() if name not in unread})

    return interface.compare(ours, theirs, differs)


def _first_difference(ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    if ours.keys() != theirs.keys():
        return "names"
    for place, what in enumerate(("dtype", "shape", "bytes")):
        if any(ours[name][place] != theirs[name][place] for name in ours):
            return what
    return ""


TORCH_ZIP = Kind("torch", ".pt", zip_seeds, mutate_zip, read, judge, interface.always_failures)
TORCH_LEGACY = Kind("torch-legacy", ".pt", legacy_seeds, mutate_legacy, read, judge, interface.always_failures)
