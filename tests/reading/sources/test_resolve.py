"""Which source a name goes to, what stands in a listing, and names that lead nowhere."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from provenance.errors import CouldNotLook, Exit, UsageError
from provenance.reading import sources
from provenance.reading.sources import SOURCES, Identity, ListedFile, Listing, resolve
from provenance.records import FileDigest, ModelKind
from tests.reading import layouts

PAGE = (Path(__file__).parents[3] / "docs" / "digests.md").read_text()


def test_every_source_has_a_module_a_page_entry_and_a_test() -> None:
    folder = Path(sources.__file__).parent
    kinds = {path.stem for path in folder.glob("*.py")} - {"__init__", "interface", "walk"}
    imported = {
        node.module.rpartition(".")[2]
        for node in ast.walk(ast.parse((folder / "__init__.py").read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(sources.__name__)
    }
    assert kinds == imported - {"interface"}
    assert len(kinds) == len(SOURCES) == len({source.name for source in SOURCES})
    for source in SOURCES:
        assert f"| `{source.name}` |" in PAGE
    for kind in kinds:
        assert (Path(__file__).parent / f"test_{kind}.py").exists()


@pytest.mark.parametrize("name", ["missing", "folder/missing", "file/below", "nul\0byte", ""])
def test_a_missing_path_is_a_usage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    layouts.write(tmp_path, {"file": b"", "folder/x": b""})
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="no such file or folder") as caught:
        resolve(name)
    assert caught.value.exit is Exit.USAGE
    assert "\n" not in str(caught.value)
    assert "\0" not in str(caught.value)


def test_a_dangling_and_a_cyclic_name(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(UsageError, match="no such file"):
        resolve(str(tmp_path / "dangling"))
    with pytest.raises(CouldNotLook, match="circle"):
        resolve(str(tmp_path / "circle"))


def test_links_on_the_way_to_a_model_are_the_users_words(tmp_path: Path) -> None:
    root = layouts.write(tmp_path / "real", {"model.gguf": b"1", "part-00001-of-00001.gguf": b"2"})
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "file").symlink_to("real/model.gguf")
    (tmp_path / "part").symlink_to("real/part-00001-of-00001.gguf")
    assert resolve(str(tmp_path / "folder")).files[0].location == root / "model.gguf"
    assert resolve(str(tmp_path / "file")).files[0].path == "model.gguf"
    assert resolve(str(tmp_path / "folder" / "model.gguf")).files[0].location == root / "model.gguf"
    part = resolve(str(tmp_path / "part"))
    assert (part.kind, part.files[0].path) == (ModelKind.SPLIT, "part-00001-of-00001.gguf")


@pytest.mark.parametrize("name", [".", "./", "../model", "..", "sub/.."])
def test_relative_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    root = layouts.write(tmp_path / "model", {"x": b"1", "sub/y": b"2"})
    monkeypatch.chdir(root / "sub" if name == ".." else root)
    listing = resolve(name)
    assert listing.name == name
    assert [file.location for file in listing.files] == [root / "sub" / "y", root / "x"]


def test_a_listing_says_what_lstat_says(tmp_path: Path) -> None:
    root = layouts.write(tmp_path, {"run.sh": b"#!", "b": b"12345"})
    (root / "run.sh").chmod(0o754)
    listed = {file.path: file for file in resolve(str(root)).files}
    status = (root / "b").lstat()
    assert listed["b"] == ListedFile("b", root / "b", Identity.of(status), executable=False)
    assert listed["b"].size == 5
    assert listed["b"].identity.inode == status.st_ino
    assert listed["run.sh"].executable
    assert os.fspath(listed["run.sh"].location) == f"{root}/run.sh"


def test_a_listing_is_never_empty() -> None:
    with pytest.raises(ValueError, match="at least one file"):
        Listing("x", ModelKind.DIRECTORY, ())


def test_broken_claims_are_named() -> None:
    identity = Identity(1, 2, 3, 4, 5)
    files = tuple(
        ListedFile(path, Path("/x"), identity, executable=False, claimed_sha256=claim)
        for path, claim in (("right", "aa"), ("unclaimed", None), ("wrong", "bb"))
    )
    listing = Listing("x", ModelKind.DIRECTORY, files)
    digests = [FileDigest("right", 3, "aa"), FileDigest("unclaimed", 3, "cc"), FileDigest("wrong", 3, "cc")]
    assert listing.broken_claims(digests) == ("wrong",)
