"""The one seam: what is read, by whom, and that nothing but our own errors comes out of it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import blake3
import pytest

from provenance.errors import CouldNotLook, MalformedFile
from provenance.reading.formats import FORMATS, claimed, read_header, recognise
from provenance.reading.formats.gguf import GGUF
from provenance.reading.formats.interface import HEAD_BYTES, read_exactly
from provenance.reading.formats.npy import NPY
from provenance.reading.formats.npz import NPZ
from provenance.reading.formats.onnx import ONNX
from provenance.reading.formats.safetensors import SAFETENSORS
from provenance.reading.formats.torch import TORCH

from .forge import Bytes, OnDisk, assert_sound, gguf, safetensors, small_gguf, small_safetensors
from .other_forge import small_npy, small_npz, small_onnx
from .torch_forge import small_torch

SMALL = {
    SAFETENSORS: small_safetensors(),
    GGUF: small_gguf(),
    TORCH: small_torch(),
    NPY: small_npy(),
    NPZ: small_npz(),
    ONNX: small_onnx(),
}


def test_the_formats_are_these() -> None:
    assert FORMATS == (SAFETENSORS, GGUF, TORCH, NPY, NPZ, ONNX)
    assert [known.name for known in FORMATS] == ["safetensors", "gguf", "torch", "npy", "npz", "onnx"]


def test_every_format_has_its_file_and_its_small_honest_file() -> None:
    folder = Path(__file__).parents[3] / "provenance" / "reading" / "formats"
    for known in FORMATS:
        assert (folder / f"{known.name}.py").is_file()
        assert known in SMALL


@pytest.mark.parametrize("name", ["model", "model.bin", "sha256-0123", "model.safetensors.part"])
@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_content_decides_whatever_the_name(known: object, name: str) -> None:
    kind = next(one for one in FORMATS if one is known)
    reader = Bytes(SMALL[kind], name)
    assert recognise(reader) is kind
    assert claimed(name) is None
    header = read_header(reader)
    assert header is not None
    assert header.format == kind.name
    assert header.file == name
    assert all(tensor.file == name for tensor in header.tensors)


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_the_digest_is_of_the_header_bytes(known: object) -> None:
    kind = next(one for one in FORMATS if one is known)
    data = SMALL[kind]
    header = read_header(Bytes(data, "x"))
    assert header is not None
    assert_sound(header, len(data))
    if header.nbytes:  # else what describes the tensors is not in front of them
        assert header.blake3 == blake3.blake3(data[: header.nbytes]).hexdigest()
        assert header.tensors[0].offset == header.nbytes


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"a": {"b": {"c": 1}}}',
        b"GGUF models are small.\n",
        b"GGUF",
        b"\x80\x04cos\nsystem\n.",
        b"PK\3\4" + bytes(60),
        b"\x7fELF" + bytes(60),
        b"01234567{}",
        struct.pack("<Q", 100_000_001) + b"{}",
        b"\0" * 64,
    ],
    ids=repr,
)
def test_other_files_are_nobodys(data: bytes) -> None:
    reader = Bytes(data, "README.md")
    assert recognise(reader) is None
    assert read_header(reader) is None


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b.safetensors", "safetensors"),
        ("B.SafeTensors", "safetensors"),
        ("m.Q4_K_M.gguf", "gguf"),
        ("M.GGUF", "gguf"),
    ],
)
def test_names_that_claim_a_format(path: str, name: str) -> None:
    claim = claimed(path)
    assert claim is not None
    assert claim.name == name


@pytest.mark.parametrize("path", ["safetensors", "model.safetensors.index.json", "model.gguf.txt", "ggml-model.bin"])
def test_names_that_claim_nothing(path: str) -> None:
    assert claimed(path) is None


def test_a_gguf_file_of_123_tensors_is_not_taken_for_safetensors() -> None:
    """Byte 8, where safetensors has its brace, is the low byte of GGUF's tensor count."""
    data = gguf(tensor_count=ord("{"))
    assert data[8:9] == b"{"
    assert recognise(Bytes(data, "x")) is GGUF
    with pytest.raises(MalformedFile, match="not-safetensors"):
        read_header(Bytes(data, "x.safetensors"))


def test_a_git_lfs_pointer_is_said_to_be_no_weights() -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    with pytest.raises(MalformedFile, match=r"model.safetensors: .*fetch it again.*"):
        read_header(Bytes(pointer, "model.safetensors"))


def test_recognition_needs_no_more_than_the_head_but_in_archives_and_messages() -> None:
    for known, data in SMALL.items():
        further = known in (TORCH, NPZ, ONNX)
        assert known.matches(data[:HEAD_BYTES], Bytes(data if further else b"", "m"))
        assert not known.matches(data[:4], Bytes(b"", "m"))


def test_a_missing_file_could_not_be_looked_at(tmp_path: Path) -> None:
    gone = OnDisk(tmp_path / "model.gguf")
    gone.file.write_bytes(small_gguf())
    assert read_header(gone) is not None
    gone.file.unlink()
    with pytest.raises(CouldNotLook, match=r"model\.gguf: cannot be read: No such file"):
        read_header(gone)


@dataclass(frozen=True)
class Failing(Bytes):
    """Fails as soon as it is read, as a reader at the end of its stack or its memory would."""

    failure: Exception

    def pread(self, nbytes: int, offset: int) -> bytes:
        raise self.failure


@pytest.mark.parametrize(
    "failure",
    [
        OSError(5, "Input/output error"),
        OSError("no number"),
        RecursionError(),
        MemoryError(),
        OverflowError(),
        struct.error(),
        UnicodeDecodeError("utf-8", b"", 0, 1, ""),
    ],
    ids=repr,
)
def test_no_failure_leaves_as_a_traceback(failure: Exception) -> None:
    with pytest.raises(CouldNotLook, match=r"^model\.gguf: ") as caught:
        read_header(Failing(small_gguf(), "model.gguf", failure))
    assert not isinstance(caught.value, MalformedFile)


@dataclass(frozen=True)
class Shrinking(Bytes):
    """A file that is cut to `left` bytes after its size was taken."""

    left: int = 0

    def pread(self, nbytes: int, offset: int) -> bytes:
        return self.data[: self.left][offset : offset + nbytes]


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_a_file_that_shrinks_is_not_called_malformed(known: object) -> None:
    data = SMALL[next(one for one in FORMATS if one is known)]
    for left in (0, HEAD_BYTES, HEAD_BYTES + 20):
        with pytest.raises(CouldNotLook, match="shrank") as caught:
            read_header(Shrinking(data, "x", left))
        assert not isinstance(caught.value, MalformedFile)


def test_reading_exactly() -> None:
    assert read_exactly(Bytes(b"abc", "x"), 2, 1) == b"bc"
    assert read_exactly(Bytes(b"abc", "x"), 0, 3) == b""
    with pytest.raises(CouldNotLook):
        read_exactly(Bytes(b"abc", "x"), 3, 1)


def test_header_without_tensors_is_a_valid_reading() -> None:
    for data in (safetensors({}), safetensors({"__metadata__": {"a": "b"}}), gguf()):
        header = read_header(Bytes(data, "x"))
        assert header is not None
        assert header.tensors == ()
        assert header.nbytes == len(data)
