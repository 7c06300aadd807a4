"""GGUF versions 2 and 3: counts, metadata, tensor infos, padding, then the tensors, each padded to the alignment.

The layout is ggml's docs/gguf.md, and the bounds are those of llama.cpp's own reader (ggml/src/gguf.cpp), which the
`gguf` package does not check: whole blocks, aligned, in a row with no hole. Integers are little-endian, dimensions
innermost first (turned round here), and tensor offsets count from the end of the padding.
"""

from __future__ import annotations

from dataclasses import replace

from provenance.errors import MalformedFile
from provenance.reading.formats.cursor import Cursor
from provenance.reading.formats.ggml_types import BY_NUMBER, WITHDRAWN
from provenance.reading.formats.interface import Format
from provenance.reading.formats.rules import MAX_SIZE, Rule, hidden_character, quoted
from provenance.records import ByteReader, Header, MetadataValue, Tensor

MAX_KEY_BYTES = 65535
"""docs/gguf.md: at most 2**16-1 bytes."""
MAX_NAME_BYTES = 127
"""ggml's GGML_MAX_NAME counts a NUL: 64 as llama.cpp builds it, 128 as stable-diffusion.cpp and others do."""
MAX_DIMENSIONS = 4
"""GGML_MAX_DIMS."""
MAX_ARRAY_DEPTH = 4
"""The format allows arrays of arrays, llama.cpp none, and no known writer makes any."""
MAX_ALIGNMENT = 65536
"""The largest page in use; more would be room to hide bytes in."""
DEFAULT_ALIGNMENT = 32
MAX_TYPES = 1024
"""Types are numbered without holes, to 42 so far; forks have numbers of their own below 400."""

_MAGIC = b"GGUF"
_ALIGNMENT_KEY = "general.alignment"
_U32, _BOOL, _STRING, _ARRAY = 4, 7, 8, 9
_NUMBER_CODES = {0: "B", 1: "b", 2: "H", 3: "h", _U32: "I", 5: "i", 6: "f", 10: "Q", 11: "q", 12: "d"}
_LEAST_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, _U32: 4, 5: 4, 6: 4, _BOOL: 1, _STRING: 8, _ARRAY: 12, 10: 8, 11: 8, 12: 8}
"""Every value type, with the bytes that its shortest value takes."""
_LEAST_ENTRY = 8 + 4 + 1
_LEAST_INFO = 8 + 4 + 4 + 8
_ENTRY_MEMORY = 128
_INFO_MEMORY = 1024
_ARRAY_MEMORY = 64


def matches(head: bytes, reader: ByteReader) -> bool:
    """The magic and a version that is not text, in either byte order: prose may begin with "GGUF" too."""
    del reader
    return head.startswith(_MAGIC) and head[4:8].count(0) >= 2


def read_header(reader: ByteReader) -> Header:
    """The header of `reader`'s file, in four steps; nothing is handed out before the last."""
    cursor = Cursor(reader)

    # 1. Magic, version, counts.
    version = _version(cursor)
    tensor_count = cursor.count(_LEAST_INFO, "tensors")
    entry_count = cursor.count(_LEAST_ENTRY, "metadata entries")

    # 2. Metadata.
    metadata = _metadata(cursor, entry_count)
    alignment = metadata.get(_ALIGNMENT_KEY, DEFAULT_ALIGNMENT)
    assert isinstance(alignment, int)

    # 3. Tensor infos, and the padding before the first tensor; a file without tensors ends here, padded or not.
    infos = _infos(cursor, tensor_count)
    padding = -cursor.offset % alignment
    cursor.take(padding if infos else min(padding, cursor.remaining))

    # 4. All of them against the file.
    tensors = _lay_out(infos, cursor, alignment)
    return Header(reader.path, GGUF.name, version, tensors, metadata, cursor.offset, cursor.blake3())


def _version(cursor: Cursor) -> int:
    if cursor.remaining < len(_MAGIC) or cursor.take(len(_MAGIC)) != _MAGIC:
        raise MalformedFile(Rule.NOT_GGUF, "does not begin with GGUF", where=cursor.file, offset=0)
    version = cursor.u32()
    if version in {2, 3}:
        return version
    if version == 1:
        what, rule = "GGUF version 1, which no current reader takes: convert it again", Rule.GGUF_VERSION_1
    elif version & 0xFFFF == 0 and version:
        what, rule = "a big-endian GGUF file", Rule.GGUF_BIG_ENDIAN
    else:
        what, rule = f"GGUF version {version}", Rule.GGUF_VERSION_UNKNOWN
    raise MalformedFile(rule, what, where=cursor.file, offset=len(_MAGIC))


