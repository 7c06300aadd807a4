"""The pickle machine on symbols: what one stream imports, calls and writes to. Nothing is imported, called or built.

It is never stricter than a machine that would run the stream: not than CPython's in C, nor its one in Python (which
joblib and dill build on), nor torch's for `weights_only`. Where these differ, each difference that lets one of them go
on is followed, and said to be a flaw. What no writer of pickles does is a flaw as well: a global whose name is
computed, a call of something that was itself made by a call, a write into a module or class.
"""

from __future__ import annotations

import codecs
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable
from dataclasses import dataclass, field

from provenance.facts import Flaw
from provenance.surfaces.pickles.held import MAX_DECODED, MAX_HELD, MIN_HELD, Bytes, Part, held
from provenance.surfaces.pickles.recognise import OPCODES
from provenance.surfaces.pickles.symbols import DATA, LONG_TEXT, MARK, Box, Global, Made, Sized
from provenance.surfaces.pickles.window import EndedError, Source, Window

MAX_LINE = 4096
"""Longest text that is remembered: names of modules and classes, keys, numbers in digits."""
MAX_OPCODES = 20_000_000
"""Opcodes of all pickles in one file."""
MAX_STREAMS = 10_000
"""Pickles in one file."""
MAX_MEMO = 2_000_000
MAX_STACK = 2_000_000
MAX_GLOBALS = 10_000
"""Distinct globals of one stream."""
MAX_ALLOCATION = 1 << 40
_ALLOCATE = frozenset({"bytes", "bytearray", "_reconstruct", "ndarray", "UntypedStorage"})
"""Names of calls that take a length and make something of that length."""
MAX_PERSISTENT = 200_000
EXPANSION, EXPANSION_RATIO = 100_000_000, 1000
"""A value that would hold so many others if nothing in it were shared, and so many times its opcodes."""
MAX_DEPTH = 10_000
"""Nesting that no pickler of CPython can write without overflowing its own stack."""
MAX_FLAWS = 20

JOBLIB_ARRAY = ("joblib.numpy_pickle", "NumpyArrayWrapper")


class BrokenPickleError(Exception):
    """No machine goes on from here."""


@dataclass(slots=True)
class Budget:
    """What is left of the work on one file."""

    opcodes: int = MAX_OPCODES
    streams: int = MAX_STREAMS


