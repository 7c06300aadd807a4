"""Files that are larger than what is stored of them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from provenance.errors import CouldNotLook, LimitExceeded
from provenance.reading.digests import digest_file
from provenance.reading.engine import Reading, open_model, read, read_pair
from provenance.reading.holes import MIN_SIZE, hollow
from provenance.reading.sources import resolve
from provenance.records import FileDigest
from tests.reading import layouts
from tests.reading.consumers import keep_pair

HUGE = 1024**4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    layouts.write(tmp_path / "m", {"a.txt": b"a", "b.bin": b"", "c.txt": b"c"})
    _stretch(tmp_path / "m/b.bin", HUGE)
    with (tmp_path / "m/b.bin").open("rb") as file:
        try:
            told = os.lseek(file.fileno(), 0, os.SEEK_DATA) == HUGE
        except OSError:
            told = True
    if not told:
        pytest.skip("this file system tells of no holes")
    return tmp_path / "m"


def _stretch(path: Path, size: int) -> None:
    try:
        os.truncate(path, size)
    except OSError:
        pytest.skip("this file system has no files of this size")


def test_a_terabyte_of_nothing_is_not_read(folder: Path) -> None:
    begun = time.monotonic()
    with open_model(resolve(str(folder))) as model, pytest.raises(LimitExceeded, match=r"b\.bin: is larger than"):
        read(model, [digest_file])
    with open_model(resolve(str(folder))) as model, pytest.raises(LimitExceeded, match="holes"):
        read_pair(model, model, [], keep_pair, [digest_file])
    failed: dict[str, CouldNotLook] = {}
    with open_model(resolve(str(folder))) as model:
        reading: Reading[FileDigest, None] = read(model, [digest_file], failed=failed)
    assert [record.path for record in reading.files] == ["a.txt", "c.txt"]
    assert [*failed] == ["b.bin"]
    assert time.monotonic() - begun < 60


def test_what_is_passed_over_does_not_count(folder: Path) -> None:
    with open_model(resolve(str(folder))) as model:
        assert not hollow(model.files, {"b.bin": range(10, HUGE - 10)}, 20)
        assert not hollow(model.files, {"b.bin": range(10, HUGE - MIN_SIZE)}, MIN_SIZE + 10)
        assert [*hollow(model.files, {"b.bin": range(10, HUGE - MIN_SIZE)}, MIN_SIZE + 9)] == ["b.bin"]


def test_holes_of_all_files_count_together_and_stored_parts_do_not(folder: Path) -> None:
    stored = os.urandom(MIN_SIZE)
    (folder / "b.bin").write_bytes(stored)
    (folder / "d.bin").write_bytes(stored)
    for name in ("b.bin", "d.bin"):
        _stretch(folder / name, 4 * MIN_SIZE)
    with open_model(resolve(str(folder))) as model:
        assert not hollow(model.files, {}, 6 * MIN_SIZE)
        assert [*hollow(model.files, {}, 6 * MIN_SIZE - 1)] == ["d.bin"]
        assert [*hollow(model.files, {}, 0)] == ["b.bin", "d.bin"]


def test_a_file_that_cannot_be_opened_any_more_is_told(folder: Path) -> None:
    with open_model(resolve(str(folder))) as model:
        for file in model.files.values():
            file.close()
        (folder / "b.bin").unlink()
        assert "No such file" in str(hollow(model.files, {}, 0)["b.bin"])
