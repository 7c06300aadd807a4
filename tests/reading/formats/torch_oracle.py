"""What `torch.load(weights_only=True)` sees in a checkpoint, in our words: the judge of our own reader."""

from __future__ import annotations

import io
import warnings
from typing import Any

from provenance.errors import one_line

DTYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8", "bool": "BOOL",
    "complex64": "C64", "complex128": "C128", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
    "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ", "float8_e8m0fnu": "F8_E8M0",
}  # fmt: skip

MAX_BYTES = 64 * 1024**2
"""Of one tensor: a view with strides of 0 may have any number of elements, none of which is copied."""

Seen = dict[str, tuple[str, tuple[int, ...], bytes]]
"""Name to dtype, shape and the bytes of its elements in order."""


def saved(value: object, *, zipped: bool = True) -> bytes:
    """What `torch.save` writes."""
    import torch

    stream = io.BytesIO()
    torch.save(value, stream, _use_new_zipfile_serialization=zipped)
    return stream.getvalue()


def loaded(data: bytes) -> Seen | None:
    """The tensors that torch loads; None where it refuses."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
            return tensors(value)
        except Exception:  # noqa: BLE001 - torch raises whatever it meets, and all of it means no
            return None


def tensors(value: object) -> Seen:
    """Every tensor in `value`, by the path to it."""
    import torch

    found: Seen = {}

    def walk(path: tuple[str, ...], item: Any) -> None:
        if isinstance(item, torch.Tensor):
            found[one_line(".".join(path)) or "tensor"] = (
                str(item.dtype).removeprefix("torch."),
                tuple(item.shape),
                raw(item),
            )
        elif isinstance(item, torch.UntypedStorage | torch.storage.TypedStorage):
            typed = item if isinstance(item, torch.storage.TypedStorage) else None
            dtype = typed.dtype if typed else torch.uint8
            walk(path, torch.empty(0, dtype=dtype).set_(typed.untyped() if typed else item))
        elif isinstance(item, dict | list | tuple):
            pairs = item.items() if isinstance(item, dict) else enumerate(item)
            for key, inner in pairs:
                walk((*path, str(key)), inner)

    walk((), value)
    return {name: (DTYPES.get(dtype, dtype), shape, data) for name, (dtype, shape, data) in found.items()}


def raw(tensor: Any) -> bytes:
    """The bytes of a tensor's elements in order; nothing sensible where one element stands for very many."""
    import torch

    if tensor.numel() * tensor.element_size() > MAX_BYTES:
        return b"too many"
    plain = tensor.detach().resolve_conj().resolve_neg()
    if plain.dtype == torch.bool:
        plain = plain.view(torch.uint8)  # a copy of truth values makes every one of them 0 or 1
    # A copy, because a tensor of one element may be called contiguous with any stride.
    flat = plain.clone(memory_format=torch.contiguous_format).reshape(-1)
    return bytes(flat.view(torch.uint8).numpy().tobytes()) if flat.numel() else b""