@dataclass(slots=True)
class Machine:
    """One stream. `run` once; the rest is what it found."""

    window: Window
    budget: Budget
    arrays: Callable[[Machine, Made], None] | None = None
    """Told of an array of joblib that was built: its numbers follow in the stream, and have to be stepped over."""
    references: dict[tuple[str, str], int] = field(default_factory=dict)
    """Offset of the first import of each global."""
    called: set[tuple[str, str]] = field(default_factory=set)
    flaws: list[Flaw] = field(default_factory=list)
    persistent: list[object] = field(default_factory=list)
    held: list[Source] = field(default_factory=list)
    """Constants that begin like a pickle."""
    protocol: int = 0
    complete: bool = False
    top: object = None
    """What the stream would give, where it is complete."""
    stack: list[object] = field(default_factory=list)
    memo: dict[int, object] = field(default_factory=dict)
    begin: int = 0
    here: int = 0
    code: int = 0
    """The opcode at hand."""
    opcodes: int = 0
    frame: int = 0
    """Where the frame ends that the stream is in; 0 outside."""

    def run(self) -> None:
        """Walk to STOP, or to where no machine goes on."""
        self.begin = self.here = self.window.position
        try:
            self._run()
            self.complete = True
        except BrokenPickleError as why:
            self.flaw("broken-stream", str(why))
        except EndedError:
            self.flaw("truncated", "the file ends before the pickle does")

    def _run(self) -> None:
        window, stack = self.window, self.stack
        while True:
            self.here = window.position
            if self.frame:
                self._leave_frame()
            code = window.byte()
            step = _STEPS[code]
            if step is None:
                raise BrokenPickleError(f"0x{code:02x} is no opcode")
            self.opcodes += 1
            self.budget.opcodes -= 1
            if self.budget.opcodes < 0 or len(stack) > MAX_STACK or len(self.memo) > MAX_MEMO:
                raise BrokenPickleError("more opcodes, stack or memo than this version follows")
            self.code = code
            step(self)
            if code == _STOP:
                return

    def _leave_frame(self) -> None:
        if self.here >= self.frame:
            if self.here > self.frame:
                self.flaw("frame", "an opcode lies across the end of its frame")
            self.frame = 0

    # -- what steps use ---------------------------------------------------------------------------------------------

    def flaw(self, kind: str, detail: str) -> None:
        """Say it, where it is not said yet."""
        known = any(flaw.kind == kind and flaw.detail == detail for flaw in self.flaws)
        if len(self.flaws) < MAX_FLAWS and not known:
            self.flaws.append(Flaw(kind, detail, self.here))

    def pop(self) -> object:
        """The topmost value; no mark."""
        if not self.stack or self.stack[-1] is MARK:
            raise BrokenPickleError("the stack holds too little")
        return self.stack.pop()

    def peek(self) -> object:
        """The topmost value, left there."""
        if not self.stack or self.stack[-1] is MARK:
            raise BrokenPickleError("the stack holds too little")
        return self.stack[-1]

    def to_mark(self) -> list[object]:
        """Everything above the topmost mark; the mark goes too."""
        stack = self.stack
        for index in range(len(stack) - 1, -1, -1):
            if stack[index] is MARK:
                found = stack[index + 1 :]
                del stack[index:]
                return found
        raise BrokenPickleError("there is no mark")

    def push(self, value: object) -> None:
        """Put it on the stack, and see how large it would be."""
        self.stack.append(value)
        if isinstance(value, Sized):
            self.watch(value)

    def watch(self, value: Sized) -> None:
        """A value that grew."""
        if value.size > EXPANSION and value.size > EXPANSION_RATIO * self.opcodes:
            self.flaw("expansion", f"a value that is shared until it would hold more than {EXPANSION:,} others")
        if value.depth > MAX_DEPTH:
            self.flaw("expansion", f"values nested deeper than {MAX_DEPTH:,}")

    def argument(self) -> bytes | None:
        """The argument of the opcode at hand; None where it is longer than anything that matters."""
        opcode, window = OPCODES[self.code], self.window
        if opcode.line:
            return window.line(MAX_LINE)
        size = opcode.fixed
        if opcode.length_bytes:
            size = int.from_bytes(window.read(opcode.length_bytes), "little")
        if size > MAX_LINE:
            begin = window.position
            window.skip(size)
            self.look_into(Part(window.source, begin, size))
            return None
        argument = window.read(size)
        if opcode.length_bytes:
            self.look_into(Bytes(argument))
        return argument

    def look_into(self, value: Source) -> None:
        """Remember a constant that begins like a pickle."""
        inner = held(value, text=self.code in b"VSX\x8c\x8d") if value.size >= MIN_HELD else None
        if inner is not None and len(self.held) < MAX_HELD:
            self.held.append(inner)
        elif inner is not None:
            self.flaw("too-many-streams", f"holds more than {MAX_HELD} pickles as data")

    def imported(self, module: object, name: object) -> Global:
        """Note a global; both of its names as the stream gives them."""
        if not isinstance(module, str) or not isinstance(name, str):
            self.flaw("unresolved-global", "the name of a global is computed, or too long to be one")
            module, name = "?", "?"
        if self.protocol < 3:
            module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
        if len(self.references) < MAX_GLOBALS:
            self.references.setdefault((module, name), self.here)
        else:
            self.flaw("too-many-globals", f"more than {MAX_GLOBALS:,} different globals")
        return Global(module, name)

    def call(self, callee: object, arguments: object) -> Made:
        """Note a call."""
        if isinstance(callee, Global):
            self.called.add((callee.module, callee.name))
            if callee.name in _ALLOCATE and _largest(arguments) > MAX_ALLOCATION:
                self.flaw("allocation", f"asks {callee.module}.{callee.name} for {_largest(arguments):,} bytes or more")
        elif isinstance(callee, Made):
            self.flaw("computed-call", "calls what a call or the loader made")
        else:
            raise BrokenPickleError("calls what cannot be called")
        return Made(callee, arguments)

    def write(self, target: object, values: list[object]) -> None:
        """Note that `values` are put into `target`."""
        if isinstance(target, Global):
            self.called.add((target.module, target.name))
            self.flaw("write-to-global", f"writes into {target.module}.{target.name} itself")
        elif isinstance(target, Box):
            target.put(values)
            self.watch(target)
        elif isinstance(target, Made):
            target.hold(values)
            self.watch(target)


