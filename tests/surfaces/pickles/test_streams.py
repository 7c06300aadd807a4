"""Several pickles in one file, and raw numbers between them; held against the loaders of torch and pickle."""

from __future__ import annotations

import io
import pickle

import pytest

from provenance.surfaces.pickles.machine import Budget
from provenance.surfaces.pickles.streams import walk_streams
from tests.surfaces.feeding import InMemory
from tests.surfaces.samples import Calls, numpy_array

BAD = pickle.dumps(Calls(), 4)


def walk(data: bytes, position: int = 0) -> tuple[list[str], list[str], bool]:
    found = walk_streams(InMemory("a.pkl", data), "a.pkl", "", Budget(), position).pickles
    names = [f"{r.module}.{r.name}" for pickle in found for r in pickle.references]
    flaws = [flaw.kind for pickle in found for flaw in pickle.flaws]
    return names, flaws, all(pickle.complete for pickle in found)


def legacy(**tensors: object) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save(tensors, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


def test_pickles_in_a_row() -> None:
    good = pickle.dumps([1], 4)
    for between in (b"", b"\x00" * 100, b"\n \t", b"\x00" * 200_000):
        assert walk(good + between + good) == ([], [], True)
        assert walk(good + between + BAD)[0] == ["posix.getpid"]
        assert walk(good + between) == ([], [], True)


def test_what_follows_and_is_no_pickle() -> None:
    assert walk(pickle.dumps([1], 4) + b"\x07\x07") == ([], ["trailing-data"], False)
    assert walk(pickle.dumps([1], 4) + BAD[:-1]) == (["posix.getpid"], ["truncated"], False)


def test_more_pickles_than_are_followed() -> None:
    found = walk_streams(InMemory("a", b"N." * 100), "a", "", Budget(streams=10)).pickles
    assert len(found) == 10
    assert found[-1].flaws[0].kind == "too-many-streams"


def test_the_older_format_of_torch() -> None:
    import torch

    data = legacy(a=torch.zeros(1000), b=torch.ones(7, dtype=torch.bfloat16), c=torch.zeros(3, dtype=torch.complex128))
    names, flaws, complete = walk(data)
    assert complete
    assert flaws == []
    assert "torch._utils._rebuild_tensor_v2" in names
    assert walk(data + b"\x07" * 30)[1:] == (["trailing-data"], False)
    assert walk(data + BAD)[0][-1] == "posix.getpid"
    assert walk(data[:-5])[1:] == (["truncated"], False)


def test_objects_of_numpy() -> None:
    data = numpy_array([{}, Calls()], dtype=object)
    assert "posix.getpid" in walk(data, 128)[0]


def wrapper(dtype: bytes, shape: bytes, *, aligned: bool = True) -> bytes:
    """What joblib writes of an array, up to its numbers."""
    state = b"}(U\x05dtype" + b"cnumpy\ndtype\n(U" + bytes([len(dtype)]) + dtype + b"\x89\x88tRU\x05shape" + shape
    state += b"U\x1bnumpy_array_alignment_bytesK\x10" if aligned else b""
    return b"\x80\x02]cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81" + state + b"ub"


def test_arrays_of_joblib_are_stepped_over() -> None:
    numbers = b"\x03\xff\xff\xff" + b"cos\nsystem\n" * 8
    names, flaws, complete = walk(wrapper(b"f8", b"K\x0b\x85") + numbers + b"a.")
    assert (flaws, complete) == ([], True)
    assert "os.system" not in names
    assert walk(wrapper(b"f8", b"K\x0b\x85") + numbers[:-1])[2] is False


def test_numbers_that_are_opcodes_to_plain_pickle_are_told() -> None:
    """Without the byte of padding in front, `pickle.load` goes on in the numbers."""
    numbers = b"cos\nsystem\n)R0N."
    names, _, _ = walk(wrapper(b"i1", b"K\x10\x85", aligned=False) + numbers + b"a.")
    assert "os.system" in names


def test_objects_in_an_array_of_joblib() -> None:
    names, flaws, complete = walk(wrapper(b"O8", b"K\x01\x85") + BAD + b"a.")
    assert "posix.getpid" in names
    assert (flaws, complete) == ([], True)


@pytest.mark.parametrize("dtype", [b"V16", b"x", b"f", b""])
def test_arrays_that_are_not_understood(dtype: bytes) -> None:
    assert walk(wrapper(dtype, b"K\x01\x85") + b"\x01\xff" + bytes(16) + b"a.")[2] is False
