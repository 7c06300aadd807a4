"""Checkpoints that torch itself wrote: names, dtypes, shapes and bytes are what torch loads from them."""

from __future__ import annotations

import io
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

import pytest

from provenance.errors import MalformedFile, UnsupportedFile
from provenance.reading.formats import read_header, torch_tensors
from provenance.reading.formats.torch_dtypes import DTYPES
from provenance.reading.formats.zip_directory import read_directory
from provenance.records import Header, Skipped

from .forge import Bytes, assert_sound
from .torch_forge import small_legacy, small_torch
from .torch_oracle import Seen, loaded, saved, tensors

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
BOTH = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])


def read(data: bytes) -> Header:
    header = read_header(Bytes(data, "pytorch_model.bin"))
    assert header is not None
    assert_sound(header, len(data))
    return header


def seen(data: bytes) -> Seen:
    return {
        tensor.name: (tensor.dtype, tensor.shape, data[tensor.offset : tensor.offset + tensor.nbytes])
        for tensor in read(data).tensors
    }


def refusal(data: bytes) -> str:
    with pytest.raises(UnsupportedFile) as caught:
        read(data)
    return caught.value.what


@BOTH
def test_every_dtype_that_both_know(zipped: bool) -> None:
    import torch

    value = {}
    for name in DTYPES:
        dtype = getattr(torch, name)
        if zipped or dtype in torch.storage._dtype_to_storage_type_map():
            value[name] = torch.tensor([0, 1, 2, 3]).to(dtype)
    data = saved(value, zipped=zipped)
    assert seen(data) == loaded(data) == tensors(value)
    assert len(seen(data)) == len(value) > 10


@BOTH
def test_a_state_dict_as_modules_write_it(zipped: bool) -> None:
    import torch

    module = torch.nn.Sequential(torch.nn.Embedding(5, 4), torch.nn.Linear(4, 5), torch.nn.BatchNorm1d(5))
    module[1].weight = module[0].weight
    data = saved(module.state_dict(), zipped=zipped)
    assert seen(data) == loaded(data)
    header = read(data)
    assert {"0.weight", "1.weight", "2.num_batches_tracked"} <= {tensor.name for tensor in header.tensors}
    first, second = (tensor for tensor in header.tensors if tensor.name in ("0.weight", "1.weight"))
    assert first.offset == second.offset, "tied weights share their bytes"
    assert (header.format, header.unread, header.nbytes) == ("torch", (), 0)


@BOTH
def test_an_optimizer_s_state_as_trainers_write_it(zipped: bool) -> None:
    import torch

    module = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(module.parameters())
    module(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    data = saved({"model": module.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, zipped=zipped)
    assert seen(data) == loaded(data)
    assert {"model.weight", "optimizer.state.0.exp_avg"} <= seen(data).keys()


@BOTH
@pytest.mark.parametrize(
    "make",
    [
        lambda torch: torch.arange(6).reshape(2, 3),
        lambda torch: [torch.ones(2), (torch.zeros(1), "x"), None],
        lambda torch: torch.nn.Parameter(torch.ones(2), requires_grad=False),
        lambda torch: OrderedDict(a=torch.ones(2, 1, 3)[:, :, :]),
        lambda torch: {"a": torch.ones(4, 4)[1:3], "b": torch.empty(0, 7), "c": torch.tensor(1.5)},
        lambda torch: {"size": torch.Size([2, 3]), "device": torch.device("cpu"), "dtype": torch.float16},
        lambda torch: {"big": 2**70, "float": 1.5, "yes": True, "text": "ä", "raw": b"ab", 7: torch.ones(1)},
        lambda torch: {"set": {1, 2}, "counter": Counter("aab"), "complex": 1j, "bytes": bytearray(b"x")},
        lambda torch: {},
    ],
)
def test_other_honest_values(make: Callable[[Any], object], zipped: bool) -> None:
    import torch

    data = saved(make(torch), zipped=zipped)
    assert seen(data) == loaded(data)


@BOTH
def test_what_is_no_range_of_bytes_is_named_and_not_read(zipped: bool) -> None:
    import torch

    base = torch.arange(6.0).reshape(2, 3)
    value = {"turned": base.t(), "column": base[:, 1], "wide": torch.ones(1).expand(4), "plain": base}
    header = read(saved(value, zipped=zipped))
    assert [tensor.name for tensor in header.tensors] == ["plain"]
    assert [skipped.surface for skipped in header.unread] == ["turned", "column", "wide"]
    assert all(skipped.asked for skipped in header.unread)
    conjugate = read(saved({"c": torch.ones(2, dtype=torch.complex64).conj()}, zipped=zipped))
    assert conjugate.unread == (Skipped("c", "which is stored as its negative or conjugate", asked=True),)


def test_a_storage_without_a_tensor_is_the_vector_that_it_is() -> None:
    import torch

    data = saved({"s": torch.arange(3.0).untyped_storage()})
    assert seen(data) == loaded(data) == {"s": ("U8", (12,), bytes(torch.arange(3.0).numpy().tobytes()))}


def test_what_a_person_cannot_see_in_a_name_is_written_out() -> None:
    import torch

    data = saved({"cposix\nsystem": torch.ones(1), "a\u200bb": torch.ones(1)})
    assert {tensor.name for tensor in read(data).tensors} == {"cposix\\nsystem", "a\\u200bb"}
    assert "two tensors are called" in refusal(saved({"a\nb": torch.ones(1), "a\\nb": torch.ones(1)}))


@BOTH
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda torch: torch.nn.Linear(1, 1), "imports 'torch.nn.modules.linear.Linear'"),
        (lambda torch: {"q": torch.quantize_per_tensor(torch.ones(2), 1.0, 0, torch.qint8)}, "imports"),
        (lambda torch: {"s": torch.ones(2, 2).to_sparse()}, "imports 'torch._utils._rebuild_sparse_tensor'"),
        (lambda torch: {(1, 2): torch.ones(1)}, "neither text nor numbers"),
        (lambda torch: {"m": torch.ones(2, device="meta")}, "imports|holds no plain numbers"),
        (lambda torch: {"a.b": torch.ones(1), "a": {"b": torch.ones(1)}}, "two tensors are called 'a.b'"),
        (lambda torch: {"f": dict}, "imports '(builtins|__builtin__).dict'"),
    ],
)
def test_other_honest_values_are_not_read(make: Callable[[Any], object], why: str, zipped: bool) -> None:
    import re

    import torch

    what = refusal(saved(make(torch), zipped=zipped))
    assert re.search(why, what), what


