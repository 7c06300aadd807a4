"""The initialisers of ONNX models (onnx/onnx.proto): tensors whose values lie in the file as raw bytes.

Named and not read: values in typed fields (`float_data`), in other files, of fewer than eight bits or of texts, sparse
ones, and what the nodes of the graph carry as constants or graphs of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import blake3

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats.interface import Format
from provenance.reading.formats.protobuf import BYTES, VARINT, Field, Fields
from provenance.reading.formats.rules import MAX_SIZE, Rule, hidden_character, quoted
from provenance.records import ByteReader, Header, Skipped, Tensor

MAX_NAME_BYTES = 1024
MAX_DIMENSIONS = 64
MAX_MODEL_FIELDS = 4096
"""Of a model itself: metadata, operator sets, functions."""
MAX_TENSORS = 2**17

_IR_VERSION, _GRAPH, _OPERATOR_SET, _TRAINING, _FUNCTION = 1, 7, 8, 20, 25
_MODEL_FIELDS = frozenset({_IR_VERSION, 2, 3, 4, 5, 6, _GRAPH, _OPERATOR_SET, 14, _TRAINING, _FUNCTION, 26})
_NODE, _INITIALIZER, _SPARSE_INITIALIZER = 1, 5, 15
_ATTRIBUTE, _VALUES = 5, frozenset({5, 6, 10, 11, 22, 23})
"""Of a node; and of an attribute: a tensor or graph, dense or sparse, one or several."""
_DIMS, _DATA_TYPE, _NAME, _RAW, _LOCATION = 1, 2, 8, 9, 14
_TYPED = frozenset({3, 4, 5, 6, 7, 10, 11, 13})
"""Segments, typed values, and external data."""

DTYPES = {
    1: ("F32", 4), 2: ("U8", 1), 3: ("I8", 1), 4: ("U16", 2), 5: ("I16", 2), 6: ("I32", 4), 7: ("I64", 8),
    9: ("BOOL", 1), 10: ("F16", 2), 11: ("F64", 8), 12: ("U32", 4), 13: ("U64", 8), 14: ("C64", 8), 15: ("C128", 16),
    16: ("BF16", 2), 17: ("F8_E4M3", 1), 18: ("F8_E4M3FNUZ", 1), 19: ("F8_E5M2", 1), 20: ("F8_E5M2FNUZ", 1),
    24: ("F8_E8M0", 1),
}  # fmt: skip
"""`TensorProto.DataType` whose elements are whole bytes."""


def matches(head: bytes, reader: ByteReader) -> bool:
    """A message that is one from its first byte to its last, with the fields of a model and one graph."""
    if head[:1] != b"\x08" or len(head) < 8:
        return False
    seen = []
    try:
        for found in Fields(reader).of(0, reader.size):
            seen.append(found.number)
            if found.number not in _MODEL_FIELDS or len(seen) > MAX_MODEL_FIELDS:
                return False
    except (MalformedFile, UnsupportedFile):
        return False
    return seen.count(_GRAPH) == 1 and _OPERATOR_SET in seen


def read_header(reader: ByteReader) -> Header:
    """The header of `reader`'s file."""
    fields = Fields(reader)
    found = _Found(fields)
    version = 0
    for part in fields.of(0, reader.size):
        if part.number == _IR_VERSION:
            version = part.value
        elif part.number == _GRAPH and part.wire == BYTES:
            found.graph(part)
        elif part.number in (_TRAINING, _FUNCTION):
            found.aside("a function or training graph")
    digest = blake3.blake3()
    for tensor in found.tensors:
        digest.update(f"{tensor.name}\0{tensor.dtype}\0{tensor.shape}\0{tensor.offset}\0{tensor.nbytes}\0".encode())
    return Header(reader.path, ONNX.name, version, tuple(found.tensors), {}, 0, digest.hexdigest(), tuple(found.unread))


