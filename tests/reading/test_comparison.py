"""Pair mode: both models read once, pairs met in step, and a second look at those that cross, and only at those."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provenance.errors import CouldNotLook
from provenance.reading import digests
from provenance.reading.crew import BUFFER_BYTES
from provenance.reading.engine import PairReading, Reading, open_model, read, read_again, read_pair
from provenance.reading.sources import resolve
from provenance.records import FileDigest, Tensor, TensorDigest, Unit
from tests.reading import layouts
from tests.reading.consumers import Disturb, FedPair, KeepPair, keep_pair
from tests.reading.formats import torch_forge

MEBIBYTE = 1024 * 1024
Layout = Mapping[str, Mapping[str, layouts.Stored]]
"""Tensors by file."""
Seen = PairReading[FileDigest, TensorDigest, FedPair]


def store(root: Path, layout: Layout, extra: Mapping[str, bytes] | None = None) -> Path:
    for path in root.glob("*"):
        path.unlink()
    files = {path: layouts.safetensors(tensors) for path, tensors in layout.items()}
    return layouts.write(root, files | dict(extra or {}))


def compare(candidate: Path, base: Path, names: Sequence[tuple[str, str]] | None = None, threads: int = 2) -> Seen:
    """Read both; without `names` tensors of one name are pairs."""
    with open_model(resolve(str(candidate))) as left, open_model(resolve(str(base))) as right:
        ours, theirs = layouts.tensors(left), layouts.tensors(right)
        names = names if names is not None else [(name, name) for name in ours if name in theirs]
        pairs = [(ours[one], theirs[other]) for one, other in names]
        return read_pair(left, right, pairs, keep_pair, [digests.digest_file], [digests.digest_tensor], threads=threads)


def alone(root: Path) -> Reading[FileDigest, TensorDigest]:
    with open_model(resolve(str(root))) as model:
        return read(model, [digests.digest_file], [digests.digest_tensor])


def stored(layout: Layout) -> dict[str, bytes]:
    return {name: data for tensors in layout.values() for name, (_, _, data) in tensors.items()}


A, B, C, D = (layouts.bf16(size, size) for size in (700_000, 5, 900_001, 64))
BASE: Layout = {"m.safetensors": {"a": A, "b": B, "c": C, "d": D}}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "layout",
    [
        BASE,
        {"1.safetensors": {"a": A, "b": B}, "2.safetensors": {"c": C, "d": D}},
        {f"{number}.safetensors": {name: one} for number, (name, one) in enumerate(BASE["m.safetensors"].items())},
        {"1.safetensors": {"a": layouts.f32(700_000), "b": layouts.f32(5)}, "2.safetensors": {"c": C}},
        {"1.safetensors": {"new": D, "a": A, "c": layouts.bf16(900_001, 1), "more": B}},
    ],
    ids=["same", "two shards", "a shard each", "another dtype", "missing and added"],
)
def test_equal_orders_take_one_pass(tmp_path: Path, layout: Layout, threads: int) -> None:
    candidate = store(tmp_path / "c", layout, {"config.json": b"{}"})
    base = store(tmp_path / "b", BASE, {"README.md": b"#"})
    seen = compare(candidate, base, threads=threads)
    assert seen.reread_bytes == 0
    assert seen.candidate == alone(candidate)
    assert seen.base == alone(base)
    ours, theirs = stored(layout), stored(BASE)
    assert len(seen.pairs) == len(set(ours) & set(theirs))
    for fed in seen.pairs:
        assert fed is not None
        assert fed.candidate.tensor
        assert fed.base.tensor
        name = fed.candidate.tensor.name
        assert name == fed.base.tensor.name
        assert fed.contents == (ours[name], theirs[name])
        wide, other = (unit.nbytes // fed.base.tensor.elements for unit in (fed.candidate, fed.base))
        assert all(one // wide == two // other and not one % wide for one, two in fed.pieces)
        assert max(max(piece) for piece in fed.pieces) <= BUFFER_BYTES


def test_every_byte_is_read_once_where_orders_agree(tmp_path: Path) -> None:
    candidate, base = store(tmp_path / "c", BASE, {"x": b"12"}), store(tmp_path / "b", BASE)
    told = 0

    def progress(nbytes: int) -> None:
        nonlocal told
        told += nbytes

    with open_model(resolve(str(candidate))) as left, open_model(resolve(str(base))) as right:
        pairs = list(zip(layouts.tensors(left).values(), layouts.tensors(right).values(), strict=True))
        seen: PairReading[None, None, FedPair] = read_pair(left, right, pairs, keep_pair, progress=progress)
    assert told == sum(path.stat().st_size for root in (candidate, base) for path in root.iterdir())
    assert seen.candidate.files == ()


CROSSED: Layout = {"m.safetensors": {"c": layouts.bf16(900_001, 3), "d": D, "b": layouts.bf16(5, 3), "a": A}}


@pytest.mark.parametrize("threads", [1, 2])
def test_pairs_that_cross_are_read_again_unless_they_are_equal(tmp_path: Path, threads: int) -> None:
    candidate, base = store(tmp_path / "c", CROSSED), store(tmp_path / "b", BASE)
    seen = compare(candidate, base, threads=threads)
    by_name = dict(zip(stored(CROSSED), seen.pairs, strict=True))
    assert by_name["a"] is None  # crosses, and its bytes are those of the base
    for name in "bcd":
        fed = by_name[name]
        assert fed is not None
        assert fed.contents == (stored(CROSSED)[name], stored(BASE)[name])
    assert seen.reread_bytes == 2 * len(B[2])  # c and d are met on the way, being the heaviest in order
    assert seen.candidate == alone(candidate)
    assert seen.base == alone(base)


def test_equal_bytes_of_another_dtype_are_compared(tmp_path: Path) -> None:
    data = layouts.bf16(900)[2]
    layout: Layout = {"m.safetensors": {"x": ("F16", [900], data), "big": A}}
    other: Layout = {"m.safetensors": {"big": A, "x": ("BF16", [900], data)}}
    seen = compare(store(tmp_path / "c", layout), store(tmp_path / "b", other))
    assert seen.pairs[0] is not None
    assert seen.reread_bytes == 2 * len(data)


@pytest.mark.parametrize("threads", [1, 2])
def test_one_tensor_in_several_pairs(tmp_path: Path, threads: int) -> None:
    layout: Layout = {"m.safetensors": {"embed": layouts.bf16(5000, 1), "x": B, "head": layouts.bf16(5000, 2)}}
    base: Layout = {"m.safetensors": {"embed": layouts.bf16(5000, 3), "x": B}}
    names = [("embed", "embed"), ("x", "x"), ("head", "embed")]
    seen = compare(store(tmp_path / "c", layout), store(tmp_path / "b", base), names, threads)
    contents = [fed and fed.contents for fed in seen.pairs]
    assert contents == [(stored(layout)[one], stored(base)[other]) for one, other in names]
    assert seen.reread_bytes == 2 * 10_000


def test_tensors_without_elements_and_scalars(tmp_path: Path) -> None:
    layout: Layout = {
        "m.safetensors": {"none": ("F32", [0, 4], b""), "one": ("BF16", [], b"\0\1"), "end": ("F32", [0], b"")}
    }
    base: Layout = {
        "m.safetensors": {"none": ("BF16", [0, 4], b""), "one": ("F32", [], b"\0\1\2\3"), "end": ("F32", [0], b"")}
    }
    seen = compare(store(tmp_path / "c", layout), store(tmp_path / "b", base))
    assert [fed and fed.contents for fed in seen.pairs[:2]] == [(b"", b""), (b"\0\1", b"\0\1\2\3")]


def test_without_pairs_both_are_read(tmp_path: Path) -> None:
    candidate, base = store(tmp_path / "c", BASE), store(tmp_path / "b", CROSSED)
    seen = compare(candidate, base, [])
    assert (seen.candidate, seen.base, seen.pairs) == (alone(candidate), alone(base), ())


def test_a_model_against_itself(tmp_path: Path) -> None:
    root = store(tmp_path / "m", BASE)
    seen = compare(root, root)
    assert seen.candidate == seen.base
    assert all(fed and fed.contents[0] == fed.contents[1] for fed in seen.pairs)


sizes = st.lists(st.integers(0, 12), min_size=1, max_size=7)


@given(sizes, st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_layout_gives_the_same_comparison(tmp_path: Path, elements: list[int], data: st.DataObject) -> None:
    """Whatever the order and the shards of either side, every pair is compared or known to be equal."""
    sides: list[Layout] = []
    for side in range(2):
        layout: dict[str, dict[str, layouts.Stored]] = {}
        for number in data.draw(st.permutations(range(len(elements)))):
            shard = data.draw(st.sampled_from(["1.safetensors", "2.safetensors"]))
            seed = data.draw(st.integers(0, 1))
            make = data.draw(st.sampled_from([layouts.bf16, layouts.f32])) if side else layouts.bf16
            layout.setdefault(shard, {})[f"t{number}"] = make(elements[number], seed)
        sides.append(layout)
    candidate, base = store(tmp_path / "c", sides[0]), store(tmp_path / "b", sides[1])
    names = [(f"t{number}", f"t{number}") for number in range(len(elements))]
    seen = compare(candidate, base, names)
    assert seen.candidate == alone(candidate)
    assert seen.base == alone(base)
    for (name, _), fed in zip(names, seen.pairs, strict=True):
        ours, theirs = stored(sides[0])[name], stored(sides[1])[name]
        if fed is None:
            assert ours == theirs
        else:
            assert fed.contents == (ours, theirs)
    compared = {name for (name, _), fed in zip(names, seen.pairs, strict=True) if fed}
    assert seen.reread_bytes <= sum(len(stored(side)[name]) for side in sides for name in compared)


# --- what can go wrong -----------------------------------------------------------------------------------------------


class FlipOnce(KeepPair):
    """Changes a file when the first pair is begun, keeping its size and modification time."""

    def __init__(self, path: Path, offset: int) -> None:
        self._path = path
        self._offset = offset

    def begin(self, candidate: Unit, base: Unit) -> None:
        super().begin(candidate, base)
        with self._path.open("r+b") as stream:
            stream.seek(self._offset)
            stream.write(b"\xaa\xbb\xcc")


@pytest.mark.parametrize("side", ["c", "b"])
def test_a_tensor_that_changes_before_it_is_read_again(tmp_path: Path, side: str) -> None:
    layout: Layout = {"m.safetensors": {"small": layouts.bf16(500, 1), "big": A}}
    base: Layout = {"m.safetensors": {"big": A, "small": layouts.bf16(500, 2)}}
    candidate, other = store(tmp_path / "c", layout), store(tmp_path / "b", base)
    with open_model(resolve(str(candidate))) as left, open_model(resolve(str(other))) as right:
        ours, theirs = layouts.tensors(left), layouts.tensors(right)
        offset = (ours if side == "c" else theirs)["small"].offset

        def factory(one: Unit, two: Unit) -> KeepPair:
            small = one.tensor is not None and one.tensor.name == "small"
            return FlipOnce(tmp_path / side / "m.safetensors", offset) if small else KeepPair()

        pairs = [(ours[name], theirs[name]) for name in ("big", "small")]
        with pytest.raises(CouldNotLook, match="small is not what it was at first"):
            read_pair(left, right, pairs, factory, [digests.digest_file])


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("side", ["c", "b"])
def test_a_file_that_changes_while_the_pairs_are_read(tmp_path: Path, side: str, threads: int) -> None:
    store(tmp_path / "c", BASE)
    store(tmp_path / "b", BASE)
    target = tmp_path / side / "m.safetensors"
    status = target.stat()

    def change() -> None:
        with target.open("r+b") as stream:
            stream.seek(-1, os.SEEK_END)
            stream.write(b"\xff")
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))

    with open_model(resolve(str(tmp_path / "c"))) as left, open_model(resolve(str(tmp_path / "b"))) as right:
        pairs = list(zip(layouts.tensors(left).values(), layouts.tensors(right).values(), strict=True))
        with pytest.raises(CouldNotLook, match=f"{side}/m.safetensors: changed while it was read"):
            read_pair(left, right, pairs, keep_pair, [lambda unit: Disturb(change)], threads=threads)


class BrokenPair(KeepPair):
    def __init__(self, where: str) -> None:
        self._where = where

    def update(self, candidate: memoryview, base: memoryview) -> None:
        if self._where == "update":
            raise ZeroDivisionError(self._where)
        super().update(candidate, base)

    def finish(self) -> FedPair:
        if self._where == "finish":
            raise ZeroDivisionError(self._where)
        return super().finish()


@pytest.mark.parametrize("layout", [BASE, CROSSED], ids=["in order", "crossing"])
@pytest.mark.parametrize("where", ["update", "finish"])
@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_pair_consumer_raises_arrives_as_it_is(tmp_path: Path, layout: Layout, where: str, threads: int) -> None:
    candidate, base = store(tmp_path / "c", layout), store(tmp_path / "b", BASE)
    running = threading.active_count()
    with open_model(resolve(str(candidate))) as left, open_model(resolve(str(base))) as right:
        pairs = [(layouts.tensors(left)["b"], layouts.tensors(right)["b"])]
        with pytest.raises(ZeroDivisionError, match=where):
            read_pair(left, right, pairs, lambda one, two: BrokenPair(where), threads=threads)
    assert threading.active_count() == running


def test_pairs_that_are_not_of_these_models_or_cannot_be_taken_in_step(tmp_path: Path) -> None:
    layout: Layout = {"m.safetensors": {"a": layouts.bf16(4), "b": layouts.bf16(5)}}
    root = store(tmp_path / "m", layout)
    with open_model(resolve(str(root))) as left, open_model(resolve(str(root))) as right:
        known = layouts.tensors(left)
        stranger = Tensor("a", "BF16", (4,), "m.safetensors", 1, 8)
        with pytest.raises(ValueError, match="a is not a tensor of"):
            read_pair(left, right, [(stranger, known["a"])], keep_pair)
        with pytest.raises(ValueError, match="a is not a tensor of"):
            read_pair(left, right, [(known["a"], stranger)], keep_pair)
        with pytest.raises(ValueError, match="equally many elements"):
            read_pair(left, right, [(known["a"], known["b"])], keep_pair)


def test_first_and_second_look_see_the_same_digest(tmp_path: Path) -> None:
    """The digest that a crossing pair is held to is the tensor's own."""
    candidate, base = store(tmp_path / "c", CROSSED), store(tmp_path / "b", BASE)
    seen = compare(candidate, base)
    by_name = {digest.name: digest.blake3 for digest in seen.candidate.tensors}
    for fed in seen.pairs:
        if fed and fed.candidate.tensor:
            assert blake3(fed.contents[0]).hexdigest() == by_name[fed.candidate.tensor.name]


