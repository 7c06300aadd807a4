"""The content inspector sees the same in every cut of the stream, and what only the middle shows."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.facts import ContentFact
from tests.surfaces import samples
from tests.surfaces.feeding import MIB, inspect, kinds
from tests.surfaces.samples import SAMPLES


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("chunk", [MIB, 1000, 7, 1])
def test_every_sample_in_every_cut(sample: str, chunk: int) -> None:
    kind, make = SAMPLES[sample]
    assert kinds("file", make(), chunk) == [kind]


def test_a_checkpoint_whose_pickle_is_named_in_the_middle_only() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("a/first", bytes(100_000))
        made.writestr("a/data.pkl", b"\x80\x02N.")
        for i in range(2000):
            made.writestr(f"a/data/{i:040}", b"")
    data = buffer.getvalue()
    assert b"/data.pkl" not in data[:65536] + data[-65536:]
    for chunk in (MIB, 4096, data.index(b"/data.pkl") + 4):
        assert kinds("pytorch_model.bin", data, chunk) == ["torch-zip"]


def test_a_text_that_speaks_of_checkpoints_is_a_text() -> None:
    assert kinds("README.md", b"PK: a zip holds archive/data.pkl\n") == ["text"]
    assert kinds("README.md", b"PK" + b" words" * 20_000 + b"\x00") == ["unknown"]


def test_text_with_binary_data_later_is_not_text() -> None:
    data = b"# A card\n" * 10_000 + b"\x00\x01\x02"
    assert kinds("README.md", data) == ["unknown"]
    assert kinds("README.md", data[:-3]) == ["text"]


def test_a_zip_after_a_long_text() -> None:
    assert kinds("README.md", b"words " * 50_000 + samples.archive()) == ["unknown", "zip"]


def test_executable_is_said_of_programs_and_of_modes() -> None:
    def executable(data: bytes, **options: bool) -> bool:
        (fact,) = [fact for fact in inspect("file", data, **options) if isinstance(fact, ContentFact)]
        return fact.executable

    assert not executable(b"text")
    assert executable(b"text", executable=True)
    assert executable(b"\x7fELF\x02\x01\x01")
    assert executable(b"#!/bin/sh\n")


def test_no_more_than_the_ends_is_held() -> None:
    import tracemalloc

    data = bytes(range(256)) * 4096 * 16
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        assert kinds("data.dat", data) == ["unknown"]
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert peak < 6 * MIB


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=3000), st.integers(1, 700))
def test_the_cut_never_matters(data: bytes, chunk: int) -> None:
    assert inspect("file", data, chunk=chunk) == inspect("file", data)
