"""A folder: what belongs to the model, what is left out by rule, what is refused."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from provenance.errors import CouldNotLook, Exit, NothingToInspect
from provenance.reading.sources import resolve
from provenance.records import ModelKind
from tests.reading import layouts


def listed(root: Path) -> list[str]:
    return [file.path for file in resolve(str(root)).files]


def test_a_folder_is_all_of_its_files(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"b": b"1", "a/b": b"2", ".gitignore": b"3", "a.b": b"4", "a/.git/config": b"5"})
    listing = resolve(str(tmp_path))
    assert listing.kind is ModelKind.DIRECTORY
    assert listing.name == str(tmp_path)
    assert [file.path for file in listing.files] == [".gitignore", "a.b", "a/.git/config", "a/b", "b"]
    assert [file.size for file in listing.files] == [1, 1, 1, 1, 1]
    assert listing.excluded == ()


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    layouts.write(tmp_path, {
        "model.safetensors": b"", ".git/HEAD": b"", ".git/hooks/run.py": b"", ".cache/huggingface/x/y": b"",
        "claims.sigstore.jsonl": b"", "sub/claims.sigstore.jsonl": b"", ".cache/other": b"", ".gitattributes": b"",
        "sub/.cache/huggingface/z": b"", "claims.sigstore.json": b"",
    })  # fmt: skip
    listing = resolve(str(tmp_path))
    assert listing.excluded == (".cache/huggingface/x/y", ".git/HEAD", ".git/hooks/run.py", "claims.sigstore.jsonl")
    assert len(listing.files) == 6


def test_what_is_left_out_may_be_a_link_or_special(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"x": b"", ".git/HEAD": b""})
    (tmp_path / ".git" / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / ".git" / "fifo")
    (tmp_path / "a.sigstore.jsonl").symlink_to("nowhere")
    assert resolve(str(tmp_path)).excluded == (".git/HEAD", ".git/fifo", ".git/link", "a.sigstore.jsonl")


def test_branches_that_differ_in_case_only_do_not_matter(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"x": b"", ".git/refs/heads/Main": b"", ".git/refs/heads/main": b""})
    assert listed(tmp_path) == ["x"]


def test_a_git_file_is_not_the_git_folder(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"x": b"", ".git": b"gitdir: elsewhere\n"})
    assert listed(tmp_path) == [".git", "x"]


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "sub" / "sub").mkdir(parents=True)
    with pytest.raises(NothingToInspect, match="holds no files \\(") as caught:
        resolve(str(tmp_path))
    assert caught.value.exit is Exit.UNDECIDED
    layouts.write(tmp_path, {".git/HEAD": b""})
    with pytest.raises(NothingToInspect, match="no files but 1 left out by rule"):
        resolve(str(tmp_path))


LINKS = {
    "circle": ("circle", "leads in a circle"),
    "again": ("onward", "leads in a circle"),
    "gone": ("nowhere", "leads nowhere"),
    "escape": ("../secret", "leads out of the model, to .*/secret"),
    "absolute": ("/etc/passwd", "leads out of the model, to /etc/passwd"),
    "absent": ("/absent/here", "leads out of the model, to /absent/here"),
    "inside": ("sub/file", "another place in the model"),
    "folder": ("sub", "another place in the model"),
    "root": (".", "another place in the model"),
}


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("folder", ["", "deep/"])
def test_links_are_refused_and_said_to_be_what_they_are(tmp_path: Path, name: str, folder: str) -> None:
    target, words = LINKS[name]
    root = layouts.write(tmp_path / "root", {"sub/file": b"", "deep/x": b""})
    (tmp_path / "secret").write_bytes(b"")
    link = root / folder / name
    link.symlink_to(f"../{target}" if folder and name in {"escape", "inside", "folder", "root"} else target)
    if name == "again":
        (root / folder / "onward").symlink_to(name)
    with pytest.raises(CouldNotLook, match=f"{folder}{name}: is a symbolic link .*({words})") as caught:
        resolve(str(root))
    assert caught.value.exit is Exit.UNDECIDED
    assert "only inside a Hugging Face cache" in str(caught.value)


def test_a_sibling_with_the_same_beginning_is_outside(tmp_path: Path) -> None:
    root = layouts.write(tmp_path / "root", {"x": b""})
    layouts.write(tmp_path / "root2", {"y": b""})
    (root / "link").symlink_to("../root2/y")
    with pytest.raises(CouldNotLook, match="leads out of the model"):
        resolve(str(root))


def test_special_files_are_refused(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"x": b""})
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CouldNotLook, match="pipe: is a FIFO, not a regular file"):
        resolve(str(tmp_path))
    (tmp_path / "pipe").unlink()
    with tempfile.TemporaryDirectory(dir="/tmp") as short:  # the path of a socket is short
        layouts.write(Path(short), {"x": b""})
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(f"{short}/s")
            with pytest.raises(CouldNotLook, match="s: is a socket"):
                resolve(short)


def test_collisions_are_refused(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"config.json": b"", "Config.json": b""})
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system ignores case")
    with pytest.raises(CouldNotLook, match=r"'Config\.json' and 'config\.json' are one name"):
        resolve(str(tmp_path))


def test_a_folder_that_cannot_be_read() -> None:
    with layouts.unprivileged() as root:
        layouts.write(root, {"x": b"", "closed/y": b"", "no-entry/z": b""})
        (root / "closed").chmod(0o000)
        with pytest.raises(CouldNotLook, match="closed: cannot be listed: Permission denied"):
            resolve(str(root))
        (root / "closed").chmod(0o755)
        (root / "no-entry").chmod(0o644)  # its names can be read, what they name cannot
        with pytest.raises(CouldNotLook, match="no-entry/z: cannot be listed: Permission denied"):
            resolve(str(root))
        with pytest.raises(CouldNotLook, match="no-entry/z: cannot be read: Permission denied") as caught:
            resolve(str(root / "no-entry" / "z"))
        assert caught.value.exit is Exit.UNDECIDED
