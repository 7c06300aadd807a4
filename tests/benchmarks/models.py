"""Models for benchmarks. Weights are holes in files: they take no room on disk, and cost a digest what weights cost."""

from __future__ import annotations

import json
import os
import struct
import zlib
from pathlib import Path

GIBIBYTE = 1 << 30

_PICKLE = b"\x80\x02}q\x00."
"""An empty dictionary: what a scan costs must not depend on the tensors behind it."""


def safetensors(folder: Path, nbytes: int, shards: int, tensor_bytes: int = 8 << 20) -> str:
    """A model of bf16 vectors of `tensor_bytes` each, with the index of its shards."""
    folder.mkdir()
    weight_map: dict[str, str] = {}
    for number in range(shards):
        name = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        header = {
            f"layers.{number}.{k}": {
                "dtype": "BF16",
                "shape": [tensor_bytes // 2],
                "data_offsets": [k * tensor_bytes, (k + 1) * tensor_bytes],
            }
            for k in range(nbytes // shards // tensor_bytes)
        }
        weight_map |= dict.fromkeys(header, name)
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        path = folder / name
        path.write_bytes(len(text).to_bytes(8, "little") + text)
        os.truncate(path, 8 + len(text) + nbytes // shards)
    if shards > 1:
        index = {"metadata": {"total_size": nbytes}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return str(folder)


def torch_zip(folder: Path, nbytes: int) -> str:
    """A folder with one checkpoint as `torch.save` lays it out: a pickle, and storages of 64 MiB that are stored."""
    folder.mkdir()
    size = 64 << 20
    crc = 0
    for _ in range(size >> 20):
        crc = zlib.crc32(bytes(1 << 20), crc)
    members = [("archive/data.pkl", _PICKLE, zlib.crc32(_PICKLE), len(_PICKLE))]
    members += [(f"archive/data/{k}", b"", crc, size) for k in range(nbytes // size)]
    directory = b""
    with (folder / "pytorch_model.bin").open("wb") as file:
        for name, content, checksum, length in members:
            fields = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, checksum, length, length, len(name), 0)
            directory += b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, file.tell())
            directory += name.encode()
            file.write(b"PK\x03\x04" + fields + name.encode() + content)
            file.truncate(file.tell() + length - len(content))
            file.seek(0, os.SEEK_END)
        start = file.tell()
        end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), start, 0)
        file.write(directory + b"PK\x05\x06" + end)
    return str(folder)
