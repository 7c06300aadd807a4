"""What a Python source would reach for, from its syntax tree.

Runs in a sandbox's child, because even parsing hostile source can take a process down. Nothing is compiled to code,
imported or run.
"""

from __future__ import annotations

import ast
import builtins
import codecs
import re
import unicodedata
import warnings
from contextlib import suppress

from provenance.surfaces.code import sinks
from provenance.surfaces.code.folding import Folder

MAX_FEATURES = 200
"""Features of one source; the first ones, by line."""
MAX_INNER = 3
"""Texts that are executed inside texts that are executed."""
_HIDDEN = re.compile(r"[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_FAR_RIGHT = re.compile(r"[^\n]*?[ \t]{120,}(?!\s|\\$|#)")
_ENCODED = re.compile(r"[A-Za-z0-9+/=_-]{400,}|(?:\\?x?[0-9a-fA-F]{2}){300,}")

_ENCODING = re.compile(r"(?:[^\n]*\n)?[ \t\f]*#[^\n]{0,200}?coding[:=][ \t]*([-\w.]+)")
_PLAIN_ENCODINGS = frozenset({"utf-8", "utf8", "ascii", "us-ascii", "latin-1", "iso-8859-1", "utf-8-unix", "cp1252"})

for _codec in ("rot13", "hex", "base64", "zlib", "unicode_escape", "utf-16", "punycode"):
    with suppress(LookupError):
        codecs.lookup(_codec)  # the child can open no file once it is asked

_Feature = tuple[str, str, int]


def handle(request: object) -> object:
    """`{"text": …}` to `{"features": [[kind, detail, line], …], "error": …}`."""
    text = request["text"] if isinstance(request, dict) else ""
    return analyse(str(text))


def analyse(text: str) -> dict[str, object]:
    """The features of one source, and why it could not be parsed, where it could not."""
    found: list[_Feature] = list(_of_the_text(text))
    error = ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as failure:
        line = getattr(failure, "lineno", None)
        error = f"it is no Python of this version{f', line {line}' if line else ''}"
    else:
        found += _Analysis(tree).features(0)
    unique = sorted(set(found), key=lambda feature: (feature[2], feature[0], feature[1]))
    return {"features": [list(feature) for feature in unique[:MAX_FEATURES]], "error": error}


def _of_the_text(text: str) -> list[_Feature]:
    """What shows in the characters, whatever they parse to."""
    found: list[_Feature] = []
    if (encoding := _ENCODING.match(text)) and encoding[1].lower().replace("_", "-") not in _PLAIN_ENCODINGS:
        found.append(("odd-encoding", f"the source says that it is written in {encoding[1][:40]!r}", 1))
    for number, line in enumerate(text.split("\n"), 1):
        if hidden := _HIDDEN.search(line.removeprefix("\ufeff") if number == 1 else line):
            found.append(("invisible-character", f"U+{ord(hidden[0]):04X} in the source", number))
        if len(line) > 120 and _FAR_RIGHT.match(line):
            found.append(("code-out-of-sight", "code behind more than 120 spaces", number))
        if not line.isascii():
            disguised = [word for word in re.findall(r"\w+", line) if not word.isascii() and _looks_ascii(word)]
            if disguised:
                found.append(("disguised-identifier", f"{disguised[0]!r} reads {_plain(disguised[0])!r}", number))
    return found


def _looks_ascii(word: str) -> bool:
    plain = _plain(word)
    return plain.isascii() and plain.isidentifier() and len(plain) > 2


def _plain(word: str) -> str:
    """As Python reads an identifier."""
    return unicodedata.normalize("NFKC", word)


class _Analysis(ast.NodeVisitor):
    """Two walks over one tree: what names mean, then what is done with them."""

    def __init__(self, tree: ast.AST, inner: int = 0) -> None:
        self._tree = tree
        self._inner = inner
        self._aliases: dict[str, str] = {}
        self._defined: set[str] = set()
        self._docstrings: set[int] = set()
        self._folder = Folder(self.qualified)
        self._found: list[_Feature] = []
        self._seen_calls: set[int] = set()

    def features(self, line: int) -> list[_Feature]:
        """Everything seen; at `line` of an outer source where it is not 0."""
        nodes = list(ast.walk(self._tree))
        for node in nodes:
            self._define(node)
        for _ in range(2):  # names that are given names that are given names
            for node in nodes:
                self._bind(node)
        for node in nodes:
            self._look(node)
        return [(kind, detail, line or number) for kind, detail, number in self._found]

    # -----------------------------------------------------------------------------------------------------------------
    # What names mean
    # -----------------------------------------------------------------------------------------------------------------

    def _define(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for name in node.names:
                self._aliases[name.asname or name.name.partition(".")[0]] = (
                    name.name if name.asname else name.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                self._aliases[name.asname or name.name] = f"{node.module or ''}.{name.name}"
                if name.name == "*" and node.module:
                    self._star(node, node.module)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._defined.add(node.name)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                self._docstrings.add(id(first.value))

    def _star(self, node: ast.ImportFrom, module: str) -> None:
        for table, kind in ((sinks.PROCESS, "process"), (sinks.NETWORK, "network")):
            if any(entry.startswith(f"{module}.") for entry in table) and module != "torch":
                self._add(kind, f"everything of {module} is imported", node)

    def _bind(self, node: ast.AST) -> None:
        """`name = CONSTANT` and `name = what.another.name.means`."""
        if isinstance(node, ast.NamedExpr):
            target, value = node.target, node.value
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            target, value = node.targets[0], node.value
        else:
            return
        folded = self._folder.fold(value)
        if folded is not None and target.id not in self._folder.constants:
            self._folder.constants[target.id] = folded
        elif folded is None and target.id not in self._aliases:
            meant = self.qualified(value)
            if meant and not meant.startswith("."):
                self._aliases[target.id] = meant

    def qualified(self, node: ast.expr) -> str:
        """The dotted name that an expression stands for, through imports, aliases and lookups; "" where for none.

        What begins with a name of the source's own begins with a dot here, so that no table has it.
        """
        if isinstance(node, ast.Name):
            known = node.id in _BUILTINS and node.id not in self._defined
            return self._aliases.get(node.id, node.id if known else f".{node.id}")
        if isinstance(node, ast.Attribute):
            owner = self.qualified(node.value)
            if node.attr == "__dict__":
                return owner
            return _join(owner, node.attr)
        if isinstance(node, ast.NamedExpr):
            return self.qualified(node.value)
        if isinstance(node, ast.Subscript):
            owner, key = self.qualified(node.value), self._folder.text(node.slice)
            return _join(owner, key) if key and owner in _NAMESPACES | self._imported() else ""
        return self._returned(node) if isinstance(node, ast.Call) else ""

    def _imported(self) -> set[str]:
        return {*self._aliases.values()}

    def _returned(self, node: ast.Call) -> str:
        """What calls that only look something up return."""
        name = self.qualified(node.func)
        texts = [self._folder.text(argument) for argument in node.args[:2]]
        if name in ("__import__", "builtins.__import__", "importlib.import_module", "importlib.__import__"):
            return texts[0].partition(":")[0] if texts and texts[0] else ""
        if name in ("getattr", "builtins.getattr") and len(node.args) > 1:
            return _join(self.qualified(node.args[0]), texts[1]) if texts[1] else ""
        if name in ("vars", "globals", "locals", "builtins.vars", "builtins.globals"):
            return self.qualified(node.args[0]) if node.args else "globals"
        if name.endswith(".get") and texts and texts[0] and name[:-4] in _NAMESPACES:
            return _join(name[:-4], texts[0])
        if isinstance(node.func, ast.Call) and node.args:
            outer = node.func
            if self.qualified(outer.func) in ("operator.attrgetter", "attrgetter") and outer.args:
                attribute = self._folder.text(outer.args[0])
                return _join(self.qualified(node.args[0]), attribute) if attribute else ""
        return ""

    # -----------------------------------------------------------------------------------------------------------------
    # What is done with them
    # -----------------------------------------------------------------------------------------------------------------

    def _add(self, kind: str, detail: str, node: ast.AST) -> None:
        self._found.append((kind, detail[:200], getattr(node, "lineno", 1)))

    def _look(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call) and (
            not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Load)
        ):
            self._reach(node)
        if isinstance(node, ast.Call):
            self._call(node)
        if isinstance(node, ast.Constant | ast.BinOp | ast.JoinedStr | ast.Call) and id(node) not in self._docstrings:
            self._text(node)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            self._assign(node)
        if isinstance(node, ast.Attribute) and node.attr in _INTERNALS:
            self._add("interpreter-internals", f"{node.attr} is used", node)

    def _reach(self, node: ast.expr) -> None:
        """A name of the tables, used in any way: called, passed on, put in a list."""
        name = self.qualified(node).removeprefix("builtins.").removeprefix("__builtins__.")
        if not name or sinks.reaches(name, sinks.HARMLESS):
            return
        for kind, table in _TABLES:
            if sinks.reaches(name, table):
                self._add(kind, f"{name} is used", node)

    def _call(self, node: ast.Call) -> None:
        name = self.qualified(node.func).removeprefix("builtins.")
        if name in ("exec", "eval", "compile"):
            self._executed(node)
        elif name == "setattr" and node.args:
            self._patched(self.qualified(node.args[0]), node)
        elif name in _HOOKS:
            self._add("hooks-interpreter", f"{name} is called", node)
        elif name in ("vars", "dir") and node.args and self.qualified(node.args[0]) in _MODULES_WITH_POWER:
            self._add("dynamic-import", f"what {self.qualified(node.args[0])} holds is searched", node)
        elif name in ("shutil.rmtree", "os.removedirs"):
            self._add("deletes", f"{name} is called", node)
        else:
            self._loads(name, node)
            self._looks_up(name, node)
        if any(keyword.arg == "trust_remote_code" and _is_true(keyword.value) for keyword in node.keywords):
            self._add("trusts-remote-code", "trust_remote_code=True is passed on", node)
        whole = any(self.qualified(argument) == "os.environ" for argument in _arguments(node))
        if whole or name in ("os.environ.items", "os.environ.copy", "os.environ.values", "os.environb.items"):
            self._add("environment", "the whole environment is read", node)

    def _loads(self, name: str, node: ast.Call) -> None:
        """Loaders that unpickle or not, as they are told."""
        if name == "torch.load" and _flag(node, "weights_only") is False:
            self._add("unpickles", "torch.load with weights_only=False", node)
        elif name == "torch.load" and _flag(node, "weights_only") is None:
            self._add("unpickles-maybe", "torch.load without weights_only=True", node)
        elif name == "numpy.load" and _flag(node, "allow_pickle") is True:
            self._add("unpickles", "numpy.load with allow_pickle=True", node)
        elif name in ("yaml.load", "yaml.load_all") and not any("Safe" in self.qualified(a) for a in _arguments(node)):
            self._add("unpickles", f"{name} without a safe loader", node)

    def _looks_up(self, name: str, node: ast.Call) -> None:
        """Modules and functions by a name that nobody can read."""
        if name in ("__import__", "importlib.import_module", "importlib.__import__") and node.args:
            if self._folder.text(node.args[0]) is None:
                self._add("dynamic-import", f"{name} of a name that is made at run time", node)
        elif name == "getattr" and len(node.args) > 1 and self._folder.text(node.args[1]) is None:
            owner = self.qualified(node.args[0])
            if owner in _MODULES_WITH_POWER:
                self._add("dynamic-import", f"getattr of {owner} by a name that is made at run time", node)

        self._secret(name, node)

    def _secret(self, name: str, node: ast.Call) -> None:
        if name in ("huggingface_hub.get_token", "huggingface_hub.HfFolder.get_token", "keyring.get_password"):
            self._add("secret", f"{name} is called", node)
        elif name in ("os.getenv", "os.environ.get", "os.environ.pop") and node.args:
            variable = self._folder.text(node.args[0])
            if variable and sinks.SECRET_NAMES.search(variable):
                self._add("secret", f"the variable {variable!r} is read", node)

    def _executed(self, node: ast.Call) -> None:
        """Text that is executed and can be added up is looked into like the source itself."""
        text = self._folder.text(node.args[0]) if node.args else None
        if text is None or self._inner >= MAX_INNER:
            return
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return
        inner = _Analysis(tree, self._inner + 1).features(node.lineno)
        self._found += [(kind, f"{detail} (in a text that is executed)", line) for kind, detail, line in inner]

    def _text(self, node: ast.expr) -> None:
        if isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute | ast.Name):
            return
        text = self._folder.text(node)
        if not text:
            return
        for kind, pattern in _TEXTS:
            if found := pattern.search(text):
                self._add(kind, f"{found[0].strip()!r} stands in a text", node)
        if isinstance(node, ast.Constant) and len(text) >= 400 and _ENCODED.search(text):
            self._add("encoded-text", f"{len(text)} characters that read as encoded data", node)
        if not isinstance(node, ast.Constant) and text.partition(".")[0] in _NAMES_WITH_POWER and len(text) < 40:
            self._add("assembled-name", f"{text!r} is put together from pieces", node)

    def _assign(self, node: ast.Assign | ast.AugAssign | ast.AnnAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute | ast.Subscript):
                name = self.qualified(target) or self.qualified(target.value)
                self._patched(name, node)

    def _patched(self, name: str, node: ast.AST) -> None:
        root = name.partition(".")[0]
        known = root in sinks.PATCHED_MODULES and root in self._imported_roots()
        if known and not name.startswith(sinks.PATCHED_FREELY):
            self._add("patches-library", f"{name} is replaced", node)

    def _imported_roots(self) -> set[str]:
        return {meant.partition(".")[0] for meant in self._aliases.values()}


def _join(owner: str, attribute: str) -> str:
    if owner in ("sys.modules", "globals", "__builtins__", "builtins"):
        return attribute
    return f"{owner}.{attribute}" if owner else ""


def _arguments(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(keyword.value for keyword in node.keywords)]


def _flag(node: ast.Call, name: str) -> bool | None:
    """The value of a keyword that is a plain True or False."""
    for keyword in node.keywords:
        if keyword.arg == name and isinstance(keyword.value, ast.Constant):
            return keyword.value.value if isinstance(keyword.value.value, bool) else None
    return None


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


_BUILTINS = {*dir(builtins), "__builtins__", "get_ipython", "execfile"}
_HOOKS = frozenset(
    {"atexit.register", "sys.settrace", "sys.setprofile", "threading.settrace", "sys.addaudithook",
     "sys.meta_path.insert",
     "sys.meta_path.append", "sys.path_hooks.insert", "sys.path_hooks.append", "signal.setitimer", "signal.alarm",
     "site.getsitepackages", "site.getusersitepackages", "site.addsitedir"}
)  # fmt: skip
_NAMESPACES = {"sys.modules", "globals", "__builtins__", "builtins", "os", "os.environ"}
_INTERNALS = frozenset(
    {"__subclasses__", "__globals__", "__code__", "__builtins__", "f_globals", "f_builtins", "gi_frame", "f_back"}
)
_NAMES_WITH_POWER = frozenset(
    {"os", "system", "popen", "subprocess", "exec", "eval", "compile", "__import__", "builtins", "socket", "urllib",
     "requests", "importlib", "ctypes", "pickle", "marshal", "check_output", "check_call"}
)  # fmt: skip
_MODULES_WITH_POWER = frozenset({"os", "builtins", "__builtins__", "subprocess", "sys", "importlib", "socket"})
_TABLES = (
    ("process", sinks.PROCESS),
    ("sends", sinks.SENDS),
    ("network", sinks.NETWORK),
    ("executes", sinks.EXECUTES),
    ("unpickles", sinks.UNPICKLES),
    ("decodes", sinks.DECODES),
)
_TEXTS = (
    ("credential-path", sinks.CREDENTIALS),
    ("persistence", sinks.PERSISTENCE),
    ("drop-point", sinks.DROP_POINTS),
)