@dataclass
class _Found:
    """What has been found so far."""

    fields: Fields
    tensors: list[Tensor] = field(default_factory=list)
    unread: list[Skipped] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    asides: set[str] = field(default_factory=set)

    def graph(self, graph: Field) -> None:
        """The initialisers of a graph, and what else in it holds values."""
        for part in self.fields.of(graph.start, graph.end):
            if part.number == _INITIALIZER and part.wire == BYTES:
                self.tensor(part)
            elif part.number == _SPARSE_INITIALIZER:
                self.aside("a sparse initialiser")
            elif part.number == _NODE and part.wire == BYTES and _carries(self.fields, part):
                self.aside("a constant in a node")

    def aside(self, what: str) -> None:
        """Something that holds values and is not read, once for each kind."""
        if what not in self.asides:
            self.asides.add(what)
            self.unread.append(Skipped(what, "which this version does not look into", asked=True))

    def tensor(self, proto: Field) -> None:
        """One initialiser: a tensor, or named as not read."""
        name, dtype, shape, raw = _parts(self.fields, proto)
        if name in self.names:
            what = f"the initialiser {quoted(name)} stands twice"
            raise MalformedFile(Rule.DUPLICATE_TENSOR, what, where=self.fields.file, offset=proto.start)
        self.names.add(name)
        if len(self.names) > MAX_TENSORS:
            raise UnsupportedFile(f"with more than {MAX_TENSORS} initialisers", where=self.fields.file)
        known = DTYPES.get(dtype)
        if raw is None or known is None:
            self.unread.append(Skipped(name, "whose values are not raw bytes of this file", asked=True))
            return
        nbytes = known[1]
        for size in shape:
            nbytes *= size
            if max(nbytes, size) > MAX_SIZE:
                what = f"the shape of {quoted(name)} overflows 63 bits"
                raise MalformedFile(Rule.SIZE_OVERFLOW, what, where=self.fields.file, offset=proto.start)
        if nbytes != raw.end - raw.start:
            what = f"{quoted(name)} takes {raw.end - raw.start} bytes, which {known[0]} {list(shape)} does not"
            raise MalformedFile(Rule.SIZE_MISMATCH, what, where=self.fields.file, offset=raw.start)
        self.tensors.append(Tensor(name, known[0], shape, self.fields.file, raw.start, nbytes))


def _parts(fields: Fields, proto: Field) -> tuple[str, int, tuple[int, ...], Field | None]:
    """Name, data type, shape and raw bytes of a `TensorProto`; no raw bytes where its values are anywhere else."""
    name, dtype, shape, raw, elsewhere = "", 0, list[int](), list[Field](), False
    for part in fields.of(proto.start, proto.end):
        if part.number == _DIMS:
            shape += _dims(fields, part)
        elif part.number == _DATA_TYPE:
            dtype = part.value
        elif part.number == _NAME:
            name = _name(fields, part)
        elif part.number == _RAW and part.wire == BYTES:
            raw.append(part)
        elsewhere = elsewhere or part.number in _TYPED or (part.number == _LOCATION and part.value != 0)
    if not name:
        raise MalformedFile(Rule.EMPTY_NAME, "an initialiser has no name", where=fields.file, offset=proto.start)
    if len(shape) > MAX_DIMENSIONS:
        what = f"{quoted(name)} has more than {MAX_DIMENSIONS} dimensions"
        raise MalformedFile(Rule.TOO_MANY_DIMENSIONS, what, where=fields.file, offset=proto.start)
    if any(size > MAX_SIZE for size in shape):
        what = f"the shape of {quoted(name)} is not of natural numbers"
        raise MalformedFile(Rule.BAD_SHAPE, what, where=fields.file, offset=proto.start)
    if 0 in shape and not raw:
        raw = [Field(_RAW, BYTES, 0, proto.end, proto.end)]  # nothing needs no bytes
    return name, dtype, tuple(shape), raw[0] if len(raw) == 1 and not elsewhere else None


def _dims(fields: Fields, part: Field) -> list[int]:
    """One dimension, or several packed into one field."""
    if part.wire == VARINT:
        return [part.value]
    sizes, position = list[int](), part.start
    while position < part.end and len(sizes) <= MAX_DIMENSIONS:
        size, position = fields.varint(position, part.end)
        sizes.append(size)
    return sizes


def _name(fields: Fields, part: Field) -> str:
    if part.end - part.start > MAX_NAME_BYTES:
        what = f"an initialiser's name of {part.end - part.start} bytes"
        raise MalformedFile(Rule.NAME_TOO_LONG, what, where=fields.file, offset=part.start)
    try:
        name = fields.bytes(part.start, part.end).decode("utf-8")
    except UnicodeDecodeError:
        what = "an initialiser's name is not UTF-8"
        raise MalformedFile(Rule.NOT_UTF8, what, where=fields.file, offset=part.start) from None
    if hidden_character(name):
        what = f"hidden characters in the name {quoted(name)}"
        raise MalformedFile(Rule.HIDDEN_CHARACTER, what, where=fields.file, offset=part.start)
    return name


def _carries(fields: Fields, node: Field) -> bool:
    """Whether a node has a tensor or a graph among its attributes."""
    return any(
        inner.number in _VALUES
        for part in fields.of(node.start, node.end)
        if part.number == _ATTRIBUTE and part.wire == BYTES
        for inner in fields.of(part.start, part.end)
    )


ONNX = Format("onnx", (), matches, read_header, "an ONNX model")
