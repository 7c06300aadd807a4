"""The headers of weight files, through the one seam that everything reads them by."""

from __future__ import annotations

from provenance.errors import MalformedFile
from provenance.reading.formats.shards import read_index
from tests.fuzz import interface
from tests.fuzz.kinds import KINDS
from tests.fuzz.targets.interface import Target
from tests.reading.formats.forge import Bytes
from tests.reading.formats.other_forge import small_onnx

_INDEX = b'{"metadata": {"total_size": 12}, "weight_map": {"a": "model-00001-of-00001.safetensors", "b": "b"}}'


def _read(data: bytes, name: str) -> None:
    failure = interface.read_ours(data, name).failure
    assert not failure, failure


def read_safetensors(data: bytes) -> None:
    """A file that its name says is safetensors."""
    _read(data, "m.safetensors")


def read_gguf(data: bytes) -> None:
    """A file that its name says is GGUF."""
    _read(data, "m.gguf")


def read_torch(data: bytes) -> None:
    """A checkpoint of either of torch's formats, or what else the bytes make of it."""
    _read(data, "pytorch_model.bin")


def read_npy(data: bytes) -> None:
    """One array."""
    _read(data, "m.npy")


def read_npz(data: bytes) -> None:
    """A zip of arrays."""
    _read(data, "m.npz")


def read_onnx(data: bytes) -> None:
    """A graph with its tensors."""
    _read(data, "m.onnx")


def read_shard_index(data: bytes) -> None:
    """`model.safetensors.index.json`."""
    try:
        read_index(Bytes(data, "model.safetensors.index.json"))
    except MalformedFile:
        return


WEIGHTS = (
    Target("safetensors", read_safetensors, KINDS["safetensors"].seeds),
    Target("gguf", read_gguf, KINDS["gguf"].seeds),
    Target("torch", read_torch, KINDS["torch"].seeds),
    Target("torch-legacy", read_torch, KINDS["torch-legacy"].seeds),
    Target("npy", read_npy, KINDS["npy"].seeds),
    Target("npz", read_npz, KINDS["npz"].seeds),
    Target("onnx", read_onnx, lambda: (small_onnx(),)),
    Target("shard-index", read_shard_index, lambda: (_INDEX,)),
)
