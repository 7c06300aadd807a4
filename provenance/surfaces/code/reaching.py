"""What a Python source does with the names that matter: one walk over its tree for each reading of its names."""

from __future__ import annotations

import ast
import re

from provenance.surfaces.code import sinks
from provenance.surfaces.code.meanings import POWERFUL, Meanings

MAX_INNER = 3
"""Texts that are executed inside texts that are executed."""
_ENCODED = re.compile(r"[A-Za-z0-9+/=_-]{400,}|(?:\\?x?[0-9a-fA-F]{2}){300,}")

Seen = tuple[str, str, int]
"""Kind of feature, plain words, line."""


class Analysis:
    """One tree; `features` once."""

    def __init__(self, tree: ast.AST, inner: int = 0) -> None:
        self._nodes = list(ast.walk(tree))
        self._inner = inner
        self._names = Meanings(tree)
        self._folder = self._names.folder
        self._qualified = self._names.qualified
        self._docstrings = self._names.docstrings
        self._looked_through = _looked_through(self._nodes, self._names)
        self._called = {id(node.func) for node in self._nodes if isinstance(node, ast.Call)}
        self._found: list[Seen] = []

    def features(self, line: int) -> list[Seen]:
        """Everything seen; at `line` of an outer source where it is not 0."""
        for star in self._names.stars:
            self._star(star, star.module or "")
        for reading in range(self._names.readings):
            self._names.reading = reading
            for node in self._nodes:
                self._look(node)
        if {"removes", "home"} <= {kind for kind, _, _ in self._found}:
            found = next(seen for seen in self._found if seen[0] == "removes")
            self._found.append(("deletes", f"{found[1]}, and the user's own folder is named", found[2]))
        return [(kind, detail, line or number) for kind, detail, number in self._found]

    def _star(self, node: ast.ImportFrom, module: str) -> None:
        for kind, table in _TABLES[:5]:
            if any(entry.startswith(f"{module}.") for entry in table) and module != "torch":
                self._add(kind, f"everything of {module} is imported", node)

    def _add(self, kind: str, detail: str, node: ast.AST) -> None:
        self._found.append((kind, detail[:200], getattr(node, "lineno", 1)))

    def _look(self, node: ast.AST) -> None:
        if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            self._patched(self._qualified(node) or self._qualified(node.value), node)
            if isinstance(node, ast.Subscript) and self._is_table(node.value) and not _is_own(node.slice):
                self._add("patches-library", "a module is put into sys.modules, or taken out", node)
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call) and (
            not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Load)
        ):
            self._reach(node)
        if isinstance(node, ast.Call):
            self._call(node)
        if isinstance(node, ast.Constant | ast.BinOp | ast.JoinedStr | ast.Call) and id(node) not in self._docstrings:
            self._text(node)
        if isinstance(node, ast.Attribute):
            self._attribute(node)
        if isinstance(node, ast.Dict):
            self._options(node)
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(self._qualified(target).startswith("sys.path") for target in targets):
                self._imports_from(node.value)

    def _reach(self, node: ast.expr) -> None:
        """A name of the tables, used in any way: called, passed on, put in a list."""
        name = self._qualified(node).removeprefix("builtins.").removeprefix("__builtins__.")
        if not name:
            return
        if id(node) not in self._looked_through:
            if name in POWERFUL:
                self._add("dynamic-import", f"the module {name} itself is passed on", node)
            elif name in ("os.environ", "os.environb"):
                self._add("environment", "the whole environment is read", node)
            elif name in _LOOK_UP and id(node) not in self._called:
                self._add("dynamic-import", f"{name} itself is passed on", node)
        if sinks.reaches(name, sinks.HARMLESS):
            return
        for kind, table in _TABLES:
            if sinks.reaches(name, table):
                self._add(kind, f"{name} is used", node)
        variable = name.removeprefix("os.environ.")
        if variable != name and _is_read(node) and sinks.SECRET_NAMES.search(variable):
            self._add("secret", f"the variable {variable!r} is read", node)

    def _attribute(self, node: ast.Attribute) -> None:
        """Methods that say by their name alone what they do."""
        if node.attr in ("HF_TOKEN_PATH", "HF_STORED_TOKENS_PATH"):
            self._add("credential-path", f"{node.attr} is where the Hub's token lies", node)
        if node.attr in _INTERNALS:
            self._add("interpreter-internals", f"{node.attr} is used", node)
        if node.attr in _METHODS and self._qualified(node.value) not in ("self", ".self", ".cls"):
            self._add(_METHODS[node.attr], f"{node.attr} is used", node)
        if node.attr in ("__getattribute__", "__getattr__") and self._qualified(node.value) in POWERFUL:
            self._add("dynamic-import", f"{node.attr} of {self._qualified(node.value)} is used", node)

    def _call(self, node: ast.Call) -> None:
        name = self._qualified(node.func).removeprefix("builtins.")
        if name in ("exec", "eval", "compile"):
            self._executed(node)
        elif name in ("setattr", "type.__setattr__", "object.__setattr__") and node.args:
            self._patched(self._qualified(node.args[0]), node)
        elif name.rpartition(".")[2] in _IMPORTERS and (not node.args or self._names.settled(node.args[0]) is None):
            self._add("dynamic-import", f"{name} of a name that is made at run time", node)
        elif name in _HOOKS:
            self._add("hooks-interpreter", f"{name} is called", node)
        elif name in ("vars", "dir") and node.args and self._qualified(node.args[0]) in POWERFUL:
            self._add("dynamic-import", f"what {self._qualified(node.args[0])} holds is searched", node)
        elif name in ("shutil.rmtree", "os.removedirs"):
            self._add("deletes", f"{name} is called", node)
        else:
            self._loads(name, node)
            self._looks_up(name, node)
        self._updates(node)
        self._touches(name, node)
        if self._is(node, "trust_remote_code", truth=True):
            self._add("trusts-remote-code", "trust_remote_code=True is passed on", node)
        if self._is(node, "safe_mode", truth=False):
            self._add("unpickles", "safe_mode=False is passed on", node)
        if name in ("os.environ.items", "os.environ.copy", "os.environ.values", "os.environb.items"):
            self._add("environment", "the whole environment is read", node)

    def _touches(self, name: str, node: ast.Call) -> None:
        """Files of the user that are written, files that are removed, memory that may be run."""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in ("open", "io.open", "os.open", "pathlib.Path.open"):
            mode = next((word.value for word in node.keywords if word.arg == "mode"), None)
            mode = mode or (node.args[1] if len(node.args) > 1 else None)
            writes = bool(set(self._folder.text(mode) or "") & set("wax+"))
            place = self._folder.text(node.args[0]) if node.args else None
        else:
            writes = method in _WRITES
            place = self._folder.text(node.func.value) if writes and isinstance(node.func, ast.Attribute) else None
        if writes and place and sinks.HOME.match(place):
            self._add("writes-home", f"{place!r} is written to", node)
        if name in _REMOVES or method == "unlink":
            self._add("removes", f"{name if name in _REMOVES else method} is called", node)
        if name == "mmap.mmap":
            values = [self._folder.fold(word.value) for word in node.keywords if word.arg == "prot"]
            if any(isinstance(value, int) and value & _RUNS for value in values):
                self._add("process", "memory is made that may be run", node)

    def _updates(self, node: ast.Call) -> None:
        """`module.__dict__.update(…)`, changes to the table of modules, to the environment, to where imports look."""
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in _CHANGES:
            return
        owner = node.func.value
        if self._qualified(owner) in ("os.environ", "os.environb"):
            names = [keyword.arg for keyword in node.keywords]
            for argument in node.args:
                keys = argument.keys if isinstance(argument, ast.Dict) else [argument]
                names += [self._folder.text(key) for key in keys]
            for name in {*names} & _STARTS:
                self._patched(f"os.environ.{name}", node)
        elif self._qualified(owner) == "sys.path":
            for argument in node.args:
                self._imports_from(argument)
        if isinstance(owner, ast.Attribute) and owner.attr == "__dict__":
            self._patched(self._qualified(owner), node)
        elif self._is_table(owner):
            self._add("patches-library", f"sys.modules.{node.func.attr} is called", node)

    def _imports_from(self, node: ast.expr) -> None:
        """Where imports look: not inside of a file."""
        for part in node.elts if isinstance(node, ast.List | ast.Tuple) else [node]:
            place = self._folder.text(part)
            if place and sinks.PACKED.search(place):
                self._add("executes", f"modules are imported out of the file {place!r}", node)

    def _is_table(self, node: ast.expr) -> bool:
        return self._qualified(node) == "sys.modules"

    def _is(self, node: ast.Call, name: str, *, truth: bool) -> bool:
        """Whether the keyword `name` is given, and is known to be as true as `truth`."""
        return any(keyword.arg == name and self._truth(keyword.value) is truth for keyword in node.keywords)

    def _truth(self, node: ast.expr) -> bool | None:
        value = self._folder.fold(node)
        return None if value is None else bool(value)

    def _options(self, node: ast.Dict) -> None:
        """Keywords that are spelt as a dict, to be passed on with `**`."""
        for key, value in zip(node.keys, node.values, strict=True):
            known = _OPTIONS.get(key.value) if isinstance(key, ast.Constant) and isinstance(key.value, str) else None
            if known and self._truth(value) is known[1]:
                self._add(known[0], f"{ast.unparse(key) if key else ''}: {known[1]} is passed on", node)

    def _loads(self, name: str, node: ast.Call) -> None:
        """Loaders that unpickle or not, as they are told."""
        if name in ("torch.load", "torch.serialization.load"):
            if self._is(node, "weights_only", truth=False):
                self._add("unpickles", "torch.load with weights_only=False", node)
            elif not self._is(node, "weights_only", truth=True):
                self._add("unpickles-maybe", "torch.load without weights_only=True", node)
        elif name in ("numpy.load", "numpy.lib.npyio.load", "numpy.lib.format.read_array"):
            third = node.args[2] if len(node.args) > 2 else None
            if self._is(node, "allow_pickle", truth=True) or (third and self._truth(third)):
                self._add("unpickles", "numpy.load with allow_pickle=True", node)
        elif name in ("yaml.load", "yaml.load_all") and not any("Safe" in self._qualified(a) for a in _arguments(node)):
            self._add("unpickles", f"{name} without a safe loader", node)

    def _looks_up(self, name: str, node: ast.Call) -> None:
        """Modules and functions by a name that nobody can read."""
        if name in ("__import__", "importlib.import_module", "importlib.__import__") and node.args:
            if self._names.settled(node.args[0]) is None:
                self._add("dynamic-import", f"{name} of a name that is made at run time", node)
        elif name == "getattr" and len(node.args) > 1 and self._names.settled(node.args[1]) is None:
            owner = self._qualified(node.args[0])
            if owner in POWERFUL:
                self._add("dynamic-import", f"getattr of {owner} by a name that is made at run time", node)
        self._secret(name, node)

    def _secret(self, name: str, node: ast.Call) -> None:
        root, _, last = name.rpartition(".")
        if (last in ("get_token", "build_hf_headers") and root.startswith(("huggingface_hub", "transformers"))) or (
            name == "keyring.get_password"
        ):
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
        inner = Analysis(tree, self._inner + 1).features(node.lineno)
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
        if sinks.HOME.match(text):
            self._add("home", f"{text!r} is named", node)
        if isinstance(node, ast.Constant) and len(text) >= 400 and _ENCODED.search(text):
            self._add("encoded-text", f"{len(text)} characters that read as encoded data", node)
        path = isinstance(node, ast.Call) and self._qualified(node.func).startswith(("os.", "pathlib.", "posixpath."))
        if (
            not isinstance(node, ast.Constant)
            and not path
            and text.partition(".")[0] in _NAMES_WITH_POWER
            and len(text) < 40
        ):
            self._add("assembled-name", f"{text!r} is put together from pieces", node)

    def _patched(self, name: str, node: ast.AST) -> None:
        variable = name.removeprefix("os.environ.")
        if variable != name and variable in _STARTS:
            self._add("hooks-interpreter", f"the variable {variable} is set, which programs obey at their start", node)
        root = name.partition(".")[0]
        known = root in sinks.PATCHED_MODULES and root in self._names.roots
        if known and not name.startswith(sinks.PATCHED_FREELY):
            self._add("patches-library", f"{name} is replaced", node)


