"""Graphs that reach for the host."""

from __future__ import annotations

import struct

import pytest

from provenance.checks.model_graphs import MODEL_GRAPHS
from provenance.checks.pickles import PICKLE_FILES
from tests.checks.models import contents, evidence
from tests.surfaces import samples

ONNX = b"\x08\x08\x12\x07pytorch:E"


def found(file: str, data: bytes) -> list[str]:
    return [finding.message for finding in MODEL_GRAPHS.run(evidence(contents({file: data})))]


def located(path: bytes) -> bytes:
    size = len(path)
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    return ONNX + b"j\x1f\x0a\x08location\x12" + length + path


@pytest.mark.parametrize("path", [b"../../etc/passwd", b"/etc/passwd", b"a/" * 100 + b"../" * 101 + b"b", b"C:\\x"])
def test_weights_outside_of_the_folder(path: bytes) -> None:
    (message,) = found("model.onnx", located(path))
    assert "outside of the folder" in message


@pytest.mark.parametrize("path", [b"model.onnx_data", b"weights/a..b"])
def test_weights_beside_the_model(path: bytes) -> None:
    assert found("model.onnx", located(path)) == []


def test_operations() -> None:
    assert found("model.onnx", ONNX + b"\x22\x04PyOp") == ["the operation PyOp, which runs Python"]
    assert found("saved_model.pb", b"\x12\x0bEagerPyFunc\x12\x08ReadFile") == [
        "the operation EagerPyFunc, which reaches the host; the operation ReadFile, which reaches the host"
    ]
    assert found("saved_model.pb", b"\x12\x06MatMul\x12\x05Const") == []


def test_entities() -> None:
    assert found("openvino_model.xml", b'<!DOCTYPE x [\n<!ENTITY a "b">]><net/>')
    assert found("openvino_model.xml", b'<?xml version="1.0"?>\n<net name="a"/>') == []
    assert found("README.md", b"`<!ENTITY x>` is XML\n") == []


def png(kind: bytes, data: bytes) -> bytes:
    chunk = struct.pack(">I", len(data)) + kind + data + bytes(4)
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IEND" + bytes(4)


def test_a_pickle_in_a_picture() -> None:
    bad = samples.SAMPLES["calling pickle 2"][1]()
    (finding,) = PICKLE_FILES.run(evidence(contents({"logo.png": png(b"prVt", bad)})))
    assert finding.message == "'chunk prVt' in it calls 'posix.getpid'"
    assert list(PICKLE_FILES.run(evidence(contents({"logo.png": png(b"prVt", b"\x07text")})))) == []


def test_what_skops_imports() -> None:
    schema = b'{"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "content": {}}'
    (finding,) = PICKLE_FILES.run(evidence(contents({"a.skops": samples.archive("schema.json", schema)})))
    assert finding.message == "'schema.json' in it calls 'os.system'"
    assert list(PICKLE_FILES.run(evidence(contents({"a.zip": samples.archive("schema.json", b'{"a": 1}')})))) == []
    (finding,) = PICKLE_FILES.run(evidence(contents({"a.zip": samples.archive("schema.json", schema[:-1])})))
    assert finding.rule == "pickle-unreadable"
