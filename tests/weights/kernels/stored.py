"""Stored bytes of tensors, and an oracle for their statistics that shares no code with the kernels."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from provenance.weights import kernels

FLOATS = tuple(kernels.FLOAT_BYTES)
INTEGERS = tuple(kernels.INTEGER_BYTES)

# Zeros, the smallest and largest subnormals and normals, one and its neighbours, infinities, NaNs; both signs.
SPECIAL_BF16 = [
    sign | magnitude
    for sign in (0, 0x8000)
    for magnitude in (0, 1, 0x7F, 0x80, 0x3F7F, 0x3F80, 0x3F81, 0x7F7F, 0x7F80, 0x7F81, 0x7FC0, 0x7FFF)
]


def bf16(*values: int) -> bytes:
    """Codes, as stored."""
    return b"".join(value.to_bytes(2, "little") for value in values)


def codes(dtype: str, elements: int) -> st.SearchStrategy[bytes]:
    """Any stored bytes; for BF16 with many special values among them."""
    width = (kernels.FLOAT_BYTES | kernels.INTEGER_BYTES)[dtype]
    anything = st.binary(min_size=elements * width, max_size=elements * width)
    if dtype != "BF16":
        return anything
    code = st.one_of(st.sampled_from(SPECIAL_BF16), st.integers(0, 0xFFFF))
    return st.one_of(anything, st.lists(code, min_size=elements, max_size=elements).map(lambda c: bf16(*c)))


def torch_dtype(dtype: str) -> Any:
    """Torch's name of a float dtype."""
    import torch

    names = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
    return getattr(torch, names.get(dtype, "float8_e4m3fn" if dtype == "F8_E4M3" else "float8_e5m2"))


def tensor(data: bytes, dtype: str) -> Any:
    """The stored bytes as torch reads them."""
    import torch

    return torch.frombuffer(bytearray(data), dtype=torch_dtype(dtype)) if data else torch.empty(0)


def bits(values: Any) -> Any:
    """A torch tensor's elements as integers of their width."""
    import torch

    return values.view({1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[values.element_size()])


def expected(candidate: bytes, base: bytes, candidate_dtype: str, base_dtype: str) -> dict[str, float]:
    """What `DeltaStatistics` should hold, by torch and `math.fsum`."""
    a, b = tensor(candidate, candidate_dtype), tensor(base, base_dtype)
    wide_a, wide_b = a.double(), b.double()
    numbers = ~(wide_a.isnan() & wide_b.isnan())
    finite = wide_a.isfinite() & wide_b.isfinite()
    cast = b.to(a.dtype)
    x, y = wide_a[finite].tolist(), wide_b[finite].tolist()
    return {
        "elements": len(a),
        "changed": int(((wide_a != wide_b) & numbers).sum()),
        "nonfinite": int((~finite).sum()),
        "cast_mismatch": int(((bits(a) != bits(cast)) & numbers).sum()),
        "max_abs": max((abs(p - q) for p, q in zip(x, y, strict=True)), default=0.0),
        "norm_delta": math.sqrt(math.fsum((p - q) ** 2 for p, q in zip(x, y, strict=True))),
        "norm_base": math.sqrt(math.fsum(q * q for q in y)),
        "norm_candidate": math.sqrt(math.fsum(p * p for p in x)),
        "inner": math.fsum(p * q for p, q in zip(x, y, strict=True)),
    }