def _looked_through(nodes: list[ast.AST], names: Meanings) -> set[int]:
    """Expressions of which only a part is used, or which are given a name that is followed."""
    found: set[int] = set()
    for node in nodes:
        if isinstance(node, ast.Attribute | ast.Subscript | ast.NamedExpr | ast.Expr):
            found.add(id(node.value))
        elif isinstance(node, ast.Compare):
            found.update(map(id, (node.left, *node.comparators)))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if all(isinstance(target, ast.Name) for target in targets) and node.value:
                found.add(id(node.value))
        elif isinstance(node, ast.Call) and node.args and names.qualified(node.func) in _LOOKUPS:
            found.add(id(node.args[0]))
    return found


def _is_read(node: ast.expr) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)


def _is_own(key: ast.expr) -> bool:
    """The module that the source itself is."""
    return isinstance(key, ast.Name) and key.id == "__name__"


def _arguments(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(keyword.value for keyword in node.keywords)]


_HOOKS = frozenset(
    {"atexit.register", "sys.settrace", "sys.setprofile", "threading.settrace", "sys.addaudithook",
     "sys.meta_path.insert",
     "sys.meta_path.append", "sys.path_hooks.insert", "sys.path_hooks.append", "signal.setitimer", "signal.alarm",
     "site.getsitepackages", "site.getusersitepackages", "site.addsitedir",
     "os.putenv", "unittest.mock.patch", "unittest.mock.patch.object", "unittest.mock.patch.dict"}
)  # fmt: skip
_LOOK_UP = frozenset({"getattr", "__import__", "importlib.import_module", "importlib.__import__"})
_IMPORTERS = frozenset(
    {"import_string", "import_object", "import_fresh_module", "import_from_string", "_importer", "_dot_lookup",
     "import_by_name", "import_item", "import_attr"}
)  # fmt: skip
"""Functions of many libraries that import what they are given the name of."""
_WRITES = frozenset({"write_text", "write_bytes", "touch", "symlink_to", "hardlink_to"})
_REMOVES = frozenset({"os.remove", "os.unlink", "os.rmdir"})
_RUNS = 4
"""PROT_EXEC."""
_INTERNALS = frozenset(
    {
        "__subclasses__",
        "__globals__",
        "__code__",
        "__builtins__",
        "f_globals",
        "f_builtins",
        "gi_frame",
        "f_back",
        "f_locals",
        "tb_frame",
        "__loader__",
    }
)
_NAMES_WITH_POWER = frozenset(
    {"os", "system", "popen", "subprocess", "exec", "eval", "compile", "__import__", "builtins", "socket", "urllib",
     "requests", "importlib", "ctypes", "pickle", "marshal", "check_output", "check_call"}
)  # fmt: skip
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
    ("dynamic-import", sinks.NAMED),
)
_LOOKUPS = frozenset({"getattr", "builtins.getattr", "hasattr", "vars", "dir", "isinstance", "type", "id"})
_METHODS = {
    **dict.fromkeys(("subprocess_shell", "subprocess_exec", "fork_exec", "check_output", "Popen"), "process"),
    **dict.fromkeys(("enable_load_extension", "load_extension", "register_custom_ops_library"), "process"),
    **dict.fromkeys(("load_op_library",), "process"),
    **dict.fromkeys(("create_connection", "create_datagram_endpoint"), "sends"),
    **dict.fromkeys(("upload_file", "upload_folder", "upload_large_folder", "upload_fileobj", "put_object"), "sends"),
    **dict.fromkeys(("load_module", "exec_module", "source_to_code", "module_from_spec"), "executes"),
}
"""By the name of a method, whatever object has it."""
_CHANGES = frozenset(
    {"append", "insert", "extend", "update", "setdefault", "pop", "clear", "__setitem__", "__delitem__", "popitem"}
)
_OPTIONS = {
    "trust_remote_code": ("trusts-remote-code", True),
    "weights_only": ("unpickles", False),
    "allow_pickle": ("unpickles", True),
    "safe_mode": ("unpickles", False),
}
_STARTS = frozenset(
    {"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "PYTHONSTARTUP", "PYTHONPATH", "PYTHONHOME",
     "BASH_ENV", "GIT_SSH_COMMAND", "PYTHONINSPECT", "GIT_CONFIG_COUNT"}
)  # fmt: skip
