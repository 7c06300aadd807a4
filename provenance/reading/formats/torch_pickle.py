"""A pickle machine that can build a state dict and nothing else.

It knows the opcodes that torch's own `weights_only` loader knows, and of the globals those that make tensors and
plain containers. None of them is imported or called: an `OrderedDict` becomes an empty dictionary here, a call of
`torch._utils._rebuild_tensor_v2` a record of what it was given. Whatever else a pickle asks for ends the walk with
`UnsupportedFile`, because checkpoints of other kinds are honest too; what a pickle may do to whoever loads it is for
others to look at.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from provenance.errors import UnsupportedFile
from provenance.reading.formats.rules import quoted
from provenance.reading.formats.torch_dtypes import DTYPES, STORAGES, UNTYPED

MAX_PICKLE_BYTES = 32 * 1024 * 1024
MAX_OPCODES = 2**20
"""Of one pickle, each at most some 200 bytes of memory and one microsecond; torch writes about 40 for a tensor."""
MAX_KEY = 2**61 - 1
"""Integers from here on may share a hash: a dictionary of them takes quadratic time."""


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of elements that tensors view."""

    key: str
    dtype: str
    itemsize: int
    elements: int


@dataclass(frozen=True, slots=True)
class View:
    """A tensor: a storage, and where in it the elements are. None of the numbers has been believed yet."""

    storage: Storage
    dtype: str
    itemsize: int
    offset: int
    """In elements."""
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    note: str = ""
    """Why its stored bytes are not its values, `which …`; empty where they are."""


class Ordered(dict[object, object]):
    """An `OrderedDict`, with whatever was put into its attributes."""

    def __init__(self) -> None:
        self.attributes: list[object] = []


@dataclass(frozen=True, slots=True)
class _Named:
    """A global that is admitted by its name."""

    module: str
    name: str


OPAQUE = object()
"""A value that holds no tensor and that nothing depends on."""


class TruncatedError(Exception):
    """The bytes end inside the pickle."""


