"""What the text of a chat template shows without being rendered: its syntax tree, its strings and its characters."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from jinja2 import TemplateError, nodes

from provenance.surfaces.jinja.conversations import SHAPES, contents
from provenance.surfaces.jinja.dialect import TooMuch
from provenance.surfaces.jinja.hidden import hidden, lookalikes, out_of_sight
from provenance.surfaces.jinja.rendering import Exhausted, LimitReached, Refusal, Renderer, Unparsable, parse
from provenance.surfaces.jinja.words import shown

Feature = tuple[str, str, int | None]
"""Kind, plain words, line."""

MAX_FEATURES = 20
MAX_FOLDED = 3000
HUGE = 1_000_000
"""A number that no honest template repeats, counts to or pads with."""
_MAX_PRODUCT = 10_000_000
_MIN_ENCODED = 40

_DUNDER = re.compile(r"__[a-z]\w*?__")
_ANY_CASE = re.compile(
    r"__(?:base|bases|builtins|class|code|dict|getattribute|globals|import|init|mro|reduce|self|subclasses)__",
    re.IGNORECASE,
)
"""For filters that change the case of what they are given."""
_INNER = frozenset(
    [
        "mro",
        "func_globals",
        "func_code",
        "func_closure",
        "func_defaults",
        "im_self",
        "im_func",
        "im_class",
        "gi_frame",
        "gi_code",
        "gi_yieldfrom",
        "cr_frame",
        "cr_code",
        "cr_await",
        "ag_frame",
        "ag_code",
        "f_globals",
        "f_locals",
        "f_builtins",
        "f_back",
        "f_code",
        "tb_frame",
        "tb_next",
        "co_code",
        "popen",
        "import_module",
        "subclasses",
        "builtins",
        "globals",
    ]
)
"""Attributes that lead from a value to the interpreter, without an underscore in front."""
_STOPPED = re.compile(rf"'_|attribute '(?:{'|'.join(sorted(_INNER))})'")
_CALLED = frozenset(
    [
        "eval",
        "exec",
        "compile",
        "open",
        "__import__",
        "globals",
        "locals",
        "vars",
        "getattr",
        "setattr",
        "delattr",
        "input",
        "breakpoint",
        "exit",
        "quit",
        "get_flashed_messages",
        "url_for",
    ]
)
_MACHINERY = frozenset(["builtins", "ctypes", "importlib", "os", "pickle", "shutil", "socket", "subprocess", "sys"])
"""Modules: a loader that hands one to its templates hands out the machine."""
_RUNNING = frozenset(["check_output", "eval", "exec", "popen", "spawn", "system", "urlopen"])
"""What runs its argument, whatever object it is a method of."""
_KEYS = (_INNER | frozenset(["delattr", "eval", "exec", "getattr", "locals", "setattr", "subprocess"])) - {"globals"}
"""Names that nothing but the interpreter has under them."""
_OWN = frozenset(["cycler", "joiner", "lipsum", "namespace", "dict", "range", "self"])
_OWN_ATTRIBUTES = frozenset(["next", "current", "reset"])
_ENCODED = re.compile(rf"[A-Za-z0-9+/_-]{{{_MIN_ENCODED},}}={{0,2}}")
_PRINTED = frozenset(b"\t\n\r" + bytes(range(32, 127)))
_BY_NAME = frozenset(["map", "selectattr", "rejectattr", "groupby", "sort", "unique", "sum", "min", "max"])
_PADDING = frozenset(["center", "indent", "truncate", "wordwrap", "batch", "slice", "round", "tojson"])
_PADDERS = frozenset(["center", "ljust", "rjust", "zfill", "expandtabs"])


def features(text: str) -> list[Feature]:
    """Everything that is seen; of a text that is no template, what can be said without its tree."""
    found: dict[Feature, None] = {("hidden-character", what, line): None for line, what in hidden(text)}
    found |= {("hidden-character", what, line): None for line, what in (*lookalikes(text), *out_of_sight(text))}
    try:
        tree = parse(text)
    except Unparsable as error:
        found |= {("internals", f"it names {name!r}", None): None for name in _ANY_CASE.findall(text)}
        return [*found, ("unparsable", str(error), None)]
    for feature in (*_tree(tree), *_folded(tree), *_watched(text)):
        found[feature] = None
    return list(found)[:MAX_FEATURES]


# ---------------------------------------------------------------------------------------------------------------------
# The tree
# ---------------------------------------------------------------------------------------------------------------------


def _tree(tree: nodes.Template) -> Iterator[Feature]:
    own = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}
    own |= {node.name for node in tree.find_all(nodes.Macro)}
    machinery = {"lipsum", *(_MACHINERY - own)}
    for node in tree.find_all(nodes.Node):
        line = node.lineno
        if isinstance(node, nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends):
            yield "reaches-out", f"it loads another template ({type(node).__name__.lower()})", line
        elif isinstance(node, nodes.Getattr):
            yield from _attribute(node.attr, node.node, line)
        elif isinstance(node, nodes.Getitem):
            yield from _item(node)
        elif isinstance(node, nodes.Name) and (node.name.startswith("__") or node.name in machinery):
            yield "internals", f"it uses {node.name!r}", line
        elif isinstance(node, nodes.Call):
            yield from _called(node, own)
        elif isinstance(node, nodes.Filter):
            yield from _filter(node)
        elif isinstance(node, nodes.Const) and isinstance(node.value, str):
            yield from _text(node.value, line)
        elif isinstance(node, nodes.Pow | nodes.Mul):
            yield from _product(node)
    yield from _nested(tree, 1)


def _attribute(name: str, of: nodes.Expr, line: int) -> Iterator[Feature]:
    own = isinstance(of, nodes.Name) and of.name in _OWN and of.ctx == "load"
    if name.startswith("_") or name in _INNER or (own and name not in _OWN_ATTRIBUTES and not _is_block(of)):
        yield "internals", f"it reads the attribute {name!r}", line


def _is_block(of: nodes.Expr) -> bool:
    """`self.NAME` renders a block of the template again, and `dict` may be a variable of the template's own."""
    return isinstance(of, nodes.Name) and of.name in ("self", "dict", "range", "namespace")


