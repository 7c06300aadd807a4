"""PyTorch checkpoints, without torch: the zip of `torch.save` since 1.6, and the pickles in a row from before."""

from __future__ import annotations

from provenance.reading.formats import torch_legacy, torch_zip
from provenance.reading.formats.interface import Format
from provenance.records import ByteReader, Header


def matches(head: bytes, reader: ByteReader) -> bool:
    """Either of the two."""
    return torch_legacy.matches(head, reader) or torch_zip.matches(head, reader)


def read_header(reader: ByteReader) -> Header:
    """The header of whichever it is."""
    if reader.pread(len(torch_legacy.MAGIC), 0) == torch_legacy.MAGIC:
        return torch_legacy.read_header(reader)
    return torch_zip.read_header(reader)


TORCH = Format("torch", (), matches, read_header, "a torch checkpoint")
"""No ending claims it: `.bin` and `.pt` are also the names of much else."""
