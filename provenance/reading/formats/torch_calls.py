"""What the pickle of a state dict imports, and what becomes of calls: records of tensors and plain containers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from provenance.reading.formats.torch_dtypes import DTYPES, STORAGES, UNTYPED

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
class Named:
    """A global that is admitted by its name."""

    module: str
    name: str


OPAQUE = object()
"""A value that holds no tensor and that nothing depends on."""


def is_key(value: object) -> bool:
    """Whether a dictionary may have it as a key."""
    return type(value) is str or (isinstance(value, int) and abs(value) < MAX_KEY)


def _ordered(arguments: tuple[object, ...]) -> Ordered:
    """Without arguments, or as Python 2 pickles it, with a list of lists of a key and a value."""
    ordered = Ordered()
    match arguments:
        case ():
            return ordered
        case (list(pairs),):
            for pair in pairs:
                if type(pair) is not list or len(pair) != 2 or not is_key(pair[0]):
                    raise ValueError
                ordered[pair[0]] = pair[1]
            return ordered
    raise ValueError


def _first_tensor(arguments: tuple[object, ...]) -> View:
    """`_rebuild_tensor(storage, storage_offset, size, stride)`, which torch wrote before its version 0.4."""
    match arguments:
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides)):
            return _view(storage, (storage.dtype, storage.itemsize), offset, (shape, strides), (None, []))
    raise ValueError


def _tensor(arguments: tuple[object, ...]) -> View:
    """`_rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None)`."""
    match arguments:
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides), bool(), hooks, *metadata):
            return _view(storage, (storage.dtype, storage.itemsize), offset, (shape, strides), (hooks, metadata))
    raise ValueError


def _tensor_of_dtype(arguments: tuple[object, ...]) -> View:
    """`_rebuild_tensor_v3`, whose `dtype` stands before `metadata`: the storage has none of its own."""
    match arguments:
        case (Storage() as storage, int(offset), tuple(shape), tuple(strides), bool(), hooks, Named() as dtype, *rest):
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


UNTYPED_STORAGE = Named("torch.storage", "UntypedStorage")
STORAGE_TYPES = {Named("torch", name): kind for name, kind in STORAGES.items()} | {UNTYPED_STORAGE: UNTYPED}
_DTYPES = {Named("torch", name): dtype for name, dtype in DTYPES.items()}
CALLS: dict[Named, Callable[[tuple[object, ...]], object]] = {
    Named("collections", "OrderedDict"): _ordered,
    Named("torch._utils", "_rebuild_tensor"): _first_tensor,
    Named("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Named("torch._utils", "_rebuild_tensor_v3"): _tensor_of_dtype,
    Named("torch._utils", "_rebuild_parameter"): _parameter,
    Named("torch", "Size"): _size,
    Named("torch", "device"): _opaque,
    Named("_codecs", "encode"): _opaque,
    Named("collections", "Counter"): _opaque,
    **{
        Named(module, name): _opaque
        for module in ("builtins", "__builtin__")
        for name in ("set", "bytearray", "complex")
    },
}
"""Functions that a state dict needs; those that make neither tensors nor containers all give `OPAQUE`."""
ADMITTED = {(known.module, known.name): known for known in (*STORAGE_TYPES, *_DTYPES, *CALLS)}
