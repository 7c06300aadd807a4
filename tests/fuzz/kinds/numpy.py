"""NumPy arrays, alone and in archives, held against `numpy.load(allow_pickle=False)`.

What both take must be the same. We take what NumPy writes and little of what else its reader takes, so what we alone
refuse is counted and no failure.
"""

from __future__ import annotations

import io
import random
import warnings
from typing import Any

from provenance.reading.formats.npy import DTYPES
from provenance.records import Header
from tests.fuzz import interface
from tests.fuzz.interface import Kind, Ours
from tests.fuzz.mutations import raw, zips

_Arrays = dict[str, Any]
_PIECES = (
    (b"False", (b"True", b"0", b"false", b"False or True")),
    (b"'shape': (", (b"'shape': (1, ", b"'shape': (0, ", b"'shape': [", b"'shape': (-1, ", b"'more': (")),
    (b"'descr': '<", (b"'descr': '>", b"'descr': '|", b"'descr': '=", b"'descr': '", b"'descr':'<", b'"descr": \'<')),
    (b"'<f4'", (b"'<i4'", b"'<u4'", b"'<f8'", b"'<c8'", b"'|O'", b"'<U1'", b"'|V4'", b"[('a', '<f4')]", b"'<M8[s]'")),
    (b", }", (b",}", b"}", b", 'x': 1}", b", } ", b", }\n", b", }#")),
    (b"3", (b"1", b"6", b"03", b"3L", b"0x3", b"9223372036854775807", b"18446744073709551616", b"-3", b"3.0", b"1_0")),
    (b" ", (b"  ", b"\t", b"\n", b"")),
)  # fmt: skip
"""What stands in a header, and what may come to stand there instead."""


def seeds() -> tuple[bytes, ...]:
    """Arrays of several dtypes, shapes and orders."""
    import numpy as np

    matrix = np.arange(6, dtype="<f4").reshape(2, 3)
    arrays = [matrix, np.asfortranarray(matrix), matrix[:, 0].copy(), np.float32(2.5), np.zeros((0, 3), "<f4")]
    arrays += [matrix.astype(kind) for kind in DTYPES]
    return tuple(_saved(array) for array in arrays)


def archive_seeds() -> tuple[bytes, ...]:
    """Archives as `numpy.savez` writes them."""
    import numpy as np

    found = []
    for names in (("a",), ("w", "b", "layer/0"), ()):
        stream = io.BytesIO()
        kept: dict[str, Any] = {name: np.arange(3 + place, dtype="<f4") for place, name in enumerate(names)}
        np.savez(stream, np.asfortranarray(np.ones((2, 3))), **kept)
        found.append(stream.getvalue())
    return tuple(found)


def _saved(array: Any) -> bytes:
    import numpy as np

    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def mutate(data: bytes, source: random.Random) -> bytes:
    """Mostly pieces of the header's text, its length made right again; else bytes."""
    chance = source.random()
    if chance < 0.3:
        return raw.in_range(data, 0, min(len(data), 130), source)
    if chance < 0.4:
        return raw.mutate(data, source)
    end = 10 + int.from_bytes(data[8:10], "little")
    text, elements = data[10:end].rstrip(), data[end:]
    for _ in range(source.choice((1, 1, 1, 2))):
        piece, others = source.choice(_PIECES)
        text = text.replace(piece, source.choice(others), source.choice((1, 1, 2)))
    if source.random() < 0.2:
        text = raw.mutate(text, source, 1)
    text += b" " * source.choice((0, 1, 17, 60)) + source.choice((b"\n", b"\n", b"\n", b""))
    if source.random() < 0.3:
        elements = raw.mutate(elements + b"\0", source, 1)
    major = source.choice((1, 1, 1, 2, 3, 4))
    length = len(text).to_bytes(2 if major == 1 else 4, "little")
    return data[:6] + bytes([major, 0]) + length + text + elements


def mutate_archive(data: bytes, source: random.Random) -> bytes:
    """An array, the members, or the frame."""
    chance = source.random()
    if chance < 0.1:
        return raw.mutate(data, source)
    if chance < 0.2:
        return zips.mutate_frame(data, source)
    members = zips.parse(data)
    if chance < 0.7:
        place = source.randrange(len(members))
        members[place] = (members[place][0], mutate(members[place][1], source))
    else:
        zips.mutate_members(members, source)
    return zips.write(members, source)


def read(data: bytes) -> Ours:
    """Our reading of one file."""
    return interface.read_ours(data, "m.npy")


def reference(data: bytes) -> _Arrays | None:
    """Arrays by name, as NumPy loads them; None where it refuses one."""
    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            loaded = np.load(io.BytesIO(data), allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {"tensor": loaded}
            return {name: loaded[name] for name in loaded.files}
        except Exception:  # noqa: BLE001 - it raises whatever it meets
            return None


def judge(data: bytes) -> str:
    """How the two readings compare."""
    theirs = reference(data)

    def differs(header: Header) -> str:
        assert theirs is not None
        if theirs.keys() != {tensor.name for tensor in header.tensors}:
            return "names"
        by_columns = str(header.metadata.get("fortran_order", "")).split(", ")
        for tensor in header.tensors:
            array = theirs[tensor.name]
            if (tensor.dtype, tensor.shape) != (DTYPES.get(array.dtype.str[1:], ("", 0))[0], array.shape):
                return "dtype or shape"
            stored = array.tobytes("F" if tensor.name in by_columns else "C")
            if stored != data[tensor.offset : tensor.offset + tensor.nbytes]:
                return "bytes"
        return ""

    return interface.compare(read(data), theirs, differs)


NPY = Kind("npy", ".npy", seeds, mutate, read, judge, interface.always_failures)
NPZ = Kind("npz", ".npz", archive_seeds, mutate_archive, read, judge, interface.always_failures)
