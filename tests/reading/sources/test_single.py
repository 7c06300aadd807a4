"""A single file, and the set that a member of it stands for."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from provenance.errors import CouldNotLook, Exit
from provenance.reading.sources import resolve
from provenance.records import ModelKind
from tests.reading import layouts


def test_a_file_is_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layouts.write(tmp_path, {"model.gguf": b"12", "config.json": b"", "model.gguf.sigstore.jsonl": b""})
    for name in (str(tmp_path / "model.gguf"), "model.gguf", "./model.gguf"):
        monkeypatch.chdir(tmp_path)
        listing = resolve(name)
        assert (listing.name, listing.kind, listing.excluded) == (name, ModelKind.FILE, ())
        assert [(file.path, file.location, file.size) for file in listing.files] == [
            ("model.gguf", tmp_path / "model.gguf", 2)
        ]


@pytest.mark.parametrize("suffix", ["gguf", "safetensors"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_member_stands_for_its_set(tmp_path: Path, suffix: str, number: int) -> None:
    names = [f"m-{k:05}-of-00003.{suffix}" for k in (1, 2, 3)]
    layouts.write(tmp_path, dict.fromkeys([*names, f"n-00001-of-00003.{suffix}", "m-00001-of-00002.gguf"], b"x"))
    listing = resolve(str(tmp_path / names[number - 1]))
    assert listing.kind is ModelKind.SPLIT
    assert [file.path for file in listing.files] == names


def test_the_digits_are_kept_as_written(tmp_path: Path) -> None:
    names = [f"m-{k}-of-12.gguf" for k in range(1, 13)]
    layouts.write(tmp_path, dict.fromkeys(names, b"x"))
    assert [file.path for file in resolve(str(tmp_path / "m-3-of-12.gguf")).files] == sorted(names)


def test_a_missing_member_is_named(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"m-00001-of-00004.gguf": b"", "m-00003-of-00004.gguf": b""})
    with pytest.raises(CouldNotLook, match=r"m-00002-of-00004\.gguf: is missing from its split set") as caught:
        resolve(str(tmp_path / "m-00003-of-00004.gguf"))
    assert caught.value.exit is Exit.UNDECIDED


@pytest.mark.parametrize(
    "name",
    ["m-00000-of-00002.gguf", "m-00003-of-00002.gguf", "m-00001-of-00000.gguf", "m-00001-of-00002.pt", "m-1-of.gguf"],
)
def test_a_number_out_of_range_makes_no_set(tmp_path: Path, name: str) -> None:
    layouts.write(tmp_path, {name: b"", "m-00001-of-00002.gguf": b"", "m-00002-of-00002.gguf": b""})
    listing = resolve(str(tmp_path / name))
    assert (listing.kind, [file.path for file in listing.files]) == (ModelKind.FILE, [name])


def test_members_that_are_links_or_special_are_refused(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"m-00001-of-00002.gguf": b"", "elsewhere": b""})
    (tmp_path / "m-00002-of-00002.gguf").symlink_to("elsewhere")
    with pytest.raises(CouldNotLook, match=r"m-00002-of-00002\.gguf: is a symbolic link to another place"):
        resolve(str(tmp_path / "m-00001-of-00002.gguf"))
    (tmp_path / "m-00002-of-00002.gguf").unlink()
    (tmp_path / "m-00002-of-00002.gguf").mkdir()
    with pytest.raises(CouldNotLook, match="is a folder, not a regular file"):
        resolve(str(tmp_path / "m-00001-of-00002.gguf"))


def test_special_files_and_names(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(CouldNotLook, match=r"pipe\.gguf: is a FIFO"):
        resolve(str(tmp_path / "pipe.gguf"))
    layouts.write(tmp_path, {"new\nline.gguf": b""})
    with pytest.raises(CouldNotLook, match="control character"):
        resolve(str(tmp_path / "new\nline.gguf"))
    with pytest.raises(CouldNotLook, match="is a character device"):
        resolve("/dev/null")


def test_a_member_that_cannot_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layouts.write(tmp_path, {"m-00001-of-00002.gguf": b"", "m-00002-of-00002.gguf": b""})
    real_lstat = os.lstat

    def lstat(path: str | Path) -> os.stat_result:
        if Path(path).name == "m-00002-of-00002.gguf":
            raise OSError(errno.EIO, "Input/output error")
        return real_lstat(path)

    monkeypatch.setattr(os, "lstat", lstat)
    with pytest.raises(CouldNotLook, match="cannot be listed: Input/output error"):
        resolve(str(tmp_path / "m-00001-of-00002.gguf"))
