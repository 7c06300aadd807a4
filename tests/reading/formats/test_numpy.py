"""Arrays that NumPy wrote, alone and in archives; and what is left unread of others."""

from __future__ import annotations

import io

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
        npy("<u1", "(8,)"),
        npy(shape="(2)"),
        npy(shape="[2]"),
        npy(text="{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }"),
        npy(text="{'shape': (2,), 'fortran_order': False, 'descr': '<f4'}"),
        npy(text="__import__('os').system('true')"),
        npy(text="x" * 10_001),
        npy(major=4),
        npy() + b"x",
        npy()[:11],
        npy()[:9],
    ],
    ids=range(16),
)
def test_other_arrays_are_not_read(data: bytes) -> None:
    assert refusal(data).startswith(("which ", "whose ", "with "))
    with pytest.raises(UnsupportedFile):
        read(npz((b"a.npy", data)))


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