def _checkpoint(storages: Mapping[str, bytes], views: Mapping[str, tuple[str, int, int]]) -> bytes:
    """A torch checkpoint of `views`: storage, first element and number of elements of each."""
    value = {
        name: torch_forge.tensor(torch_forge.storage(key, len(storages[key]) // 4), (size,), None, start)
        for name, (key, start, size) in views.items()
    }
    return torch_forge.checkpoint(torch_forge.dictionary(value), storages)


SHARED = {"whole": ("0", 0, 8), "tied": ("0", 0, 8), "head": ("0", 0, 3), "tail": ("0", 5, 3), "other": ("1", 0, 2)}


@pytest.mark.parametrize("other_format", [False, True])
@pytest.mark.parametrize("changed", [False, True])
def test_tensors_that_share_storage_are_compared_each(tmp_path: Path, changed: bool, other_format: bool) -> None:
    """In step where bytes come by once, else by their digests; where these differ they are read again."""
    ours = {"0": bytes(range(32)), "1": bytes(8)}
    theirs = {"0": bytes(range(31)) + b"\xff", "1": bytes(8)} if changed else ours
    cut = {
        name: tuple(side[key][4 * start : 4 * (start + size)] for side in (ours, theirs))
        for name, (key, start, size) in SHARED.items()
    }
    base = {"m.bin": _checkpoint(theirs, SHARED)}
    if other_format:
        plain = {name: ("F32", [len(raw) // 4], raw) for name, (_, raw) in cut.items()}
        base = {"m.safetensors": layouts.safetensors(plain)}
    left = layouts.write(tmp_path / "a", {"m.bin": _checkpoint(ours, SHARED)})
    right = layouts.write(tmp_path / "b", base)
    met = {
        record.candidate.tensor.name: record.contents
        for record in compare(left, right).pairs
        if record and record.candidate.tensor
    }
    assert met == {name: cut[name] for name in met}
    assert met.keys() >= {name for name, (mine, other) in cut.items() if mine != other}
    assert "other" in met
    assert len(met) >= 2
    for root, side in ((left, 0), (right, 1)):
        seen = {record.name: record.blake3 for record in alone(root).tensors}
        assert seen == {name: blake3(pieces[side]).hexdigest() for name, pieces in cut.items()}


def test_pairs_of_one_model_are_read_again_and_held_against_their_digests(tmp_path: Path) -> None:
    root = store(tmp_path, {"a.safetensors": {"a": A, "b": B}, "c.safetensors": {"x": A, "y": B}})
    with open_model(resolve(str(root))) as model:
        tensors = layouts.tensors(model)
        pairs = [(tensors["b"], tensors["y"]), (tensors["a"], tensors["x"])]
        seen = {tensor: blake3(B[2] if tensor.name in "by" else A[2]).hexdigest() for pair in pairs for tensor in pair}
        found = read_again(model, pairs, keep_pair, seen)
        assert [fed.contents for fed in found] == [(B[2], B[2]), (A[2], A[2])]
        assert read_again(model, [], keep_pair, {}) == ()
        seen[tensors["x"]] = "0" * 64
        with pytest.raises(CouldNotLook, match="not what it was at first"):
            read_again(model, pairs, keep_pair, seen)
