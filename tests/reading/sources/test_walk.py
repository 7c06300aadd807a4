"""Walking a folder: complete, bounded, by descriptors; and names that nobody could quote."""

from __future__ import annotations

import errno
import os
import sys
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import CouldNotLook, Exit, LimitExceeded
from provenance.reading.sources import walk as walking
from provenance.reading.sources.walk import check_collisions, check_name, walk
from provenance.records import Refused
from tests.reading import layouts


def test_everything_is_found_in_byte_order(tmp_path: Path) -> None:
    paths = ["a", "a.b", "a/b", "a/b.c/d", "ä", "z/ü/x", "Z", ".hidden/.x"]
    layouts.write(tmp_path, {path: b"" for path in paths if path != "a"})
    (tmp_path / "link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "empty" / "empty").mkdir(parents=True)
    expected = sorted([*(path for path in paths if path != "a"), "link", "fifo"], key=str.encode)
    entries = walk(tmp_path, "m")
    assert [entry.path for entry in entries] == expected
    assert all(entry.location == tmp_path / entry.path for entry in entries)


def test_the_number_of_entries_is_bounded(tmp_path: Path) -> None:
    layouts.write(tmp_path, {f"{number}": b"" for number in range(4)} | {"sub/x": b""})
    assert len(walk(tmp_path, "m", max_files=6)) == 5
    with pytest.raises(LimitExceeded, match="more than 5 files") as caught:
        walk(tmp_path, "m", max_files=5)
    assert caught.value.exit is Exit.UNDECIDED


def test_the_depth_is_bounded(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"1/2/3/x": b""})
    assert len(walk(tmp_path, "m", max_depth=4)) == 1
    with pytest.raises(LimitExceeded, match="deeper than 3"):
        walk(tmp_path, "m", max_depth=3)
    deep = layouts.write(tmp_path / "deep", {"d/" * walking.MAX_DEPTH + "x": b""})
    with pytest.raises(LimitExceeded, match=r"m/d/d/.*deeper"):
        walk(deep, "m")


def test_what_is_kept_of_paths_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walking, "MAX_PATH", 10)
    layouts.write(tmp_path, {"a/123456789": b"", "a/12345678": b"", "b/x": b"", "c/x": b""})
    with pytest.raises(LimitExceeded, match=r"m/a: .* longer than 10 characters"):
        walk(tmp_path, "m")
    told: list[Refused] = []
    found = walk(tmp_path, "m", lambda entry, _: told.append(entry))
    assert [entry.path for entry in found] == ["a/12345678", "b/x", "c/x"]
    assert [(entry.path, entry.kind) for entry in told] == [("a", "too-many")]
    monkeypatch.setattr(walking, "MAX_PATHS", 24)
    told.clear()
    assert len(walk(tmp_path, "m", lambda entry, _: told.append(entry))) == 1
    assert [(entry.path, entry.kind) for entry in told] == [("a", "too-many"), ("", "too-many")]


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"1/2/3/x": b"", "4/5": b""})
    lowest = os.dup(0)
    os.close(lowest)
    walk(tmp_path, "m")
    with pytest.raises(LimitExceeded):
        walk(tmp_path, "m", max_depth=2)
    after = os.dup(0)
    os.close(after)
    assert after == lowest


