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

from provenance.errors import UnsupportedFile
from provenance.reading.formats.rules import quoted
from provenance.reading.formats.torch_calls import (
    ADMITTED,
    CALLS,
    STORAGE_TYPES,
    UNTYPED_STORAGE,
    Named,
    Ordered,
    Storage,
    is_key,
)

MAX_PICKLE_BYTES = 32 * 1024 * 1024
MAX_OPCODES = 2**20
"""Of one pickle, each at most some 200 bytes of memory and one microsecond; torch writes about 40 for a tensor."""
MAX_PASSED = 2**20
"""Elements of containers that are passed to functions, which look at each: one list may be passed many times."""


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
        self._passed = 0
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
            if not is_key(key):
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
        found = ADMITTED.get((lines[0], lines[1]))
        if found is None:
            name = quoted(".".join(lines))
            raise self.unsupported(f"whose pickle imports {name}, which a state dict does not need")
        self.push(found)

    def reduce(self) -> None:
        """REDUCE: the call of a global."""
        arguments, function = self._stack.pop(), self._stack[-1]
        call = CALLS.get(function) if isinstance(function, Named) else None
        if call is None or type(arguments) is not tuple:
            raise self.unsupported("whose pickle calls what is no function of a state dict")
        self._passed += sum(len(one) for one in arguments if isinstance(one, list | tuple | dict))
        if self._passed > MAX_PASSED:
            raise self.unsupported(f"whose pickle passes more than {MAX_PASSED} values to functions")
        try:
            self._stack[-1] = call(arguments)
        except ValueError:
            assert isinstance(function, Named)
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
            case ("storage", Named() as kind, str(key), str(location), int(count)) if not self._legacy:
                pass
            case ("storage", Named() as kind, str(key), str(location), int(count), None) if self._legacy:
                pass
            case _:
                raise self.unsupported("whose pickle names a storage as no version of torch.save does")
        if location == "meta" or kind not in STORAGE_TYPES or (self._legacy and kind == UNTYPED_STORAGE):
            raise self.unsupported("with a storage that holds no plain numbers")
        storage = Storage(key, *STORAGE_TYPES[kind], count)
        if self.storages.setdefault(key, storage) != storage:
            raise self.unsupported(f"whose pickle names the storage {quoted(key)} in two ways")
        self.push(storage)


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
