"""Differences between signed files and files on disk, in words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provenance.documents.report import File
from provenance.records import ModelKind
from provenance.trust.attest.file_set import MAX_NAMED, differences, nothing_in_common, summary
from tests.trust.attest.material import manifest, scan, sha256


def signed(**contents: str) -> list[File]:
    return scan(manifest(**contents)).files


def test_equal_sets_do_not_differ() -> None:
    assert differences(signed(a="1", b="2"), manifest(a="1", b="2")) == []


def test_each_kind_of_difference_names_its_file() -> None:
    found = differences(signed(a="1", b="2", c="3", d="4"), manifest(a="1", b="x", e="3", f="6"))
    assert found == [
        f"modified b expected sha256:{sha256('2')} actual sha256:{sha256('x')}",
        "renamed c -> e",
        "removed d",
        "added f",
    ]


def test_a_swap_is_two_modified_files() -> None:
    found = differences(signed(a="1", b="2"), manifest(a="2", b="1"))
    assert [line.split(" expected")[0] for line in found] == ["modified a", "modified b"]


def test_twins_are_renamed_one_to_one() -> None:
    assert differences(signed(a="1", b="1", k="2"), manifest(c="1", d="1", e="1", k="2")) == [
        "renamed a -> c",
        "renamed b -> d",
        "added e",
    ]
    assert differences(signed(a="1", b="1", k="2"), manifest(c="1", k="2")) == ["renamed a -> c", "removed b"]


def test_a_file_that_is_listed_twice_is_named() -> None:
    files = signed(a="1")
    assert differences([*files, *files], manifest(a="1")) == ["listed twice a"]


def test_a_size_that_contradicts_the_digest_is_named() -> None:
    files = [file.model_copy(update={"size": 7}) for file in signed(a="1")]
    assert differences(files, manifest(a="1")) == ["modified a expected 7 bytes actual 1 bytes"]


def test_a_single_file_may_be_renamed_but_not_changed() -> None:
    renamed = manifest(ModelKind.FILE, b="1")
    assert differences(signed(a="1"), renamed) == []
    assert differences(signed(a="2"), renamed) == [
        f"modified b expected sha256:{sha256('2')} actual sha256:{sha256('1')}"
    ]
    assert differences(signed(a="1", b="2"), renamed) == [
        f"modified b expected sha256:{sha256('2')} actual sha256:{sha256('1')}",
        "removed a",
    ]


def test_a_split_model_commits_to_its_names() -> None:
    assert differences(signed(a="1"), manifest(ModelKind.SPLIT, b="1")) == ["renamed a -> b"]


def test_another_model_shares_nothing() -> None:
    assert nothing_in_common(signed(a="1", b="2"), manifest(a="3", b="4"))
    assert not nothing_in_common(signed(a="1", b="2"), manifest(a="3", c="2"))


def test_a_long_list_is_cut_and_counted() -> None:
    lines = [f"added {n}" for n in range(MAX_NAMED + 3)]
    assert summary(lines[:2]) == "added 0; added 1"
    assert summary(lines[:MAX_NAMED]).endswith(f"added {MAX_NAMED - 1}")
    assert summary(lines).endswith(f"added {MAX_NAMED - 1}; and 3 more")


CONTENTS = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("123"), min_size=1)


@given(CONTENTS, CONTENTS)
def test_sets_differ_exactly_where_they_do(one: dict[str, str], other: dict[str, str]) -> None:
    lines = differences(signed(**one), manifest(**other))
    assert bool(lines) == (one != other)
    text = " ".join(lines).split()
    assert all(name in text for name in one.keys() | other.keys() if one.get(name) != other.get(name))
