"""The examiner of pickles and archives: real writers' files are whole and quiet, and each trick is a flaw."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import sys
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.facts import ContainerFact, ExaminationFact, MemberFact, PickleFact
from tests.surfaces import samples
from tests.surfaces.feeding import examine
from tests.surfaces.samples import SAMPLES


def flaws(data: bytes, file: str = "file") -> set[str]:
    return {flaw.kind for fact in examine(file, data) if isinstance(fact, ContainerFact) for flaw in fact.flaws}


def complete(data: bytes, file: str = "file") -> bool | None:
    """Whether everything was looked into; None where it is not the examiner's business."""
    found = [fact.complete for fact in examine(file, data) if isinstance(fact, ExaminationFact)]
    return found[0] if found else None


def members(data: bytes) -> dict[str, str]:
    return {fact.member: fact.kind for fact in examine("file", data) if isinstance(fact, MemberFact)}


def imported(data: bytes) -> dict[str, set[str]]:
    found = [fact for fact in examine("file", data) if isinstance(fact, PickleFact) and fact.references]
    return {fact.member: {f"{r.module}.{r.name}" for r in fact.references} for fact in found}


def tarred(*entries: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as made:
        for info, data in entries:
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def without_mark(data: bytes) -> bytes:
    """As tar wrote before POSIX; the sum of the header's bytes is right."""
    head = data[:257] + bytes(8) + data[265:512]
    total = sum(head[:148]) + 8 * 32 + sum(head[156:])
    return head[:148] + b"%06o\0 " % total + head[156:] + data[512:]


def zstandard(data: bytes, **options: int) -> bytes:
    return bytes(pytest.importorskip("zstandard").ZstdCompressor(**options).compress(data))


def lz4(data: bytes, **options: bool) -> bytes:
    return bytes(pytest.importorskip("lz4.frame").compress(data, **options))


BAD = SAMPLES["calling pickle 4"][1]()
SKIPPED = b"\x5a*M\x18\x03\x00\x00\x00abc"
"""A frame of Zstandard or LZ4 that holds nothing."""
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "zstd": zstandard,
    "zstd behind nothing": lambda data: SKIPPED + zstandard(data) + SKIPPED,
    "zstd in two frames": lambda data: zstandard(data[:5]) + zstandard(data[5:]),
    "lz4": lz4,
    "lz4 in linked blocks": lambda data: lz4(data, block_linked=True, content_checksum=True),
    "lz4 in two frames": lambda data: lz4(data[:5]) + SKIPPED + lz4(data[5:]),
    "zip": lambda data: samples.archive("m.bin", data),
    "deflated": lambda data: samples.archive_of({"m.bin": data}, compression=zipfile.ZIP_DEFLATED),
    "bzipped": lambda data: samples.archive_of({"m.bin": data}, compression=zipfile.ZIP_BZIP2),
    "tar": lambda data: tarred((entry("m.bin"), data)),
    "old tar": lambda data: without_mark(tarred((entry("m.bin"), data), form=tarfile.USTAR_FORMAT)),
    "gnu tar": lambda data: tarred((entry("x" * 200), data), form=tarfile.GNU_FORMAT),
}


@pytest.mark.parametrize(
    "sample", ["safetensors", "gguf", "text", "json object", "png", "python script", "elf", "empty"]
)
def test_other_files_are_not_its_business(sample: str) -> None:
    assert examine("file", SAMPLES[sample][1]()) == ()


@pytest.mark.parametrize(
    "sample", ["torch zip", "torch legacy", "npy", "npy of objects", "pickle 0", "pickle 5", "zip", "tar"]
)
def test_what_real_writers_write_is_whole(sample: str) -> None:
    data = SAMPLES[sample][1]()
    assert complete(data) is True
    assert flaws(data) == set()


@pytest.mark.parametrize("pack", [name for name in PACK if name != "old tar"])
@pytest.mark.parametrize("inner", PACK)
def test_a_pickle_is_found_however_it_is_packed(pack: str, inner: str) -> None:
    data = PACK[pack](PACK[inner](BAD))
    assert list(imported(data).values()) == [{"posix.getpid"}]
    assert flaws(data) == set()


