"""Files that hold several pickles, and raw numbers between them: torch's older format, joblib's arrays, NumPy's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from provenance.facts import Flaw, PickleFact, Reference
from provenance.surfaces.pickles.held import MAX_DECODED, MAX_DEPTH, Bytes
from provenance.surfaces.pickles.machine import MAX_STREAMS, Budget, Machine
from provenance.surfaces.pickles.symbols import JOBLIB_ARRAY, Box, BrokenPickleError, Global, Made
from provenance.surfaces.pickles.window import CHUNK, EndedError, Source, Window

LEGACY_TORCH = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
"""The pickled integer 0x1950a86a20f9469cfc6c that opens every file of torch's format from before 1.6."""
MAX_PADDING = 16 * 1024 * 1024
_LEGACY_STREAMS = 5
"""The number, the protocol, the system, the object, the keys of its storages."""

_ELEMENT_BYTES = {
    **dict.fromkeys(("Byte", "Char", "Bool", "QInt8", "QUInt8", "QUInt4x2", "QUInt2x4", "Untyped"), 1),
    **dict.fromkeys(("Half", "BFloat16", "Short"), 2),
    **dict.fromkeys(("Float", "Int", "QInt32"), 4),
    **dict.fromkeys(("Double", "Long", "ComplexFloat"), 8),
    "ComplexDouble": 16,
}
_NAME = re.compile(r"[A-Za-z_]\w{0,100}(?:\.[A-Za-z_]\w{0,100}){1,12}")
_DTYPE = re.compile(r"[<>=|]?([?bBhHiIlLqQefdgFDGiufcmMSUV])(\d{0,9})")


@dataclass(slots=True)
class Streams:
    """What one file or member holds in pickles."""

    pickles: list[PickleFact] = field(default_factory=list)
    end: int = 0
    """Offset after the last byte that belongs to them."""
    keys: set[str] = field(default_factory=set)
    """Of the storages of torch that they ask for."""


def walk_streams(source: Source, file: str, member: str, budget: Budget, position: int = 0) -> Streams:
    """Walk every pickle from `position` to the end of `source`. What follows the last one is a flaw of it."""
    legacy = position == 0 and source.pread(len(LEGACY_TORCH), 0) == LEGACY_TORCH
    found, storages = Streams(), dict[str, int]()
    while position < source.size and (budget.streams > 0 or not found.pickles):
        budget.streams -= 1
        machine, fact = _one(source, position, file, member, budget)
        follows = len(found.pickles) > 0
        if follows and not (fact.references or machine.complete):
            _flaw(found, Flaw("trailing-data", f"{source.size - position:,} bytes after the end", position))
            return found
        found.pickles.append(fact)
        found.end = position = fact.offset + fact.nbytes
        found.keys |= _keys(machine)
        if not machine.complete:
            return found
        if legacy:
            storages |= _storages(machine)
        if legacy and len(found.pickles) == _LEGACY_STREAMS:
            position = _skip_storages(source, position, machine.top, storages, found)
            legacy = False
        position = _skip_padding(source, position)
    if position < source.size:
        _flaw(found, Flaw("too-many-streams", f"more than {MAX_STREAMS:,} pickles in one file", position))
    return found


def _flaw(found: Streams, flaw: Flaw) -> None:
    last = found.pickles[-1]
    found.pickles[-1] = replace(last, flaws=(*last.flaws, flaw), complete=False)


def _one(source: Source, position: int, file: str, member: str, budget: Budget) -> tuple[Machine, PickleFact]:
    """One stream as plain loaders read it; where it has arrays of joblib, as joblib reads it as well."""
    plain = Machine(Window(source, position), budget)
    plain.run()
    machine = plain
    if JOBLIB_ARRAY in plain.references:
        machine = Machine(Window(source, position), budget, arrays=_skip_array)
        machine.run()
        # A loader that knows nothing of joblib runs the numbers of an array as opcodes: both are told.
        _take_over(machine, plain)
        machine.flaws += [flaw for flaw in plain.flaws if flaw.kind not in ("broken-stream", "truncated")]
    _walk_held(machine, budget, MAX_DEPTH)
    references = (
        Reference(module, name, offset, (module, name) in machine.called)
        for (module, name), offset in sorted(machine.references.items())
    )
    fact = PickleFact(
        file=file,
        member=member,
        offset=position,
        nbytes=machine.window.position - position,
        protocol=machine.protocol,
        references=tuple(references),
        flaws=tuple(machine.flaws),
        complete=machine.complete,
    )
    return machine, fact


