"""torch's format from before 1.6: five pickles in a row, then the storages.

They are the magic number, the protocol version, facts about the writer's machine, the object, and the list of the
storages' keys. Then for each key the number of elements (8 bytes, little-endian) and the elements.
"""

from __future__ import annotations

import blake3

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats.interface import read_exactly
from provenance.reading.formats.rules import Rule, quoted
from provenance.reading.formats.torch_calls import Storage
from provenance.reading.formats.torch_pickle import MAX_PICKLE_BYTES, Machine, TruncatedError
from provenance.reading.formats.torch_tensors import find_tensors
from provenance.records import ByteReader, Header

MAGIC = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
"""The pickled integer 0x1950a86a20f9469cfc6c."""
PROTOCOL = 1001
_FIRST_LOOK = 256 * 1024
_COUNT_BYTES = 8


def matches(head: bytes, reader: ByteReader) -> bool:
    """The pickled magic number."""
    del reader
    return head.startswith(MAGIC)


def read_header(reader: ByteReader) -> Header:
    """The header of `reader`'s file, in three steps; nothing is handed out before the last."""
    # 1. The pickles: nobody says how long they are, so more is read only where they go on.
    window = _FIRST_LOOK
    while True:
        front = read_exactly(reader, min(window, reader.size), 0)
        try:
            pickles = _Pickles(front, reader.path)
            break
        except TruncatedError:
            if window >= min(reader.size, MAX_PICKLE_BYTES):
                what = "whose pickles end too early, or are larger than this reader takes"
                raise UnsupportedFile(what, where=reader.path) from None
            window = min(window * 8, MAX_PICKLE_BYTES)

    # 2. The storages, one behind the other.
    digest = blake3.blake3(front[: pickles.end])
    places: dict[str, int] = {}
    position = pickles.end
    for key in pickles.keys:
        storage = pickles.storages[key]
        count = read_exactly(reader, _COUNT_BYTES, position) if position + _COUNT_BYTES <= reader.size else b""
        places[key] = position + _COUNT_BYTES
        position = places[key] + storage.elements * storage.itemsize
        if int.from_bytes(count, "little") != storage.elements or not count or not 0 <= position <= reader.size:
            what = f"the storage {quoted(key)} is not as long as the pickle says, or not wholly there"
            raise MalformedFile(Rule.STORAGE_SIZE, what, where=reader.path, offset=places[key] - _COUNT_BYTES)
        digest.update(count)
    if position != reader.size:
        raise UnsupportedFile("with something behind its last storage", where=reader.path)

    # 3. Every tensor against them.
    def place(storage: Storage) -> int:
        if storage.key not in places:
            what = f"the storage {quoted(storage.key)} is not in the file: torch leaves it uninitialised"
            raise MalformedFile(Rule.STORAGE_MISSING, what, where=reader.path)
        return places[storage.key]

    found = find_tensors(pickles.value, pickles.storages, place, reader)
    return Header(reader.path, "torch", 0, found.tensors, {}, 0, digest.hexdigest(), found.unread)


class _Pickles:
    """The five of them, run one after the other; `TruncatedError` where `front` ends before they do."""

    def __init__(self, front: bytes, file: str) -> None:
        self.end = len(MAGIC)
        self._front, self._file = front, file
        protocol, _ = self._next()
        system, _ = self._next()
        self.value, machine = self._next()
        self.storages = machine.storages
        keys, _ = self._next()
        little = isinstance(system, dict) and system.get("little_endian") is True
        if protocol != PROTOCOL or not little:
            raise UnsupportedFile("which is of another protocol, or not little-endian", where=file)
        self.keys = self._checked(keys)

    def _next(self) -> tuple[object, Machine]:
        machine = Machine(self._front, self._file, self.end, legacy=True)
        value = machine.run()
        self.end = machine.end
        return value, machine

    def _checked(self, keys: object) -> list[str]:
        """The storages' keys as distinct texts, all of which the object names."""
        listed = keys if isinstance(keys, list | tuple) else ()
        known = [key for key in listed if isinstance(key, str)]
        distinct = len({*known}) == len(listed) and self.storages.keys() >= {*known}
        if not isinstance(keys, list | tuple) or not distinct:
            raise UnsupportedFile("whose storages are listed as no version of torch.save does", where=self._file)
        return known
