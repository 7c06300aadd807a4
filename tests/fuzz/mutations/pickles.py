"""Changes to a pickle, opcode by opcode: most leave a stream that some pickle machine still runs."""

from __future__ import annotations

import functools
import pickletools
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz.mutations import raw
from tests.reading.formats.torch_forge import named, number, text

GLOBALS = (
    *(("torch", f"{name}Storage") for name in (
        "Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool", "ComplexFloat",
        "ComplexDouble", "QInt8")),
    *(("torch", name) for name in (
        "float64", "float32", "float16", "bfloat16", "float8_e4m3fn", "uint16", "int64", "bool", "complex64", "qint8")),
    ("torch.storage", "UntypedStorage"), ("torch.storage", "TypedStorage"), ("torch._utils", "_rebuild_tensor"),
    ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor_v3"), ("torch", "Size"),
    ("torch._utils", "_rebuild_parameter"), ("torch._utils", "_rebuild_sparse_tensor"), ("torch", "device"),
    ("torch.nn.parameter", "Parameter"), ("collections", "OrderedDict"), ("collections", "Counter"),
    ("_codecs", "encode"), ("builtins", "set"), ("builtins", "bytearray"), ("__builtin__", "bytearray"),
    ("numpy._core.multiarray", "_reconstruct"), ("posix", "system"), ("torch", "nosuch"),
)  # fmt: skip
_SIMPLE = b"N\x88\x89])}\x8f(0125.tlduesabRQ\x81\x85\x86\x87\x93\x94o"
_TEXTS = (
    "",
    "0",
    "1",
    "2",
    "a",
    "w",
    "storage",
    "cpu",
    "cuda:0",
    "meta",
    "ä",
    "\0",
    "a.b",
    "_metadata",
    "\u200b",
    "01",
)


@dataclass(frozen=True)
class Op:
    """One opcode with its argument, and the bytes of both."""

    name: str
    value: object
    raw: bytes

    @property
    def is_number(self) -> bool:
        """Whether it pushes an integer."""
        return type(self.value) is int and ("INT" in self.name or "LONG" in self.name)

    @property
    def is_text(self) -> bool:
        """Whether it pushes text."""
        return isinstance(self.value, str) and ("UNICODE" in self.name or "STRING" in self.name)


@functools.cache
def parse(data: bytes) -> tuple[Op, ...]:
    """The opcodes of one honest pickle; what follows it counts as its last opcode's."""
    found = [(code.name, value, int(place or 0)) for code, value, place in pickletools.genops(data)]
    ends = [place for _, _, place in found[1:]] + [len(data)]
    return tuple(Op(name, value, data[at:end]) for (name, value, at), end in zip(found, ends, strict=True))


def mutate(data: bytes, source: random.Random, most: int = 3) -> bytes:
    """One to `most` changes of opcodes."""
    ops = list(parse(data))
    for _ in range(source.randrange(1, most + 1)):
        source.choice(_CHANGES)(ops, source)
        if not ops:
            break
    return b"".join(op.raw for op in ops)


def _write_number(value: int) -> bytes:
    return number(max(-(2**2000), min(value, 2**2000)))


def _one(ops: list[Op], source: random.Random, wanted: Callable[[Op], bool]) -> int | None:
    places = [place for place, op in enumerate(ops) if wanted(op)]
    return source.choice(places) if places else None


def _number(ops: list[Op], source: random.Random) -> None:
    place = _one(ops, source, lambda op: op.is_number)
    if place is not None:
        near = ops[place].value
        assert isinstance(near, int)
        value = raw.odd_number(source, near) if source.random() < 0.5 else source.choice((0, 1, 2, 3, 4, 6, 12))
        ops[place] = Op("BININT", value, _write_number(value))


def _numbers_change_places(ops: list[Op], source: random.Random) -> None:
    """As between a shape and its strides."""
    places = [_one(ops, source, lambda op: op.is_number) for _ in range(2)]
    if places[0] is not None and places[1] is not None:
        ops[places[0]], ops[places[1]] = ops[places[1]], ops[places[0]]


def _text(ops: list[Op], source: random.Random) -> None:
    place = _one(ops, source, lambda op: op.is_text)
    if place is not None:
        others = [str(op.value) for op in ops if op.is_text]
        value = source.choice((source.choice(_TEXTS), source.choice(others), f"{ops[place].value}x"))
        ops[place] = Op("BINUNICODE", value, text(value))


def _global(ops: list[Op], source: random.Random) -> None:
    place = _one(ops, source, lambda op: op.name == "GLOBAL")
    if place is not None:
        module, name = source.choice(GLOBALS)
        ops[place] = Op("GLOBAL", f"{module} {name}", named(module, name))


def _memo(ops: list[Op], source: random.Random) -> None:
    place = _one(ops, source, lambda op: op.name in ("BINGET", "BINPUT"))
    if place is not None:
        index = source.randrange(40)
        ops[place] = Op(ops[place].name, index, ops[place].raw[:1] + bytes([index]))


def _delete(ops: list[Op], source: random.Random) -> None:
    place = source.randrange(len(ops))
    del ops[place : place + source.choice((1, 1, 1, 2, 5))]


def _insert(ops: list[Op], source: random.Random) -> None:
    ops.insert(source.randrange(len(ops) + 1), _any(source))


def _replace(ops: list[Op], source: random.Random) -> None:
    ops[source.randrange(len(ops))] = _any(source)


def _any(source: random.Random) -> Op:
    chance = source.random()
    if chance < 0.5:
        code = bytes([source.choice(_SIMPLE)])
        return Op("simple", None, code)
    if chance < 0.7:
        return Op("BINFLOAT", 0.0, b"G" + struct.pack(">d", source.choice((0.0, 1.0, -1.5, 1e300))))
    if chance < 0.85:
        value = source.randrange(8)
        return Op("BININT", value, _write_number(value))
    return Op("BINUNICODE", "x", text(source.choice(_TEXTS)))


def _copy(ops: list[Op], source: random.Random) -> None:
    """A run of opcodes stands a second time, or over others."""
    start, target, length = source.randrange(len(ops)), source.randrange(len(ops)), source.choice((1, 2, 5, 20, 40))
    piece = ops[start : start + length]
    ops[target : target + (len(piece) if source.random() < 0.5 else 0)] = piece


def _swap(ops: list[Op], source: random.Random) -> None:
    one, other = source.randrange(len(ops)), source.randrange(len(ops))
    ops[one], ops[other] = ops[other], ops[one]


def _flag(ops: list[Op], source: random.Random) -> None:
    """A true or false becomes the other, or nothing."""
    place = _one(ops, source, lambda op: op.name in ("NEWTRUE", "NEWFALSE"))
    if place is not None:
        ops[place] = Op("NEWTRUE", True, source.choice((b"\x88", b"\x89", b"N")))


_CHANGES: tuple[Callable[[list[Op], random.Random], None], ...] = (
    _number, _number, _number, _numbers_change_places, _text, _text, _text, _global, _global, _memo, _delete, _insert,
    _replace, _copy, _swap, _flag, _flag,
)  # fmt: skip
