"""An open file is the file that was listed, from first byte to last, or an error; and descriptors are bounded."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from provenance.errors import CouldNotLook, Exit
from provenance.reading.files import RESERVED, OpenFile, room_for_descriptors
from provenance.reading.sources import resolve
from tests.reading import layouts


def listed(path: Path, *, kept: bool = True) -> OpenFile:
    return OpenFile(resolve(str(path)).files[0], "m/x", kept=kept)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    layouts.write(tmp_path, {"x": b"0123456789"})
    return tmp_path / "x"


def test_reading_at_an_offset(file: Path) -> None:
    opened = listed(file)
    assert (opened.path, opened.size) == ("x", 10)
    assert opened.pread(4, 3) == b"3456"
    assert opened.pread(100, 8) == b"89"
    assert opened.pread(1, 10) == opened.pread(1, 11) == opened.pread(0, 0) == b""
    buffer = bytearray(5)
    opened.read_into(memoryview(buffer), 5)
    assert buffer == b"56789"
    opened.check_unchanged()
    opened.close()


def test_short_reads_are_continued(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel may give less than was asked for, as network file systems do."""
    real_preadv = os.preadv
    monkeypatch.setattr(os, "preadv", lambda fd, buffers, offset: real_preadv(fd, [buffers[0][:3]], offset))
    opened = listed(file)
    assert opened.pread(10, 0) == b"0123456789"
    opened.close()


def replaced(file: Path) -> None:
    file.rename(file.with_name("old"))
    file.write_bytes(b"0123456789")


def linked(file: Path) -> None:
    file.rename(file.with_name("old"))
    file.symlink_to("old")


def fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def grown(file: Path) -> None:
    with file.open("ab") as stream:
        stream.write(b"!")


def shrunk(file: Path) -> None:
    os.truncate(file, 4)


def rewritten(file: Path) -> None:
    file.write_bytes(b"012345678X")
    os.utime(file, ns=(0, 0))


def touched_back(file: Path) -> None:
    """Content changed, size and modification time put back: the time of the inode's change still tells."""
    status = file.stat()
    with file.open("r+b") as stream:
        stream.write(b"X")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


SWAPS: dict[Callable[[Path], None], str] = {
    replaced: "not the file that was listed",
    linked: "cannot be opened",
    fifo: "not the file that was listed",
    folder: "not the file that was listed",
    grown: "not the file that was listed",
    shrunk: "not the file that was listed",
    rewritten: "not the file that was listed",
    touched_back: "not the file that was listed",
}


@pytest.mark.parametrize("swap", SWAPS)
def test_a_file_swapped_after_its_listing(file: Path, swap: Callable[[Path], None]) -> None:
    opened = listed(file)
    swap(file)
    with pytest.raises(CouldNotLook, match=SWAPS[swap]) as caught:
        opened.pread(1, 0)
    assert caught.value.exit is Exit.UNDECIDED
    assert str(caught.value).startswith("m/x: ")


@pytest.mark.parametrize("change", [grown, shrunk, rewritten, touched_back])
def test_a_file_changed_while_it_is_open(file: Path, change: Callable[[Path], None]) -> None:
    opened = listed(file)
    assert opened.pread(1, 0) == b"0"
    change(file)
    with pytest.raises(CouldNotLook, match="changed while it was read"):
        opened.check_unchanged()
    opened.close()


def test_a_file_swapped_while_it_is_open_is_still_the_old_one(file: Path) -> None:
    opened = listed(file)
    opened.pread(1, 0)
    replaced(file)
    assert opened.pread(10, 0) == b"0123456789"
    opened.close()


def test_a_file_that_ends_early(file: Path) -> None:
    opened = listed(file)
    opened.pread(1, 0)
    shrunk(file)
    with pytest.raises(CouldNotLook, match="it ends early"):
        opened.pread(10, 0)
    opened.close()


def test_a_file_that_cannot_be_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "preadv", fail)
    opened = listed(file)
    with pytest.raises(CouldNotLook, match="cannot be read: Input/output error"):
        opened.pread(1, 0)
    opened.close()


def test_a_file_that_cannot_be_opened() -> None:
    with layouts.unprivileged() as root:
        layouts.write(root, {"x": b"1"})
        (root / "x").chmod(0o000)
        opened = listed(root / "x")
        with pytest.raises(CouldNotLook, match=r"cannot be opened: Permission denied \(make it readable, or"):
            opened.pread(1, 0)


def test_released_files_are_opened_again_and_held_to_their_identity(file: Path) -> None:
    kept, spare = listed(file), listed(file, kept=False)
    descriptor = kept.descriptor
    kept.release()
    assert kept.descriptor == descriptor
    closed = spare.descriptor
    spare.release()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(closed)
    assert spare.pread(2, 0) == b"01"
    spare.release()
    grown(file)
    with pytest.raises(CouldNotLook, match="not the file that was listed"):
        spare.pread(2, 0)
    kept.close()
    kept.close()


def test_descriptors_are_not_inherited(file: Path) -> None:
    opened = listed(file)
    assert not os.get_inheritable(opened.descriptor)
    opened.close()


LIMITS = """
import resource
from provenance.reading.files import room_for_descriptors
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
print(room_for_descriptors({wanted}), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "room", "soft_after"),
    [
        (512, 4096, 10, 10, 512),
        (512, 4096, 1000, 1000, 2000 + RESERVED),
        (512, 1024, 1000, (1024 - RESERVED) // 2, 1024),
        (40, 40, 10, 0, 40),
    ],
)
def test_the_soft_limit_is_raised_as_far_as_the_hard_one(
    soft: int, hard: int, wanted: int, room: int, soft_after: int
) -> None:
    program = LIMITS.format(soft=soft, hard=hard, wanted=wanted)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(room), str(soft_after)]


def test_no_limit_and_a_system_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    infinity = resource.RLIM_INFINITY
    monkeypatch.setattr(resource, "getrlimit", lambda which: (infinity, infinity))
    assert room_for_descriptors(10**6) == 10**6

    def refuse(which: int, limits: tuple[int, int]) -> None:
        assert limits == (2 * 1000 + RESERVED, infinity)
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda which: (256, infinity))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert room_for_descriptors(1000) == (256 - RESERVED) // 2
