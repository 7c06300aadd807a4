"""What is read from a disk is given back to the system; what was in its cache is left there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from provenance.reading import files
from provenance.reading.engine import open_model, read
from provenance.reading.sources import resolve
from tests.reading import layouts
from tests.reading.consumers import keep


@pytest.fixture
def dropped(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Ranges that the system is told to forget; it is not told."""
    told: list[tuple[int, int]] = []

    def note(descriptor: int, offset: int, nbytes: int, advice: int) -> None:
        if advice == os.POSIX_FADV_DONTNEED:
            told.append((offset, nbytes))

    monkeypatch.setattr(os, "posix_fadvise", note)
    monkeypatch.setattr(files, "DROP_BYTES", 3 << 20)
    return told


@pytest.mark.skipif(files._AT_ONCE is None, reason="this system does not say what is in its cache")
@pytest.mark.parametrize("missing", [None, 0, 2])
def test_from_the_first_miss_on_everything_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dropped: list[tuple[int, int]], missing: int | None
) -> None:
    data = os.urandom((10 << 20) + 5)
    path = tmp_path / "model.safetensors"
    path.write_bytes(layouts.safetensors({"t": ("U8", [len(data)], data)}))
    size, asked = path.stat().st_size, []

    def at_hand(self: files.OpenFile, buffer: memoryview, offset: int) -> bool:
        asked.append(offset)
        return len(asked) - 1 != missing

    monkeypatch.setattr(files.OpenFile, "_at_hand", at_hand)
    with open_model(resolve(str(tmp_path))) as model:
        (whole,) = read(model, [keep], threads=1).files
    assert whole.content == path.read_bytes()
    if missing is None:
        assert dropped == []
        return
    start = missing << 20
    assert dropped[0] == (start, 3 << 20)
    assert [offset for offset, _ in dropped] == list(range(start, size, 3 << 20))
    assert sum(nbytes for _, nbytes in dropped) == size - start


def test_a_file_in_the_cache_is_at_hand(tmp_path: Path, dropped: list[tuple[int, int]]) -> None:
    data = os.urandom(5 << 20)
    (tmp_path / "model.safetensors").write_bytes(layouts.safetensors({"t": ("U8", [len(data)], data)}))
    with open_model(resolve(str(tmp_path))) as model:
        read(model, [keep])
    assert dropped == []