# ---------------------------------------------------------------------------------------------------------------------
# Steps, one for each kind of opcode
# ---------------------------------------------------------------------------------------------------------------------

Step = Callable[[Machine], None]


def _largest(arguments: object) -> int:
    """The largest number among the arguments of a call, and in a tuple among them."""
    values = arguments.items[:10] if isinstance(arguments, Box) else []
    nested = [inner for value in values if isinstance(value, Box) for inner in value.items[:10]]
    return max((value for value in (*values, *nested) if isinstance(value, int)), default=0)


def _text(machine: Machine) -> None:
    argument = machine.argument()
    machine.stack.append(LONG_TEXT if argument is None else argument.decode("utf-8", "replace"))


def _escaped(machine: Machine) -> None:
    r"""UNICODE, whose line spells characters as `\u0041`, and STRING, which is quoted as in Python."""
    argument = machine.window.line(MAX_DECODED)
    plain = b"" if argument is None else _unescaped(argument, machine.code)
    machine.look_into(Bytes(plain))
    if argument is None or len(argument) > MAX_LINE:
        machine.stack.append(LONG_TEXT)
    elif machine.code == ord("V"):
        machine.stack.append(argument.decode("raw-unicode-escape", "replace"))
    else:
        machine.stack.append(plain.decode("latin-1"))


def _unescaped(line: bytes, code: int) -> bytes:
    """The characters of a text of the first protocol as bytes; nothing where they are more than bytes."""
    if code == ord("V"):
        return line.decode("raw-unicode-escape", "replace").encode("latin-1", "ignore")
    quoted = line.strip()
    inside = quoted[1:-1] if len(quoted) > 1 else quoted
    try:
        plain, _ = codecs.escape_decode(inside)
    except ValueError:
        return inside
    return plain if isinstance(plain, bytes) else plain.encode("latin-1", "ignore")


def _byte_text(machine: Machine) -> None:
    """Text of Python 2, and bytes: a loader may be told to take either for the other."""
    argument = machine.argument()
    machine.stack.append(LONG_TEXT if argument is None else argument.decode("latin-1"))


def _number(machine: Machine) -> None:
    argument = machine.argument() or b""
    machine.stack.append(int.from_bytes(argument[:16], "little", signed=machine.code in b"J\x8a"))


def _digits(machine: Machine) -> None:
    line = machine.argument()
    if line is None:
        # Python reads digits in quadratic time, and since 3.11 no more than 4300 of them.
        machine.flaw("long-number", f"a number of more than {MAX_LINE:,} digits")
    argument = (line or b"").strip().rstrip(b"L")
    try:
        machine.stack.append(int(argument) if 0 < len(argument) < 40 else DATA)
    except ValueError:
        machine.stack.append(DATA)


def _data(machine: Machine) -> None:
    machine.argument()
    machine.stack.append(DATA)


def _none(machine: Machine) -> None:
    machine.stack.append(None)


def _mark(machine: Machine) -> None:
    machine.stack.append(MARK)


def _empty(machine: Machine) -> None:
    machine.push(Box())


def _marked(machine: Machine) -> None:
    machine.push(Box(machine.to_mark()))


def _tuple(machine: Machine) -> None:
    values = [machine.pop() for _ in range(machine.code - 0x84)]
    machine.push(Box(reversed(values)))


def _put_one(machine: Machine) -> None:
    value = machine.pop()
    machine.write(machine.peek(), [value])


