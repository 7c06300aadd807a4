"""Arrays that NumPy wrote, alone and in archives; and what is left unread of others."""

from __future__ import annotations

import io
import random
from collections import Counter

import pytest

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats import npy as npy_format
from provenance.reading.formats import read_header
from provenance.records import Header

from .forge import Bytes, assert_sound
from .other_forge import npy, npz, small_npy


def read(data: bytes) -> Header:
    header = read_header(Bytes(data, "a.npy"))
    assert header is not None
    assert_sound(header, len(data))
    return header


def refusal(data: bytes) -> str:
    with pytest.raises(UnsupportedFile) as caught:
        read(data)
    return caught.value.what


@pytest.mark.parametrize("kind", npy_format.DTYPES)
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_dtype_and_version(kind: str, version: tuple[int, int]) -> None:
    import numpy as np

    stream = io.BytesIO()
    array = np.arange(6).reshape(2, 3).astype(kind)
    np.lib.format.write_array(stream, array, version=version)
    data = stream.getvalue()
    header = read(data)
    (tensor,) = header.tensors
    assert (tensor.name, tensor.dtype, tensor.shape) == ("tensor", npy_format.DTYPES[kind][0], (2, 3))
    assert data[tensor.offset :] == array.tobytes()
    assert (header.version, header.nbytes, header.metadata) == (version[0], tensor.offset, {})


@pytest.mark.parametrize("shape", [(), (0,), (5,), (1, 1, 1), (3, 0, 2)])
def test_every_kind_of_shape(shape: tuple[int, ...]) -> None:
    import numpy as np

    stream = io.BytesIO()
    np.save(stream, np.zeros(shape, np.float32))
    assert read(stream.getvalue()).tensors[0].shape == shape


def test_an_array_stored_by_columns_says_so() -> None:
    import numpy as np

    stream = io.BytesIO()
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    np.save(stream, array)
    header = read(stream.getvalue())
    assert header.metadata == {"fortran_order": "tensor"}
    assert stream.getvalue()[header.tensors[0].offset :] == array.tobytes(order="F")


def test_an_archive_of_arrays() -> None:
    import numpy as np

    stream = io.BytesIO()
    np.savez(stream, first=np.arange(4), second=np.ones((2, 2), np.float16), third=np.asfortranarray(np.ones((2, 2))))
    data = stream.getvalue()
    header = read(data)
    found = {t.name: (t.dtype, t.shape, data[t.offset : t.offset + t.nbytes]) for t in header.tensors}
    assert found["first"] == ("I64", (4,), np.arange(4).tobytes())
    assert found["second"] == ("F16", (2, 2), np.ones((2, 2), np.float16).tobytes())
    assert (header.format, header.metadata) == ("npz", {"fortran_order": "third"})
    compressed = io.BytesIO()
    np.savez_compressed(compressed, a=np.zeros(100))
    assert "compressed" in refusal(compressed.getvalue())


@pytest.mark.parametrize(
    "data",
    [
        npy(">f4"),
        npy("|O", data=bytes(8)),
        npy("<U2"),
        npy("<f16", "(1,)", bytes(16)),
        npy("|f4"),
        npy("|S4"),
        npy(text="{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }"),
        npy(text="{'descr': '<f4', 'fortran_order': False, 'shape': (True, 2), }"),
        npy(text="{'descr': '<f4', 'fortran_order': False, 'shape': (0x2,), }"),
        npy(text="{'descr': '<' 'f4', 'fortran_order': False, 'shape': (2,), }"),
        npy(text="{'descr': '<f4', 'fortran_order': False, 'shape': " + "(" * 20 + "2" + ")" * 20 + ", }"),
        npy(text="{'descr': [{1: 2}], 'fortran_order': False, 'shape': (2,), }"),
        npy(text="{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }".ljust(10_001)),
        npy(major=4),
        npy() + b"x",
    ],
    ids=range(15),
)
def test_other_arrays_are_not_read(data: bytes) -> None:
    assert refusal(data).startswith(("which ", "whose ", "with "))
    with pytest.raises(UnsupportedFile):
        read(npz((b"a.npy", data)))


@pytest.mark.parametrize(
    "text",
    [
        "{'shape': (2,), 'fortran_order': False, 'descr': '<f4'}",
        "{'descr':\"<f4\",'fortran_order':False,'shape':(2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }",
        "{'descr': '<f4',\n'fortran_order': False, 'shape': (1, 2,), }",
        "{'descr': '>u1', 'fortran_order': False, 'shape': (8,), }",
    ],
    ids=range(5),
)
def test_what_other_writers_write(text: str) -> None:
    assert read(npy(text=text)).tensors[0].nbytes == 8


_HEADERS = (
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
    "{'descr':'|u1','fortran_order':True,'shape':(8,1)}",
    "{'shape': (2L,), 'fortran_order': False, 'descr': '<f4'}",
    "{'descr': '<i8', 'fortran_order': False, 'shape': (), }",
)
_LETTERS = "{}()[],:'\"0123456789 LTFalse-+.<>|=biufcOSU#\n\t\\_"


@pytest.mark.filterwarnings("ignore")
def test_headers_changed_at_random_are_read_or_rejected_as_numpy_does() -> None:
    """Nothing that NumPy refuses is read, and nothing that it reads is rejected."""
    import numpy as np

    choose, seen = random.Random(7), Counter[str]()
    for _ in range(4000):
        letters = list(choose.choice(_HEADERS))
        for _ in range(choose.randrange(3)):
            place = choose.randrange(len(letters))
            letters[place : place + choose.randrange(2)] = choose.choice(_LETTERS) * choose.randrange(2)
        data = npy(text="".join(letters), major=choose.choice((1, 2, 3)))
        try:
            array = np.lib.format.read_array(io.BytesIO(data))
        except Exception:  # noqa: BLE001 - the tokenizer's errors too
            array = None
        try:
            found = npy_format.read_array(Bytes(data, "a.npy"), 0, len(data))
        except MalformedFile:
            assert array is None, letters
            seen["rejected"] += 1
        except UnsupportedFile:
            continue
        else:
            assert array is not None, letters
            assert (found.shape, found.nbytes) == (array.shape, array.nbytes)
            seen["read"] += 1
    assert min(seen.values()) > 500
    assert len(seen) == 2


def test_an_array_of_objects_as_numpy_writes_it_is_not_read() -> None:
    import numpy as np

    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert "no plain little-endian numbers" in refusal(stream.getvalue())


def test_cut_and_changed_at_every_byte() -> None:
    data = small_npy()
    for place in range(len(data)):
        for changed in (data[:place], data[:place] + bytes([data[place] ^ 0x41]) + data[place + 1 :]):
            try:
                header = read_header(Bytes(changed, "a.npy"))
            except (MalformedFile, UnsupportedFile):
                continue
            if header:
                assert_sound(header, len(changed))
