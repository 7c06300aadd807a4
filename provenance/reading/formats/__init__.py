"""Weight formats: who reads a file is decided by its content, and its name only has to agree.

`read_header` is the one seam: from any file it gives a validated header, None for a file that is no weight file of
ours, `MalformedFile` with the name of the broken rule, `UnsupportedFile` for a variant that is not read, or another
`CouldNotLook`; never another exception.
"""

from __future__ import annotations

import struct

from provenance.errors import CouldNotLook, MalformedFile
from provenance.reading.formats.gguf import GGUF
from provenance.reading.formats.interface import HEAD_BYTES, Format, read_exactly
from provenance.reading.formats.npy import NPY
from provenance.reading.formats.npz import NPZ
from provenance.reading.formats.onnx import ONNX
from provenance.reading.formats.rules import Rule
from provenance.reading.formats.safetensors import SAFETENSORS
from provenance.reading.formats.torch import TORCH
from provenance.records import ByteReader, Header

FORMATS = (SAFETENSORS, GGUF, TORCH, NPY, NPZ, ONNX)


def recognise(reader: ByteReader) -> Format | None:
    """The format that a file's content is of, whatever its name."""
    head = read_exactly(reader, min(HEAD_BYTES, reader.size), 0)
    return next((known for known in FORMATS if known.matches(head, reader)), None)


def claimed(path: str) -> Format | None:
    """The format that a file's name says it is of, whatever its content."""
    return next((known for known in FORMATS if known.claims(path)), None)


def read_header(reader: ByteReader) -> Header | None:
    """The validated header of a weight file; None where neither content nor name says that it is one."""
    try:
        found, claim = recognise(reader), claimed(reader.path)
        if found and claim and found is not claim:
            raise MalformedFile(Rule(f"not-{claim.name}"), f"a {found.name} file by its content", where=reader.path)
        kind = found or claim
        return kind.read_header(reader) if kind else None
    except OSError as error:
        raise CouldNotLook(f"cannot be read: {error.strerror or error}", where=reader.path) from error
    except (struct.error, UnicodeError, RecursionError, OverflowError, MemoryError) as error:
        # None of these has a known cause: the readers check first. One line all the same, never a traceback.
        raise CouldNotLook(f"the header's reader failed: {type(error).__name__}", where=reader.path) from error
