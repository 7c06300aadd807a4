"""A Hugging Face cache: links are followed along exactly two hops, and nowhere else."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from provenance.errors import CouldNotLook, Exit, UsageError
from provenance.reading import digests
from provenance.reading.engine import open_model, read
from provenance.reading.sources import resolve
from provenance.records import ModelKind
from tests.reading import layouts

LARGE = b"0123456789" * 10
FILES = {"config.json": b"{}", "model.safetensors": LARGE, "onnx/model.onnx": LARGE + b"!", "a/b/c.txt": b"c"}


def snapshot(tmp_path: Path, **options: list[str]) -> Path:
    return layouts.hugging_face_cache(tmp_path / "hub", FILES, **options)


def relink(link: Path, target: str | Path) -> None:
    link.unlink()
    link.symlink_to(target)


def test_a_snapshot_lists_its_blobs(tmp_path: Path) -> None:
    root = snapshot(tmp_path)
    listing = resolve(str(root))
    blobs = tmp_path / "hub" / "models--org--name" / "blobs"
    assert listing.kind is ModelKind.DIRECTORY
    assert [file.path for file in listing.files] == sorted(FILES)
    assert all(file.location.parent == blobs for file in listing.files)
    assert {file.path: file.claimed_sha256 for file in listing.files} == {
        "config.json": None,
        "a/b/c.txt": None,
        "model.safetensors": sha256(LARGE).hexdigest(),
        "onnx/model.onnx": sha256(LARGE + b"!").hexdigest(),
    }


def test_its_digest_is_that_of_the_same_files_in_a_folder(tmp_path: Path) -> None:
    plain = layouts.write(tmp_path / "plain", FILES)
    subjects = set()
    for root in (plain, snapshot(tmp_path)):
        with open_model(resolve(str(root))) as model:
            files = read(model, [digests.digest_file]).files
        subjects.add(digests.manifest(ModelKind.DIRECTORY, files, []).subject_sha256)
    assert len(subjects) == 1


def test_the_shared_store(tmp_path: Path) -> None:
    root = snapshot(tmp_path, shared=["model.safetensors", "onnx/model.onnx"])
    listed = {file.path: file for file in resolve(str(root)).files}
    store = tmp_path / "hub" / "blobs"
    assert listed["onnx/model.onnx"].location.parent.parent == store
    assert listed["model.safetensors"].claimed_sha256 == sha256(LARGE).hexdigest()
    assert listed["config.json"].location.parent.name == "blobs"
    (store / ".huggingface-shared-blobs").unlink()
    with pytest.raises(CouldNotLook, match=r"model.safetensors: its blob .* is a link out of the cache"):
        resolve(str(root))


@pytest.mark.parametrize(
    "target", ["store/{x}", "{p}/../{p}/{x}", "../models--org--name/refs/main", "{p}/short", "/etc/passwd"]
)
def test_a_blob_may_link_to_a_store_entry_only(tmp_path: Path, target: str) -> None:
    root = snapshot(tmp_path, shared=["model.safetensors"])
    store = tmp_path / "hub" / "blobs"
    entry = resolve(str(root / "model.safetensors")).files[0].location
    layouts.write(store, {"store/x": b"", f"{entry.parent.name}/short": b""})
    filled = target.format(p=entry.parent.name, x=entry.name)
    blob = tmp_path / "hub" / "models--org--name" / "blobs" / sha256(LARGE).hexdigest()
    relink(blob, filled if filled.startswith("/") else f"../../blobs/{filled}")
    if ".." in filled and filled.endswith(entry.name):
        assert (
            resolve(str(root / "model.safetensors")).files[0].location == entry
        )  # the long way round is no other place
        return
    with pytest.raises(CouldNotLook, match=r"out of the cache|No such file"):
        resolve(str(root))


def test_a_store_entry_must_be_a_file(tmp_path: Path) -> None:
    root = snapshot(tmp_path, shared=["model.safetensors"])
    entry = resolve(str(root / "model.safetensors")).files[0].location
    relink(entry, "/etc/passwd")
    with pytest.raises(CouldNotLook, match="is a symbolic link, not a regular file"):
        resolve(str(root))


def test_broken_claims_are_found_by_digesting(tmp_path: Path) -> None:
    root = snapshot(tmp_path)
    listing = resolve(str(root))
    blob = next(file.location for file in listing.files if file.path == "model.safetensors")
    blob.write_bytes(b"x" * len(LARGE))
    listing = resolve(str(root))
    with open_model(listing) as model:
        assert listing.broken_claims(read(model, [digests.digest_file]).files) == ("model.safetensors",)


ESCAPES = {
    "out of the cache": "../../../../secret",
    "absolute": "/etc/hosts",
    "another repository": "../../../models--org--other/blobs/x",
    "another file of the snapshot": "config.json",
    "straight to the store": "../../../blobs/aa/x",
    "refs": "../../refs/main",
    "below the blobs": "../../blobs/sub/x",
    "the blobs themselves": "../../blobs",
    "parent of the blobs": "../../blobs/..",
    "itself": "link",
    "nowhere": "../../blobs/nothing",
    "no such folder": "../../nothing/x",
}


@pytest.mark.parametrize("case", ESCAPES)
def test_links_that_leave_the_two_roots(tmp_path: Path, case: str) -> None:
    root = snapshot(tmp_path)
    hub = tmp_path / "hub"
    layouts.write(hub, {"models--org--other/blobs/x": b"", "blobs/aa/x": b"", "models--org--name/blobs/sub/x": b""})
    (tmp_path / "secret").write_bytes(b"")
    (root / "link").symlink_to(ESCAPES[case])
    with pytest.raises(CouldNotLook, match="link: ") as caught:
        resolve(str(root))
    assert caught.value.exit is Exit.UNDECIDED


def test_a_blobs_folder_that_is_a_link_is_another_place(tmp_path: Path) -> None:
    root = snapshot(tmp_path)
    blobs = tmp_path / "hub" / "models--org--name" / "blobs"
    blobs.rename(tmp_path / "moved")
    blobs.symlink_to(tmp_path / "moved")
    with pytest.raises(CouldNotLook, match="is a symbolic link that leads out of the model"):
        resolve(str(root))


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    root = snapshot(tmp_path)
    layouts.write(tmp_path / "hub" / "models--org--name" / "blobs", {"folder/x": b""})
    (root / "folder").symlink_to("../../blobs/folder")
    with pytest.raises(CouldNotLook, match="folder: is a folder, not a regular file"):
        resolve(str(root))


def test_absolute_links_and_a_cache_behind_a_link(tmp_path: Path) -> None:
    root = snapshot(tmp_path)
    (tmp_path / "home").symlink_to("hub")
    blob = tmp_path / "home" / "models--org--name" / "blobs" / sha256(LARGE).hexdigest()
    relink(root / "model.safetensors", blob)
    listing = resolve(str(tmp_path / "home" / root.relative_to(tmp_path / "hub")))
    assert {file.path: file.location for file in listing.files}["model.safetensors"] == blob.resolve()


def test_a_snapshot_with_files_in_place_of_links(tmp_path: Path) -> None:
    root = snapshot(tmp_path)
    (root / "config.json").unlink()
    layouts.write(root, {"config.json": b"{}"})
    listed = {file.path: file for file in resolve(str(root)).files}
    assert listed["config.json"].location == root / "config.json"
    os.mkfifo(root / "pipe")
    with pytest.raises(CouldNotLook, match="is a FIFO"):
        resolve(str(root))


def test_single_files_split_sets_and_folders_of_a_snapshot(tmp_path: Path) -> None:
    files = {f"q/m-{k:05}-of-00002.gguf": LARGE + bytes([k]) for k in (1, 2)} | {"m.gguf": LARGE}
    root = layouts.hugging_face_cache(tmp_path / "hub", files)
    single = resolve(str(root / "m.gguf"))
    assert (single.kind, single.files[0].path) == (ModelKind.FILE, "m.gguf")
    assert single.files[0].claimed_sha256 == sha256(LARGE).hexdigest()
    split = resolve(str(root / "q" / "m-00002-of-00002.gguf"))
    assert (split.kind, len(split.files)) == (ModelKind.SPLIT, 2)
    assert [file.path for file in resolve(str(root / "q")).files] == [file.path for file in split.files]
    (root / "q" / "m-00001-of-00002.gguf").unlink()
    with pytest.raises(CouldNotLook, match=r"q/m-00001-of-00002\.gguf: is missing"):
        resolve(str(root / "q" / "m-00002-of-00002.gguf"))


def test_a_repository_is_not_a_model(tmp_path: Path) -> None:
    repository = snapshot(tmp_path).parent.parent
    with pytest.raises(UsageError, match="name one of its snapshots"):
        resolve(str(repository))


def test_links_in_a_folder_that_only_looks_alike_are_refused(tmp_path: Path) -> None:
    root = layouts.write(tmp_path / "models--org--name", {"snapshot/x": b"", "blobs/y": b""})
    (root / "snapshot" / "link").symlink_to("../blobs/y")
    with pytest.raises(CouldNotLook, match="is a symbolic link"):
        resolve(str(root / "snapshot"))
