"""Texts and numbers that an expression of constants comes to, without running any of it.

What hides a name from a reader (`'sys' + 'tem'`, `chr(111)`, `'metsys'[::-1]`, base64) hides it from nobody who adds it
up. Only operations written here are done, on values of bounded size; everything else folds to None.
"""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import operator
import zlib
from collections.abc import Callable, Mapping

Value = str | bytes | int | list["Value"]

MAX_SIZE = 256 * 1024
"""Characters, bytes or items of any value."""
MAX_DEPTH = 60
"""Expressions inside expressions."""
MAX_STEPS = 200_000
"""Expressions of one file, so that folding is linear whatever refers to what."""
_TEXT_METHODS: Mapping[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "strip": str.strip,
    "title": str.title,
    "swapcase": str.swapcase,
}
_NUMBERS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.BitXor: operator.xor,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.FloorDiv: lambda a, b: a // b if b else 0,
    ast.Mod: lambda a, b: a % b if b else 0,
}
_DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "base64.b64decode": base64.b64decode,
    "base64.standard_b64decode": base64.b64decode,
    "base64.urlsafe_b64decode": base64.urlsafe_b64decode,
    "base64.decodebytes": base64.decodebytes,
    "base64.b32decode": base64.b32decode,
    "base64.b16decode": base64.b16decode,
    "base64.b85decode": base64.b85decode,
    "base64.a85decode": base64.a85decode,
    "binascii.unhexlify": binascii.unhexlify,
    "binascii.a2b_hex": binascii.unhexlify,
    "binascii.a2b_base64": binascii.a2b_base64,
    "bytes.fromhex": lambda data: bytes.fromhex(data.decode("ascii")),
    "bytearray.fromhex": lambda data: bytes.fromhex(data.decode("ascii")),
    "zlib.decompress": lambda data: zlib.decompressobj().decompress(data, MAX_SIZE),
}
_PATHS_HOME = frozenset({"pathlib.Path.home", "pathlib.PosixPath.home"})
_PATHS = _PATHS_HOME | {
    "os.path.join", "os.path.expanduser", "os.path.abspath", "os.path.realpath", "os.path.normpath", "os.fspath",
    "posixpath.join", "posixpath.expanduser", "pathlib.Path", "pathlib.PosixPath", "pathlib.PurePath",
    "pathlib.PurePosixPath",
}  # fmt: skip
_MODULES_OWN = {"os.sep": "/", "os.path.sep": "/", "os.pathsep": ":", "os.curdir": ".", "os.pardir": ".."}


