"""Walks the opcodes of a pickle without executing, decoding or storing one.

Protocols 2 to 5 begin with a mark of their own. Protocols 0 and 1 have none, so what looks like text may be a program
for the pickle machine. The walk keeps account of the machine's stack, as the published effects of the opcodes say
(`pickletools.opcodes`); few word lists and no ignore file survive that account up to a call.

It must never be stricter than a machine that would run the stream, and CPython has two of them (C, and the Python one
that joblib and dill build on) that accept different things. So types break no walk: it breaks at an unknown opcode,
where the stack holds too little, and at an argument that no machine can read. What stands on the stack decides only
whether an opcode can be a call.
"""

from __future__ import annotations

import pickletools
import re
from dataclasses import dataclass

_POP, _STOP, _DUP, _INST, _OBJ = b"0.2io"
_IMPORTS = frozenset(b"ci\x82\x83\x84\x93")
"""GLOBAL, INST, EXT1, EXT2, EXT4, STACK_GLOBAL."""
_CALLS = {ord("R"): 2, 0x81: 2, 0x92: 3}
"""REDUCE, NEWOBJ, NEWOBJ_EX, and how far below the top the callee is."""
_WRITES = {ord("b"): 2, ord("a"): 2, ord("s"): 3, ord("e"): 1, ord("u"): 1, 0x90: 1}
"""BUILD, APPEND(S), SETITEM(S), ADDITEMS: they call methods of the item so far below the top, and leave it there.
An imported one may be anything: writing to `os.environ` is harm enough. What is written has to be spelt out in the
stream, for two names above each other open many a word list."""
_KEEPS = frozenset(b"pqr\x94")
"""PUT, BINPUT, LONG_BINPUT, MEMOIZE: they need an item to remember, though `pickletools` does not say so of all."""

_MARKED, _NUMBER, _LITERAL, _ANY = "mark", "number", "literal", "any"
"""What stands on the stack: a `number` (or None) can be neither called nor unpacked into arguments, a `literal` not
called; `any` came from an import, from the memo or from a call."""
_KINDS = dict.fromkeys(("int", "long", "bool", "int_or_bool", "float", "None"), _NUMBER) | {
    "any": _ANY,
    "mark": _MARKED,
}

_LENGTH_BYTES = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
_SPACE = rb"[ \t\v\f\r]*+"
_DIGITS = rb"[+-]?[\w.][\w.+-]*+"
"""Looser than any number, so that no spelling of one is missed; all runs are possessive: hostile lines take no time."""
_LINES = {
    "decimalnl_short": (_SPACE + _DIGITS + _SPACE + rb"\n", _SPACE + rb"(?:" + _DIGITS + _SPACE + rb")?\Z"),
    "stringnl": (rb"(['\"])[^\n]*\1\r?\n", rb"(?:['\"][^\n]*+)?\Z"),
    # No module or class has a space in its name. A module's is at most as long as paths are; the name inside it may be
    # dotted, to any length.
    "stringnl_noescape_pair": (rb"\S{1,4096}+\n\S++\n", rb"\S{0,4096}+(?:\n\S*+)?\Z"),
    "stringnl_noescape": (rb"[^\n]{0,4096}+\n", rb"[^\n]{0,4096}+\Z"),
    "unicodestringnl": (rb"[^\n]*+\n", rb"[^\n]*+\Z"),
}
"""Arguments that end with their line: whole, and as they look where `head` ends within one."""
_LINES["decimalnl_long"] = _LINES["floatnl"] = _LINES["decimalnl_short"]


@dataclass(frozen=True, slots=True)
class Opcode:
    """What one opcode reads from the stream, takes from the stack and leaves there."""

    fixed: int
    """Bytes of an argument of fixed size."""
    length_bytes: int
    """Bytes of the length that stands before an argument of any size."""
    line: tuple[re.Pattern[bytes], re.Pattern[bytes]] | None
    takes: int
    to_mark: bool
    """Everything above the topmost mark goes first, and the mark with it."""
    gives: tuple[str, ...]