@pytest.mark.parametrize("pack", [name for name in PACK if "tar" not in name])
def test_what_does_not_expand_is_not_fine(pack: str) -> None:
    data = PACK[pack](bytes(range(256)) * 40)
    cut = data[: len(data) // 2]
    assert complete(cut) is not True
    assert complete(data + b"\x07" * 100) is not True or "trailing-data" in flaws(data + b"\x07" * 100)


def test_npz_and_archives_of_texts() -> None:
    import numpy as np

    for save in (np.savez, np.savez_compressed):
        buffer = io.BytesIO()
        save(buffer, a=np.arange(10), b=np.zeros((3, 4), np.float16))
        assert complete(buffer.getvalue()) is True
        assert flaws(buffer.getvalue()) == set()
    texts = tarred((entry("a/README.md"), b"# hello\n"), (entry("a/b.json"), b"{}"), (entry("a", tarfile.DIRTYPE), b""))
    assert complete(gzip.compress(texts), "docs.tar.gz") is True
    assert members(gzip.compress(texts)) == {"file": "tar"}


def test_torch_without_checksums_and_torchscript() -> None:
    import torch

    torch.serialization.set_crc32_options(False)
    try:
        unchecked = SAMPLES["torch zip"][1]()
    finally:
        torch.serialization.set_crc32_options(True)
    assert flaws(unchecked) == set()
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), buffer)
    assert complete(buffer.getvalue()) is False
    assert "torchscript" in members(buffer.getvalue()).values()
    assert flaws(buffer.getvalue()) == set()


def scripted() -> dict[str, bytes]:
    """The members of a module that torch compiled, with an integer list as older versions wrote it."""
    import torch

    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Conv1d(2, 2, 1)), buffer)
    with zipfile.ZipFile(buffer) as whole:
        return {f"archive/{name.partition('/')[2]}": whole.read(name) for name in whole.namelist()}


def compiled(members: dict[str, bytes]) -> dict[str, bool]:
    """Whether each type of TorchScript that its pickle names is one of the archive's own."""
    found = [fact for fact in examine("a.pt", samples.archive_of(members)) if isinstance(fact, PickleFact)]
    return {f"{r.module}.{r.name}": r.compiled for f in found for r in f.references if r.module.startswith("__torch__")}


CONV = "__torch__.torch.nn.modules.conv.Conv1d"


def test_types_of_torchscript_are_its_own() -> None:
    members = scripted()
    assert compiled(members) == {CONV: True}
    assert compiled({**members, "archive/other.pkl": b"c__torch__.torch.nn.modules.conv\nOther\n."}) == {
        CONV: True,
        CONV.replace("Conv1d", "Other"): False,
    }


@pytest.mark.parametrize(
    "lost", ["archive/code/", "archive/code/__torch__/torch/nn/modules/conv.py", "archive/constants"]
)
def test_without_the_code_they_are_not(lost: str) -> None:
    assert compiled({k: v for k, v in scripted().items() if not k.startswith(lost)}) == {CONV: False}


def test_torchscript_may_bring_no_global_of_its_own() -> None:
    pickled = b"\x80\x02c__torch__.torch.nn.modules.conv\nConv1d\n)\x81cos\nsystem\n\x86."
    facts = examine("a.pt", samples.archive_of({**scripted(), "archive/data.pkl": pickled}))
    (fact,) = (fact for fact in facts if isinstance(fact, PickleFact) and fact.member == "archive/data.pkl")
    assert [(r.module, r.compiled) for r in fact.references] == [
        ("__torch__.torch.nn.modules.conv", True),
        ("os", False),
    ]
    assert "archive/code/a.debug_pkl" in imported(samples.archive_of({**scripted(), "archive/code/a.debug_pkl": BAD}))


@pytest.mark.parametrize(
    "line", [b"torch.from_file('/etc/passwd')", b"ops.aten . save(x, 'f')", b"ops.image.read_file('/etc/passwd')"]
)
def test_torchscript_that_reaches_the_host(line: bytes) -> None:
    assert flaws(samples.archive_of({**scripted(), "archive/code/__torch__/x.py": b"  _0 = " + line})) == {"host-code"}
    assert flaws(samples.archive_of({**scripted(), "archive/code/__torch__/x.py": b"  _0 = torch.save_me(1)"})) == set()


def test_storages_that_a_checkpoint_does_not_have() -> None:
    with zipfile.ZipFile(io.BytesIO(SAMPLES["torch zip"][1]())) as whole:
        held = {name: whole.read(name) for name in whole.namelist()}
    assert "missing-storage" in flaws(samples.archive_of({k: v for k, v in held.items() if not k.endswith("/data/0")}))
    assert "archive/data/1" in imported(samples.archive_of({**held, "archive/data/1": BAD}))
    programs = members(samples.archive_of({**held, "archive/data/0": b"\x7fELF\x02\x01\x01\x00" + bytes(8)}))
    assert programs["archive/data/0"] == "elf"


# ---------------------------------------------------------------------------------------------------------------------
# Zip
# ---------------------------------------------------------------------------------------------------------------------

