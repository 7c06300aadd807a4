"""NumPy arrays, without NumPy: a magic, a version, the text of a Python dictionary, then the elements.

The text (numpy/lib/format.py) is read by a grammar of our own, not evaluated; what NumPy refuses is rejected. An array
of objects is a pickle, and one of records has fields; neither is a tensor. Of an array stored column by column the
bytes are taken as they are stored, and the header's metadata says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import blake3

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats import python_literal
from provenance.reading.formats.interface import Format, read_exactly
from provenance.reading.formats.rules import MAX_SIZE, Rule, quoted
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

_DESCR = re.compile(r"([<>|=]?)([a-zA-Z]\d{1,4})")
_NUMBERS = frozenset("biufc")
_KEYS = frozenset({"descr", "fortran_order", "shape"})


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
    version, header, text = _text(reader, start, size)
    dtype, columns, shape = _said(text, reader, start, python2=version < 3)
    nbytes = _nbytes(shape, dtype[1], reader)
    left = size - len(header)
    if nbytes > left:
        what = f"{nbytes} bytes of elements where {left} are left"
        raise MalformedFile(Rule.TENSOR_PAST_END, what, where=reader.path, offset=start)
    if nbytes < left:
        raise UnsupportedFile("with something behind its elements", where=reader.path)
    return Array(dtype[0], shape, columns and len(shape) > 1, nbytes, header, version)


def _text(reader: ByteReader, start: int, size: int) -> tuple[int, bytes, str]:
    """The version, everything before the elements, and the dictionary in it."""
    front = read_exactly(reader, min(12, size), start)
    version = front[6] if len(front) > 7 and front[:6] == MAGIC and front[7] == 0 else 0
    if version not in (1, 2, 3):
        raise UnsupportedFile("which is of no known version", where=reader.path)
    fixed = 10 if version == 1 else 12
    length = int.from_bytes(front[8:fixed], "little")
    if len(front) < fixed or length > size - fixed:
        what = f"the file ends inside its own header, of {length} bytes"
        raise MalformedFile(Rule.TRUNCATED, what, where=reader.path, offset=start)
    if length > MAX_HEADER_BYTES:
        raise UnsupportedFile(f"with a header of {length} bytes", where=reader.path)
    header = read_exactly(reader, fixed + length, start)
    try:
        return version, header, header[fixed:].decode("utf-8" if version == 3 else "latin-1")
    except UnicodeDecodeError:
        raise MalformedFile(Rule.NOT_UTF8, "its header is not UTF-8", where=reader.path, offset=start) from None


def _said(text: str, reader: ByteReader, start: int, *, python2: bool) -> tuple[tuple[str, int], bool, tuple[int, ...]]:
    """Name and bytes of an element, whether it is stored by columns, and the shape."""
    try:
        said = python_literal.parse(text, python2=python2)
    except python_literal.RefusedError as error:
        raise MalformedFile(Rule.BAD_ENTRY, f"its header {error}", where=reader.path, offset=start) from None
    except python_literal.UnknownError:
        raise UnsupportedFile("whose header is not written as NumPy writes it", where=reader.path) from None
    if not isinstance(said, dict) or said.keys() != _KEYS or not isinstance(said["fortran_order"], bool):
        what = "its header does not say descr, fortran_order and shape, and only these"
        raise MalformedFile(Rule.BAD_ENTRY, what, where=reader.path, offset=start)
    shape = said["shape"]
    if not isinstance(shape, tuple) or not all(isinstance(number, int) and number >= 0 for number in shape):
        what = f"the shape {quoted(repr(shape))} is no tuple of natural numbers"
        raise MalformedFile(Rule.BAD_SHAPE, what, where=reader.path, offset=start)
    if any(isinstance(number, bool) for number in shape):
        raise UnsupportedFile("whose header is not written as NumPy writes it", where=reader.path)
    numbers = tuple(number for number in shape if isinstance(number, int))
    return _dtype(said["descr"], reader, start), said["fortran_order"], numbers


def _dtype(descr: python_literal.Literal, reader: ByteReader, start: int) -> tuple[str, int]:
    if not isinstance(descr, str | list | tuple):
        what = f"the descr {quoted(repr(descr))} names no elements"
        raise MalformedFile(Rule.BAD_ENTRY, what, where=reader.path, offset=start)
    found = _DESCR.fullmatch(descr) if isinstance(descr, str) else None
    known = DTYPES.get(found[2]) if found else None
    if known is None and found and found[2][0] in _NUMBERS and found[2] not in ("f12", "f16", "c24", "c32"):
        raise MalformedFile(Rule.UNKNOWN_DTYPE, f"the descr {quoted(found[0])}", where=reader.path, offset=start)
    if known is None or not found or (found[1] != "<" and known[1] != 1):
        raise UnsupportedFile("whose elements are no plain little-endian numbers", where=reader.path)
    return known


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
