"""Pickles and archives, and the recognition of what a file is."""

from __future__ import annotations

import bz2
import collections
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile

from provenance.surfaces import content_kinds
from provenance.surfaces.containers.nest import look_into
from provenance.surfaces.pickles import recognise
from provenance.surfaces.pickles.machine import Budget
from provenance.surfaces.pickles.streams import walk_streams
from tests.fuzz.kinds import KINDS
from tests.fuzz.targets.interface import Target
from tests.reading.formats.forge import Bytes

_TAIL = 64 * 1024


def walk_pickles(data: bytes) -> None:
    """All pickles of a file, without running one."""
    walk_streams(Bytes(data, "m.pkl"), "m.pkl", "", Budget())


def recognise_pickle(data: bytes) -> None:
    """How far the opcodes make sense."""
    recognise.walk(data, len(data))


def identify(data: bytes) -> None:
    """What a file is by its ends."""
    content_kinds.identify(data[:4096], data[-_TAIL:], len(data), "m.bin")


def look_inside(data: bytes) -> None:
    """Archives, archives in them, and the pickles of all."""
    look_into("m.bin", Bytes(data, "m.bin"))


def _pickles() -> tuple[bytes, ...]:
    value = {"a": [1, 2.5, None, True, b"x", "ä", 2**70], "c": collections.OrderedDict(x=(1,)), "f": print}
    return *(pickle.dumps(value, protocol) for protocol in range(6)), *KINDS["torch-legacy"].seeds()[:2]


def _archives() -> tuple[bytes, ...]:
    inner = pickle.dumps({"f": print})
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("m/data.pkl"), inner, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("x/"), b"")
    with tarfile.open(fileobj=tarred, mode="w") as tar:
        info = tarfile.TarInfo("a/b.pkl")
        info.size = len(inner)
        tar.addfile(info, io.BytesIO(inner))
    small = tarred.getvalue()[:2048]
    return (
        zipped.getvalue(), small, gzip.compress(inner, mtime=0), bz2.compress(small), lzma.compress(zipped.getvalue()),
        gzip.compress(small, mtime=0), KINDS["torch"].seeds()[-1], inner,
    )  # fmt: skip


ARCHIVES = (
    Target("pickles", walk_pickles, _pickles),
    Target("pickle-recognition", recognise_pickle, _pickles),
    Target("content-kinds", identify, lambda: (*_pickles(), *_archives())),
    Target("containers", look_inside, _archives),
)
