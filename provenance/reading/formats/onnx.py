"""ONNX models (onnx/onnx.proto): tensors whose values lie in the file, wherever its graphs hold them.

Read are initialisers, dense and sparse, and the tensors and long lists of numbers in the attributes of nodes, in the
graph itself, in graphs inside nodes and in functions. A few numbers in typed fields (shapes, axes) count as part of the
header. Named and not read: more of them that are not stored as they are used, values in other files, of fewer than
eight bits or of texts, and graphs for training.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import blake3

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats import onnx_tensors
from provenance.reading.formats.interface import Format
from provenance.reading.formats.onnx_tensors import DTYPES
from provenance.reading.formats.protobuf import BYTES, FIXED32, VARINT, Field, Fields
from provenance.reading.formats.rules import Rule, quoted
from provenance.records import ByteReader, External, Header, Skipped, Tensor

MAX_MODEL_FIELDS = 4096
"""Of a model itself: metadata, operator sets, functions."""
MAX_TENSORS = 2**17
MAX_DEPTH = 16
"""Graphs inside graphs."""
MAX_SCOPE = 4096
"""Characters of a tensor's name with those of the nodes around it."""
MAX_TEXT = 4096
"""Bytes of a text among a node's attributes; longer ones may be weights, or a program of another kind."""
MAX_PROPERTIES = 2**22
"""Bytes of a model's own properties that are read."""

_IR_VERSION, _GRAPH, _OPERATOR_SET, _METADATA, _TRAINING, _FUNCTION = 1, 7, 8, 14, 20, 25
_MODEL = {
    **dict.fromkeys((_IR_VERSION, 5), VARINT),
    **dict.fromkeys((2, 3, 4, 6, _GRAPH, _OPERATOR_SET, _METADATA, _TRAINING, _FUNCTION, 26), BYTES),
}
_NODE, _INITIALIZER, _SPARSE_INITIALIZER = 1, 5, 15
_GRAPH_FIELDS = frozenset({_NODE, 2, _INITIALIZER, 10, 11, 12, 13, 14, _SPARSE_INITIALIZER, 16})
_OUTPUT, _NODE_NAME, _ATTRIBUTE = 2, 3, 5
_ATTRIBUTE_NAME, _TEXT, _TENSOR, _SUBGRAPH, _FLOATS, _INTS = 1, 4, 5, 6, 7, 8
_TENSORS, _SUBGRAPHS, _SPARSE, _SPARSES = 10, 11, 22, 23
_FUNCTION_NAME, _FUNCTION_NODE, _FUNCTION_SETS, _FUNCTION_DOMAIN, _FUNCTION_DEFAULT = 1, 7, 9, 10, 11


def matches(head: bytes, reader: ByteReader) -> bool:
    """A message that begins with a version and goes on as a model does up to a graph that begins like one."""
    if head[:1] != b"\x08" or len(head) < 8 or not 0 < head[1] < 0x80:
        return False
    fields = Fields(reader)
    try:
        for count, found in enumerate(fields.of(0, reader.size, cut=True)):
            if _MODEL.get(found.number) != found.wire or count > MAX_MODEL_FIELDS:
                return False
            if found.number == _GRAPH:
                return _is_graph(fields, found, reader.size)
    except (MalformedFile, UnsupportedFile):
        pass
    return False


def _is_graph(fields: Fields, graph: Field, size: int) -> bool:
    """The first part is one of a graph's, and is not longer than the graph says to be, where the graph is whole."""
    end = min(graph.end, size)
    first = next(fields.of(graph.start, end, cut=True), None)
    return first is not None and first.number in _GRAPH_FIELDS and first.wire == BYTES and first.end <= graph.end


