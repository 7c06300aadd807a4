"""One small file for each rule that a NumPy or ONNX file can break."""

from __future__ import annotations

from provenance.reading.formats.rules import Rule

from .cases import Hostile
from .other_forge import initializer, message, node, npy, npz, number, onnx, varint


def _npy(rule: Rule, what: str, data: bytes) -> Hostile:
    return Hostile(rule, f"numpy, {what}", {"a.npy": data})


def _onnx(rule: Rule, what: str, *parts: bytes) -> Hostile:
    return Hostile(rule, f"onnx, {what}", {"model.onnx": onnx(*parts)})


def _external(rule: Rule, what: str, **entries: str) -> Hostile:
    pairs = (message(13, message(1, key.encode()) + message(2, value.encode())) for key, value in entries.items())
    tensor = initializer("w", (2,), None, more=number(14, 1) + b"".join(pairs))
    return Hostile(rule, f"onnx, elsewhere, {what}", {"model.onnx": onnx(tensor)})


_W = initializer("w", (2,), bytes(8))
_NAMELESS = initializer("", (2,), bytes(8))

OTHER_CASES = (
    _npy(Rule.TENSOR_PAST_END, "cut", npy(data=bytes(7))),
    _npy(Rule.SIZE_OVERFLOW, "wraps to 0", npy(shape="(4611686018427387904, 4)")),
    _npy(Rule.SIZE_OVERFLOW, "beside a zero", npy(shape="(9223372036854775808, 0)", data=b"")),
    _npy(Rule.TOO_MANY_DIMENSIONS, "65", npy(shape=f"({'1, ' * 65})")),
    _npy(Rule.TRUNCATED, "in its header", npy()[:60]),
    _npy(Rule.TRUNCATED, "in the length of its header", npy()[:9]),
    _npy(Rule.NOT_UTF8, "header", npy(major=3).replace(b"descr", b"desc\xff")),
    _npy(Rule.BAD_ENTRY, "an expression", npy(text="__import__('os').system('true')")),
    _npy(Rule.BAD_ENTRY, "no dictionary", npy(text="(2,)")),
    _npy(Rule.BAD_ENTRY, "two dictionaries", npy(text="{}{}")),
    _npy(Rule.BAD_ENTRY, "no key", npy(text="{'shape'}")),
    _npy(Rule.BAD_ENTRY, "an open bracket", npy(text="{'shape': (2,), ")),
    _npy(Rule.BAD_ENTRY, "no comma", npy(text="{'shape': (2,) 'descr': '<f4'}")),
    _npy(Rule.BAD_ENTRY, "a key twice", npy(text="{'descr': '<f4', 'descr': '<f2', 'shape': (2,)}")),
    _npy(Rule.BAD_ENTRY, "a key too few", npy(text="{'descr': '<f4', 'shape': (2,)}")),
    _npy(Rule.BAD_ENTRY, "columns", npy(columns="1")),
    _npy(Rule.BAD_ENTRY, "no elements", npy(text="{'descr': None, 'fortran_order': False, 'shape': (2,)}")),
    _npy(Rule.BAD_ENTRY, "a zero before other digits", npy(shape="(2, 03)")),
    _npy(Rule.BAD_ENTRY, "numbers of Python 2", npy(shape="(2L,)", major=3)),
    _npy(Rule.BAD_SHAPE, "no tuple", npy(shape="(2)")),
    _npy(Rule.BAD_SHAPE, "a list", npy(shape="[2]")),
    _npy(Rule.BAD_SHAPE, "negative", npy(shape="(-1,)")),
    _npy(Rule.SIZE_OVERFLOW, "a number of forty digits", npy(shape=f"({'9' * 40},)")),
    _npy(Rule.UNKNOWN_DTYPE, "of three bytes", npy("<f3")),
    _npy(Rule.ZIP_DUPLICATE, "an array twice", npz((b"a.npy", npy()), (b"a.npy", npy()))),
    _npy(Rule.EMPTY_NAME, "in a zip", npz((b".npy", npy()))),
    _npy(Rule.HIDDEN_CHARACTER, "in a zip", npz(("a\u202eb.npy".encode(), npy()))),
    _npy(Rule.NAME_TOO_LONG, "in a zip", npz((b"n" * 1025 + b".npy", npy()))),
    Hostile(Rule.NOT_ONNX, "onnx, by its name alone", {"model.onnx": number(1, 8) + message(2, b"a producer")}),
    Hostile(Rule.NOT_ONNX, "onnx, nothing", {"model.onnx": b""}),
    Hostile(Rule.BAD_FIELD, "onnx, two graphs", {"model.onnx": onnx(_W) + message(7, b"")}),
    Hostile(Rule.FIELD_PAST_END, "onnx, cut", {"model.onnx": onnx(_W)[:-1]}),
    Hostile(Rule.FIELD_PAST_END, "onnx, the graph itself", {"model.onnx": onnx(_W)[:40]}),
    Hostile(Rule.FIELD_PAST_END, "onnx, operators", {"model.onnx": onnx(_W, more=message(8, message(1, b"x", 9)))}),
    Hostile(Rule.BAD_FIELD, "onnx, operators", {"model.onnx": onnx(_W, more=message(8, b"\x0f"))}),
    _onnx(Rule.BAD_FIELD, "wire type 6", _W, b"\x0e"),
    _onnx(Rule.BAD_FIELD, "number 0", _W, b"\0\0"),
    _onnx(Rule.SIZE_MISMATCH, "typed", initializer("w", (3,), None, more=message(4, bytes(8)))),
    _onnx(Rule.SIZE_MISMATCH, "integers", initializer("w", (3,), None, 7, more=message(7, bytes(2)))),
    _onnx(Rule.EMPTY_NAME, "constant", message(1, message(5, message(1, b"value") + message(5, _NAMELESS[2:])))),
    _external(Rule.SIZE_OVERFLOW, "wraps round", location="config.json", offset="9223372036854775807"),
    _external(Rule.SIZE_MISMATCH, "too long", location="config.json", length="64"),
    _external(Rule.BAD_OFFSETS, "negative", location="config.json", offset="-8"),
    _onnx(Rule.FIELD_PAST_END, "in the graph", message(5, b"x", 100)),
    _onnx(Rule.FIELD_PAST_END, "raw bytes", message(5, message(8, b"w") + message(9, b"x", 100))),
    _onnx(Rule.FIELD_PAST_END, "an endless number", message(5, b"\xff" * 11)),
    _onnx(Rule.FIELD_PAST_END, "in a node", node(varint(1 << 3 | 5) + b"xxx")),
    _onnx(Rule.DUPLICATE_TENSOR, "initialiser", _W, _W),
    _onnx(Rule.EMPTY_NAME, "initialiser", initializer("", (2,), bytes(8))),
    _onnx(Rule.NAME_TOO_LONG, "initialiser", initializer("n" * 1025, (2,), bytes(8))),
    _onnx(Rule.NOT_UTF8, "initialiser", initializer(b"\xff", (2,), bytes(8))),
    _onnx(Rule.HIDDEN_CHARACTER, "initialiser", initializer("a\0", (2,), bytes(8))),
    _onnx(Rule.TOO_MANY_DIMENSIONS, "65", initializer("w", (1,) * 65, bytes(4))),
    _onnx(Rule.TOO_MANY_DIMENSIONS, "packed", initializer("w", (1,) * 200, bytes(4), packed=True)),
    _onnx(Rule.BAD_SHAPE, "negative", message(5, number(1, 2**64 - 1) + message(8, b"w") + message(9, b""))),
    _onnx(Rule.SIZE_OVERFLOW, "wraps to 0", initializer("w", (2**32, 2**32), b"")),
    _onnx(Rule.SIZE_MISMATCH, "too short", initializer("w", (3,), bytes(8))),
)
