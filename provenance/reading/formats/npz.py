"""Several NumPy arrays in a zip, as `numpy.savez` writes them: a tensor is called as its member is, without `.npy`."""

from __future__ import annotations

import blake3

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats import npy, zip_directory
from provenance.reading.formats.interface import Format
from provenance.reading.formats.rules import Rule, hidden_character, quoted
from provenance.records import ByteReader, Header, Tensor

MAX_NAME_CHARACTERS = 1024
_SUFFIX = ".npy"


def matches(head: bytes, reader: ByteReader) -> bool:
    """A zip from its first byte on whose members are all called `*.npy`."""
    if not head.startswith(zip_directory.MAGIC):
        return False
    names = zip_directory.names(zip_directory.glance(reader))
    return bool(names) and all(name.endswith(_SUFFIX) for name in names)


def read_header(reader: ByteReader) -> Header:
    """The header of `reader`'s file."""
    arrays: dict[str, npy.Array] = {}
    tensors = []
    digest = blake3.blake3()
    for member in zip_directory.read_directory(reader):
        name = _name(member.name, reader)
        if name in arrays:
            what = f"the member {quoted(member.name)} stands twice"
            raise MalformedFile(Rule.ZIP_DUPLICATE, what, where=reader.path, offset=member.start)
        if not member.stored:
            raise UnsupportedFile("whose members are compressed", where=reader.path)
        arrays[name] = array = npy.read_array(reader, member.offset, member.nbytes)
        offset = member.offset + len(array.header)
        tensors.append(Tensor(name, array.dtype, array.shape, reader.path, offset, array.nbytes))
        digest.update(f"{member.name}\0{member.offset}\0".encode() + array.header)
    tensors.sort(key=lambda tensor: (tensor.offset, tensor.nbytes))
    return Header(reader.path, NPZ.name, 0, tuple(tensors), npy.metadata(arrays), 0, digest.hexdigest())


def _name(member: str, reader: ByteReader) -> str:
    name = member.removesuffix(_SUFFIX)
    rule = None
    if not name:
        rule = Rule.EMPTY_NAME
    elif len(name) > MAX_NAME_CHARACTERS:
        rule = Rule.NAME_TOO_LONG
    elif hidden_character(name):
        rule = Rule.HIDDEN_CHARACTER
    if rule:
        raise MalformedFile(rule, f"the array name {quoted(name)}", where=reader.path)
    return name


NPZ = Format("npz", (), matches, read_header, "a zip of NumPy arrays")
