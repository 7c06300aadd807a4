"""Two lanes of SHA-256 against hashlib, and files that are read by twos against files that are read alone."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import CouldNotLook
from provenance.reading import digests, side
from provenance.reading.engine import FileFactory, open_model, read
from provenance.reading.sha256 import TWO_AT_ONCE, Lane
from provenance.reading.side import LARGE, pairs_of
from provenance.reading.sources import resolve
from provenance.records import FileDigest
from tests.reading import layouts
from tests.reading.consumers import Fed, keep

needs_lanes = pytest.mark.skipif(not TWO_AT_ONCE, reason="no instructions for SHA-256, or built without a compiler")


@needs_lanes
@pytest.mark.parametrize("nbytes", [0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 1000, 1_000_000])
def test_one_lane_is_sha256(nbytes: int) -> None:
    data = os.urandom(nbytes)
    lane = Lane()
    lane.update(memoryview(data))
    assert lane.hexdigest() == hashlib.sha256(data).hexdigest()


sizes = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200), st.booleans()), max_size=8)


@needs_lanes
@given(sizes, st.randoms(use_true_random=False))
def test_two_lanes_cut_anywhere_are_sha256(pieces: list[tuple[int, int, bool]], random: object) -> None:
    lanes, data = (Lane(), Lane()), (b"", b"")
    for one, other, together in pieces:
        new = random.randbytes(one), random.randbytes(other)  # type: ignore[attr-defined]
        if together:
            lanes[0].update_two(memoryview(new[0]), lanes[1], memoryview(new[1]))
        else:
            lanes[0].update(memoryview(new[0]))
            lanes[1].update(memoryview(new[1]))
        data = data[0] + new[0], data[1] + new[1]
    assert [lane.hexdigest() for lane in lanes] == [hashlib.sha256(whole).hexdigest() for whole in data]


@needs_lanes
def test_lanes_refuse_what_is_no_state_and_no_blocks() -> None:
    from array import array

    from provenance.reading.sha256 import _lanes

    whole = memoryview(bytes(64))
    for words, data in ((array("I", [0] * 7), whole), (array("I", [0] * 8), whole[:63])):
        with pytest.raises(ValueError, match="whole blocks"):
            _lanes.compress(words, data)
    with pytest.raises(ValueError, match="as many in each lane"):
        _lanes.compress_two(array("I", [0] * 8), whole, array("I", [0] * 8), memoryview(bytes(128)))


@pytest.mark.parametrize(
    ("files", "threads", "twos"),
    [(0, 2, 0), (1, 2, 0), (2, 2, 0), (3, 2, 1), (4, 2, 2), (5, 2, 2), (6, 2, 2), (7, 2, 3), (2, 1, 1), (9, 4, 4)],
)
def test_no_thread_is_left_idle_by_twos(monkeypatch: pytest.MonkeyPatch, files: int, threads: int, twos: int) -> None:
    monkeypatch.setattr(side, "TWO_AT_ONCE", True)
    assert pairs_of(files, threads) == twos


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    for number in range(5):
        data = os.urandom(LARGE + 777 * number)
        stored = {f"t{number}": ("U8", [len(data)], data)}
        (tmp_path / f"{number}.safetensors").write_bytes(layouts.safetensors(stored))
    (tmp_path / "config.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("two_at_once", [True, False])
def test_files_read_by_twos_have_the_digests_of_files_read_alone(
    shards: Path, monkeypatch: pytest.MonkeyPatch, threads: int, two_at_once: bool
) -> None:
    monkeypatch.setattr(side, "TWO_AT_ONCE", True)  # by twos; with lanes where they are
    monkeypatch.setattr(digests, "TWO_AT_ONCE", two_at_once and TWO_AT_ONCE)
    with open_model(resolve(str(shards))) as model:
        factories: list[FileFactory[FileDigest | Fed]] = [digests.digest_file, keep]
        reading = read(model, factories, [digests.digest_tensor], threads=threads)
    whole = {path.name: path.read_bytes() for path in sorted(shards.iterdir())}
    seen = {record.path: record.sha256 for record in reading.files if isinstance(record, FileDigest)}
    assert seen == {name: hashlib.sha256(data).hexdigest() for name, data in whole.items()}
    assert [record.content for record in reading.files if not isinstance(record, FileDigest)] == list(whole.values())
    assert len(reading.tensors) == 5


def test_of_two_files_the_one_that_fails_is_named_and_the_other_kept(
    shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side, "TWO_AT_ONCE", True)
    failed: dict[str, CouldNotLook] = {}
    with open_model(resolve(str(shards))) as model:
        os.truncate(shards / "2.safetensors", LARGE)
        reading = read(model, [digests.digest_file], [digests.digest_tensor], failed=failed)
    assert set(failed) == {"2.safetensors"}
    assert {record.path for record in reading.files} == {f"{n}.safetensors" for n in (0, 1, 3, 4)} | {"config.json"}
