"""Changes to the members of a zip, after which check sums and directory are right again; or to just these."""

from __future__ import annotations

import functools
import io
import random
import warnings
import zipfile
from collections.abc import Callable

from provenance.reading.formats.zip_directory import read_directory
from tests.fuzz.mutations import raw
from tests.reading.formats.forge import Bytes

Members = list[tuple[zipfile.ZipInfo, bytes]]


def parse(data: bytes) -> Members:
    """The members of an honest archive, in its directory's order."""
    return [(_info(name), content) for name, content in _contents(data)]


@functools.cache
def _contents(data: bytes) -> list[tuple[str, bytes]]:
    members = read_directory(Bytes(data, "honest"))
    return [(member.name, data[member.offset : member.offset + member.nbytes]) for member in members]


def _info(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name or "x", (1980, 1, 1, 0, 0, 0))


def write(members: Members, source: random.Random, comment: bytes = b"") -> bytes:
    """An archive of them; with descriptors behind the members where Python's writer cannot seek."""
    stream: io.BytesIO = _Unseekable() if source.random() < 0.1 else io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as archive:
        warnings.simplefilter("ignore")  # of members that stand twice
        for info, data in members:
            archive.writestr(info, data, info.compress_type)
        archive.comment = comment
    return stream.getvalue()


class _Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError

    def seek(self, offset: int, whence: int = 0) -> int:
        raise OSError


def mutate_members(members: Members, source: random.Random) -> None:
    """One change to which members there are, what they are called, and how they are kept."""
    source.choice(_CHANGES)(members, source)


def mutate_frame(data: bytes, source: random.Random) -> bytes:
    """Changes to the directory and the end record alone."""
    begin = data.find(b"PK\1\2")
    return raw.in_range(data, max(begin, 0), len(data), source)


def _rename(members: Members, source: random.Random) -> None:
    info = source.choice(members)[0]
    folder, slash, name = info.filename.partition("/")
    info.filename = source.choice(
        (f"{folder}{slash}{name.upper()}", f"x/{name}", name, f"{folder}//{name}", f"{folder}/./{name}", f"{name}/",
         f"{folder}/{name}\0", f"{folder}/ä", f"../{name}", f"{folder}/data/{source.randrange(4)}",
         source.choice(members)[0].filename)
    )  # fmt: skip
    info.filename = info.filename or "x"


def _drop(members: Members, source: random.Random) -> None:
    if len(members) > 1:
        del members[source.randrange(len(members))]


def _twice(members: Members, source: random.Random) -> None:
    info, data = source.choice(members)
    other = raw.mutate(data, source) if source.random() < 0.5 else data
    members.insert(source.randrange(len(members) + 1), (_info(info.filename), other))


def _order(members: Members, source: random.Random) -> None:
    if source.random() < 0.5:
        source.shuffle(members)
    else:
        # The first one decides which folder is the checkpoint's.
        members[1:] = source.sample(members[1:], len(members) - 1)


def _more(members: Members, source: random.Random) -> None:
    folder = members[0][0].filename.partition("/")[0]
    name = source.choice(
        ("constants.pkl", ".format_version", ".storage_alignment", "code/a.py", "data/9", ".data/version", "version",
         "byteorder", "extra", "data/", "attributes.pkl")
    )  # fmt: skip
    data = source.choice((b"", b"1", b"3\n", b"little", b"big", b"64", bytes(8)))
    members.insert(source.randrange(len(members) + 1), (_info(f"{folder}/{name}"), data))


def _compress(members: Members, source: random.Random) -> None:
    source.choice(members)[0].compress_type = zipfile.ZIP_DEFLATED


def _attributes(members: Members, source: random.Random) -> None:
    info = source.choice(members)[0]
    info.external_attr = source.choice((0x10, 0x20, 0o120777 << 16, 0o40755 << 16))
    info.extra = source.choice((b"", b"FB\4\0ZZZZ", b"\1\0\4\0abcd", b"\1\0\10\0" + bytes(8), b"up\1\0x"))
    info.comment = source.choice((b"", b"comment"))
    info.create_system = source.choice((0, 3))


_CHANGES: tuple[Callable[[Members, random.Random], None], ...] = (
    _rename, _rename, _drop, _twice, _order, _order, _more, _more, _compress, _attributes,
)  # fmt: skip