class Folder:
    """Folds expressions; knows the names that were given a constant, and asks `qualified` what a name means."""

    def __init__(self, qualified: Callable[[ast.expr], str]) -> None:
        self.constants: dict[str, Value] = {}
        self._qualified = qualified
        self._depth = 0
        self._steps = 0

    def fold(self, node: ast.expr | None) -> Value | None:
        """What `node` comes to; None where that is not known, or too much to keep."""
        self._steps += 1
        if node is None or self._depth > MAX_DEPTH or self._steps > MAX_STEPS:
            return None
        self._depth += 1
        try:
            value = self._fold(node)
        except (ValueError, TypeError, IndexError, OverflowError, zlib.error, LookupError):
            return None
        finally:
            self._depth -= 1
        if isinstance(value, str | bytes | list) and len(value) > MAX_SIZE:
            return None
        return value if not isinstance(value, int) or abs(value) < 1 << 64 else None

    def text(self, node: ast.expr | None) -> str | None:
        """`node` as a text; None where it is none."""
        value = self.fold(node)
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        return value if isinstance(value, str) else None

    def _fold(self, node: ast.expr) -> Value | None:
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str | bytes | int) else None
        if isinstance(node, ast.Name):
            return self.constants.get(node.id)
        if isinstance(node, ast.Attribute):
            return _MODULES_OWN.get(self._qualified(node))
        if isinstance(node, ast.BinOp):
            return self._operation(node)
        if isinstance(node, ast.JoinedStr):
            parts = [
                self.text(value.value if isinstance(value, ast.FormattedValue) else value) for value in node.values
            ]
            return None if None in parts else "".join(part for part in parts if part is not None)
        if isinstance(node, ast.List | ast.Tuple):
            items = [self.fold(item) for item in node.elts]
            return [item for item in items if item is not None] if None not in items else None
        if isinstance(node, ast.ListComp | ast.GeneratorExp):
            return self._comprehension(node)
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        return self._call(node) if isinstance(node, ast.Call) else None

    def _operation(self, node: ast.BinOp) -> Value | None:
        left, right = self.fold(node.left), self.fold(node.right)
        if isinstance(node.op, ast.Div):
            return f"{left}/{right}" if isinstance(left, str) and isinstance(right, str) else None
        if isinstance(left, int) and isinstance(right, int):
            known = _NUMBERS.get(type(node.op))
            return known(left, right) if known else None
        if isinstance(node.op, ast.Add):
            if isinstance(left, str) and isinstance(right, str):
                return left + right
            return left + right if isinstance(left, bytes) and isinstance(right, bytes) else None
        if isinstance(node.op, ast.Mult) and isinstance(right, int) and isinstance(left, str | bytes):
            return left * right if len(left) * max(0, right) <= MAX_SIZE else None
        if isinstance(node.op, ast.Mod) and isinstance(left, str) and left.count("%") == left.count("%s"):
            values = right if isinstance(right, list) else [right]
            return left % tuple(map(str, values)) if None not in values else None
        return None

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> Value | None:
        """`[f(x) for x in CONSTANT]`, with one loop and no condition."""
        loop = node.generators[0]
        items = self.fold(loop.iter)
        if len(node.generators) > 1 or loop.ifs or not isinstance(loop.target, ast.Name) or items is None:
            return None
        if isinstance(items, int) or len(items) > 20_000:
            return None
        name, kept = loop.target.id, self.constants.get(loop.target.id)
        found: list[Value] = []
        try:
            for item in items:
                self.constants[name] = item
                value = self.fold(node.elt)
                if value is None:
                    return None
                found.append(value)
        finally:
            self.constants.pop(name)
            if kept is not None:
                self.constants[name] = kept
        return found

    def _subscript(self, node: ast.Subscript) -> Value | None:
        value = self.fold(node.value)
        if value is None or isinstance(value, int):
            return None
        if isinstance(node.slice, ast.Slice):
            bounds = [self._bound(part) for part in (node.slice.lower, node.slice.upper, node.slice.step)]
            return value[slice(*bounds)]
        index = self.fold(node.slice)
        return value[index] if isinstance(index, int) else None

    def _bound(self, node: ast.expr | None) -> int | None:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            value = self.fold(node.operand)
            return -value if isinstance(value, int) else None
        value = self.fold(node)
        return value if isinstance(value, int) else None

    def _call(self, node: ast.Call) -> Value | None:
        name = self._qualified(node.func)
        first = self.fold(node.args[0]) if node.args else None
        if decoder := _DECODERS.get(name):
            data = first.encode() if isinstance(first, str) else first
            return decoder(data) if isinstance(data, bytes) else None
        if name == "chr":
            return chr(first) if isinstance(first, int) and 0 <= first < 0x110000 else None
        if name in ("str", "bytes", "bytearray", "list", "tuple", "reversed", "map", "ord", "int"):
            return self._builtin(name, node, first)
        if name in _PATHS:
            return self._path(name, node)
        if name in ("codecs.decode", "codecs.encode"):
            return self._codec(first, self.text(node.args[1]) if len(node.args) > 1 else "utf-8")
        if isinstance(node.func, ast.Attribute):
            return self._method(node.func, node, first)
        return None

    def _path(self, name: str, node: ast.Call) -> Value | None:
        """Paths with `/` between their parts, and `~` for the user's own folder, wherever that is."""
        if name in _PATHS_HOME:
            return "~"
        parts = [self.text(part) for part in node.args]
        return "/".join(part for part in parts if part is not None) if parts and None not in parts else None

    def _builtin(self, name: str, node: ast.Call, first: Value | None) -> Value | None:
        if name == "map" and len(node.args) == 2:
            items = self.fold(node.args[1])
            if self._qualified(node.args[0]) == "chr" and isinstance(items, list | bytes):
                return [chr(item) for item in items if isinstance(item, int)]
            return None
        if name in ("bytes", "bytearray"):
            if isinstance(first, list) and all(isinstance(item, int) for item in first):
                return bytes(item for item in first if isinstance(item, int))
            return first if isinstance(first, bytes) else first.encode() if isinstance(first, str) else None
        if name == "reversed":
            return first[::-1] if isinstance(first, str | bytes | list) else None
        if name in ("list", "tuple"):
            return list(first) if isinstance(first, str | bytes | list) else None
        if name == "ord":
            return ord(first) if isinstance(first, str) and len(first) == 1 else None
        if name == "int":
            base = self.fold(node.args[1]) if len(node.args) > 1 else 10
            return int(first, base) if isinstance(first, str) and len(first) < 20 and isinstance(base, int) else None
        return first if isinstance(first, str) else str(first) if isinstance(first, int) else None

    def _method(self, function: ast.Attribute, node: ast.Call, first: Value | None) -> Value | None:
        owner = self.fold(function.value)
        if function.attr == "join" and isinstance(owner, str) and first is not None and not isinstance(first, int):
            return owner.join(str(item) for item in first) if not isinstance(first, bytes) else None
        if isinstance(owner, bytes) and function.attr == "decode":
            return self._codec(owner, first if isinstance(first, str) else "utf-8")
        if not isinstance(owner, str):
            return None
        if function.attr == "encode":
            return owner.encode()
        if function.attr == "replace" and len(node.args) == 2 and isinstance(first, str):
            second = self.text(node.args[1])
            return owner.replace(first, second) if second is not None and len(owner) * len(second) < 1 << 22 else None
        if function.attr == "split":
            return list(owner.split(first if isinstance(first, str) else None))
        if function.attr == "joinpath":
            parts = [owner, *(self.text(argument) for argument in node.args)]
            return "/".join(part for part in parts if part is not None) if None not in parts else None
        if function.attr in ("expanduser", "resolve", "absolute", "as_posix") and not node.args:
            return owner
        if function.attr == "format":
            values = [self.text(argument) for argument in node.args]
            plain = owner.count("{") == owner.count("{}") == len(values)
            return owner.format(*values) if plain and None not in values and not node.keywords else None
        known = _TEXT_METHODS.get(function.attr)
        return known(owner) if known else None

    @staticmethod
    def _codec(value: Value | None, encoding: str | None) -> Value | None:
        name = (encoding or "").lower().replace("-", "").replace("_", "")
        if name in ("rot13", "rot"):
            return codecs.decode(value, "rot13") if isinstance(value, str) else None
        data = value.encode() if isinstance(value, str) else value
        if not isinstance(data, bytes):
            return None
        if name in ("hex", "hexcodec"):
            return binascii.unhexlify(data)
        if name in ("base64", "base64codec"):
            return binascii.a2b_base64(data)
        if name in ("zlib", "zip", "zlibcodec"):
            return zlib.decompressobj().decompress(data, MAX_SIZE)
        return data.decode("unicode_escape" if name == "unicodeescape" else "utf-8", "replace")