def _put_pair(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    machine.write(machine.peek(), [key, value])


def _put_many(machine: Machine) -> None:
    values = machine.to_mark()
    machine.write(machine.peek(), values)


def _pop(machine: Machine) -> None:
    if not machine.stack:
        raise BrokenPickleError("the stack holds too little")
    machine.stack.pop()


def _pop_mark(machine: Machine) -> None:
    machine.to_mark()


def _dup(machine: Machine) -> None:
    machine.stack.append(machine.peek())


def _remember(machine: Machine) -> None:
    value = machine.peek()
    if machine.code == 0x94:
        index = len(machine.memo)
    elif machine.code == ord("p"):
        index = _index(machine.argument())
    else:
        index = int.from_bytes(machine.argument() or b"", "little")
    if index > machine.opcodes + 1:
        machine.flaw("memo", f"remembers something under the number {index:,}, which takes memory for as many")
    machine.memo[index] = value


def _index(digits: bytes | None) -> int:
    """A machine in Python takes any number that `int` takes."""
    try:
        return int(digits or b"") if len(digits or b"") < 40 else -1
    except ValueError:
        return -1


def _recall(machine: Machine) -> None:
    argument = machine.argument() or b""
    index = _index(argument) if machine.code == ord("g") else int.from_bytes(argument, "little")
    if index not in machine.memo:
        raise BrokenPickleError(f"nothing is remembered under {index}")
    machine.stack.append(machine.memo[index])


def _global(machine: Machine) -> None:
    module, name = machine.window.line(MAX_LINE), machine.window.line(MAX_LINE)
    texts = [None if part is None else part.decode("utf-8", "replace") for part in (module, name)]
    found = machine.imported(*texts)
    if machine.code == ord("i"):
        machine.push(machine.call(found, Box(machine.to_mark())))
    else:
        machine.stack.append(found)


def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.stack.append(machine.imported(module, name))


def _extension(machine: Machine) -> None:
    number = int.from_bytes(machine.argument() or b"", "little")
    machine.flaw("extension-code", f"asks for the global that the host has registered under {number}")
    machine.stack.append(machine.imported("copyreg extension", str(number)))


def _reduce(machine: Machine) -> None:
    arguments, callee = machine.pop(), machine.pop()
    machine.push(machine.call(callee, arguments))


def _new_with_keywords(machine: Machine) -> None:
    keywords, arguments, callee = machine.pop(), machine.pop(), machine.pop()
    machine.push(machine.call(callee, Box((arguments, keywords))))


def _obj(machine: Machine) -> None:
    values = machine.to_mark()
    if not values:
        raise BrokenPickleError("the stack holds too little")
    machine.push(machine.call(values[0], Box(values[1:])))


def _build(machine: Machine) -> None:
    state = machine.pop()
    target = machine.peek()
    machine.write(target, [state])
    if machine.arrays and isinstance(target, Made) and target.is_a(*JOBLIB_ARRAY):
        machine.arrays(machine, Made(target.callee, state))


def _persistent(machine: Machine) -> None:
    ident: object = DATA
    if machine.code == ord("Q"):
        ident = machine.pop()
    else:
        machine.argument()
    if len(machine.persistent) < MAX_PERSISTENT:
        machine.persistent.append(ident)
    machine.push(Made(None, ident))


def _protocol(machine: Machine) -> None:
    machine.protocol = machine.window.byte()


def _frame(machine: Machine) -> None:
    size = int.from_bytes(machine.argument() or b"", "little")
    if machine.frame > machine.window.position:
        machine.flaw("frame", "a frame begins inside another")
    machine.frame = machine.window.position + size


def _stop(machine: Machine) -> None:
    # A frame longer than the file is refused by the machine in C alone.
    if machine.frame > machine.window.position:
        machine.flaw("frame", "the pickle ends before its frame does")
    machine.top = machine.pop()


def _nothing(machine: Machine) -> None:
    machine.peek()


_STOP = ord(".")
_BY_CODE: dict[bytes, Step] = {
    b"VS": _escaped,
    b"X\x8c\x8d": _text,
    b"TUBC\x8e": _byte_text,
    b"JKM\x8a\x8b": _number,
    b"IL": _digits,
    b"FG\x88\x89\x96\x97": _data,
    b"N": _none,
    b"(": _mark,
    b")]}\x8f": _empty,
    b"tld\x91": _marked,
    b"\x85\x86\x87": _tuple,
    b"a": _put_one,
    b"s": _put_pair,
    b"eu\x90": _put_many,
    b"0": _pop,
    b"1": _pop_mark,
    b"2": _dup,
    b"pqr\x94": _remember,
    b"ghj": _recall,
    b"ci": _global,
    b"\x93": _stack_global,
    b"\x82\x83\x84": _extension,
    b"R\x81": _reduce,
    b"\x92": _new_with_keywords,
    b"o": _obj,
    b"b": _build,
    b"PQ": _persistent,
    b"\x80": _protocol,
    b"\x95": _frame,
    b".": _stop,
    b"\x98": _nothing,
}
_STEPS: list[Step | None] = [None] * 256
for _codes, _step in _BY_CODE.items():
    for _code in _codes:
        _STEPS[_code] = _step
