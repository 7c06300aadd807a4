"""What stands on the stack of the pickle machine, as far as it matters what a pickle does.

Plain values stand for themselves where they are small: `str`, `bytes`, `int`, `None`. Everything else is one of these.
"""

from __future__ import annotations

from collections.abc import Iterable

KEPT = 1 << 16
"""Items of one container that are remembered. What is inside is needed for lists of storages and shapes of arrays."""
MAX_SIZE = 1 << 62
MAX_LINE = 4096
"""Longest text that is remembered: names of modules and classes, keys, numbers in digits."""
JOBLIB_ARRAY = ("joblib.numpy_pickle", "NumpyArrayWrapper")


class BrokenPickleError(Exception):
    """No machine goes on from here."""


class Opaque:
    """Data of which nothing is remembered: a long text, a number with a fraction, a buffer."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


DATA, LONG_TEXT, MARK = Opaque("data"), Opaque("text"), Opaque("mark")


class Global:
    """What a module holds under a name. `module` and `name` are None where they cannot be told."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name


class Sized:
    """How much it would be if nothing in it were shared, and how deep it is nested."""

    __slots__ = ("depth", "size")

    def __init__(self) -> None:
        self.size = 1
        self.depth = 0

    def hold(self, values: Iterable[object]) -> None:
        """Grow by what is put into it."""
        for value in values:
            if isinstance(value, Sized):
                self.size += value.size
                if value.depth >= self.depth:
                    self.depth = value.depth + 1
            else:
                self.size += 1
        if self.size > MAX_SIZE:
            self.size = MAX_SIZE


class Box(Sized):
    """A tuple, list, set or dict (keys and values in turn)."""

    __slots__ = ("items",)

    def __init__(self, values: Iterable[object] = ()) -> None:
        super().__init__()
        self.items: list[object] = []
        self.put(list(values))

    def put(self, values: list[object]) -> None:
        """Add at the end."""
        self.hold(values)
        self.items += values[: KEPT - len(self.items)] if len(self.items) < KEPT else ()

    def value(self, key: str) -> object:
        """What a dict holds under `key`, DATA where it holds nothing; the last one counts."""
        pairs = zip(self.items[::2], self.items[1::2], strict=False)
        found = [value for name, value in pairs if isinstance(name, str) and name == key]
        return found[-1] if found else DATA


class Made(Sized):
    """What a call gave, or what the loader puts in place of a persistent id (`callee` is None)."""

    __slots__ = ("arguments", "callee")

    def __init__(self, callee: object, arguments: object = DATA) -> None:
        super().__init__()
        self.callee = callee
        self.arguments = arguments
        self.hold((arguments,))

    def is_a(self, module: str, name: str) -> bool:
        """Whether the global of these names was called."""
        return isinstance(self.callee, Global) and (self.callee.module, self.callee.name) == (module, name)
