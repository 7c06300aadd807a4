"""safetensors: an 8-byte little-endian length, that many bytes of JSON, then the tensors, end to end.

    {"__metadata__": {"format": "pt"}, "wte": {"dtype": "BF16", "shape": [8, 4], "data_offsets": [0, 64]}, …}

What the reference reader refuses (https://github.com/huggingface/safetensors, `Metadata::validate`) is refused here
too: the tensors must tile the rest of the file, with no hole, no overlap and nothing after the last. Beyond it we
refuse what two readers may read in two ways, fields that no reader reads, and names that a person cannot.
"""

from __future__ import annotations

import blake3

from provenance.errors import MalformedFile
from provenance.reading.formats import bounded_json
from provenance.reading.formats.interface import Format, read_exactly
from provenance.reading.formats.rules import MAX_SIZE, Rule, hidden_character, quoted
from provenance.records import ByteReader, Header, Tensor

MAX_HEADER_BYTES = 100_000_000
"""The reference reader's own limit."""
MAX_NAME_CHARACTERS = 1024
MAX_DIMENSIONS = 8

DTYPE_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64, "I64": 64,
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64,
}  # fmt: skip
"""Bits an element; what safetensors 0.8 knows."""

_LENGTH_BYTES = 8
_FIELDS = {"dtype", "shape", "data_offsets"}


def matches(head: bytes, reader: ByteReader) -> bool:
    """A length that the reference reader takes, and an object that begins right after it. No text has such a length."""
    del reader
    return len(head) > _LENGTH_BYTES and _length(head) <= MAX_HEADER_BYTES and head[_LENGTH_BYTES] == ord("{")


def read_header(reader: ByteReader) -> Header:
    """The header of `reader`'s file, in four steps; nothing is handed out before the last."""
    file = reader.path

    # 1. The length is believed only once it lies inside the file.
    head = read_exactly(reader, min(_LENGTH_BYTES + 1, reader.size), 0)
    if len(head) <= _LENGTH_BYTES:
        raise MalformedFile(Rule.TRUNCATED, f"{len(head)} bytes are too few for a safetensors file", where=file)
    if head[_LENGTH_BYTES] != ord("{"):
        raise MalformedFile(Rule.NOT_SAFETENSORS, "no JSON object follows the length", where=file, offset=_LENGTH_BYTES)
    length = _length(head)
    if length > MAX_HEADER_BYTES:
        raise MalformedFile(Rule.HEADER_TOO_LARGE, f"declares a header of {length} bytes", where=file, offset=0)
    start = _LENGTH_BYTES + length
    if start > reader.size:
        raise MalformedFile(
            Rule.TRUNCATED, f"declares a header of {length} bytes in a file of {reader.size}", where=file
        )

    # 2. The bytes that are parsed are the bytes that are digested.
    text = read_exactly(reader, length, _LENGTH_BYTES)
    entries = bounded_json.parse(text, file)
    if not isinstance(entries, dict):
        raise MalformedFile(Rule.NOT_SAFETENSORS, "the header is not a JSON object", where=file, offset=_LENGTH_BYTES)
    digest = blake3.blake3(head[:_LENGTH_BYTES])
    digest.update(text)

    # 3. Each entry by itself.
    metadata = _metadata(entries.pop("__metadata__", None), file)
    tensors = sorted((_tensor(name, entry, file, start) for name, entry in entries.items()), key=_place)

    # 4. All of them against the file.
    _check_tiling(tensors, start, reader)
    return Header(file, SAFETENSORS.name, 0, tuple(tensors), metadata, start, digest.hexdigest())


def _length(head: bytes) -> int:
    return int.from_bytes(head[:_LENGTH_BYTES], "little")