class Machine:
    """Runs one pickle that begins at `start` of `data`; `end` is where it stopped."""

    def __init__(self, data: bytes, file: str, start: int = 0, *, legacy: bool = False) -> None:
        self.end = start
        self.storages: dict[str, Storage] = {}
        """Every storage that the pickle names, by its key."""
        self._data = data
        self._file = file
        self._legacy = legacy
        self._stack: list[object] = []
        self._below: list[list[object]] = []
        """Stacks under the marks."""
        self._memo: dict[int, object] = {}

    def run(self) -> object:
        """The value that the pickle makes; `UnsupportedFile`, or `TruncatedError` where its bytes end before."""
        try:
            for _ in range(MAX_OPCODES):
                if self.end >= len(self._data):
                    raise TruncatedError
                code = self._data[self.end]
                self.end += 1
                if code == _STOP:
                    return self._stack.pop()
                act = _ACTS.get(code)
                if act is None:
                    what = f"whose pickle uses the opcode {code:#04x}, which a state dict does not need"
                    raise self.unsupported(what)
                act(self)
        except (IndexError, KeyError):
            raise self.unsupported("whose pickle takes what it has not put on its stack or memo") from None
        raise self.unsupported(f"whose pickle has more than {MAX_OPCODES} opcodes")

    def unsupported(self, what: str) -> UnsupportedFile:
        """The error for a pickle that is not one of a state dict."""
        return UnsupportedFile(what, where=self._file)

    # Opcodes that others share ---------------------------------------------------------------------------------------

    def take(self, nbytes: int) -> bytes:
        """The next bytes of the pickle."""
        piece = self._data[self.end : self.end + nbytes]
        if len(piece) < nbytes:
            raise TruncatedError
        self.end += nbytes
        return piece

    def push(self, value: object) -> None:
        """Put `value` on the stack."""
        self._stack.append(value)

    def pop(self) -> object:
        """Take the top off the stack."""
        return self._stack.pop()

    def text(self, length: int) -> None:
        """Push the next `length` bytes as text."""
        try:
            self.push(self.take(length).decode("utf-8"))
        except UnicodeDecodeError:
            raise self.unsupported("whose pickle has a text that is not UTF-8") from None

    def put(self, index: int) -> None:
        """Remember the top of the stack."""
        self._memo[index] = self._stack[-1]

    def get(self, index: int) -> None:
        """Push what was remembered."""
        self.push(self._memo[index])

    def unmark(self) -> list[object]:
        """Everything above the topmost mark."""
        items = self._stack
        self._stack = self._below.pop()
        return items

    # Single opcodes --------------------------------------------------------------------------------------------------

    def mark(self) -> None:
        """MARK."""
        self._below.append(self._stack)
        self._stack = []

    def tuple_of(self, count: int) -> None:
        """TUPLE1 to TUPLE3."""
        if len(self._stack) < count:
            raise IndexError
        self._stack[-count:] = [tuple(self._stack[-count:])]

    def append(self, items: list[object]) -> None:
        """APPEND and APPENDS."""
        target = self._stack[-1]
        if type(target) is not list:
            raise self.unsupported("whose pickle appends to what is no list")
        target.extend(items)

    def set_items(self, items: list[object]) -> None:
        """SETITEM and SETITEMS."""
        target = self._stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise self.unsupported("whose pickle sets items of what is no dictionary")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not (type(key) is str or (isinstance(key, int) and abs(key) < MAX_KEY)):
                raise self.unsupported("with a dictionary whose keys are neither text nor numbers")
            target[key] = value

    def name_global(self) -> None:
        """GLOBAL."""
        lines = []
        for _ in range(2):
            stop = self._data.find(b"\n", self.end)
            if stop < 0:
                raise TruncatedError
            lines.append(self.take(stop + 1 - self.end)[:-1].decode("utf-8", "backslashreplace"))
        found = _ADMITTED.get((lines[0], lines[1]))
        if found is None:
            name = quoted(".".join(lines))
            raise self.unsupported(f"whose pickle imports {name}, which a state dict does not need")
        self.push(found)

    def reduce(self) -> None:
        """REDUCE: the call of a global."""
        arguments, function = self._stack.pop(), self._stack[-1]
        call = _CALLS.get(function) if isinstance(function, _Named) else None
        if call is None or type(arguments) is not tuple:
            raise self.unsupported("whose pickle calls what is no function of a state dict")
        try:
            self._stack[-1] = call(arguments)
        except ValueError:
            assert isinstance(function, _Named)
            what = f"whose pickle calls {function.module}.{function.name} as no version of torch.save does"
            raise self.unsupported(what) from None

    def build(self) -> None:
        """BUILD: the attributes of an `OrderedDict`, where `state_dict` leaves its `_metadata`."""
        state, target = self._stack.pop(), self._stack[-1]
        if not isinstance(target, Ordered) or not isinstance(state, dict):
            raise self.unsupported("whose pickle gives a state to what is no OrderedDict")
        target.attributes.append(state)

    def persistent(self) -> None:
        """BINPERSID: a storage."""
        match self._stack.pop():
            case ("storage", _Named() as kind, str(key), str(location), int(count)) if not self._legacy:
                pass
            case ("storage", _Named() as kind, str(key), str(location), int(count), None) if self._legacy:
                pass
            case _:
                raise self.unsupported("whose pickle names a storage as no version of torch.save does")
        if location == "meta" or kind not in _STORAGE_TYPES or (self._legacy and kind == _UNTYPED):
            raise self.unsupported("with a storage that holds no plain numbers")
        storage = Storage(key, *_STORAGE_TYPES[kind], count)
        if self.storages.setdefault(key, storage) != storage:
            raise self.unsupported(f"whose pickle names the storage {quoted(key)} in two ways")
        self.push(storage)


# ---------------------------------------------------------------------------------------------------------------------
# Globals
# ---------------------------------------------------------------------------------------------------------------------


def _ordered(arguments: tuple[object, ...]) -> Ordered:
    if arguments:
        raise ValueError
    return Ordered()


def _tensor(arguments: tuple[object, ...]) -> View:
    """`_rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None)`."""
    match arguments:
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides), bool(), hooks, *metadata):
            return _view(storage, (storage.dtype, storage.itemsize), offset, (shape, strides), (hooks, metadata))
    raise ValueError


def _tensor_of_dtype(arguments: tuple[object, ...]) -> View:
    """`_rebuild_tensor_v3`, whose `dtype` stands before `metadata`: the storage has none of its own."""
    match arguments:
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides), bool(), hooks, _Named() as dtype, *rest):
            if dtype in _DTYPES:
                return _view(storage, _DTYPES[dtype], offset, (shape, strides), (hooks, rest))
    raise ValueError


def _view(
    storage: Storage,
    dtype: tuple[str, int],
    offset: int,
    layout: tuple[tuple[object, ...], tuple[object, ...]],
    extras: tuple[object, list[object]],
) -> View:
    hooks, metadata = extras
    numbers = [[number for number in side if type(number) is int] for side in layout]
    if hooks not in ({}, None) or len(metadata) > 1 or not len(layout[0]) == len(layout[1]) == len(numbers[0]):
        raise ValueError
    if len(numbers[1]) != len(numbers[0]):
        raise ValueError
    note = "which is stored as its negative or conjugate" if metadata and metadata[0] else ""
    return View(storage, *dtype, offset, tuple(numbers[0]), tuple(numbers[1]), note)


