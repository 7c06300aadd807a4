"""The digests of a model's files and tensors, and the two names made of them. docs/digests.md says each byte by byte.

    file             SHA-256 of its bytes
    tensor           BLAKE3 of its stored bytes
    directory digest SHA-256 of what `sha256sum` prints for the sorted files: commits to names and content
    tensor root      BLAKE3 Merkle root of the tensors: unchanged by re-sharding, renaming of files and metadata

Why two functions: the subject of a statement must be SHA-256 for others to check it; a second SHA-256 for the tensors
would nearly double the time of a scan, BLAKE3 costs a fifth.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence

from blake3 import blake3

from provenance.reading.sha256 import TWO_AT_ONCE, Lane
from provenance.records import Consumer, FileDigest, Manifest, ModelKind, Tensor, TensorDigest, Unit

_LEAF, _NODE = b"\x00", b"\x01"
"""Domain separation as in RFC 6962: no leaf can be taken for a node."""


class FileDigester:
    """Consumer of a whole file; its record is a `FileDigest`."""

    def begin(self, unit: Unit) -> None:
        """Start a new digest."""
        self._unit = unit
        self._sha256: Lane | hashlib._Hash | None = None

    def update(self, chunk: memoryview) -> None:
        """Digest the next bytes."""
        if self._sha256 is None:
            self._sha256 = hashlib.sha256()
        self._sha256.update(chunk)

    def update_two(self, chunk: memoryview, other: FileDigester, other_chunk: memoryview) -> None:
        """Digest the next bytes of this file, and of another: faster than one after the other where both began so."""
        if TWO_AT_ONCE:
            self._sha256, other._sha256 = self._sha256 or Lane(), other._sha256 or Lane()
        if isinstance(self._sha256, Lane) and isinstance(other._sha256, Lane):
            self._sha256.update_two(chunk, other._sha256, other_chunk)
        else:
            self.update(chunk)
            other.update(other_chunk)

    def finish(self) -> FileDigest:
        """The digest of all bytes since `begin`."""
        digest = self._sha256 or hashlib.sha256()
        return FileDigest(self._unit.file, self._unit.nbytes, digest.hexdigest())


class TensorDigester:
    """Consumer of one tensor's stored bytes; its record is a `TensorDigest`."""

    def begin(self, unit: Unit) -> None:
        """Start a new digest; a unit without a tensor is a `ValueError`."""
        if unit.tensor is None:
            raise ValueError("a tensor digest needs a unit that is a tensor")
        self._tensor = unit.tensor
        self._blake3 = blake3()

    def update(self, chunk: memoryview) -> None:
        """Digest the next bytes."""
        self._blake3.update(chunk)

    def finish(self) -> TensorDigest:
        """The digest of all bytes since `begin`."""
        tensor = self._tensor
        return TensorDigest(tensor.name, tensor.dtype, tensor.shape, tensor.file, tensor.nbytes, self.hexdigest())

    def hexdigest(self) -> str:
        """The digest of the bytes so far."""
        return self._blake3.hexdigest()


class RangesDigester:
    """BLAKE3 of ranges of a file, fed from front to back: what was looked at must be what is digested."""

    def __init__(self, expected: Mapping[tuple[int, int], bytes]) -> None:
        self._waiting = sorted(expected.items(), reverse=True)
        self._begun: list[tuple[tuple[int, int], bytes, blake3]] = []
        self._differs = False

    def update(self, chunk: memoryview, offset: int) -> None:
        """Digest as much of the bytes at `offset`, which follow the ones before, as belongs to the ranges."""
        self._begun = [begun for begun in self._begun if self._goes_on(*begun, chunk, offset)]
        while self._waiting and self._waiting[-1][0][0] < offset + len(chunk):
            within, expected = self._waiting.pop()
            digest = blake3()
            if self._goes_on(within, expected, digest, chunk, offset):
                self._begun.append((within, expected, digest))

    def as_expected(self) -> bool:
        """Whether every range has ended, with the digest that was expected."""
        return not (self._differs or self._waiting or self._begun)

    def _goes_on(
        self, within: tuple[int, int], expected: bytes, digest: blake3, chunk: memoryview, offset: int
    ) -> bool:
        """Feed the part of `chunk` that lies in the range; whether there is more of it behind."""
        start, end = within[0], within[0] + within[1]
        digest.update(chunk[max(0, start - offset) : end - offset])
        if end > offset + len(chunk):
            return True
        self._differs = self._differs or digest.digest() != expected
        return False