def test_a_folder_swapped_for_a_link_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The swap happens between `lstat` of the folder and its opening, the moment that a race would need."""
    root = layouts.write(tmp_path / "root", {"folder/x": b"", "other": b""})
    secret = layouts.write(tmp_path / "secret", {"key": b""})
    real_stat = os.stat

    def stat_then_swap(name: str, **options: object) -> os.stat_result:
        status = real_stat(name, **options)  # type: ignore[arg-type]
        if name == "folder":
            (root / "folder").rename(tmp_path / "gone")
            (root / "folder").symlink_to(secret)
        return status

    monkeypatch.setattr(os, "stat", stat_then_swap)
    with pytest.raises(CouldNotLook, match="m/folder: cannot be listed"):
        walk(root, "m")


def test_an_entry_that_vanishes_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layouts.write(tmp_path, {"a": b"", "b": b""})
    real_stat = os.stat

    def remove_then_stat(name: str, **options: object) -> os.stat_result:
        if name == "b":
            (tmp_path / "b").unlink()
        return real_stat(name, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "stat", remove_then_stat)
    with pytest.raises(CouldNotLook, match="No such file"):
        walk(tmp_path, "m")


def test_a_folder_that_fails_while_it_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.raises(CouldNotLook, match="m/: cannot be listed: Input/output error"):
        walk(tmp_path, "m")


def test_a_root_that_is_a_link_or_no_folder_is_refused(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"folder/x": b""})
    (tmp_path / "link").symlink_to("folder")
    for name in ("link", "folder/x", "missing"):
        with pytest.raises(CouldNotLook, match="cannot be listed"):
            walk(tmp_path / name, "m")


BAD_NAMES = [
    "line\nfeed",
    "return\r",
    "back\\slash",
    "bell\x07",
    "del\x7f",
    "c1\x85",
    "line\u2028separator",
    "\u2029",
    "tab\t",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_cannot_be_quoted(tmp_path: Path, name: str) -> None:
    layouts.write(tmp_path, {f"sub/{name}": b""})
    with pytest.raises(CouldNotLook, match="backslash or a control character") as caught:
        walk(tmp_path, "m")
    message = str(caught.value)
    assert message.startswith("m/sub/: ")
    assert len(message.splitlines()) == 1
    assert message.isprintable()


@pytest.mark.skipif(sys.platform == "darwin", reason="APFS holds UTF-8 names only")
def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9")).write_bytes(b"")
    with pytest.raises(CouldNotLook, match=r"'caf\\xe9' is not UTF-8"):
        walk(tmp_path, "m")
    with pytest.raises(CouldNotLook, match="is not UTF-8"):
        check_name(b"\xed\xa0\x80", "sub/", "m")  # half a surrogate pair, as some tools write it


def test_a_dash_counts_at_the_top_only(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"sub/-rf": b""})
    assert [entry.path for entry in walk(tmp_path, "m")] == ["sub/-rf"]
    for name in ("-rf", "-", "--check"):
        with pytest.raises(CouldNotLook, match="begins with '-'"):
            check_name(name.encode(), "", "m")
    layouts.write(tmp_path, {"-folder/x": b""})
    with pytest.raises(CouldNotLook, match="begins with '-'"):
        walk(tmp_path, "m")


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters="\\/-"), min_size=1))
def test_every_other_name_is_let_through_as_it_is(name: str) -> None:
    assert check_name(name.encode(), "", "m") == name


COLLISIONS = [
    ("README.md", "readme.md"),
    ("a/x", "A/y"),
    ("a/b/x", "a/B"),
    ("stra\u00dfe", "STRASSE"),
    ("\u00e9", "e\u0301"),
    ("\u00c9", "e\u0301"),
    ("\u212a", "k"),
    ("\u03b1\u0345", "\u0391\u0399"),
    ("\ufb01le", "FILE"),
]


@pytest.mark.parametrize(("one", "other"), COLLISIONS)
def test_collisions(one: str, other: str) -> None:
    with pytest.raises(CouldNotLook, match="one name where case"):
        check_collisions([one, "between", other], "m")


def test_collisions_of_deep_folders_take_no_time() -> None:
    folder = "d/" * 250
    begun = time.process_time()
    check_collisions([f"{folder}{number}" for number in range(20_000)], "m")
    assert time.process_time() - begun < 5


def test_what_does_not_collide() -> None:
    check_collisions(["a", "b", "a.b", "ab/a", "ab/b", "b/a", "\u00e9", "e", "x\u00b2", "x2"], "m")


@given(st.lists(st.text("aAbBéÉ\u0301e/", min_size=1, max_size=4), unique=True, max_size=6))
def test_collisions_are_those_of_the_canonical_caseless_form(paths: list[str]) -> None:
    def folded(path: str) -> str:
        return unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())

    prefixes = {"/".join(path.split("/")[:depth]) for path in paths for depth in range(1, path.count("/") + 2)}
    collide = len({folded(prefix) for prefix in prefixes}) < len(prefixes)
    try:
        check_collisions(paths, "m")
    except CouldNotLook:
        assert collide
    else:
        assert not collide
