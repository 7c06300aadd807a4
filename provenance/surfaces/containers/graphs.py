"""Graphs of models, and pictures, that reach outside: seen by their own marks, without reading the whole format."""

from __future__ import annotations

import re
from posixpath import basename

from provenance.facts import Flaw
from provenance.surfaces.containers.names import leaves
from provenance.surfaces.containers.sources import Span
from provenance.surfaces.pickles.window import Source

SCAN = 16 * 1024 * 1024
"""Bytes that are searched, from the front."""
MAX_FLAWS = 20
MAX_CHUNKS = 1000
_LOCATION = re.compile(rb"\x0a\x08location\x12(?:([\x00-\x7f])|([\x80-\xff])([\x01-\x7f]))")
"""An entry of ONNX's external data: its key, then the length of the path in one byte or two."""
_PYTHON_NODE = re.compile(rb"\x22[\x04-\x10](PyOp|PythonOp|PyCustomOpDef\w{0,64}|PyFunc)")
_TENSORFLOW = re.compile(rb"\x12[\x06-\x20](ReadFile|WriteFile|MatchingFiles|EagerPyFunc|PyFuncStateless|PyFunc)")
"""Operations of a graph that touch the host, after the tag of a node's operation and its length."""
_ENTITY = re.compile(rb"<!ENTITY|<!DOCTYPE[^>]{0,4096}\[")
_PNG = b"\x89PNG\r\n\x1a\n"


def read_onnx(raw: bytes) -> list[Flaw]:
    """Weights outside of the model's folder, and operations that are Python."""
    found = []
    for match in _LOCATION.finditer(raw):
        length = match[1][0] if match[1] else (match[2][0] & 0x7F) | match[3][0] << 7
        path = raw[match.end() : match.end() + length].decode("utf-8", "replace")
        if leaves(path):
            found.append(Flaw("host-file", f"weights at {path[:200]!r}, outside of the folder", match.start()))
    found += [
        Flaw("host-code", f"the operation {m[1].decode()}, which runs Python", m.start())
        for m in _PYTHON_NODE.finditer(raw)
    ]
    return found[:MAX_FLAWS]


def read_tensorflow(raw: bytes) -> list[Flaw]:
    """Operations that read and write files, or call into Python."""
    names = sorted({match[1].decode() for match in _TENSORFLOW.finditer(raw)})
    return [Flaw("host-code", f"the operation {name}, which reaches the host") for name in names]


def read_xml(raw: bytes) -> list[Flaw]:
    """Entities, which include files of the host or unfold without end. No writer of networks declares any."""
    match = _ENTITY.search(raw)
    return (
        [Flaw("entities", "entities, which include files of the host or unfold without end", match.start())]
        if match
        else []
    )


def read_graph(kinds: set[str], file: str, source: Source) -> list[Flaw]:
    """What the graph in `file` reaches for; formats without a mark of their own go by their name, as loaders do."""
    name = basename(file).lower()
    if "onnx" in kinds or name.endswith(".onnx"):
        return read_onnx(source.pread(SCAN, 0))
    if name.endswith((".pb", ".meta")):
        return read_tensorflow(source.pread(SCAN, 0))
    if "text" in kinds and name.endswith(".xml"):
        return read_xml(source.pread(SCAN, 0))
    return []


def private_chunks(source: Source) -> list[tuple[str, Span]]:
    """Chunks of a PNG picture that only their writer knows, by their names."""
    found, position = [], len(_PNG)
    if source.pread(len(_PNG), 0) != _PNG:
        return []
    for _ in range(MAX_CHUNKS):
        head = source.pread(8, position)
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if len(head) < 8 or position + 12 + size > source.size:
            break
        # The case of the second letter says that it is private.
        if kind[1:2].islower() and size:
            found.append((kind.decode("latin-1"), Span(source, position + 8, size)))
        position += 12 + size
    return found