def read_header(reader: ByteReader) -> Header:
    """The header of `reader`'s file."""
    fields = Fields(reader)
    reading = _Reading(fields)
    version, graphs = 0, 0
    for part in fields.of(0, reader.size):
        if part.number == _IR_VERSION and part.wire == VARINT:
            version = part.value
        elif part.wire == BYTES and part.number == _GRAPH:
            graphs += 1
            reading.graph(part, "", 0)
        elif part.wire == BYTES and part.number == _FUNCTION:
            reading.function(part)
        elif part.number == _TRAINING:
            reading.aside("a training graph")
        elif part.wire == BYTES and part.number == _OPERATOR_SET:
            reading.plain(part)
        elif part.wire == BYTES and part.number == _METADATA:
            reading.property(part)
    if graphs != 1 or version == 0:
        rule, what = (Rule.BAD_FIELD, "more than one graph") if graphs > 1 else (Rule.NOT_ONNX, "no model of ONNX")
        raise MalformedFile(rule, what, where=reader.path)
    tensors = tuple(sorted(reading.tensors, key=lambda tensor: (tensor.offset, tensor.nbytes)))
    for tensor in tensors:
        where = f"{tensor.name}\0{tensor.dtype}\0{tensor.shape}\0{tensor.offset}\0{tensor.nbytes}\0"
        reading.digest.update(where.encode())
    return Header(
        reader.path,
        ONNX.name,
        version,
        tensors,
        reading.properties,
        0,
        reading.digest.hexdigest(),
        tuple(reading.unread),
        tuple(reading.external),
    )