ZIP = samples.archive("a.txt", b"hello")
TWO = samples.archive_of({"a": b"", "b": b""})


def patched(data: bytes, mark: bytes, offset: int, value: bytes, *, last: bool = False) -> bytes:
    place = (data.rindex(mark) if last else data.index(mark)) + offset
    return data[:place] + value + data[place + len(value) :]


def duplicate() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("a", b"1")
        made.writestr("b", b"2")
    return buffer.getvalue().replace(b"b", b"a")


def moded(mode: int) -> bytes:
    buffer = io.BytesIO()
    info = zipfile.ZipInfo("a")
    info.external_attr = mode << 16
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr(info, b"../../etc")
    return buffer.getvalue()


def spread(between: bytes) -> bytes:
    directory = ZIP.index(b"PK\x01\x02")
    data = ZIP[:directory] + between + ZIP[directory:]
    return patched(data, b"PK\x05\x06", 16, struct.pack("<I", directory + len(between)))


def hidden() -> bytes:
    """The directory speaks of the second member alone."""
    both = samples.archive_of({"a": BAD, "b": b"text"})
    directory = both.index(b"PK\x01\x02")
    second = both.index(b"PK\x01\x02", directory + 1)
    end = both.rindex(b"PK\x05\x06")
    data = both[:directory] + both[second:end] + both[end:]
    counts = struct.pack("<HHII", 1, 1, end - second, directory)
    return patched(data, b"PK\x05\x06", 8, counts, last=True)


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("duplicate-member", duplicate),
        ("header-mismatch", lambda: patched(ZIP, b"PK\x03\x04", 30, b"b.txt")),
        ("header-mismatch", lambda: patched(ZIP, b"PK\x03\x04", 8, b"\x08\x00")),
        ("header-mismatch", lambda: patched(ZIP, b"PK\x03\x04", 14, b"\x00\x00\x00\x01")),
        ("header-mismatch", lambda: patched(ZIP, b"PK\x03\x04", 22, b"\x09\x00\x00\x00")),
        ("header-mismatch", lambda: patched(ZIP, b"PK\x03\x04", 0, b"PKxx")),
        ("overlap", lambda: patched(ZIP, b"PK\x03\x04", 28, b"\xff\xff")),
        ("crc-mismatch", lambda: ZIP.replace(b"hello", b"jello")),
        ("encrypted", lambda: patched(ZIP, b"PK\x01\x02", 8, b"\x01")),
        ("traversal", lambda: samples.archive("../../a")),
        ("traversal", lambda: samples.archive("/etc/a")),
        ("traversal", lambda: samples.archive("C:\\a")),
        ("traversal", lambda: samples.archive("a\\..\\..\\b")),
        ("link", lambda: moded(0o120777)),
        ("device", lambda: moded(0o020777)),
        ("trailing-data", lambda: ZIP + b"more"),
        ("several-ends", lambda: ZIP + ZIP[-22:]),
        ("moved-directory", lambda: ZIP[:-2] + struct.pack("<H", len(ZIP)) + ZIP),
        ("moved-directory", lambda: b"PK\x03\x04" + bytes(96) + ZIP),
        ("hidden-data", lambda: spread(b"x" * 50)),
        ("hidden-member", hidden),
        ("count-mismatch", lambda: patched(ZIP, b"PK\x05\x06", 8, b"\x02\x00\x02\x00")),
        ("odd-name", lambda: ZIP.replace(b"a.txt", b"a\x00txt")),
        ("unreadable", lambda: ZIP[:-30]),
        ("unreadable-member", lambda: patched(PACK["deflated"](b"text" * 99), b"m.bin", 5, b"\xff\xff\xff")),
        ("directory-broken", lambda: patched(TWO, b"PK\x01\x02", 0, b"PKxx", last=True)),
        ("overlap", lambda: patched(TWO, b"PK\x01\x02", 42, bytes(4), last=True)),
    ],
)  # fmt: skip
def test_each_trick_of_zip(kind: str, make: Callable[[], bytes]) -> None:
    assert kind in flaws(make())


def test_what_zip64_says_counts() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made, made.open("a.pkl", "w", force_zip64=True) as member:
        member.write(BAD)
    assert flaws(buffer.getvalue()) == set()
    assert imported(buffer.getvalue()) == {"a.pkl": {"posix.getpid"}}


# ---------------------------------------------------------------------------------------------------------------------
# Tar
# ---------------------------------------------------------------------------------------------------------------------

