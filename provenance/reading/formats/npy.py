"""NumPy arrays, without NumPy: a magic, a version, the text of a Python dictionary, then the elements.

The text (numpy/lib/format.py) is matched, not evaluated: NumPy writes its three keys always in one order. An array of
objects is a pickle, and one of records has fields; neither is a tensor. Of an array stored column by column the bytes
are taken as they are stored, and the header's metadata says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import blake3

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats.interface import Format, read_exactly
from provenance.reading.formats.rules import MAX_SIZE, Rule
from provenance.records import ByteReader, Header, Tensor

MAGIC = b"\x93NUMPY"
MAX_HEADER_BYTES = 10_000
"""NumPy's own limit."""
MAX_DIMENSIONS = 64
NAME = "tensor"
"""An array has no name of its own."""
DTYPES = {
    "f2": ("F16", 2), "f4": ("F32", 4), "f8": ("F64", 8), "c8": ("C64", 8), "c16": ("C128", 16), "b1": ("BOOL", 1),
    "i1": ("I8", 1), "i2": ("I16", 2), "i4": ("I32", 4), "i8": ("I64", 8),
    "u1": ("U8", 1), "u2": ("U16", 2), "u4": ("U32", 4), "u8": ("U64", 8),
}  # fmt: skip
"""Kind and bytes of an element, as `descr` says them behind the byte order."""

_HEADER = re.compile(
    rb"\{'descr': '([<|])([a-zA-Z]\d{1,2})', 'fortran_order': (False|True), "
    rb"'shape': \(((?:\d{1,19}, ?)*\d{0,19})\), ?\} *\n?"
)


@dataclass(frozen=True, slots=True)
class Array:
    """What an array's header says."""

    dtype: str
    shape: tuple[int, ...]
    by_columns: bool
    nbytes: int
    """Bytes of its elements."""
    header: bytes
    """Everything before them."""
    version: int


def matches(head: bytes, reader: ByteReader) -> bool:
    """The magic."""
    del reader
    return head.startswith(MAGIC)


def read_header(reader: ByteReader) -> Header:
    """The header of `reader`'s file: one array and nothing behind it."""
    array = read_array(reader, 0, reader.size)
    start = len(array.header)
    tensor = Tensor(NAME, array.dtype, array.shape, reader.path, start, array.nbytes)
    digest = blake3.blake3(array.header).hexdigest()
    return Header(reader.path, NPY.name, array.version, (tensor,), metadata({NAME: array}), start, digest)


def read_array(reader: ByteReader, start: int, size: int) -> Array:
    """The array that bytes [start, start + size) of `reader`'s file are, and all of them."""
    front = read_exactly(reader, min(12, size), start)
    version = front[6] if len(front) > 7 and front[:6] == MAGIC and front[7] == 0 else 0
    if version not in (1, 2, 3) or len(front) < 12:
        raise UnsupportedFile("which is of no known version", where=reader.path)
    fixed = 10 if version == 1 else 12
    length = int.from_bytes(front[8:fixed], "little")
    if length > min(MAX_HEADER_BYTES, size - fixed):
        raise UnsupportedFile(f"with a header of {length} bytes", where=reader.path)
    header = read_exactly(reader, fixed + length, start)
    found = _HEADER.fullmatch(header, fixed)
    order, kind, columns, sizes = found.groups() if found else (b"", b"", b"", b"")
    dtype = DTYPES.get(kind.decode())
    if dtype is None or sizes.strip().isdigit() or (order == b"|") != (dtype[1] == 1):
        raise UnsupportedFile("whose elements are no plain little-endian numbers", where=reader.path)
    shape = tuple(int(number) for number in sizes.replace(b",", b" ").split())
    nbytes = _nbytes(shape, dtype[1], reader)
    if fixed + length + nbytes > size:
        what = f"{nbytes} bytes of elements where {size - fixed - length} are left"
        raise MalformedFile(Rule.TENSOR_PAST_END, what, where=reader.path, offset=start)
    if fixed + length + nbytes < size:
        raise UnsupportedFile("with something behind its elements", where=reader.path)
    return Array(dtype[0], shape, columns == b"True" and len(shape) > 1, nbytes, header, version)


def metadata(arrays: dict[str, Array]) -> dict[str, str]:
    """`fortran_order` where some of them are stored column by column."""
    names = [name for name, array in arrays.items() if array.by_columns]
    return {"fortran_order": ", ".join(names)} if names else {}


def _nbytes(shape: tuple[int, ...], itemsize: int, reader: ByteReader) -> int:
    if len(shape) > MAX_DIMENSIONS:
        raise MalformedFile(Rule.TOO_MANY_DIMENSIONS, f"an array of {len(shape)} dimensions", where=reader.path)
    elements = 1
    for size in shape:
        elements *= size
        if max(elements * itemsize, size) > MAX_SIZE:
            raise MalformedFile(Rule.SIZE_OVERFLOW, "the shape overflows 63 bits", where=reader.path)
    return elements * itemsize


NPY = Format("npy", (), matches, read_header, "a NumPy array")
"""No ending claims it: an array of objects is called `.npy` too."""