@dataclass
class _Reading:
    """What has been found so far."""

    fields: Fields
    tensors: list[Tensor] = field(default_factory=list)
    unread: list[Skipped] = field(default_factory=list)
    external: list[External] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    asides: set[str] = field(default_factory=set)
    digest: blake3.blake3 = field(default_factory=blake3.blake3)
    properties: dict[str, str] = field(default_factory=dict)
    said: int = 0
    """Bytes of properties."""

    def plain(self, part: Field) -> None:
        """A message without values: its fields have to be whole."""
        for _ in self.fields.of(part.start, part.end):
            pass

    def property(self, part: Field) -> None:
        """A key and its text. Of two under one key the second is kept as `KEY (N)`: both are read by somebody."""
        self.said += part.end - part.start
        if self.said > MAX_PROPERTIES:
            self.aside("more properties than are read")
            return
        pair = dict.fromkeys((1, 2), "")
        for inner in self.fields.of(part.start, part.end):
            if inner.number in pair and inner.wire == BYTES:
                pair[inner.number] = self.fields.bytes(inner.start, inner.end).decode("utf-8", "replace")
        key = pair[1] if pair[1] not in self.properties else f"{pair[1]} ({len(self.properties) + 1})"
        self.properties[key] = pair[2]

    def graph(self, graph: Field, scope: str, depth: int) -> None:
        """The values of a graph; `scope` goes before their names."""
        if depth > MAX_DEPTH or len(scope) > MAX_SCOPE:
            raise UnsupportedFile(f"with graphs more than {MAX_DEPTH} deep in each other", where=self.fields.file)
        for part in self.fields.of(graph.start, graph.end):
            if part.wire != BYTES:
                continue
            if part.number == _INITIALIZER:
                self.tensor(part, scope, "")
            elif part.number == _SPARSE_INITIALIZER:
                self.sparse(part, scope, "")
            elif part.number == _NODE:
                self.node(part, scope, depth)

    def function(self, function: Field) -> None:
        """The values in the nodes of a function, and in its attributes' defaults."""
        named = dict.fromkeys((_FUNCTION_DOMAIN, _FUNCTION_NAME, 13), "")
        parts = list(self.fields.of(function.start, function.end))
        for part in parts:
            if part.number in named and part.wire == BYTES:
                named[part.number] = onnx_tensors.text(self.fields, part, "a function's name")
        scope = ":".join(filter(None, named.values())) + "/"
        for part in parts:
            if part.wire == BYTES and part.number == _FUNCTION_NODE:
                self.node(part, scope, 0)
            elif part.wire == BYTES and part.number == _FUNCTION_DEFAULT:
                self.attribute(part, scope, "default", 0)
            elif part.wire == BYTES and part.number == _FUNCTION_SETS:
                self.plain(part)

    def node(self, node: Field, scope: str, depth: int) -> None:
        """The values in a node's attributes, named by its first output."""
        attributes, outputs, name = list[Field](), list[str](), ""
        for part in self.fields.of(node.start, node.end):
            if part.wire != BYTES:
                continue
            if part.number == _OUTPUT and not outputs and part.end > part.start:
                outputs.append(onnx_tensors.text(self.fields, part, "an output's name"))
            elif part.number == _NODE_NAME:
                name = self.fields.bytes(part.start, min(part.end, part.start + 256)).decode("utf-8", "replace")
            elif part.number == _ATTRIBUTE:
                attributes.append(part)
        for part in attributes:
            self.attribute(part, scope, outputs[0] if outputs else name, depth)

    def attribute(self, attribute: Field, scope: str, node: str, depth: int) -> None:
        """The values in one attribute; the `value` of a constant is called as its node is."""
        name, parts = "", list[Field]()
        for part in self.fields.of(attribute.start, attribute.end):
            if part.number == _ATTRIBUTE_NAME and part.wire == BYTES:
                name = onnx_tensors.text(self.fields, part, "an attribute's name")
            elif part.number in _CARRY:
                parts.append(part)
        called = node if name in ("value", "sparse_value") else f"{node}.{name}"
        several = sum(part.number in (_TENSORS, _SUBGRAPHS, _SPARSES) for part in parts) > 1
        for index, part in enumerate(parts):
            label = f"{called}.{index}" if several else called
            if part.wire == BYTES and part.number in (_TENSOR, _TENSORS):
                self.tensor(part, scope, label)
            elif part.wire == BYTES and part.number in (_SPARSE, _SPARSES):
                self.sparse(part, scope, label)
            elif part.wire == BYTES and part.number in (_SUBGRAPH, _SUBGRAPHS):
                self.graph(part, f"{scope}{label}/", depth + 1)
            elif part.number == _TEXT and part.end - part.start > MAX_TEXT:
                self.aside("a long text in a node")
        self.numbers(scope + called, [part for part in parts if part.number in (_FLOATS, _INTS)])

    def numbers(self, name: str, parts: list[Field]) -> None:
        """Lists of numbers: a few are part of the header; floats in one piece are a tensor."""
        if len(parts) == 1 and parts[0].number == _FLOATS and parts[0].wire in (BYTES, FIXED32):
            part = parts[0]
            if (part.end - part.start) // 4 > onnx_tensors.MAX_FEW and (part.end - part.start) % 4 == 0:
                self.put(name, part.start)
                shape = ((part.end - part.start) // 4,)
                self.tensors.append(Tensor(name, "F32", shape, self.fields.file, part.start, part.end - part.start))
                return
        if onnx_tensors.numbers(self.fields, parts) is None:
            self.aside("a list of numbers in a node")

    def sparse(self, sparse: Field, scope: str, called: str) -> None:
        """The two tensors of a sparse one: its values, which have its name, and where they stand."""
        label = called
        for part in self.fields.of(sparse.start, sparse.end):
            if part.wire == BYTES and part.number == 1:
                label = self.tensor(part, scope, called)
            elif part.wire == BYTES and part.number == 2:
                self.tensor(part, scope, f"{label or 'sparse'}.indices")

    def aside(self, what: str) -> None:
        """Something that may hold values and is not read, once for each kind."""
        if what not in self.asides:
            self.asides.add(what)
            self.unread.append(Skipped(what, "which this version does not look into", asked=True))

    def put(self, name: str, offset: int) -> None:
        """Take note of a name, which no other tensor has."""
        if not name:
            raise MalformedFile(Rule.EMPTY_NAME, "a tensor has no name", where=self.fields.file, offset=offset)
        if name in self.names:
            what = f"the tensor {quoted(name)} stands twice"
            raise MalformedFile(Rule.DUPLICATE_TENSOR, what, where=self.fields.file, offset=offset)
        self.names.add(name)
        if len(self.names) > MAX_TENSORS:
            raise UnsupportedFile(f"with more than {MAX_TENSORS} tensors", where=self.fields.file)

    def tensor(self, part: Field, scope: str, called: str) -> str:
        """One tensor under the name `called`, or its own: read, part of the header, or named as not read."""
        proto = onnx_tensors.parse(self.fields, part)
        own = called or proto.name
        name = scope + own if own else ""
        self.put(name, part.start)
        place = onnx_tensors.stored(proto)
        if place:
            dtype, nbytes = DTYPES[proto.dtype][0], place[1] - place[0]
            self.tensors.append(Tensor(name, dtype, tuple(proto.shape), self.fields.file, place[0], nbytes))
        elif (values := onnx_tensors.few(proto)) is not None:
            self.digest.update(f"{name}\0{proto.dtype}\0{proto.shape}\0".encode() + b"".join(values) + b"\0")
        else:
            if elsewhere := onnx_tensors.external(proto):
                self.external.append(elsewhere)
            self.unread.append(Skipped(name, "whose values are not raw bytes of this file", asked=True))
        return own


_CARRY = frozenset({_TEXT, _TENSOR, _SUBGRAPH, _FLOATS, _INTS, _TENSORS, _SUBGRAPHS, _SPARSE, _SPARSES})

ONNX = Format("onnx", (".onnx",), matches, read_header, "an ONNX model")