def _metadata(value: object, file: str) -> dict[str, str]:
    """`__metadata__`, which may be absent or null as in the reference reader."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedFile(Rule.BAD_METADATA, "__metadata__ is not an object", where=file)
    for key, text in value.items():
        if not isinstance(text, str):
            raise MalformedFile(Rule.BAD_METADATA, f"__metadata__ {quoted(key)} is not a string", where=file)
    return value


def _tensor(name: str, entry: object, file: str, start: int) -> Tensor:
    """One entry, right in itself; `start` is the offset of the first tensor's bytes."""
    if not name:
        raise MalformedFile(Rule.EMPTY_NAME, "a tensor has no name", where=file)
    if len(name) > MAX_NAME_CHARACTERS:
        raise MalformedFile(Rule.NAME_TOO_LONG, f"a tensor name of {len(name)} characters: {quoted(name)}", where=file)
    if hidden_character(name):
        raise MalformedFile(Rule.HIDDEN_CHARACTER, f"hidden characters in the tensor name {quoted(name)}", where=file)
    if not isinstance(entry, dict) or entry.keys() != _FIELDS:
        what = f"the entry of {quoted(name)} is not an object of dtype, shape and data_offsets alone"
        raise MalformedFile(Rule.BAD_ENTRY, what, where=file)
    dtype = entry["dtype"]
    if not isinstance(dtype, str) or dtype not in DTYPE_BITS:
        shown = quoted(dtype) if isinstance(dtype, str) else "no string"
        raise MalformedFile(Rule.UNKNOWN_DTYPE, f"the dtype of {quoted(name)} is {shown}", where=file)
    shape = _naturals(entry["shape"])
    if shape is None:
        raise MalformedFile(Rule.BAD_SHAPE, f"the shape of {quoted(name)} is not a list of naturals", where=file)
    offsets = _naturals(entry["data_offsets"])
    if offsets is None or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise MalformedFile(Rule.BAD_OFFSETS, f"the data_offsets of {quoted(name)} are not a range", where=file)
    begin, end = offsets
    if end - begin != _nbytes(name, dtype, shape, file):
        what = f"{quoted(name)} takes {end - begin} bytes, which {dtype} {list(shape)} does not"
        raise MalformedFile(Rule.SIZE_MISMATCH, what, where=file)
    return Tensor(name, dtype, shape, file, start + begin, end - begin)


def _naturals(value: object) -> tuple[int, ...] | None:
    """`value` as non-negative integers; None where it is anything else (JSON's `true` and `1.0` are)."""
    if isinstance(value, list) and all(type(item) is int and item >= 0 for item in value):
        return tuple(value)
    return None


def _nbytes(name: str, dtype: str, shape: tuple[int, ...], file: str) -> int:
    if len(shape) > MAX_DIMENSIONS:
        raise MalformedFile(Rule.TOO_MANY_DIMENSIONS, f"{quoted(name)} has {len(shape)} dimensions", where=file)
    elements = 1
    for dimension in shape:
        # Every partial product counts: the reference reader overflows on [2**40, 2**40, 0], which has no elements.
        elements *= dimension
        if max(elements, dimension) > MAX_SIZE:
            raise MalformedFile(Rule.SIZE_OVERFLOW, f"the shape of {quoted(name)} overflows 63 bits", where=file)
    bits = elements * DTYPE_BITS[dtype]
    if bits % 8:
        raise MalformedFile(Rule.PARTIAL_BYTE, f"{quoted(name)} ends inside a byte ({bits} bits)", where=file)
    return bits // 8


def _place(tensor: Tensor) -> tuple[int, int, str]:
    """Order on disk; tensors without bytes come before the one that begins where they stand."""
    return tensor.offset, tensor.nbytes, tensor.name


def _check_tiling(tensors: list[Tensor], start: int, reader: ByteReader) -> None:
    """Sorted by place, each tensor begins where the one before it ends, and the last ends with the file."""
    file = reader.path
    expected = start
    for tensor in tensors:
        if tensor.offset != expected:
            rule = Rule.TENSOR_OVERLAP if tensor.offset < expected else Rule.TENSOR_GAP
            what = f"{quoted(tensor.name)} begins at byte {tensor.offset}, not at {expected}"
            raise MalformedFile(rule, what, where=file, offset=tensor.offset)
        expected += tensor.nbytes
    if expected > reader.size:
        what = f"the tensors end at byte {expected} of a file of {reader.size}"
        raise MalformedFile(Rule.TENSOR_PAST_END, what, where=file, offset=reader.size)
    if expected < reader.size:
        what = f"{reader.size - expected} bytes after the last tensor"
        raise MalformedFile(Rule.TRAILING_BYTES, what, where=file, offset=expected)


SAFETENSORS = Format("safetensors", (".safetensors",), matches, read_header, "a safetensors file")
