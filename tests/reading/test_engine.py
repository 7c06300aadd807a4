"""Reading a model: every byte once, the same records whatever the threads do, and no change goes unseen."""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from blake3 import blake3
from safetensors import safe_open

from provenance.errors import CouldNotLook, Exit
from provenance.reading import digests
from provenance.reading.crew import BUFFER_BYTES
from provenance.reading.engine import Reading, open_model, read
from provenance.reading.sources import resolve
from provenance.records import Consumer, Manifest, ModelKind, Unit
from tests.reading import layouts
from tests.reading.consumers import Disturb, Keep, keep

MEBIBYTE = 1024 * 1024


def manifest(root: Path, threads: int = 2) -> Manifest:
    listing = resolve(str(root))
    with open_model(listing) as model:
        reading = read(model, [digests.digest_file], [digests.digest_tensor], threads=threads)
    return digests.manifest(listing.kind, reading.files, reading.tensors, listing.excluded)


def checkpoint(root: Path) -> Path:
    """Two shards, tensors larger and smaller than a buffer, one without elements, and small files."""
    one = {
        "embed": layouts.bf16(MEBIBYTE),
        "norm": layouts.f32(5),
        "none": ("F32", [0], b""),
        "head": layouts.bf16(700_001),
    }
    two = {"x": layouts.bf16(3 * MEBIBYTE // 4, 7), "y": layouts.bf16(1), "last": ("F32", [0, 3], b"")}
    return layouts.write(root, {
        "model-00001-of-00002.safetensors": layouts.safetensors(one, {"format": "pt"}),
        "model-00002-of-00002.safetensors": layouts.safetensors(two),
        "config.json": b"{}", "empty.txt": b"", "sub/pytorch_model.bin": random.Random(5).randbytes(2 * MEBIBYTE + 3),
    })  # fmt: skip


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("shards"))


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_digests_are_those_of_others(shards: Path, threads: int) -> None:
    found = manifest(shards, threads)
    files = {path.relative_to(shards).as_posix(): path.read_bytes() for path in shards.rglob("*") if path.is_file()}
    assert {file.path: file.sha256 for file in found.files} == {
        path: hashlib.sha256(content).hexdigest() for path, content in files.items()
    }
    assert {file.path: file.size for file in found.files} == {path: len(content) for path, content in files.items()}
    expected = {}
    for path in shards.glob("*.safetensors"):
        with safe_open(path, framework="pt") as reference:
            for name in reference.keys():  # noqa: SIM118 - it is no mapping
                tensor = reference.get_tensor(name)
                data = tensor.contiguous().flatten().view(dtype=torch.uint8).numpy().tobytes()
                expected[name] = (path.name, tuple(tensor.shape), blake3(data).hexdigest())
    assert {tensor.name: (tensor.file, tensor.shape, tensor.blake3) for tensor in found.tensors} == expected
    assert len(found.tensors) == 7
    assert found.kind is ModelKind.DIRECTORY


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_order_of_records_is_that_of_the_listing(shards: Path, threads: int) -> None:
    with open_model(resolve(str(shards))) as model:
        reading = read(model, [keep, keep], [keep], threads=threads)
    assert [fed.unit.file for fed in reading.files] == [path for path in model.files for _ in range(2)]
    names = [fed.unit.tensor.name for fed in reading.tensors if fed.unit.tensor]
    assert names == ["embed", "norm", "none", "head", "x", "y", "last"]


@pytest.mark.parametrize("threads", [1, 2])
def test_one_large_file_is_fed_in_order_by_two_threads(tmp_path: Path, threads: int) -> None:
    content = layouts.safetensors({f"t{number}": layouts.bf16(900_000, number) for number in range(6)})
    layouts.write(tmp_path, {"m.safetensors": content})
    names = set()

    class Note(Keep):
        def update(self, chunk: memoryview) -> None:
            names.add(threading.current_thread().name)
            super().update(chunk)

    with open_model(resolve(str(tmp_path / "m.safetensors"))) as model:
        reading = read(model, [lambda unit: Note()], [keep], threads=threads)
    (whole,) = reading.files
    assert whole.content == content
    assert max(whole.pieces) == BUFFER_BYTES
    assert b"".join(fed.content for fed in reading.tensors) == content[model.headers[0].nbytes :]
    assert (threading.current_thread().name in names) == (threads == 1)


def test_without_consumers_everything_is_still_read_and_checked(shards: Path) -> None:
    told: list[int] = []

    def progress(nbytes: int) -> None:
        told.append(nbytes)

    with open_model(resolve(str(shards))) as model:
        reading: Reading[None, None] = read(model, progress=progress)
        total = sum(file.size for file in model.files.values())
    assert reading.files == reading.tensors == ()
    assert sum(told) == total
    assert max(told) <= BUFFER_BYTES


def test_factories_are_asked_once_for_each_unit(shards: Path) -> None:
    asked: list[Unit] = []

    def decline(unit: Unit) -> Consumer[None] | None:
        asked.append(unit)
        return None

    with open_model(resolve(str(shards))) as model:
        read(model, [decline], [decline])
    assert len(asked) == len(set(asked)) == len(model.files) + 7


def test_resharding_and_renaming_leave_the_tensor_root(tmp_path: Path) -> None:
    tensors = {f"t{number}": layouts.bf16(50 + number, number) for number in range(9)}
    names = list(tensors)
    roots = set()
    subjects = set()
    for cut, prefix in ((9, "a"), (4, "b"), (1, "c")):
        parts = [names[:cut], names[cut:]] if cut < 9 else [names[::-1]]
        files = {
            f"{prefix}{number}.safetensors": layouts.safetensors(
                {name: tensors[name] for name in part}, {"cut": str(cut)}
            )
            for number, part in enumerate(parts)
        }
        found = manifest(layouts.write(tmp_path / prefix, files))
        roots.add(found.tensor_root)
        subjects.add(found.subject_sha256)
    assert len(roots) == 1
    assert len(subjects) == 3


def test_a_split_set_and_a_single_file(tmp_path: Path) -> None:
    whole = layouts.safetensors({"a": layouts.bf16(4), "b": layouts.bf16(5)})
    layouts.write(tmp_path, {
        "whole.safetensors": whole,
        "m-00001-of-00002.safetensors": layouts.safetensors({"a": layouts.bf16(4)}),
        "m-00002-of-00002.safetensors": layouts.safetensors({"b": layouts.bf16(5)}),
    })  # fmt: skip
    single = manifest(tmp_path / "whole.safetensors")
    split = manifest(tmp_path / "m-00002-of-00002.safetensors")
    assert (single.kind, single.subject_sha256) == (ModelKind.FILE, hashlib.sha256(whole).hexdigest())
    assert (split.kind, split.subject_sha256) == (ModelKind.SPLIT, digests.directory_digest(split.files))
    assert single.tensor_root == split.tensor_root


# --- changes while reading -------------------------------------------------------------------------------------------


def append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"!")


