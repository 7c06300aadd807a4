"""Walks the opcodes of a pickle without executing, decoding or storing one.

Protocols 2 to 5 begin with a mark of their own. Protocols 0 and 1 have none, so what looks like text may be a program
for the pickle machine. The walk keeps account of the machine's stack, as the published effects of the opcodes say
(`pickletools.opcodes`); no word list or ignore file survives that account up to a call.
"""

from __future__ import annotations

import pickletools
import re
from dataclasses import dataclass

_MARK, _POP, _STOP = ord("("), ord("0"), ord(".")
_IMPORTS = frozenset(b"ci\x82\x83\x84\x93")
"""GLOBAL, INST, EXT1, EXT2, EXT4, STACK_GLOBAL."""
_CALLS = frozenset(b"Rio\x81\x92")
"""REDUCE, INST, OBJ, NEWOBJ, NEWOBJ_EX."""

_TAKES = {
    "REDUCE": ("any", "tuple"),
    "NEWOBJ": ("any", "tuple"),
    "NEWOBJ_EX": ("any", "tuple", "dict"),
}
"""Sharper than `pickletools` has it: what is called with anything but a tuple raises before it is called."""
_GIVES = dict.fromkeys(("GLOBAL", "STACK_GLOBAL"), ("global",))

_LENGTH_BYTES = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
_DOTTED_NAME = rb"[\w.\x80-\xff]{1,256}\r?\n"
_LINES = {
    "decimalnl_short": re.compile(rb"[ \t]*[+-]?\w+[ \t]*\r?\n"),
    "decimalnl_long": re.compile(rb"[ \t]*[+-]?\w+[ \t]*\r?\n"),
    "stringnl": re.compile(rb"(['\"])[^\n]*\1\r?\n"),
    "stringnl_noescape_pair": re.compile(_DOTTED_NAME + _DOTTED_NAME),
}
_ANY_LINE = re.compile(rb"[^\n]*\n")


@dataclass(frozen=True, slots=True)
class _Opcode:
    """What one opcode reads from the stream, takes from the stack and leaves there."""

    fixed: int
    """Bytes of an argument of fixed size."""
    length_bytes: int
    """Bytes of the length that stands before an argument of any size."""
    line: re.Pattern[bytes] | None
    takes: tuple[str, ...]
    to_mark: bool
    """Everything above the topmost mark goes first, and the mark with it."""
    gives: tuple[str, ...]


def _opcode(info: pickletools.OpcodeInfo) -> _Opcode:
    size = info.arg.n if info.arg else 0
    before = [item.name for item in info.stack_before]
    to_mark = "mark" in before
    return _Opcode(
        fixed=max(size, 0),
        length_bytes=_LENGTH_BYTES.get(size, 0),
        line=_LINES.get(info.arg.name, _ANY_LINE) if info.arg and size == pickletools.UP_TO_NEWLINE else None,
        takes=tuple(before[: before.index("mark")]) if to_mark else _TAKES.get(info.name, tuple(before)),
        to_mark=to_mark,
        gives=_GIVES.get(info.name, tuple(item.name for item in info.stack_after)),
    )


_OPCODES = {ord(info.code): _opcode(info) for info in pickletools.opcodes}


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the opcodes made sense."""

    opcodes: int
    imports: bool
    calls: bool
    """An opcode that calls follows, or is, one that imports."""
    stopped: bool
    """STOP was reached."""
    broken: bool
    """The pickle machine would give up at `end`; else the walk stopped because `head` ends there."""
    end: int
    """Offset after the last whole opcode."""


def walk(head: bytes, size: int) -> Walk:
    """Walk the opcodes of `head`, the beginning of a file of `size` bytes.

    Ends at STOP, at the first impossible opcode, or where `head` ends.
    """
    stack: list[str] = []
    count = position = 0
    imports = calls = stopped = broken = False
    while position < len(head) and not stopped:
        code = head[position]
        opcode = _OPCODES.get(code)
        after = _end_of_argument(head, position + 1, opcode) if opcode else None
        broken = opcode is None or after is None or after > size
        if opcode is None or after is None or after > len(head):
            break
        if not _apply(stack, code, opcode):
            broken = True
            break
        imports = imports or code in _IMPORTS
        calls = calls or (imports and code in _CALLS)
        stopped = code == _STOP
        count += 1
        position = after
    return Walk(count, imports, calls, stopped, broken, position)


def _end_of_argument(head: bytes, start: int, opcode: _Opcode) -> int | None:
    """Offset after the argument that begins at `start`; None where it is not of its form.

    The offset is past the end of `head` where the argument goes on there.
    """
    if opcode.line:
        found = opcode.line.match(head, start)
        if found:
            return found.end()
        return None if b"\n" in head[start:] else len(head) + 1
    size = opcode.fixed
    if opcode.length_bytes:
        size = opcode.length_bytes + int.from_bytes(head[start : start + opcode.length_bytes], "little")
    return start + size


def _apply(stack: list[str], code: int, opcode: _Opcode) -> bool:
    """Do to `stack` what the opcode does; False where it does not hold what the opcode takes."""
    if opcode.to_mark and not _pop_to_mark(stack):
        return False
    if len(stack) < len(opcode.takes):
        return False
    for wanted, found in zip(reversed(opcode.takes), reversed(stack), strict=False):
        if found == "mark" and code != _POP:
            return False
        if "any" not in (wanted, found) and wanted != found:
            return False
    if opcode.takes:
        del stack[-len(opcode.takes) :]
    stack.extend(opcode.gives)
    return True


def _pop_to_mark(stack: list[str]) -> bool:
    while stack:
        if stack.pop() == "mark":
            return True
    return False