def _item(node: nodes.Getitem) -> Iterator[Feature]:
    if isinstance(node.node, nodes.Name) and node.node.name in ("self", "cycler", "joiner", "lipsum", "namespace"):
        yield "internals", f"it looks into {node.node.name!r}", node.lineno
    if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
        yield from _attribute(node.arg.value, node.arg, node.lineno)
        if node.arg.value in _KEYS - _INNER:
            yield "internals", f"it looks up {node.arg.value!r}", node.lineno


def _called(node: nodes.Call, own: set[str]) -> Iterator[Feature]:
    bare = isinstance(node.node, nodes.Name)
    name = node.node.name if isinstance(node.node, nodes.Name) else getattr(node.node, "attr", "")
    if (bare and name in _CALLED) or (name in _RUNNING and not (bare and name in own)):
        yield "internals", f"it calls {name!r}", node.lineno
    if name == "range" or name in _PADDERS:
        yield from _huge(node.args, f"{name}()", node.lineno)


def _filter(node: nodes.Filter) -> Iterator[Feature]:
    named = [value for value in (*node.args, *(keyword.value for keyword in node.kwargs)) if value is not None]
    if node.name == "attr":
        constant = [arg.value for arg in named if isinstance(arg, nodes.Const)]
        if not constant or str(constant[0]).startswith("_") or constant[0] in _INNER:
            yield "internals", "it reads an attribute by |attr", node.lineno
    elif node.name in _BY_NAME:
        yield from _names(node, named)
    elif node.name == "random":
        yield "random", "it chooses at random", node.lineno
    elif node.name in _PADDING:
        yield from _huge(named, f"|{node.name}", node.lineno)


def _names(node: nodes.Filter, named: list[nodes.Expr]) -> Iterator[Feature]:
    """`map(attribute=…)` and its like read attributes by a dotted name."""
    for arg in named:
        if isinstance(arg, nodes.Const) and isinstance(arg.value, str):
            if any(part.startswith("_") or part in _INNER for part in arg.value.split(".")):
                yield "internals", f"it reads the attribute {arg.value!r} by |{node.name}", node.lineno
            if node.name == "map" and arg.value == "attr":
                yield "internals", "it reads attributes by |map('attr')", node.lineno