def _walk_held(machine: Machine, budget: Budget, depth: int) -> None:
    """What the pickles would import that it holds as data counts as if it did so itself."""
    if machine.held and not depth:
        machine.flaw("too-many-streams", f"pickles held as data by others, more than {MAX_DEPTH} deep")
        return
    for source in machine.held:
        if isinstance(source, Bytes) and source.cut:
            machine.flaw("too-many-streams", f"holds a pickle in more than {MAX_DECODED:,} characters of text")
        inner = Machine(Window(source), budget)
        inner.run()
        _walk_held(inner, budget, depth - 1)
        # Numbers may begin like a pickle. What imports something, and names it as Python does, is none by chance.
        if inner.references and all(_NAME.fullmatch(f"{module}.{name}") for module, name in inner.references):
            for key in inner.references:
                machine.references.setdefault(key, machine.begin)
            machine.called |= inner.called
        for flaw in inner.flaws:
            if flaw.kind == "too-many-streams":
                machine.flaw(flaw.kind, flaw.detail)


def _skip_padding(source: Source, position: int) -> int:
    """Zero bytes and white space between pickles say nothing to anyone."""
    last = position + MAX_PADDING
    while position < min(source.size, last):
        chunk = source.pread(CHUNK, position)
        rest = chunk.lstrip(b"\x00 \t\r\n")
        position += len(chunk) - len(rest)
        if rest:
            break
    return position


# ---------------------------------------------------------------------------------------------------------------------
# The format of torch from before 1.6: after the fifth pickle, each storage with its number of elements before it
# ---------------------------------------------------------------------------------------------------------------------


def _keys(machine: Machine) -> set[str]:
    idents = (ident.items for ident in machine.persistent if isinstance(ident, Box) and len(ident.items) >= 3)
    return {key for first, _, key, *_ in idents if first == "storage" and isinstance(key, str)}


def _storages(machine: Machine) -> dict[str, int]:
    """Bytes of one element of each storage that the pickle asks for, by key."""
    found: dict[str, int] = {}
    for ident in machine.persistent:
        if isinstance(ident, Box) and len(ident.items) >= 3 and ident.items[0] == "storage":
            kind, key = ident.items[1:3]
            size = _ELEMENT_BYTES.get(kind.name.removesuffix("Storage")) if isinstance(kind, Global) else None
            if size and isinstance(key, str):
                found[key] = size
    return found


def _skip_storages(source: Source, position: int, keys: object, sizes: dict[str, int], found: Streams) -> int:
    for key in keys.items if isinstance(keys, Box) else ():
        size = sizes.get(key) if isinstance(key, str) else None
        head = source.pread(8, position)
        end = position + 8 + int.from_bytes(head, "little") * (size or 0)
        if size is None or len(head) < 8 or end > source.size:
            _flaw(found, Flaw("truncated", "the numbers of a storage are not all there", position))
            return source.size
        position = end
    found.end = position
    return position


# ---------------------------------------------------------------------------------------------------------------------
# joblib: the numbers of an array follow the opcode that builds it
# ---------------------------------------------------------------------------------------------------------------------


def _take_over(machine: Machine, other: Machine) -> None:
    for key, offset in other.references.items():
        machine.references.setdefault(key, offset)
    machine.called |= other.called


def _skip_array(machine: Machine, wrapper: Made) -> None:
    """Step over the numbers of an array, or walk the pickle of one of objects, as joblib's reader does."""
    state = wrapper.arguments
    if not isinstance(state, Box):
        raise BrokenPickleError("an array of joblib without a description")
    window, dtype = machine.window, _dtype(state.value("dtype"))
    if machine.frame > window.position:
        machine.flaw("frame", "an array of joblib begins inside a frame")
    if dtype is None:
        raise BrokenPickleError("an array of joblib whose numbers are of a kind that is not understood")
    if dtype == 0:
        inner = Machine(window, machine.budget)
        inner.run()
        _take_over(machine, inner)
        machine.flaws += inner.flaws
        if not inner.complete:
            raise BrokenPickleError("the objects of an array of joblib cannot be read")
        return
    count = _elements(state.value("shape"))
    try:
        if isinstance(state.value("numpy_array_alignment_bytes"), int):
            window.skip(window.byte())
        window.skip(count * dtype)
    except EndedError:
        raise BrokenPickleError("the numbers of an array of joblib are not all there") from None


def _elements(shape: object) -> int:
    count = 1
    for dimension in shape.items if isinstance(shape, Box) else ():
        if not isinstance(dimension, int) or dimension < 0:
            raise BrokenPickleError("an array of joblib with a shape that is not understood")
        count *= dimension
    return count


def _dtype(value: object) -> int | None:
    """Bytes of one element; 0 where elements are objects, None where it cannot be told."""
    if not isinstance(value, Made) or not value.is_a("numpy", "dtype") or not isinstance(value.arguments, Box):
        return None
    name = value.arguments.items[0] if value.arguments.items else None
    if not isinstance(name, str):
        return None
    if name.lstrip("|<>=") in ("O", "O8", "O4"):
        return 0
    spelt = _DTYPE.fullmatch(name)
    if spelt is None or spelt[1] == "V" or not spelt[2]:
        return None
    return int(spelt[2]) * (4 if spelt[1] == "U" else 1) or None