def flip(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\xff")


def flip_and_hide(path: Path) -> None:
    status = path.stat()
    flip(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("change", [append, flip, flip_and_hide, cut])
@pytest.mark.parametrize("name", ["m.safetensors", "config.json"])
def test_a_file_that_changes_while_it_is_read(
    tmp_path: Path, change: Callable[[Path], None], name: str, threads: int
) -> None:
    layouts.write(tmp_path, {"m.safetensors": layouts.safetensors({"a": layouts.bf16(MEBIBYTE)}), "config.json": b"{}"})

    def disturb(unit: Unit) -> Disturb | None:
        return Disturb(lambda: change(tmp_path / name)) if unit.file == name else None

    with (
        open_model(resolve(str(tmp_path))) as model,
        pytest.raises(CouldNotLook, match=f"{name}: changed while it was read") as caught,
    ):
        read(model, [disturb], threads=threads)
    assert caught.value.exit is Exit.UNDECIDED


def test_a_file_that_changes_between_opening_and_reading(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"m.safetensors": layouts.safetensors({"a": layouts.bf16(4)})})
    with open_model(resolve(str(tmp_path))) as model:
        flip_and_hide(tmp_path / "m.safetensors")
        with pytest.raises(CouldNotLook, match="changed while it was read"):
            read(model, [digests.digest_file])


def test_a_file_put_in_place_of_another_is_not_read(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"m.safetensors": layouts.safetensors({"a": layouts.bf16(4)})})
    with open_model(resolve(str(tmp_path))) as model:
        before = read(model, [digests.digest_file]).files
        (tmp_path / "new").write_bytes(b"other")
        (tmp_path / "new").rename(tmp_path / "m.safetensors")
        with pytest.raises(CouldNotLook, match="changed while it was read"):  # its link count and so its ctime differ
            read(model, [digests.digest_file])
    assert before[0].sha256 != hashlib.sha256(b"other").hexdigest()


# --- errors of consumers ---------------------------------------------------------------------------------------------


class Broken(Keep):
    def __init__(self, where: str) -> None:
        self._where = where

    def begin(self, unit: Unit) -> None:
        super().begin(unit)
        self._maybe("begin")

    def update(self, chunk: memoryview) -> None:
        super().update(chunk)
        self._maybe("update")

    def finish(self) -> None:  # type: ignore[override]
        self._maybe("finish")

    def _maybe(self, where: str) -> None:
        if self._where == where:
            raise ZeroDivisionError(where)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("where", ["begin", "update", "finish"])
@pytest.mark.parametrize("target", ["model-00001-of-00002.safetensors", "config.json"])
def test_what_a_consumer_raises_arrives_as_it_is(shards: Path, threads: int, where: str, target: str) -> None:
    def broken(unit: Unit) -> Broken | None:
        return Broken(where) if unit.file == target else None

    running = threading.active_count()
    with open_model(resolve(str(shards))) as model:
        with pytest.raises(ZeroDivisionError, match=where):
            read(model, [broken], threads=threads)
        if target.endswith("safetensors"):
            with pytest.raises(ZeroDivisionError, match=where):
                read(model, (), [broken], threads=threads)
    assert threading.active_count() == running


def test_an_error_stops_the_other_thread_soon(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, 400 * MEBIBYTE)
    told: list[int] = []

    def progress(nbytes: int) -> None:
        told.append(nbytes)

    with open_model(resolve(str(tmp_path))) as model, pytest.raises(ZeroDivisionError):
        read(model, [lambda unit: Broken("update") if unit.file == "a" else None], progress=progress)
    assert sum(told) < 300 * MEBIBYTE


# --- many files ------------------------------------------------------------------------------------------------------

MANY = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
from provenance.reading import digests
from provenance.reading.engine import Reading, open_model, read
from provenance.reading.sources import resolve
with open_model(resolve(sys.argv[1])) as model:
    reading = read(model, [digests.digest_file], [digests.digest_tensor])
print(json.dumps([len(reading.files), len(reading.tensors), digests.directory_digest(reading.files)]))
"""


def test_more_files_than_descriptors(tmp_path: Path) -> None:
    weights = layouts.safetensors({"a": layouts.bf16(4)})
    layouts.write(tmp_path, {f"{number:03}.safetensors": weights for number in range(150)})
    done = subprocess.run([sys.executable, "-c", MANY, str(tmp_path)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [150, 150, manifest(tmp_path).subject_sha256]
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 100