TAR = tarred((entry("a"), b"text"), form=tarfile.USTAR_FORMAT)


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("traversal", lambda: tarred((entry("../a"), b""))),
        ("traversal", lambda: tarred((entry("/a"), b""))),
        ("traversal", lambda: tarred((entry("d/" * 100 + "../" * 150 + "a"), b""))),
        ("traversal", lambda: tarred((entry("a", tarfile.SYMTYPE, "/etc/passwd"), b""))),
        ("traversal", lambda: tarred((entry("d/a", tarfile.LNKTYPE, "../../b"), b""))),
        ("device", lambda: tarred((entry("a", tarfile.CHRTYPE), b""))),
        ("device", lambda: tarred((entry("a", tarfile.FIFOTYPE), b""))),
        ("odd-member", lambda: tarred((entry("a", b"Z"), b""))),
        ("sparse", lambda: tarred((entry("a", tarfile.GNUTYPE_SPARSE), b""))),
        ("duplicate-member", lambda: tarred((entry("a"), b"1"), (entry("a"), b"2"))),
        ("trailing-data", lambda: TAR + b"more"),
        ("truncated", lambda: TAR[:512]),
        ("truncated", lambda: TAR[:1024] + b"\x01" + bytes(600)),
    ],
)
def test_each_trick_of_tar(kind: str, make: Callable[[], bytes]) -> None:
    assert kind in flaws(make())


def test_a_size_that_pax_says_otherwise() -> None:
    info = entry("a")
    info.pax_headers = {"size": "1"}
    assert "header-mismatch" in flaws(tarred((info, b"text")))


def test_links_inside_are_fine() -> None:
    assert flaws(tarred((entry("a"), b""), (entry("d/b", tarfile.SYMTYPE, "../a"), b""))) == set()


# ---------------------------------------------------------------------------------------------------------------------
# Budgets
# ---------------------------------------------------------------------------------------------------------------------


def test_bombs() -> None:
    zeros = gzip.compress(bytes(80 << 20), 9)
    assert "bomb" in flaws(zeros)
    assert complete(zeros) is False
    assert "bomb" in flaws(samples.archive_of({"a": bytes(80 << 20)}, compression=zipfile.ZIP_DEFLATED))
    assert "bomb" in flaws(samples.archive_of({str(i): gzip.compress(bytes(9 << 20)) for i in range(9)}))


@pytest.mark.parametrize("pack", [zstandard, lz4])
def test_bombs_of_the_newer_codecs(pack: Callable[[bytes], bytes]) -> None:
    zeros = pack(bytes(200 << 20))
    assert flaws(zeros) == {"bomb"}
    assert complete(zeros) is False
    # Four bytes for each 128 KiB, all of them in one read.
    block, last = (struct.pack("<I", n | 1 << 1 | (128 * 1024) << 3)[:3] + b"\0" for n in (0, 1))
    bomb = b"\x28\xb5\x2f\xfd\x00\x58" + block * 16000 + last
    if pack is zstandard:
        tracemalloc.start()
        assert flaws(bomb) == {"bomb"}
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
        tracemalloc.stop()


def test_a_window_that_is_too_large_is_not_fine() -> None:
    pytest.importorskip("zstandard")
    asks = b"\x28\xb5\x2f\xfd\x00\xa8\x09\x00\x00x"  # 2 GiB, then one raw block of one byte
    assert flaws(asks) == {"unreadable"}
    assert complete(asks) is False


def test_data_after_a_frame() -> None:
    assert flaws(zstandard(BAD) + b"more") == flaws(lz4(BAD) + b"more") == {"trailing-data"}


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    (reason,) = (f.reason for f in examine("a", SAMPLES["zstd"][1]()) if isinstance(f, ExaminationFact))
    assert reason == "for which the package zstandard is not installed"


def test_nesting() -> None:
    data = b"text"
    for _ in range(7):
        data = samples.archive("a.zip", data)
    assert complete(data) is True
    for _ in range(43):
        data = samples.archive("a.zip", data)
    assert flaws(data) == {"nesting"}
    assert complete(data) is False


def test_too_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    from provenance.surfaces.containers import nest
    from provenance.surfaces.containers.sources import Ledger

    monkeypatch.setattr(nest, "Ledger", lambda size: Ledger(size, members=5))
    data = samples.archive_of({str(i): b"" for i in range(9)})
    assert flaws(data) == {"over-budget"}
    assert complete(data) is False


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["torch zip", "zip", "tar", "gzip", "torch legacy", "npy of objects", "calling pickle 4"]),
    st.data(),
)
def test_any_mutation_is_borne(sample: str, draw: st.DataObject) -> None:
    data = bytearray(SAMPLES[sample][1]())
    for _ in range(draw.draw(st.integers(1, 5))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    examine("file", bytes(data[: draw.draw(st.integers(1, len(data)))]))
