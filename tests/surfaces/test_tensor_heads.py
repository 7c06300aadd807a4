"""Programs, pickles and archives at the beginning of a tensor, and numbers that are none of them."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import random
import struct
import zipfile
import zlib

import pytest

from fixtures.corpus.executables import ELF, MACHO, PE, SCRIPT
from provenance.surfaces.tensor_heads import program


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.py", "import os")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (ELF, "ELF program"),
        (PE, "Windows program"),
        (MACHO, "Mach-O program"),
        (SCRIPT, "script for /bin/sh"),
        (b"#!/usr/bin/env python3\nprint()\n", "Python script"),
        (pickle.dumps(os.getcwd), "pickle"),
        (pickle.dumps(os.getcwd, 0) + bytes(64), "pickle"),
        (b"cos\nsystem\n(S'true'\ntR.", "pickle"),
        (zipped(), "zip"),
        (gzip.compress(b"some text " * 20), "gzip"),
    ],
)
def test_what_runs_or_unpacks_is_told(data: bytes, words: str) -> None:
    assert words in program(data[:4096], len(data))
    assert words in program(data[:4096] + bytes(5000 - len(data)), 5000)


@pytest.mark.parametrize(
    "data",
    [
        bytes(4096),
        b"MZ" + bytes(200),
        b"MZ" + random.Random(0).randbytes(4000),
        b"\x1f\x8b" + random.Random(1).randbytes(4000),
        b"\x80\x04" + random.Random(2).randbytes(4000),
        b"\x80\x02." + bytes(4000),
        zlib.compress(b"text " * 100),
        pickle.dumps([1.0, 2.0]),
        json.dumps({"quant_type": "nf4", "blocksize": 64}).encode(),
        b"#!" + bytes(30),
        struct.pack("<512f", *(random.Random(3).gauss(0, 1) for _ in range(512))),
    ],
)
def test_numbers_and_plain_data_are_not(data: bytes) -> None:
    assert program(data[:4096], len(data)) == ""


def test_random_bytes_are_never_taken_for_anything() -> None:
    source = random.Random(4)
    for mark in (b"", b"MZ", b"\x1f\x8b\x08", b"\x80\x04", b"PK", b"BZh", b"cos\nsys", b"#!"):
        for _ in range(500):
            assert program(mark + source.randbytes(1024), 10**6) == ""
