"""Changes to bytes that know nothing of what they mean."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

ODD_BYTES = b'\0\1\2\x7f\x80\xfe\xff \n"{}[]:,.-09eE\\'
ODD_NUMBERS = (
    0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**16, 2**31 - 1, 2**31,
    2**32 - 1, 2**32, 2**53, 2**62, 2**63 - 1, 2**63, 2**64 - 1,
)  # fmt: skip


def odd_number(source: random.Random, near: int = 0) -> int:
    """A number at a boundary, or close to `near`."""
    if source.random() < 0.5:
        return near + source.choice((-8, -4, -2, -1, 0, 1, 2, 4, 8))
    return source.choice(ODD_NUMBERS) + source.choice((0, 0, 0, -1, 1))


def _flip(data: bytearray, source: random.Random) -> None:
    data[source.randrange(len(data))] ^= 1 << source.randrange(8)


def _set(data: bytearray, source: random.Random) -> None:
    data[source.randrange(len(data))] = source.choice((source.randrange(256), source.choice(ODD_BYTES)))


def _delete(data: bytearray, source: random.Random) -> None:
    place = source.randrange(len(data))
    del data[place : place + _length(source)]


def _insert(data: bytearray, source: random.Random) -> None:
    place = source.randrange(len(data) + 1)
    data[place:place] = bytes(source.choice(ODD_BYTES) for _ in range(_length(source)))


def _copy(data: bytearray, source: random.Random) -> None:
    """A piece stands a second time, over another one or between two bytes."""
    start, target, length = source.randrange(len(data)), source.randrange(len(data)), _length(source)
    piece = data[start : start + length]
    data[target : target + (len(piece) if source.random() < 0.6 else 0)] = piece


def _cut(data: bytearray, source: random.Random) -> None:
    del data[source.randrange(len(data)) :]


def _extend(data: bytearray, source: random.Random) -> None:
    data += bytes(_length(source)) if source.random() < 0.5 else data[: _length(source)]


def _number(data: bytearray, source: random.Random) -> None:
    """A little-endian number of 2, 4 or 8 bytes becomes an odd one."""
    layout = source.choice(("<H", "<I", "<Q"))
    size = struct.calcsize(layout)
    if len(data) < size:
        return
    place = source.randrange(len(data) - size + 1)
    (near,) = struct.unpack_from(layout, data, place)
    struct.pack_into(layout, data, place, odd_number(source, near) % 2 ** (8 * size))


def _length(source: random.Random) -> int:
    return source.choice((1, 1, 1, 2, 3, 4, 8, 16, 40))


_CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip, _flip, _set, _set, _delete, _insert, _copy, _cut, _extend, _number, _number,
)  # fmt: skip


def mutate(data: bytes, source: random.Random, most: int = 3) -> bytes:
    """One to `most` changes anywhere."""
    changed = bytearray(data)
    for _ in range(source.randrange(1, most + 1)):
        if not changed:
            break
        source.choice(_CHANGES)(changed, source)
    return bytes(changed)


def in_range(data: bytes, begin: int, end: int, source: random.Random) -> bytes:
    """Changes to the bytes [begin, end) alone, which may become fewer or more."""
    return data[:begin] + mutate(data[begin:end], source) + data[end:] if begin < end else mutate(data, source)
