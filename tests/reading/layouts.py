"""Small models written by hand: safetensors files of chosen tensors, folders, and a Hugging Face cache."""

from __future__ import annotations

import json
import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from provenance.reading.engine import OpenModel
from provenance.records import Tensor

Stored = tuple[str, Sequence[int], bytes]
"""dtype, shape, stored bytes."""

REVISION = "8f3b0d2f4a5c6e7d8f9a0b1c2d3e4f5061728394"


def safetensors(tensors: Mapping[str, Stored], metadata: Mapping[str, str] | None = None) -> bytes:
    """A safetensors file that stores `tensors` in their order."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    offset = 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(data for _, _, data in tensors.values())


def bf16(elements: int, seed: int = 0) -> Stored:
    """A vector of `elements` random bf16 values."""
    return "BF16", [elements], random.Random(seed).randbytes(2 * elements)


def f32(elements: int, seed: int = 0) -> Stored:
    """A vector of `elements` random f32 values."""
    return "F32", [elements], random.Random(seed).randbytes(4 * elements)


def write(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write `files` under `root`, which is returned."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def hugging_face_cache(cache: Path, files: Mapping[str, bytes], *, shared: Sequence[str] = ()) -> Path:
    """A cache as `huggingface_hub` 2 leaves it, with one snapshot of `files`, which is returned.

    Files over 64 bytes count as large: their blobs are named by SHA-256. Those in `shared` lie in the cache-wide store.
    """
    repository = cache / "models--org--name"
    snapshot = repository / "snapshots" / REVISION
    (repository / "blobs").mkdir(parents=True)
    write(repository, {"refs/main": REVISION.encode()})
    for path, content in files.items():
        etag = sha256(content).hexdigest()
        blob = repository / "blobs" / (etag if len(content) > 64 else etag[:40])
        if path in shared:
            xet = sha256(b"xet" + content).hexdigest()
            write(cache / "blobs", {".huggingface-shared-blobs": b"1\n", f"{xet[:2]}/{xet}": content})
            blob.symlink_to(os.path.relpath(cache / "blobs" / xet[:2] / xet, blob.parent))
        else:
            blob.write_bytes(content)
        link = snapshot / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
    return snapshot


def tensors(model: OpenModel) -> dict[str, Tensor]:
    """The tensors of an open model by name."""
    return {tensor.name: tensor for header in model.headers for tensor in header.tensors}


@contextmanager
def unprivileged() -> Iterator[Path]:
    """An empty folder, and no right to look past the permission bits (root has it) inside of the block."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    user = os.geteuid()
    if user == 0:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder.resolve()
    finally:
        os.seteuid(user)
        for found in folder.rglob("*"):
            found.chmod(0o755)
        shutil.rmtree(folder)
