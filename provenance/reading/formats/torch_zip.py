"""torch's zip format, of `torch.save` since 1.6: one pickle, and each storage a member of its own, stored as it is.

    ARCHIVE/data.pkl      the pickle
    ARCHIVE/byteorder     `little`; absent before 2.1
    ARCHIVE/data/KEY      the bytes of the storage KEY
    ARCHIVE/version       of the format, in decimals

torch's own reader (caffe2/serialize/inline_container.cc) looks members up without regard to case, under the folder of
the first one, and checks neither their check sums nor that a storage has as many bytes as the pickle says.
"""

from __future__ import annotations

import blake3

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats import zip_directory
from provenance.reading.formats.interface import read_exactly
from provenance.reading.formats.rules import Rule, quoted
from provenance.reading.formats.torch_calls import Storage
from provenance.reading.formats.torch_pickle import MAX_PICKLE_BYTES, Machine, TruncatedError
from provenance.reading.formats.torch_tensors import find_tensors
from provenance.reading.formats.zip_directory import Member, read_directory
from provenance.records import ByteReader, Header

VERSIONS = range(1, 11)
"""What torch's reader takes."""
_MAX_VERSION_BYTES = 32
_PICKLE = "data.pkl"


def matches(head: bytes, reader: ByteReader) -> bool:
    """A zip from its first byte on that holds `ARCHIVE/data.pkl`."""
    return head.startswith(zip_directory.MAGIC) and f"/{_PICKLE}".encode() in zip_directory.glance(reader)


def read_header(reader: ByteReader) -> Header:
    """The header of `reader`'s file, in three steps; nothing is handed out before the last."""
    # 1. The directory, and the small members that say how to read the others.
    directory = read_directory(reader)
    members = _Members(directory, reader)
    version = _version(members)
    if members.get("constants.pkl"):
        raise UnsupportedFile("which is a TorchScript program", where=reader.path)
    if members.text("byteorder", _MAX_VERSION_BYTES) not in (b"", b"little"):
        raise UnsupportedFile("which is not little-endian", where=reader.path)

    # 2. The pickle.
    pickle = members.text(_PICKLE, MAX_PICKLE_BYTES)
    machine = Machine(pickle, reader.path)
    try:
        value = machine.run()
    except TruncatedError:
        raise UnsupportedFile("whose pickle ends too early", where=reader.path) from None

    # 3. Every storage and tensor against the file.
    found = find_tensors(value, machine.storages, members.place, reader)
    digest = blake3.blake3(pickle)
    for member in directory:
        digest.update(f"{member.name}\0{member.offset}\0{member.nbytes}\0".encode())
    return Header(reader.path, "torch", version, found.tensors, {}, 0, digest.hexdigest(), found.unread)


class _Members:
    """The members of the archive by the names that the pickle knows them by."""

    def __init__(self, directory: tuple[Member, ...], reader: ByteReader) -> None:
        self.file = reader.path
        self._reader = reader
        self._members: dict[str, Member] = {}
        folded: set[str] = set()
        for member in directory:
            name = "".join(c.lower() if c.isascii() else c for c in member.name)
            if name in folded:
                what = f"the member {quoted(member.name)} stands twice"
                raise MalformedFile(Rule.ZIP_DUPLICATE, what, where=reader.path, offset=member.start)
            folded.add(name)
            self._members[member.name] = member
        self._archive, slash, _ = next(iter(self._members), "").partition("/")
        if not slash or f"{self._archive}/{_PICKLE}" not in self._members:
            raise UnsupportedFile(f"whose first folder holds no {_PICKLE}", where=reader.path)

    def get(self, name: str) -> Member | None:
        """The member of this name; None where there is none."""
        return self._members.get(f"{self._archive}/{name}")

    def text(self, name: str, most: int) -> bytes:
        """All bytes of a member; none where there is no such member."""
        member = self.get(name)
        if member is None:
            return b""
        if not member.stored or member.nbytes > most:
            what = f"whose {name} is compressed, or larger than this reader takes"
            raise UnsupportedFile(what, where=self._reader.path)
        return read_exactly(self._reader, member.nbytes, member.offset)

    def place(self, storage: Storage) -> int:
        """Where the bytes of a storage begin."""
        member = self.get(f"data/{storage.key}")
        if member is None:
            what = f"the storage {quoted(storage.key)} is not in the archive"
            raise MalformedFile(Rule.STORAGE_MISSING, what, where=self._reader.path)
        if not member.stored:
            raise UnsupportedFile("whose storages are compressed", where=self._reader.path)
        if member.nbytes != storage.elements * storage.itemsize:
            what = f"the storage {quoted(storage.key)} has {member.nbytes} bytes, and not as many as the pickle says"
            raise MalformedFile(Rule.STORAGE_SIZE, what, where=self._reader.path, offset=member.offset)
        return member.offset


def _version(members: _Members) -> int:
    text = members.text(".data/version", _MAX_VERSION_BYTES) or members.text("version", _MAX_VERSION_BYTES)
    digits = text.strip()
    version = int(digits) if digits.isdigit() else 0
    if version not in VERSIONS:
        raise UnsupportedFile("which is of no known version of torch's format", where=members.file)
    return version
