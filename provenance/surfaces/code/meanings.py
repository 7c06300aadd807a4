"""What the names in a Python source mean: through imports, aliases, look-ups and the attributes of honest modules."""

from __future__ import annotations

import ast
import builtins
from collections import Counter

from provenance.surfaces.code.folding import Folder

MAX_READINGS = 4
"""Meanings of one name that are followed, each in a reading of its own."""
POWERFUL = frozenset(
    {"os", "sys", "subprocess", "builtins", "__builtins__", "importlib", "ctypes", "posix", "nt", "socket", "pty",
     "runpy", "_posixsubprocess", "_socket", "_ctypes"}
)  # fmt: skip
"""Modules that reach the host. Every module that imports one has it as an attribute: `torch.os` is `os`."""
_IN_LIBRARIES = frozenset(
    {"pickle", "_pickle", "marshal", "shutil", "urllib", "requests", "httpx", "asyncio", "multiprocessing",
     "webbrowser", "ssl", "ftplib", "smtplib", "tempfile", "zipimport", "gc", "aiohttp", "urllib3", "inspect",
     "pkgutil"}
)  # fmt: skip
"""The same, of names that honest sources give to values of their own, so that they count below what is imported."""
_PRIVATE = {f"_{name}": name for name in ("os", "sys", "subprocess", "socket", "ctypes", "pickle", "shutil")}
"""Names under which the standard library imports them."""
_NAMESPACES = {"sys.modules", "globals", "__builtins__", "builtins", "os", "os.environ"}
_TRANSPARENT = frozenset({"sys.modules", "globals", "__builtins__", "builtins"})
_BUILTINS = {*dir(builtins), "__builtins__", "get_ipython", "execfile"}


