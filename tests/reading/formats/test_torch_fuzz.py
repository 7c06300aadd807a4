"""Checkpoints of both formats, changed at random: whatever torch loads, we read the same, or say that we do not.

The seed is fixed, so a failure can be had again. No change may crash the reader or take it long.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats import read_header
from provenance.reading.formats.zip_directory import read_directory

from .forge import Bytes, assert_sound
from .torch_oracle import loaded, saved

ROUNDS = 1500
SECONDS = 8.0
"""Of one checkpoint's rounds, on a slow machine fewer are done."""


def model() -> object:
    """Aliases, views, a transposed tensor, a parameter, nesting, several dtypes."""
    import torch

    base = torch.arange(24, dtype=torch.float32)
    return {
        "w": base.reshape(4, 6),
        "tied": base.reshape(4, 6),
        "row": base[6:12],
        "turned": base.reshape(4, 6).t(),
        "inner": {"half": torch.ones(3, dtype=torch.bfloat16), "list": [torch.arange(3), 7, "x"]},
        "p": torch.nn.Parameter(base[:4]),
        "none": torch.zeros(0, 3),
        "scalar": torch.tensor(2.5),
    }


def flipped(data: bytes, chance: random.Random, spots: list[int]) -> bytes:
    """A few bytes changed, mostly where the checkpoint is described."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        place = chance.choice(spots) if chance.random() < 0.9 else chance.randrange(len(data))
        changed[place] = chance.choice((changed[place] ^ (1 << chance.randrange(8)), chance.randrange(256)))
    return bytes(changed)


def moved(data: bytes, chance: random.Random, spots: list[int]) -> bytes:
    """A piece of the description copied over another one of the same length."""
    length = chance.choice((1, 2, 5, 12, 30))
    source, target = (min(chance.choice(spots), len(data) - length) for _ in range(2))
    return data[:target] + data[source : source + length] + data[target + length :]


def described(data: bytes, *, zipped: bool) -> list[int]:
    """Offsets of the bytes that describe the tensors, the pickle's several times over."""
    if not zipped:
        return list(range(len(data) - 4 * 24 - 100))
    members = read_directory(Bytes(data, "m"))
    pickle = next(member for member in members if member.name.endswith("data.pkl"))
    heads = [place for member in members for place in range(member.start, min(member.offset, member.start + 60))]
    inside = list(range(pickle.offset, pickle.offset + pickle.nbytes))
    last = max(member.offset + member.nbytes for member in members)
    return inside * 3 + heads + list(range(last, len(data)))


def mutations(data: bytes, seed: int, *, zipped: bool) -> Iterator[bytes]:
    """Changed checkpoints, always the same ones."""
    chance, spots = random.Random(seed), described(data, zipped=zipped)
    changes: tuple[Callable[[bytes, random.Random, list[int]], bytes], ...] = (flipped, moved)
    for _ in range(ROUNDS):
        yield chance.choice(changes)(data, chance, spots)


def verdict(data: bytes) -> str:
    """How our reader and torch compare on one file."""
    theirs = loaded(data)
    began = time.perf_counter()
    try:
        header = read_header(Bytes(data, "m.bin"))
    except (MalformedFile, UnsupportedFile):
        header = None
    assert time.perf_counter() - began < 1
    if header is None:
        return "refused by both" if theirs is None else "not read"
    assert_sound(header, len(data))
    if theirs is None:
        return "read by us alone"
    ours = {t.name: (t.dtype, t.shape, data[t.offset : t.offset + t.nbytes]) for t in header.tensors}
    gaps = {skipped.surface for skipped in header.unread}
    assert not gaps & ours.keys()
    assert {name: seen for name, seen in theirs.items() if name not in gaps} == ours
    return "the same"


@pytest.mark.parametrize("zipped", [True, False])
def test_whatever_torch_loads_is_read_the_same_or_not_at_all(zipped: bool) -> None:
    honest = saved(model(), zipped=zipped)
    assert verdict(honest) == "the same"
    seen: Counter[str] = Counter()
    began = time.perf_counter()
    for data in mutations(honest, 20260, zipped=zipped):
        seen[verdict(data)] += 1
        if time.perf_counter() - began > SECONDS:
            break
    assert seen["the same"] > 20, seen
    assert seen["refused by both"] > 20, seen
    assert seen.total() > 100
