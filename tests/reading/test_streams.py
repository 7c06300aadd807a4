"""A stream gives each consumer exactly its bytes, wherever the pieces happen to be cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.errors import CouldNotLook
from provenance.reading.engine import OpenModel, open_model
from provenance.reading.sources import resolve
from provenance.reading.streams import FileStream, TensorFactory
from provenance.records import Consumer, Unit
from tests.reading import layouts
from tests.reading.consumers import Fed, Keep, keep
from tests.reading.formats import torch_forge


def opened(path: Path, content: bytes) -> OpenModel:
    path.write_bytes(content)
    return open_model(resolve(str(path)))


def stream(
    model: OpenModel, tensor_factory: TensorFactory[Fed] = keep, ticks: list[int] | None = None
) -> FileStream[Fed, Fed]:
    header = model.headers[0] if model.headers else None
    tick = (ticks if ticks is not None else []).append
    return FileStream(next(iter(model.files.values())), header, [keep], [tensor_factory], tick)


lengths = st.lists(st.integers(0, 40), max_size=8)


@given(lengths, st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(0, 30))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cut_gives_every_consumer_its_bytes(
    tmp_path: Path, tensors: list[int], cuts: list[int], padding: int
) -> None:
    stored = {f"t{number}": ("U8", [size], bytes([number + 1]) * size) for number, size in enumerate(tensors)}
    content = layouts.safetensors(stored, {"p": "x" * padding})
    buffer, ticks = memoryview(bytearray(64)), list[int]()
    with opened(tmp_path / "m.safetensors", content) as model:
        reading = stream(model, ticks=ticks)
        step = 0
        while reading.left:
            before = reading.position
            chunk = reading.take(buffer[: cuts[step % len(cuts)]])
            assert bytes(chunk) == content[before : reading.position]
            step += 1
        reading.finish()
    assert sum(ticks) == len(content)
    assert [fed.content for fed in reading.file_records] == [content]
    by_name = {fed.unit.tensor.name: fed for fed in reading.tensor_records if fed.unit.tensor}
    assert {name: fed.content for name, fed in by_name.items()} == {name: data for name, (_, _, data) in stored.items()}
    for fed in by_name.values():
        assert fed.unit.tensor
        assert (fed.unit.offset, fed.unit.nbytes) == (fed.unit.tensor.offset, fed.unit.tensor.nbytes)
        assert content[fed.unit.offset : fed.unit.offset + fed.unit.nbytes] == fed.content


def test_records_come_in_order_of_storage(tmp_path: Path) -> None:
    content = layouts.safetensors({name: layouts.bf16(3) for name in ("z", "a", "m")})
    with opened(tmp_path / "m.safetensors", content) as model:
        reading = stream(model)
        reading.take(memoryview(bytearray(len(content))))
        reading.finish()
    assert [fed.unit.tensor and fed.unit.tensor.name for fed in reading.tensor_records] == ["z", "a", "m"]


def test_a_factory_may_decline(tmp_path: Path) -> None:
    def only_b(unit: Unit) -> Consumer[Fed] | None:
        return Keep() if unit.tensor and unit.tensor.name == "b" else None

    content = layouts.safetensors({"a": layouts.bf16(3), "b": layouts.bf16(4)})
    with opened(tmp_path / "m.safetensors", content) as model:
        reading = stream(model, only_b)
        reading.take(memoryview(bytearray(len(content))))
        reading.finish()
    assert [fed.content for fed in reading.tensor_records] == [layouts.bf16(4)[2]]


def test_pieces_are_not_copied(tmp_path: Path) -> None:
    """What a consumer sees lies in the caller's buffer."""
    seen = []

    class Look(Keep):
        def update(self, chunk: memoryview) -> None:
            seen.append(chunk.obj)
            super().update(chunk)

    content = layouts.safetensors({"a": layouts.bf16(300), "b": layouts.bf16(300)})
    buffer = bytearray(256)
    with opened(tmp_path / "m.safetensors", content) as model:
        reading = stream(model, lambda unit: Look())
        while reading.left:
            reading.take(memoryview(buffer))
    assert len(seen) >= 4
    assert all(owner is buffer for owner in seen)


def test_a_file_of_nothing_and_a_file_that_is_no_weights(tmp_path: Path) -> None:
    for content in (b"", b"text"):
        with opened(tmp_path / "x", content) as model:
            reading = stream(model)
            while reading.left:
                reading.take(memoryview(bytearray(3)))
            reading.finish()
        assert [fed.content for fed in reading.file_records] == [content]
        assert reading.tensor_records == []


def test_bytes_that_are_not_the_ones_that_were_looked_at(tmp_path: Path) -> None:
    content = layouts.safetensors({"a": layouts.bf16(8)})
    with opened(tmp_path / "m.safetensors", content) as model:
        file = model.files["m.safetensors"]
        assert file.looked_at, "its header was"
        file.looked_at[(9, 3)] = blake3(b"not").digest()
        reading = stream(model)
        reading.take(memoryview(bytearray(len(content))))
        with pytest.raises(CouldNotLook, match="what was looked at is not what was digested"):
            reading.finish()


def test_two_looks_at_one_range_must_agree(tmp_path: Path) -> None:
    with opened(tmp_path / "x", b"0123") as model:
        file = model.files["x"]
        assert file.pread(2, 1) == file.pread(2, 1) == b"12"
        file.looked_at[(1, 2)] = blake3(b"13").digest()
        with pytest.raises(CouldNotLook, match="two reads of one range differ"):
            file.pread(2, 1)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=8),
    st.lists(st.integers(1, 60), min_size=1, max_size=5),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tensors_that_share_bytes_are_each_fed_theirs(
    tmp_path: Path, views: list[tuple[int, int]], cuts: list[int]
) -> None:
    """Views of one storage of ten floats, in any arrangement, inside of each other or the same."""
    stored = bytes(range(40))
    value = {
        f"t{number}": torch_forge.tensor(torch_forge.storage("0", 10), (min(size, 10 - start),), None, start)
        for number, (start, size) in enumerate(views)
    }
    content = torch_forge.checkpoint(torch_forge.dictionary(value), {"0": stored} if value else {})
    with opened(tmp_path / "m.bin", content) as model:
        reading = stream(model)
        step = 0
        while reading.left:
            reading.take(memoryview(bytearray(64))[: cuts[step % len(cuts)]])
            step += 1
        reading.finish()
    fed = {one.unit.tensor.name: one.content for one in reading.tensor_records if one.unit.tensor}
    assert fed == {f"t{number}": stored[4 * start : 4 * (start + size)] for number, (start, size) in enumerate(views)}
    offsets = [one.unit.offset for one in reading.tensor_records]
    assert offsets == sorted(offsets)
