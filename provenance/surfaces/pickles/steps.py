"""What each opcode does to the machine: one step for each kind of opcode."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import TYPE_CHECKING

from provenance.surfaces.pickles.held import MAX_DECODED, Bytes
from provenance.surfaces.pickles.symbols import (
    DATA,
    JOBLIB_ARRAY,
    LONG_TEXT,
    MARK,
    MAX_LINE,
    Box,
    BrokenPickleError,
    Made,
)

if TYPE_CHECKING:
    from provenance.surfaces.pickles.machine import Machine

MAX_PERSISTENT = 200_000

Step = Callable[["Machine"], None]


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


STOP = ord(".")
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
STEPS: list[Step | None] = [None] * 256
for _codes, _step in _BY_CODE.items():
    for _code in _codes:
        STEPS[_code] = _step