def test_an_older_torch_wrote_no_byte_order_and_python_packs_its_zips_otherwise() -> None:
    import torch

    stream, honest = io.BytesIO(), saved({"a": torch.arange(5.0)})
    with zipfile.ZipFile(io.BytesIO(honest)) as archive, zipfile.ZipFile(stream, "w") as again:
        for info in archive.infolist():
            if not info.filename.endswith("byteorder"):
                again.writestr(info.filename, archive.read(info))
    assert seen(stream.getvalue()) == seen(honest) == loaded(stream.getvalue())


def test_a_compressed_checkpoint_is_not_read() -> None:
    import torch

    stream, honest = io.BytesIO(), saved({"a": torch.zeros(500)})
    for part in ("data.pkl", "data/0"):
        with zipfile.ZipFile(io.BytesIO(honest)) as archive, zipfile.ZipFile(stream, "w") as again:
            for info in archive.infolist():
                method = zipfile.ZIP_DEFLATED if info.filename.endswith(part) else zipfile.ZIP_STORED
                again.writestr(info.filename, archive.read(info), method)
        assert "compressed" in refusal(stream.getvalue())
        stream = io.BytesIO()


def test_a_script_is_not_read() -> None:
    import torch

    stream = io.BytesIO()
    torch.jit.save(torch.jit.trace(torch.nn.Linear(1, 1), torch.ones(1, 1)), stream)
    assert "TorchScript" in refusal(stream.getvalue())


def test_the_small_files_of_our_own_are_torch_s_too() -> None:
    for data in (small_torch(), small_legacy()):
        assert seen(data) == loaded(data)
    assert [tensor.name for tensor in read(small_torch()).tensors] == ["tied", "w", "row", "inner.s", "list.0"]


def test_tensors_may_share_bytes_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    base = torch.zeros(5000)
    data = saved({str(number): base for number in range(8)})
    assert len(read(data).tensors) == 8
    monkeypatch.setattr(torch_tensors, "MAX_SHARING", 7)
    assert "share bytes more than 7 times over" in refusal(data)


def test_the_digest_is_of_the_description() -> None:
    import torch

    one, other = (read(saved({"a": torch.full((2,), value)})) for value in (1.0, 2.0))
    assert one.blake3 == other.blake3
    assert read(saved({"b": torch.ones(2)})).blake3 != one.blake3


def test_a_large_legacy_pickle_is_read_in_a_second_look() -> None:
    import torch

    value: dict[str, object] = {f"layer.{number}.weight": torch.ones(1) for number in range(3000)}
    data = saved(value, zipped=False)
    assert seen(data) == tensors(value)


def test_a_torch_file_called_safetensors_is_rejected() -> None:
    with pytest.raises(MalformedFile, match="not-safetensors"):
        read_header(Bytes(small_torch(), "model.safetensors"))


def test_the_directory_of_a_real_checkpoint() -> None:
    import torch

    data = saved({"a": torch.arange(5.0)})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        theirs = [(info.filename, info.file_size) for info in archive.infolist()]
    assert [(member.name, member.nbytes) for member in read_directory(Bytes(data, "m"))] == theirs