class Meanings:
    """Names of one tree. `reading` chooses among the meanings of names that have several."""

    def __init__(self, tree: ast.AST) -> None:
        self.folder = Folder(self.qualified)
        self.docstrings: set[int] = set()
        self.stars: list[ast.ImportFrom] = []
        self.unsettled: set[str] = set()
        """Names that are given values in several places, so that no one value is theirs."""
        self.reading = 0
        self.known: set[str] = set()
        """Everything that a name was imported or given as."""
        self._aliases: dict[str, list[str]] = {}
        self._defined = _defined(tree)
        self._given: set[str] = set()
        nodes = list(ast.walk(tree))
        for node in nodes:
            self._define(node)
        self._settle(nodes)
        for _ in range(2):  # names that are given names that are given names
            for node in nodes:
                self._bind(node)
        self.readings = min(MAX_READINGS, max((len(meant) for meant in self._aliases.values()), default=1))
        self.roots = {name.partition(".")[0] for name in self.known}

    def _define(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for name in node.names:
                root = name.name.partition(".")[0]
                self._alias(name.asname or root, name.name if name.asname else root)
        elif isinstance(node, ast.ImportFrom):
            module = "." * (node.level > 0) + (node.module or "")
            for name in node.names:
                self._alias(name.asname or name.name, join(module, name.name))
                if name.name == "*" and not node.level:
                    self.stars.append(node)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                self.docstrings.add(id(first.value))

    def _alias(self, name: str, meant: str) -> None:
        self.known.add(meant)
        known = self._aliases.setdefault(name, [])
        if meant not in known and len(known) < MAX_READINGS - 1:
            known.append(meant)
        elif meant not in known and meant.partition(".")[0] in POWERFUL | _IN_LIBRARIES:
            known[MAX_READINGS - 1 :] = [meant]

    def _settle(self, nodes: list[ast.AST]) -> None:
        given = Counter(node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
        given.update(node.arg for node in nodes if isinstance(node, ast.arg))
        for node in nodes:
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                given[node.target.id] += 1
        self._given = {*given} | self._defined
        self.unsettled = {name for name, count in given.items() if count > 1}

    def _bind(self, node: ast.AST) -> None:
        """`name = CONSTANT` and `name = what.another.name.means`."""
        targets: list[ast.expr]
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.NamedExpr | ast.AnnAssign) and node.value:
            targets, value = [node.target], node.value
        else:
            return
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        folded = self.folder.fold(value) if names else None
        meant = self.qualified(value) if names and folded is None else ""
        for name in names:
            if folded is not None:
                self.folder.constants.setdefault(name, folded)
            elif meant and not meant.startswith("."):
                self._alias(name, meant)

    # -----------------------------------------------------------------------------------------------------------------

    def settled(self, node: ast.expr) -> str | None:
        """`node` as a text, where no name in it is given values in several places."""
        text = self.folder.text(node)
        if text is None or isinstance(node, ast.Constant):
            return text
        names = {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}
        return None if names & self.unsettled else text

    def qualified(self, node: ast.expr) -> str:
        """The dotted name that an expression stands for, through imports, aliases and lookups; "" where for none.

        What begins with a name of the source's own begins with a dot here, so that no table has it.
        """
        if isinstance(node, ast.Name):
            return self._named(node.id)
        if isinstance(node, ast.Attribute):
            owner = self.qualified(node.value)
            return owner if node.attr == "__dict__" else join(owner, node.attr)
        if isinstance(node, ast.NamedExpr):
            return self.qualified(node.value)
        if isinstance(node, ast.Subscript):
            owner, key = self.qualified(node.value), self.folder.text(node.slice)
            namespace = owner in _NAMESPACES or (owner and owner in self.known)
            return join(owner, key) if key and namespace else ""
        return self._returned(node) if isinstance(node, ast.Call) else ""

    def _named(self, name: str) -> str:
        if meant := self._aliases.get(name):
            return meant[min(self.reading, len(meant) - 1)]
        if self.stars and name in POWERFUL and name not in self._given:
            return name
        return name if name in _BUILTINS and name not in self._defined else f".{name}"

    def _returned(self, node: ast.Call) -> str:
        """What calls that only look something up return."""
        name = self.qualified(node.func)
        texts = [self.folder.text(argument) for argument in node.args[:2]]
        if name in ("__import__", "builtins.__import__", "importlib.import_module", "importlib.__import__"):
            return texts[0].partition(":")[0] if texts and texts[0] else ""
        if name in ("getattr", "builtins.getattr") and len(node.args) > 1:
            return join(self.qualified(node.args[0]), texts[1]) if texts[1] else ""
        if name in ("vars", "globals", "locals", "builtins.vars", "builtins.globals"):
            return self.qualified(node.args[0]) if node.args else "globals"
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "__getitem__") and texts and texts[0]:
            owner = self.qualified(node.func.value)
            return join(owner, texts[0]) if owner in _NAMESPACES or owner in self.known else ""
        if isinstance(node.func, ast.Call) and node.args:
            outer = node.func
            if self.qualified(outer.func) in ("operator.attrgetter", "attrgetter") and outer.args:
                attribute = self.folder.text(outer.args[0])
                return join(self.qualified(node.args[0]), attribute) if attribute else ""
        return ""


def join(owner: str, attributes: str) -> str:
    """`attributes` of `owner`. A module that reaches the host is itself, whichever module it is found in."""
    for attribute in attributes.split("."):
        plain = _PRIVATE.get(attribute, attribute)
        foreign = plain in _IN_LIBRARIES and owner != "" and not owner.startswith(".")
        if owner in _TRANSPARENT or ((plain in POWERFUL or foreign) and owner != plain):
            owner = plain
        else:
            owner = f"{owner}.{attribute}" if owner else ""
    return owner


def _defined(tree: ast.AST) -> set[str]:
    """Functions and classes of the source, where nothing is in doubt: at its top, and never taken away."""
    body = tree.body if isinstance(tree, ast.Module) else []
    defined = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    deleted = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)}
    return defined - deleted