def _text(value: str, line: int) -> Iterator[Feature]:
    for name in _DUNDER.findall(value) or _ANY_CASE.findall(value):
        yield "internals", f"it names {name!r} in a string", line
    for _, what in hidden(value):
        yield "hidden-character", f"{what} in a string", line
    for match in _ENCODED.finditer(value):
        if _decodes(match[0]):
            yield "encoded-text", f"{len(match[0])} characters that are text in base64: {shown(match[0], 30)}", line


def _decodes(run: str) -> bool:
    """Whether `run` is text in base64: letters by chance decode to anything."""
    try:
        decoded = base64.b64decode(run[: len(run) // 4 * 4], altchars=b"-_" if set(run) & {"-", "_"} else None)
    except ValueError:
        return False
    return sum(byte in _PRINTED for byte in decoded) > 0.95 * len(decoded)


def _huge(args: list[nodes.Expr], where: str, line: int) -> Iterator[Feature]:
    for arg in args:
        if isinstance(arg, nodes.Const) and isinstance(arg.value, int) and abs(arg.value) >= HUGE:
            yield "blow-up", f"{where} with {arg.value}", line


def _product(node: nodes.Pow | nodes.Mul) -> Iterator[Feature]:
    numbers = [
        side.value for side in (node.left, node.right) if isinstance(side, nodes.Const) and isinstance(side.value, int)
    ]
    limit = 1000 if isinstance(node, nodes.Pow) else HUGE
    if any(abs(number) >= limit for number in numbers) or (
        isinstance(node, nodes.Pow) and any(isinstance(side, nodes.Pow) for side in (node.left, node.right))
    ):
        yield "blow-up", "it multiplies or raises to something huge", node.lineno


def _nested(node: nodes.Node, outer: int) -> Iterator[Feature]:
    """Loops over constant ranges inside each other."""
    stack = [(node, outer)]
    while stack:
        node, outer = stack.pop()
        if isinstance(node, nodes.For):
            turns = _range_length(node.iter)
            if turns > 1 and outer * turns >= _MAX_PRODUCT:
                yield "blow-up", f"loops inside loops, {outer * turns} turns in all", node.lineno
            outer = min(outer * turns, 10**18)
        stack += [(child, outer) for child in node.iter_child_nodes()]


def _range_length(node: nodes.Node) -> int:
    if not (isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "range"):
        return 1
    values = [arg.value for arg in node.args if isinstance(arg, nodes.Const) and isinstance(arg.value, int)]
    if len(values) != len(node.args) or not 1 <= len(values) <= 3 or (len(values) == 3 and not values[2]):
        return 1
    start, stop = (0, values[0]) if len(values) == 1 else values[:2]
    step = values[2] if len(values) == 3 else 1
    return max(1, (stop - start) // step)


# ---------------------------------------------------------------------------------------------------------------------
# What strings amount to
# ---------------------------------------------------------------------------------------------------------------------


def _folded(tree: nodes.Template) -> Iterator[Feature]:
    """Names put together of constants: `'__cla' ~ 'ss__'`, `['__', 'class', '__']|join`, `'__ssalc__'|reverse`."""
    count = 0
    for node in tree.find_all((nodes.Add, nodes.Concat, nodes.Filter, nodes.Mod, nodes.Mul, nodes.Getitem)):
        count += 1
        if count > MAX_FOLDED:
            return
        try:
            value = node.as_const()
        except (nodes.Impossible, TemplateError, TooMuch, TypeError, ValueError, LookupError, ArithmeticError):
            continue
        if isinstance(value, str):
            for name in (*_DUNDER.findall(value), *([value] if value in _KEYS else [])):
                yield "internals", f"it puts together {name!r}", node.lineno


def _watched(text: str) -> Iterator[Feature]:
    """Names put together at run time, and what the sandbox stops."""
    try:
        renderer = Renderer(text, recording=True)
        for shape in SHAPES:
            render = renderer.render(shape, contents(shape))
            if isinstance(render, Refusal) and render.secure and _STOPPED.search(render.reason):
                yield "internals", f"the sandbox stops it: {render.reason}", None
    except (Unparsable, LimitReached, Exhausted):
        return
    for value in renderer.environment.recorded:
        for name in _DUNDER.findall(value) if isinstance(value, str) else ():
            yield "internals", f"it puts together {name!r}", None