def _parameter(arguments: tuple[object, ...]) -> View:
    """`_rebuild_parameter(data, requires_grad, backward_hooks)`."""
    match arguments:
        case (View() as view, bool(), hooks) if hooks in ({}, None):
            return view
    raise ValueError


def _size(arguments: tuple[object, ...]) -> tuple[object, ...]:
    match arguments:
        case (tuple(sizes),):
            return sizes
    raise ValueError


def _opaque(arguments: tuple[object, ...]) -> object:
    for argument in arguments:
        inside = argument if isinstance(argument, list) else argument.items() if isinstance(argument, dict) else ()
        plain = all(_is_plain(item) for pair in inside for item in (pair if isinstance(pair, tuple) else (pair,)))
        if not plain or not (_is_plain(argument) or isinstance(argument, list | dict)):
            raise ValueError
    return OPAQUE


def _is_plain(value: object) -> bool:
    """Whether it is a value that holds no others."""
    return value is None or value is OPAQUE or isinstance(value, str | int | float)


_UNTYPED = _Named("torch.storage", "UntypedStorage")
_STORAGE_TYPES = {_Named("torch", name): kind for name, kind in STORAGES.items()} | {_UNTYPED: UNTYPED}
_DTYPES = {_Named("torch", name): dtype for name, dtype in DTYPES.items()}
_CALLS: dict[_Named, Callable[[tuple[object, ...]], object]] = {
    _Named("collections", "OrderedDict"): _ordered,
    _Named("torch._utils", "_rebuild_tensor_v2"): _tensor,
    _Named("torch._utils", "_rebuild_tensor_v3"): _tensor_of_dtype,
    _Named("torch._utils", "_rebuild_parameter"): _parameter,
    _Named("torch", "Size"): _size,
    _Named("torch", "device"): _opaque,
    _Named("_codecs", "encode"): _opaque,
    _Named("collections", "Counter"): _opaque,
    **{
        _Named(module, name): _opaque
        for module in ("builtins", "__builtin__")
        for name in ("set", "bytearray", "complex")
    },
}
"""Functions that a state dict needs; those that make neither tensors nor containers all give `OPAQUE`."""
_ADMITTED = {(known.module, known.name): known for known in (*_STORAGE_TYPES, *_DTYPES, *_CALLS)}


# ---------------------------------------------------------------------------------------------------------------------
# Opcodes
# ---------------------------------------------------------------------------------------------------------------------


def _number(layout: str) -> Callable[[Machine], None]:
    form = struct.Struct(layout)
    return lambda machine: machine.push(form.unpack(machine.take(form.size))[0])


def _constant(value: object) -> Callable[[Machine], None]:
    return lambda machine: machine.push(value)


def _natural(machine: Machine, nbytes: int) -> int:
    return int.from_bytes(machine.take(nbytes), "little")


def _pair(machine: Machine) -> list[object]:
    value, key = machine.pop(), machine.pop()
    return [key, value]


_STOP = ord(".")
_ACTS: dict[int, Callable[[Machine], object]] = {
    0x80: lambda machine: machine.take(1),  # PROTO
    ord("}"): lambda machine: machine.push({}),
    ord("]"): lambda machine: machine.push([]),
    ord(")"): _constant(()),
    ord("N"): _constant(None),
    0x88: _constant(True),
    0x89: _constant(False),
    ord("J"): _number("<i"),
    ord("K"): _number("<B"),
    ord("M"): _number("<H"),
    ord("G"): _number(">d"),
    0x8A: lambda machine: machine.push(int.from_bytes(machine.take(_natural(machine, 1)), "little", signed=True)),
    ord("X"): lambda machine: machine.text(_natural(machine, 4)),
    ord("U"): lambda machine: machine.text(_natural(machine, 1)),
    ord("h"): lambda machine: machine.get(_natural(machine, 1)),
    ord("j"): lambda machine: machine.get(_natural(machine, 4)),
    ord("q"): lambda machine: machine.put(_natural(machine, 1)),
    ord("r"): lambda machine: machine.put(_natural(machine, 4)),
    ord("("): Machine.mark,
    ord("t"): lambda machine: machine.push(tuple(machine.unmark())),
    0x85: lambda machine: machine.tuple_of(1),
    0x86: lambda machine: machine.tuple_of(2),
    0x87: lambda machine: machine.tuple_of(3),
    ord("a"): lambda machine: machine.append([machine.pop()]),
    ord("e"): lambda machine: machine.append(machine.unmark()),
    ord("s"): lambda machine: machine.set_items(_pair(machine)),
    ord("u"): lambda machine: machine.set_items(machine.unmark()),
    ord("c"): Machine.name_global,
    ord("R"): Machine.reduce,
    ord("b"): Machine.build,
    ord("Q"): Machine.persistent,
}
"""What torch's `weights_only` loader knows, but NEWOBJ and EMPTY_SET, which no state dict needs."""
