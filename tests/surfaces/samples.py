"""One small file of every kind of content, made by real writers where the standard library or torch has one."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import py_compile
import sqlite3
import struct
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path


def safetensors(header_bytes: int = 0) -> bytes:
    import torch
    from safetensors.torch import save

    if not header_bytes:
        return bytes(save({"w": torch.zeros(4)}))
    shortest = len(json.dumps({"w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}))
    text = json.dumps({"w": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}) + " " * (header_bytes - shortest)
    return struct.pack("<Q", header_bytes) + text.encode() + b"\x00"


def torch_zip() -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save({"w": torch.zeros(4)}, buffer)
    return buffer.getvalue()


def torch_legacy() -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save({"w": torch.zeros(4)}, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


def numpy_array(value: object, **options: object) -> bytes:
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, np.array(value, **options))  # type: ignore[call-overload]
    return buffer.getvalue()


def archive(name: str = "a.txt", data: bytes = b"hello") -> bytes:
    return archive_of({name: data})


def archive_of(members: Mapping[str, bytes], **options: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as made:  # type: ignore[call-overload]
        for name, data in members.items():
            made.writestr(name, data)
    return buffer.getvalue()


def tarball() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as made:
        made.addfile(tarfile.TarInfo("a"), None)
    return buffer.getvalue()


def bytecode() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "a.py")
        source.write_text("x = 1\n")
        made = py_compile.compile(str(source), str(Path(folder, "a.pyc")), doraise=True)
        assert made
        return Path(made).read_bytes()


def database() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.db")
        with sqlite3.connect(path) as connection:
            connection.execute("create table t (x)")
        connection.close()
        return path.read_bytes()


def portable_executable() -> bytes:
    return b"MZ" + b"\x90" * 58 + struct.pack("<I", 128) + b"\x0e" * 64 + b"PE\x00\x00" + b"\x00" * 64


def sentencepiece() -> bytes:
    pieces = [b"<unk>", b"<s>", b"</s>"]
    return b"".join(
        b"\x0a" + bytes([len(piece) + 9]) + b"\x0a" + bytes([len(piece)]) + piece + b"\x15\0\0\0\0\x18\x02"
        for piece in pieces
    )


class Calls:
    """Pickled, it calls os.getpid when loaded. Nothing here ever loads it."""

    def __reduce__(self) -> tuple[object, tuple[()]]:
        return os.getpid, ()


BUNDLE = b'{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","dsseEnvelope":{}}\n'
ONNX_GRAPH = b"\x3a\x10\x0a\x0a\x0a\x01x\x12\x01y\x22\x02Id\x12\x02g1"
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12\n"

SAMPLES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "safetensors": ("safetensors", safetensors),
    "safetensors whose length reads like a pickle": ("safetensors", lambda: safetensors(0x0280)),
    "gguf": ("gguf", lambda: b"GGUF" + struct.pack("<IQQ", 3, 0, 0)),
    **{f"pickle {n}": ("pickle", lambda n=n: pickle.dumps({"a": [1, 2], "b": None}, n)) for n in range(6)},  # type: ignore[misc]
    **{f"calling pickle {n}": ("pickle", lambda n=n: pickle.dumps(Calls(), n)) for n in range(6)},  # type: ignore[misc]
    "pickle cut short": ("pickle", lambda: pickle.dumps(Calls(), 4)[:-2]),
    "torch zip": ("torch-zip", torch_zip),
    "torch legacy": ("torch-legacy", torch_legacy),
    "npy": ("npy", lambda: numpy_array([1.0, 2.0])),
    "npy of objects": ("npy-pickle", lambda: numpy_array([{}, None], dtype=object)),
    "npy of records with objects": ("npy-pickle", lambda: numpy_array([(1, {})], dtype=[("a", "i4"), ("b", "O")])),
    "zip": ("zip", archive),
    "tar": ("tar", tarball),
    "gzip": ("gzip", lambda: gzip.compress(b"x")),
    "bzip2": ("bzip2", lambda: bz2.compress(b"x")),
    "empty bzip2": ("bzip2", lambda: bz2.compress(b"")),
    "xz": ("xz", lambda: lzma.compress(b"x")),
    "zlib": ("zlib", lambda: zlib.compress(b"some text, compressed")),
    "zstd": ("zstd", lambda: b"\x28\xb5\x2f\xfd\x20\x01\x09\x00\x00x"),
    "zstd behind a frame that is skipped": (
        "zstd",
        lambda: b"\x50*M\x18\x01\x00\x00\x00?\x28\xb5\x2f\xfd\x20\x01\x09\x00\x00x",
    ),
    "lz4": ("lz4", lambda: b"\x04\x22\x4d\x18\x60\x40\x82\x01\x00\x00\x80x" + bytes(4)),
    "7z": ("7z", lambda: b"7z\xbc\xaf\x27\x1c\x00\x04"),
    "elf": ("elf", lambda: Path(sys.executable).read_bytes()[:4096] if sys.platform == "linux" else b"\x7fELF\x02"),
    "pe": ("pe", portable_executable),
    "dos program": ("pe", lambda: b"MZ\x90\x00\x03\x00" + b"\x00" * 32),
    "llamafile": ("pe", lambda: b"MZqFpD='\n#'\"\n" + b"\n" * 100),
    "macho": ("macho", lambda: b"\xcf\xfa\xed\xfe\x07\x00\x00\x01"),
    "fat macho": ("macho", lambda: b"\xca\xfe\xba\xbe\x00\x00\x00\x02"),
    "java": ("java-class", lambda: b"\xca\xfe\xba\xbe\x00\x00\x00\x37"),
    "wasm": ("wasm", lambda: b"\x00asm\x01\x00\x00\x00"),
    "python bytecode": ("python-bytecode", bytecode),
    "hdf5": ("hdf5", lambda: b"\x89HDF\r\n\x1a\n\x00"),
    "onnx": ("onnx", lambda: b"\x08\x07\x12\x07pytorch\x1a\x052.1.0" + ONNX_GRAPH),
    "onnx without a producer": ("onnx", lambda: b"\x08\x08" + ONNX_GRAPH + b"\x42\x02\x10\x11"),
    "onnx with empty words": ("onnx", lambda: b"\x08\x08\x12\x04spox2\x00" + ONNX_GRAPH),
    "onnx, the version at the end": ("onnx", lambda: ONNX_GRAPH + b"\x08\x08"),
    "onnx, cut short": ("onnx", lambda: b"\x08\x07\x12\x07pytorch" + ONNX_GRAPH[:-3]),
    "tensorrt": ("tensorrt", lambda: b"ftrt" + bytes(28)),
    "tensorrt behind JSON": ("tensorrt", lambda: struct.pack("<I", 12) + b'{"imgsz": 8}' + b"ftrt" + bytes(28)),
    "ctranslate2": ("ctranslate2", lambda: struct.pack("<IH", 6, 12) + b"WhisperSpec\0" + struct.pack("<II", 3, 9)),
    "fasttext": ("fasttext", lambda: struct.pack("<iii", 793712314, 12, 100)),
    "executorch": ("executorch", lambda: b"\x20\x00\x00\x00ET12\x00\x00"),
    "flax": ("msgpack", lambda: b"\x81\xa6params\x82\xa5dense"),
    "sqlite": ("sqlite", database),
    "sentencepiece": ("sentencepiece", sentencepiece),
    "pdf": ("pdf", lambda: b"%PDF-1.7\n"),
    "png": ("image", lambda: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
    "jpeg": ("image", lambda: b"\xff\xd8\xff\xe0\x00\x10JFIF"),
    "truetype": ("font", lambda: b"\x00\x01\x00\x00\x00\x0b\x00\x80\x00\x03\x00\x30GDEF" + bytes(12)),
    "opentype": ("font", lambda: b"OTTO\x00\x0b\x00\x80\x00\x03\x00\x30CFF " + bytes(12)),
    "imatrix": ("imatrix", lambda: struct.pack("<ii", 196, 19) + b"blk.0.attn_k.weight" + bytes(16)),
    "apple double": ("apple-double", lambda: b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "),
    "script": ("script", lambda: b"#!/bin/sh\necho hello\n"),
    "python script": ("python", lambda: b"#!/usr/bin/env python3\nprint()\n"),
    "lfs pointer": ("lfs-pointer", lambda: LFS_POINTER),
    "bundle": ("bundle", lambda: BUNDLE),
    "page": ("html", lambda: b"<!doctype html>\n<html><script>alert(1)</script></html>\n"),
    "json object": ("json", lambda: b'{\n  "a": 1\n}\n'),
    "json array": ("json", lambda: b"[1, 2]"),
    "json with a byte order mark": ("json", lambda: b"\xef\xbb\xbf{}"),
    "empty": ("empty", lambda: b""),
    "text": ("text", "Grüße, 世界\n".encode),
    "utf-16 text": ("text", lambda: "hello".encode("utf-16")),
    "latin-1 text": ("text", lambda: ("Gr\xfc\xdfe aus der Schweiz, " * 20).encode("latin-1")),
    "template": ("text", lambda: b"{{ bos_token }}{% for m in messages %}{% endfor %}"),
    "template that begins with a statement": ("text", lambda: b"{%- if tools %}{%- endif %}"),
    "word list": ("text", lambda: b"cat\ndog\ncow\ncub\nbat\n"),
    "ignore file": ("text", lambda: b"checkpoints\n__pycache__\n.venv\n"),
    "broken utf-16": ("unknown", lambda: b"\xff\xfe\x00\xd8"),
    "zeros": ("unknown", lambda: b"\x00" * 100),
    "noise": ("unknown", lambda: bytes(range(128, 256)) * 4 + b"\x00"),
}
"""Name of a sample to (kind, bytes)."""
