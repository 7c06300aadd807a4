"""The tensors of an unpickled checkpoint, by name, and the bytes of the file that each is.

A tensor's name is the path to it: keys and positions, joined by dots. A flat state dict keeps its own names, and
`{"model": {"w": …}}` gives `model.w`; a checkpoint that is one tensor and nothing else calls it `tensor`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from provenance.errors import MalformedFile, UnsupportedFile, one_line
from provenance.reading.formats.rules import MAX_SIZE, Rule, hidden_character, quoted
from provenance.reading.formats.torch_calls import Ordered, Storage, View
from provenance.records import ByteReader, Skipped, Tensor

MAX_VALUES = 2**20
"""Values that are visited on the way; a pickle can hang one list into many others."""
MAX_DEPTH = 128
MAX_NAME_CHARACTERS = 1024
MAX_DIMENSIONS = 64
"""What torch itself takes."""
MAX_SHARING = 8
"""Bytes of all tensors may be so many times the file's: tensors share storage, and each is digested."""
ALONE = "tensor"
"""Name of a tensor that is the whole checkpoint."""

Place = Callable[[Storage], int]
"""Offset in the file of a storage's bytes; raises `MalformedFile` where they are not there, or not as many."""


@dataclass(frozen=True, slots=True)
class Found:
    """All tensors of a checkpoint."""

    tensors: tuple[Tensor, ...]
    unread: tuple[Skipped, ...]


def find_tensors(value: object, storages: Mapping[str, Storage], place: Place, reader: ByteReader) -> Found:
    """The tensors in `value`; every one of `storages` is held against the file, whether a tensor views it or not."""
    places = {key: _checked(storage, place, reader) for key, storage in storages.items()}
    tensors: list[Tensor] = []
    unread: list[Skipped] = []
    names: set[str] = set()
    for path, found in _walk(value, reader):
        name = _name(path, reader)
        if name in names:
            raise UnsupportedFile(f"in which two tensors are called {quoted(name)}", where=reader.path)
        names.add(name)
        view = _whole(found) if isinstance(found, Storage) else found
        if note := _checked_view(view, name, reader):
            unread.append(Skipped(name, note, asked=True))
        else:
            tensors.append(_tensor(view, name, places[view.storage.key], reader))
    if sum(tensor.nbytes for tensor in tensors) > MAX_SHARING * reader.size:
        raise UnsupportedFile(f"whose tensors share bytes more than {MAX_SHARING} times over", where=reader.path)
    return Found(tuple(sorted(tensors, key=lambda one: (one.offset, one.nbytes, one.name))), tuple(unread))


def _checked(storage: Storage, place: Place, reader: ByteReader) -> int:
    if not 0 <= storage.elements * storage.itemsize <= MAX_SIZE:
        what = f"the storage {quoted(storage.key)} has {quoted(str(storage.elements))} elements"
        raise MalformedFile(Rule.SIZE_OVERFLOW, what, where=reader.path)
    return place(storage)


def _walk(value: object, reader: ByteReader) -> Iterator[tuple[tuple[str, ...], View | Storage]]:
    """Every tensor and bare storage with the path to it, first one first."""
    waiting: list[tuple[tuple[str, ...], object]] = [((), value)]
    visited = 0
    while waiting:
        path, found = waiting.pop()
        visited += 1
        if visited > MAX_VALUES or len(path) > MAX_DEPTH:
            raise UnsupportedFile("which holds itself, or more values than this reader takes", where=reader.path)
        if isinstance(found, View | Storage):
            yield path, found
            continue
        if isinstance(found, Ordered):
            _bare(found.attributes, reader)
        inside = _inside(found)
        if len(inside) > MAX_VALUES - visited - len(waiting):
            raise UnsupportedFile("which holds more values than this reader takes", where=reader.path)
        waiting += [((*path, str(key)), item) for key, item in reversed(inside)]


def _inside(value: object) -> list[tuple[object, object]]:
    """What a container holds that may be, or hold, a tensor: numbers and texts are left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    return [(key, item) for key, item in items if isinstance(item, View | Storage | dict | list | tuple)]


def _bare(attributes: list[object], reader: ByteReader) -> None:
    """No tensor hides in the attributes of a dictionary, where who asks for its items never sees it."""
    seen: set[int] = set()
    waiting = list(attributes)
    while waiting:
        value = waiting.pop()
        if isinstance(value, View | Storage):
            raise UnsupportedFile("with a tensor among the attributes of a dictionary", where=reader.path)
        if id(value) not in seen:
            seen.add(id(value))
            waiting += [item for _, item in _inside(value)]
            waiting += value.attributes if isinstance(value, Ordered) else []


def _name(path: tuple[str, ...], reader: ByteReader) -> str:
    """The path, with what a person cannot see written out: any text may be a key, and none may forge a line."""
    name = one_line(".".join(path)) if path else ALONE
    if not name or len(name) > MAX_NAME_CHARACTERS or hidden_character(name):
        raise UnsupportedFile(f"with a tensor that is called {quoted(name)}", where=reader.path)
    return name


def _checked_view(view: View, name: str, reader: ByteReader) -> str:
    """Why the tensor is no range of its storage's bytes; empty where it is. Raises where it reaches past them."""
    if len(view.shape) > MAX_DIMENSIONS:
        what = f"{quoted(name)} has {len(view.shape)} dimensions"
        raise MalformedFile(Rule.TOO_MANY_DIMENSIONS, what, where=reader.path)
    if any(number < 0 for number in (view.offset, *view.shape, *view.strides)):
        what = f"the shape, strides or offset of {quoted(name)} are not natural numbers"
        raise MalformedFile(Rule.BAD_SHAPE, what, where=reader.path)
    elements, step, last, contiguous = 1, 1, view.offset, True
    for size, stride in zip(reversed(view.shape), reversed(view.strides), strict=True):
        contiguous = contiguous and (size == 1 or stride == step)
        elements, step, last = elements * size, step * max(size, 1), last + (size - 1) * stride
        if max(elements, size, step, last) > MAX_SIZE:
            raise MalformedFile(Rule.SIZE_OVERFLOW, f"the shape of {quoted(name)} overflows 63 bits", where=reader.path)
    if elements and (last + 1) * view.itemsize > view.storage.elements * view.storage.itemsize:
        what = f"{quoted(name)} reaches past the end of the storage {quoted(view.storage.key)}"
        raise MalformedFile(Rule.PAST_STORAGE, what, where=reader.path)
    if view.note or contiguous or not elements:
        return view.note
    return "whose elements do not lie one after another (a transposed, sliced or expanded view)"


def _whole(storage: Storage) -> View:
    """A storage without a tensor, as the vector that it is."""
    return View(storage, storage.dtype, storage.itemsize, 0, (storage.elements,), (1,))


def _tensor(view: View, name: str, start: int, reader: ByteReader) -> Tensor:
    elements = 1
    for size in view.shape:
        elements *= size
    # A view without elements may stand anywhere, even past its storage.
    offset = start + (view.offset * view.itemsize if elements else 0)
    return Tensor(name, view.dtype, view.shape, reader.path, offset, elements * view.itemsize)
