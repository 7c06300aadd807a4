"""What stands in a tensor that no training leaves there: NaN and infinity, one value throughout, a program.

One pass, beside the digests, of every tensor of every file. Floats are counted where they are stored plain, and the
scales of ggml's quantized blocks, which make the whole block NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provenance.facts import TensorFact
from provenance.records import Unit
from provenance.weights import kernels
from provenance.weights.kernels import Field

HEAD_BYTES = 4096
"""What is looked at to tell a program: its own header and the first lines of a script."""
_STEP = 512
"""Bytes held against each other before a whole piece is, to tell a tensor of one value."""

Identify = Callable[[bytes, int], str]
"""From the first bytes of a tensor and its length to what they are in plain words; empty where they are numbers."""

_F16, _F32 = (2, 0x7C00, 0x7C00), (4, 0x7F800000, 0x7F800000)
_E4M3, _E8M0 = (1, 0x7F, 0x7F), (1, 0xFF, 0xFF)
"""Width, and what an element that is no number is under which mask."""


def _plain(width: int, mask: int, value: int) -> tuple[Field, ...]:
    return (Field(width, 0, width, mask, value),)


def _scales(stride: int, *offsets: int, kind: tuple[int, int, int] = _F16) -> tuple[Field, ...]:
    return tuple(Field(stride, offset, *kind) for offset in offsets)


NOT_FINITE: Mapping[str, tuple[Field, ...]] = {
    "F64": _plain(8, 0x7FF0 << 48, 0x7FF0 << 48), "F32": _plain(*_F32), "C64": _plain(*_F32),
    "F16": _plain(*_F16), "BF16": _plain(2, 0x7F80, 0x7F80),
    "F8_E4M3": _plain(*_E4M3), "F8_E5M2": _plain(1, 0x7C, 0x7C), "F8_E8M0": _plain(*_E8M0),
    "F8_E4M3FNUZ": _plain(1, 0xFF, 0x80), "F8_E5M2FNUZ": _plain(1, 0xFF, 0x80),
    "Q4_0": _scales(18, 0), "Q4_1": _scales(20, 0, 2), "Q5_0": _scales(22, 0), "Q5_1": _scales(24, 0, 2),
    "Q8_0": _scales(34, 0), "Q8_1": _scales(40, 0, 4, kind=_F32), "Q2_K": _scales(84, 80, 82),
    "Q3_K": _scales(110, 108), "Q4_K": _scales(144, 0, 2), "Q5_K": _scales(176, 0, 2), "Q6_K": _scales(210, 208),
    "Q8_K": _scales(292, 0, kind=_F32), "IQ2_XXS": _scales(66, 0), "IQ2_XS": _scales(74, 0), "IQ2_S": _scales(82, 0),
    "IQ3_XXS": _scales(98, 0), "IQ3_S": _scales(110, 0), "IQ1_S": _scales(50, 0), "IQ4_NL": _scales(18, 0),
    "IQ4_XS": _scales(136, 0), "TQ1_0": _scales(54, 52), "TQ2_0": _scales(66, 64), "MXFP4": _scales(17, 0, kind=_E8M0),
    "NVFP4": _scales(36, 0, 1, 2, 3, kind=_E4M3),
}  # fmt: skip
"""Elements that are NaN or infinite by dtype: ggml's names for its own (ggml-common.h), safetensors' for the others."""


_INFINITE: Mapping[str, Field] = {
    "F64": Field(8, 0, 8, 0x7FFF_FFFF_FFFF_FFFF, 0x7FF0 << 48), "F32": Field(4, 0, 4, 0x7FFFFFFF, 0x7F800000),
    "F16": Field(2, 0, 2, 0x7FFF, 0x7C00), "BF16": Field(2, 0, 2, 0x7FFF, 0x7F80),
    "F8_E5M2": Field(1, 0, 1, 0x7F, 0x7C),
}  # fmt: skip
"""Elements that are infinite, of either sign."""


class ContentsConsumer:
    """Takes one tensor's bytes; its record is a `TensorFact`, or None where there is nothing to say."""

    def __init__(self, identify: Identify) -> None:
        self._identify = identify
        self._head = bytearray()
        self._carry = b""
        self._nonfinite = self._infinite = 0
        self._constant = True

    def begin(self, unit: Unit) -> None:
        """Start with a tensor; a unit without one is a `ValueError`."""
        if unit.tensor is None:
            raise ValueError("contents are those of a tensor")
        self._tensor = unit.tensor
        self._fields = NOT_FINITE.get(unit.tensor.dtype, ())
        self._period = self._fields[0].stride if self._fields else _width(unit.nbytes, unit.tensor.elements)

    def update(self, chunk: memoryview) -> None:
        """Look at the next bytes, cut anywhere."""
        if len(self._head) < HEAD_BYTES:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
        if self._carry or chunk.nbytes % self._period:
            chunk = self._aligned(chunk)
        for field in self._fields:
            found = kernels.count_elements(chunk, field)
            self._nonfinite += found
            if found and (infinite := _INFINITE.get(self._tensor.dtype)):
                self._infinite += kernels.count_elements(chunk, infinite)
        self._constant = self._constant and self._repeats(chunk)

    def finish(self) -> TensorFact | None:
        """What was seen."""
        tensor, head = self._tensor, bytes(self._head)
        # One element is not a run of them, and what is left over is no element.
        constant = self._constant and not self._carry and tensor.nbytes > self._period
        program = self._identify(head, tensor.nbytes) if head else ""
        if not (self._nonfinite or constant or program):
            return None
        zero = constant and not any(head[: self._period])
        return TensorFact(tensor.file, tensor.name, self._nonfinite, constant, zero, program, self._infinite)

    def _aligned(self, chunk: memoryview) -> memoryview:
        """Whole blocks: those of before that were cut off, and these as far as they go."""
        joined = memoryview(self._carry + bytes(chunk))
        whole = joined.nbytes - joined.nbytes % self._period
        self._carry = bytes(joined[whole:])
        return joined[:whole]

    def _repeats(self, chunk: memoryview) -> bool:
        """Every block of `chunk` is the tensor's first."""
        first = bytes(self._head[: self._period])
        begin = chunk[:_STEP]  # most tensors end here
        return (
            begin[: self._period].tobytes() == first[: begin.nbytes]
            and kernels.repeats(begin, self._period)
            and kernels.repeats(chunk, self._period)
        )


def _width(nbytes: int, elements: int) -> int:
    """Bytes of one element, or 1 where elements share one."""
    return nbytes // elements if elements and nbytes >= elements and nbytes % elements == 0 else 1