def _metadata(cursor: Cursor, count: int) -> dict[str, MetadataValue]:
    metadata: dict[str, MetadataValue] = {}
    for _ in range(count):
        offset = cursor.offset
        cursor.charge(_ENTRY_MEMORY)
        key = _name(cursor, "metadata key", MAX_KEY_BYTES)
        if key in metadata:
            what = f"the metadata key {quoted(key)} stands twice"
            raise MalformedFile(Rule.DUPLICATE_KEY, what, where=cursor.file, offset=offset)
        kind = cursor.u32()
        value = _value(cursor, kind, key)
        if key == _ALIGNMENT_KEY and not (kind == _U32 and _is_alignment(value)):
            what = f"general.alignment is not a 32-bit power of two up to {MAX_ALIGNMENT}"
            raise MalformedFile(Rule.BAD_ALIGNMENT, what, where=cursor.file, offset=offset)
        metadata[key] = value
    return metadata


def _is_alignment(value: MetadataValue) -> bool:
    return isinstance(value, int) and value.bit_count() == 1 and value <= MAX_ALIGNMENT


def _name(cursor: Cursor, what: str, max_bytes: int) -> str:
    """A key or a tensor name: UTF-8, not empty, not too long, and all of it visible."""
    offset = cursor.offset
    name = _text(cursor, what)
    rule = None
    if not name:
        rule = Rule.EMPTY_NAME
    elif len(name.encode()) > max_bytes:
        rule = Rule.NAME_TOO_LONG
    elif hidden_character(name):
        rule = Rule.HIDDEN_CHARACTER
    if rule:
        raise MalformedFile(rule, f"the {what} {quoted(name)}", where=cursor.file, offset=offset)
    return name


def _text(cursor: Cursor, what: str) -> str:
    offset = cursor.offset
    try:
        return cursor.string().decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedFile(Rule.NOT_UTF8, f"the {what} is not UTF-8", where=cursor.file, offset=offset) from None


def _value(cursor: Cursor, kind: int, key: str, depth: int = 0) -> MetadataValue:
    if kind == _STRING:
        return _text(cursor, f"value of {quoted(key)}")
    if kind == _ARRAY:
        return _array(cursor, key, depth + 1)
    return _scalars(cursor, kind, 1, key)[0]


def _array(cursor: Cursor, key: str, depth: int) -> tuple[MetadataValue, ...]:
    r"""An array of one type. Vocabularies in use hold tokens that are not UTF-8: such bytes become `\xNN` escapes."""
    offset = cursor.offset
    if depth > MAX_ARRAY_DEPTH:
        what = f"arrays in arrays, more than {MAX_ARRAY_DEPTH} deep, in {quoted(key)}"
        raise MalformedFile(Rule.TOO_DEEP, what, where=cursor.file, offset=offset)
    cursor.charge(_ARRAY_MEMORY)
    kind = cursor.u32()
    count = cursor.count(_LEAST_BYTES.get(kind, 1), f"elements of {quoted(key)}")
    if kind == _STRING:
        return tuple([cursor.string().decode("utf-8", "backslashreplace") for _ in range(count)])
    if kind == _ARRAY:
        return tuple([_array(cursor, key, depth + 1) for _ in range(count)])
    return _scalars(cursor, kind, count, key)


def _scalars(cursor: Cursor, kind: int, count: int, key: str) -> tuple[int | float | bool, ...]:
    offset = cursor.offset
    if kind == _BOOL:
        numbers = cursor.numbers("B", count)
        if any(number > 1 for number in numbers):
            what = f"a boolean of {quoted(key)} is neither 0 nor 1"
            raise MalformedFile(Rule.BAD_BOOL, what, where=cursor.file, offset=offset)
        return tuple(map(bool, numbers))
    if kind not in _NUMBER_CODES:
        what = f"{quoted(key)} has the value type {kind}"
        raise MalformedFile(Rule.UNKNOWN_VALUE_TYPE, what, where=cursor.file, offset=offset)
    return cursor.numbers(_NUMBER_CODES[kind], count)