def digest_file(unit: Unit) -> FileDigester:
    """Factory for the engine: every file is digested."""
    del unit
    return FileDigester()


def digest_tensor(unit: Unit) -> TensorDigester:
    """Factory for the engine: every tensor is digested."""
    del unit
    return TensorDigester()


class _Lister:
    """Consumer of one whole file that looks at no byte of it; its record is a `FileDigest` without a digest."""

    def begin(self, unit: Unit) -> None:
        self._unit = unit

    def update(self, chunk: memoryview) -> None:
        del chunk

    def finish(self) -> FileDigest:
        return FileDigest(self._unit.file, self._unit.nbytes, None)


def list_file(unit: Unit) -> Consumer[FileDigest]:
    """Factory for a run without digests: every file is named."""
    del unit
    return _Lister()


def list_tensor(tensor: Tensor) -> TensorDigest:
    """A tensor of a run without digests, as its header declares it."""
    return TensorDigest(tensor.name, tensor.dtype, tensor.shape, tensor.file, tensor.nbytes, None)


def directory_digest(files: Iterable[FileDigest]) -> str:
    """SHA-256, hex, of the lines `sha256sum` prints for `files` in byte order of their paths.

    Equal to `find … | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum` for every name that `sources/` lets through.
    """
    lines = hashlib.sha256()
    for file in sorted(files, key=_path_bytes):
        lines.update(f"{file.sha256}  {file.path}\n".encode())
    return lines.hexdigest()


def tensor_root(tensors: Iterable[TensorDigest]) -> str | None:
    """BLAKE3 Merkle root, hex, over the canonical encodings of `tensors`.

    None where there are none, or one was not digested.
    """
    tensors = tuple(tensors)
    if any(tensor.blake3 is None for tensor in tensors):
        return None
    encoded = sorted((tensor.name.encode(), encode_tensor(tensor)) for tensor in tensors)
    if not encoded:
        return None
    return _merkle([blake3(_LEAF + leaf).digest() for _, leaf in encoded]).hex()


def encode_tensor(tensor: TensorDigest) -> bytes:
    """Canonical encoding of one tensor, all integers little-endian.

    u32 length and UTF-8 name, u32 length and ASCII dtype, u32 number of dimensions and a u64 each, 32 bytes of BLAKE3.
    Raises `ValueError` where there is no digest.
    """
    if tensor.blake3 is None:
        raise ValueError(f"{tensor.name} was not digested")
    name, dtype = tensor.name.encode(), tensor.dtype.encode("ascii")
    return b"".join(
        (
            struct.pack("<I", len(name)),
            name,
            struct.pack("<I", len(dtype)),
            dtype,
            struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape),
            bytes.fromhex(tensor.blake3),
        )
    )


def manifest(
    kind: ModelKind, files: Iterable[FileDigest], tensors: Iterable[TensorDigest], excluded: Iterable[str] = ()
) -> Manifest:
    """The model's files and tensors in canonical order, with both of its names, or none where any was not digested.

    Raises `ValueError` where there are no files, or more than one in a model that is a single file.
    """
    in_order = tuple(sorted(files, key=_path_bytes))
    by_name = tuple(sorted(tensors, key=lambda tensor: (tensor.name.encode(), tensor.file.encode())))
    return Manifest(
        kind=kind,
        files=in_order,
        tensors=by_name,
        subject_sha256=_subject(kind, in_order),
        tensor_root=tensor_root(by_name),
        excluded=tuple(sorted(excluded)),
    )


def _subject(kind: ModelKind, files: Sequence[FileDigest]) -> str | None:
    if any(file.sha256 is None for file in files):
        return None
    if kind is not ModelKind.FILE:
        return directory_digest(files)
    if len(files) != 1:
        raise ValueError(f"a single file is one file, not {len(files)}")
    return files[0].sha256


def _path_bytes(file: FileDigest) -> bytes:
    return file.path.encode()


def _merkle(hashes: Sequence[bytes]) -> bytes:
    """Root of a tree of RFC 6962's shape: the left half is the largest power of two below the number of leaves."""
    if len(hashes) == 1:
        return hashes[0]
    left = 1 << ((len(hashes) - 1).bit_length() - 1)
    return blake3(_NODE + _merkle(hashes[:left]) + _merkle(hashes[left:])).digest()