def _opcode(info: pickletools.OpcodeInfo) -> Opcode:
    size = info.arg.n if info.arg else 0
    before = [item.name for item in info.stack_before]
    to_mark = "mark" in before
    whole, cut = _LINES.get(info.arg.name if info.arg else "", (b"", b""))
    return Opcode(
        fixed=max(size, 0),
        length_bytes=_LENGTH_BYTES.get(size, 0),
        line=(re.compile(whole), re.compile(cut)) if whole else None,
        takes=before.index("mark") if to_mark else len(before),
        to_mark=to_mark,
        gives=tuple(_KINDS.get(item.name, _LITERAL) for item in info.stack_after),
    )


OPCODES = {ord(info.code): _opcode(info) for info in pickletools.opcodes}


@dataclass(frozen=True, slots=True)
class Walk:
    """How far the opcodes made sense."""

    opcodes: int
    imports: bool
    calls: bool
    """An opcode that calls follows, or is, one that imports."""
    stop: int
    """Offset after the last STOP; 0 where none was reached. Some files are several pickles in a row."""
    broken: bool
    """The pickle machine would give up at `end`; else the walk ended because `head` does."""
    end: int
    """Offset after the last whole opcode."""


def walk(head: bytes, size: int) -> Walk:
    """Walk the opcodes of `head`, the beginning of a file of `size` bytes.

    Ends at the first impossible opcode, or where `head` ends; after a STOP another pickle may follow.
    """
    stack: list[str] = []
    count = position = stop = 0
    imports = calls = broken = False
    while position < len(head):
        code = head[position]
        opcode = OPCODES.get(code)
        after = _end_of_argument(head, position + 1, opcode) if opcode else None
        broken = opcode is None or after is None or after > size
        if opcode is None or after is None or after > len(head):
            break
        called = _apply(stack, code, opcode)
        if called is None:
            broken = True
            break
        imports = imports or code in _IMPORTS
        calls = calls or (imports and called)
        count += 1
        position = after
        if code == _STOP:
            stop = position
            stack.clear()
    return Walk(count, imports, calls, stop, broken, position)


def _end_of_argument(head: bytes, start: int, opcode: Opcode) -> int | None:
    """Offset after the argument that begins at `start`; None where it is not of its form.

    The offset is past the end of `head` where the argument goes on there.
    """
    if opcode.line:
        whole, cut = opcode.line
        found = whole.match(head, start)
        if found:
            return found.end()
        return len(head) + 1 if cut.match(head, start) else None
    size = opcode.fixed
    if opcode.length_bytes:
        size = opcode.length_bytes + int.from_bytes(head[start : start + opcode.length_bytes], "little")
    return start + size


def _apply(stack: list[str], code: int, opcode: Opcode) -> bool | None:
    """Do to `stack` what the opcode does. Whether it can be a call; None where the stack holds too little."""
    above: list[str] = []
    if opcode.to_mark:
        while stack and stack[-1] != _MARKED:
            above.append(stack.pop())
        if not stack:
            return None
        stack.pop()
    needed = 1 if code in _KEEPS else opcode.takes
    in_the_way = _MARKED in stack[len(stack) - needed :] and code != _POP
    if len(stack) < needed or in_the_way:
        return None
    if code in _KEEPS:
        return False
    if code == _DUP:
        stack.append(stack[-1])
        return False
    called = code == _INST or (code == _OBJ and above[-1:] == [_ANY])
    if code in _CALLS:
        called = stack[-_CALLS[code]] == _ANY and stack[-1] != _NUMBER
    target = stack[-_WRITES[code]] if code in _WRITES else ""
    called = called or (target == _ANY and (opcode.to_mark or stack[-1] != _ANY))
    if opcode.takes:
        del stack[-opcode.takes :]
    stack.extend((target,) if target else opcode.gives)
    return called
