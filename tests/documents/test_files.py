"""Reading that is bounded and cannot hang; writing that is whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from provenance.documents.files import read_bytes, write_atomically
from provenance.errors import CouldNotLook, LimitExceeded, UsageError


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_bytes(path, max_bytes=5) == b"12345"
    with pytest.raises(LimitExceeded, match="file: more than 4 bytes"):
        read_bytes(path, max_bytes=4)
    link = tmp_path / "link"
    link.symlink_to(path)
    assert read_bytes(link, max_bytes=5) == b"12345"


def test_an_endless_file_is_not_read_to_its_end() -> None:
    with pytest.raises(UsageError, match="not a regular file"):
        read_bytes(Path("/dev/zero"), max_bytes=10)


def test_a_pipe_that_nobody_writes_to_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="pipe: not a regular file"):
        read_bytes(tmp_path / "pipe", max_bytes=10)


@pytest.mark.parametrize("name", ["absent", "file/below", "nul\0byte", "loop"])
def test_what_cannot_be_opened_is_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises((UsageError, CouldNotLook)) as caught:
        read_bytes(tmp_path / name, max_bytes=10)
    assert str(caught.value).isprintable()


def test_a_directory_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a regular file"):
        read_bytes(tmp_path, max_bytes=10)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a file that opens and cannot be read")
def test_a_failing_read_is_one_line() -> None:
    with pytest.raises(CouldNotLook, match="cannot be read"):
        read_bytes(Path("/proc/self/mem"), max_bytes=10)


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.json"]


def test_a_new_file_has_the_mode_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "out", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_is_replaced_and_its_target_left_alone(dangling: bool, tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    if not dangling:
        target.write_bytes(b"precious")
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert not link.is_symlink()
    assert link.read_bytes() == b"new"
    assert target.exists() is not dangling
    assert dangling or target.read_bytes() == b"precious"


def test_what_is_not_a_file_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "null", Path("/dev/null")):
        with pytest.raises(UsageError, match="not a file stands there"):
            write_atomically(path, b"data")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["null", "pipe"]


@pytest.mark.parametrize("name", ["absent/out", "file/out", "nul\0byte", "x" * 300])
def test_a_place_that_cannot_be_written_is_a_usage_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError) as caught:
        write_atomically(tmp_path / name, b"data")
    assert str(caught.value).isprintable()
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_rename_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="out: cannot write: No space left on device"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
