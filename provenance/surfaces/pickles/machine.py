"""The pickle machine on symbols: what one stream imports, calls and writes to. Nothing is imported, called or built.

It is never stricter than a machine that would run the stream: not than CPython's in C, nor its one in Python (which
joblib and dill build on), nor torch's for `weights_only`. Where these differ, each difference that lets one of them go
on is followed, and said to be a flaw. What no writer of pickles does is a flaw as well: a global whose name is
computed, a call of something that was itself made by a call, a write into a module or class.
"""

from __future__ import annotations

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable
from dataclasses import dataclass, field

from provenance.facts import Flaw
from provenance.surfaces.pickles.held import MAX_HELD, MIN_HELD, Bytes, Part, held
from provenance.surfaces.pickles.recognise import OPCODES
from provenance.surfaces.pickles.steps import STEPS, STOP
from provenance.surfaces.pickles.symbols import MARK, MAX_LINE, Box, BrokenPickleError, Global, Made, Sized
from provenance.surfaces.pickles.window import EndedError, Source, Window

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
EXPANSION, EXPANSION_RATIO = 100_000_000, 1000
"""A value that would hold so many others if nothing in it were shared, and so many times its opcodes."""
MAX_DEPTH = 10_000
"""Nesting that no pickler of CPython can write without overflowing its own stack."""
MAX_FLAWS = 20


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
            step = STEPS[code]
            if step is None:
                raise BrokenPickleError(f"0x{code:02x} is no opcode")
            self.opcodes += 1
            self.budget.opcodes -= 1
            if self.budget.opcodes < 0 or len(stack) > MAX_STACK or len(self.memo) > MAX_MEMO:
                raise BrokenPickleError("more opcodes, stack or memo than this version follows")
            self.code = code
            step(self)
            if code == STOP:
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


def _largest(arguments: object) -> int:
    """The largest number among the arguments of a call, and in a tuple among them."""
    values = arguments.items[:10] if isinstance(arguments, Box) else []
    nested = [inner for value in values if isinstance(value, Box) for inner in value.items[:10]]
    return max((value for value in (*values, *nested) if isinstance(value, int)), default=0)