def _infos(cursor: Cursor, count: int) -> list[Tensor]:
    infos: dict[str, Tensor] = {}
    for _ in range(count):
        offset = cursor.offset
        cursor.charge(_INFO_MEMORY)
        name = _name(cursor, "tensor name", MAX_NAME_BYTES)
        if name in infos:
            what = f"the tensor {quoted(name)} stands twice"
            raise MalformedFile(Rule.DUPLICATE_TENSOR, what, where=cursor.file, offset=offset)
        infos[name] = _info(cursor, name)
    return list(infos.values())


def _info(cursor: Cursor, name: str) -> Tensor:
    """One tensor, right in itself; its offset still counts from the first tensor's byte."""
    offset = cursor.offset
    rank = cursor.u32()
    if rank > MAX_DIMENSIONS:
        what = f"{quoted(name)} has {rank} dimensions"
        raise MalformedFile(Rule.TOO_MANY_DIMENSIONS, what, where=cursor.file, offset=offset)
    dimensions = [cursor.u64() for _ in range(rank)]
    elements = 1
    for dimension in dimensions:
        elements *= dimension
        if max(elements, dimension) > MAX_SIZE:
            what = f"the shape of {quoted(name)} overflows 63 bits"
            raise MalformedFile(Rule.SIZE_OVERFLOW, what, where=cursor.file, offset=offset)
    number = cursor.u32()
    kind = BY_NUMBER.get(number)
    if kind is None:
        known = f", {WITHDRAWN[number]}, which ggml has withdrawn" if number in WITHDRAWN else ""
        what = f"{quoted(name)} has the ggml type {number}{known}"
        rule = Rule.UNKNOWN_GGML_TYPE if number < MAX_TYPES else Rule.IMPOSSIBLE_GGML_TYPE
        raise MalformedFile(rule, what, where=cursor.file, offset=offset)
    row = dimensions[0] if dimensions else 1
    if row % kind.elements:
        what = f"{quoted(name)} has rows of {row} elements, {kind.name} blocks of {kind.elements}"
        raise MalformedFile(Rule.PARTIAL_BLOCK, what, where=cursor.file, offset=offset)
    nbytes = elements // kind.elements * kind.nbytes
    return Tensor(name, kind.name, tuple(reversed(dimensions)), cursor.file, cursor.u64(), nbytes)


def _lay_out(infos: list[Tensor], cursor: Cursor, alignment: int) -> tuple[Tensor, ...]:
    """The tensors by offset: aligned, each where the one before it and its padding end, the last ending with the file.

    What the padding holds is not judged here; the digests cover it.
    """
    start, size = cursor.offset, cursor.offset + cursor.remaining
    tensors: list[Tensor] = []
    end = padded_end = start
    for info in sorted(infos, key=lambda info: (info.offset, info.nbytes, info.name)):
        tensor = replace(info, offset=start + info.offset)
        if info.offset % alignment:
            rule, what = Rule.MISALIGNED_TENSOR, f"not at a multiple of {alignment} tensor bytes"
        elif tensor.offset < end:
            rule, what = Rule.TENSOR_OVERLAP, f"before byte {end}, where the tensor before it ends"
        elif tensor.offset > padded_end:
            rule, what = Rule.TENSOR_GAP, f"after byte {padded_end}, where the tensor before it ends"
        elif tensor.offset + tensor.nbytes > size:
            rule, what = Rule.TENSOR_PAST_END, f"and takes {tensor.nbytes} bytes of a file of {size}"
        else:
            tensors.append(tensor)
            end = tensor.offset + tensor.nbytes
            padded_end = end + (start - end) % alignment
            continue
        what = f"{quoted(tensor.name)} begins at byte {tensor.offset}, {what}"
        raise MalformedFile(rule, what, where=cursor.file, offset=tensor.offset)
    if padded_end < size:
        what = f"{size - end} bytes after the last tensor"
        raise MalformedFile(Rule.TRAILING_BYTES, what, where=cursor.file, offset=end)
    return tuple(tensors)


GGUF = Format("gguf", (".gguf",), matches, read_header, "a GGUF file")
