"""The Jinja that loaders give to a chat template, with a fixed clock and a budget for everything that can blow up.

As in transformers 5: immutable sandbox, `trim_blocks`, `lstrip_blocks`, loop controls, `{% generation %}`, `tojson`
that escapes nothing, `raise_exception`, `strftime_now`. The budgets count work, not time, so a template meets them on
every host or on none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

NOON = datetime(2024, 5, 15, 12, 0)
"""When it is, unless a test of dates says otherwise."""

MAX_STEPS = 20_000
"""Turns of loops and calls of macros in one render. The longest conversation rendered here takes a few hundred."""
MAX_LENGTH = 4_000_000
"""Characters that one operation may make."""
MAX_BITS = 1 << 16
MAX_RECORDED = 2000

_WIDTH = re.compile(r"%[^a-zA-Z%]*\d{6}")


class TooMuch(Exception):  # noqa: N818 - says what happened
    """A template asked for more than an honest one ever does."""


class Refused(TemplateError):  # noqa: N818 - says what happened
    """`raise_exception` was called."""


class Generation(Extension):
    """`{% generation %}`: marks what the assistant says for training, and changes nothing else."""

    tags = {"generation"}  # noqa: RUF012 - as jinja2 declares it

    def parse(self, parser: Parser) -> nodes.Node:
        """The statements up to `{% endgeneration %}`, in a scope of their own as a block that is called has."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_said"), [], [], body).set_lineno(line)

    def _said(self, caller: Callable[[], str]) -> str:
        return caller()


class Dialect(ImmutableSandboxedEnvironment):
    """One environment a template; what happens in it is counted in its own fields."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, cache_size=0, extensions=[Generation, "jinja2.ext.loopcontrols"]
        )
        self.now = NOON
        self.steps = MAX_STEPS
        self.asked_the_time = False
        self.formats: dict[str, None] = {}
        self.recorded: dict[str | int, None] = {}
        self.filters["tojson"] = _tojson
        self.filters["random"] = _first
        self.globals |= {"raise_exception": _refuse, "strftime_now": self._strftime_now, "range": _range}
        self.globals["namespace"] = _Namespace
        del self.globals["lipsum"]  # random; `syntax` says that it is used

    def tick(self) -> None:
        """One step of a loop or macro."""
        self.steps -= 1
        if self.steps < 0:
            raise TooMuch

    def record(self, value: object) -> object:
        """Remember a value that something is compared or looked up with; comes back as it is."""
        if isinstance(value, str | int) and not isinstance(value, bool) and len(self.recorded) < MAX_RECORDED:
            self.recorded[value if isinstance(value, int) else value[:200]] = None
        return value

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """An operator that can make something huge of something small."""
        if operator == "*":
            _check_product(left, right)
        elif operator == "**" and isinstance(left, int) and isinstance(right, int):
            if left.bit_length() * abs(right) > MAX_BITS:
                raise TooMuch
        elif operator == "%" and isinstance(left, str) and ("*" in left or _WIDTH.search(left)):
            raise TooMuch
        return super().call_binop(context, operator, left, right)

    def _strftime_now(self, form: str) -> str:
        self.asked_the_time = True
        if len(self.formats) < MAX_RECORDED:
            self.formats[form] = None
        return self.now.strftime(form)


class _Namespace(Namespace):
    """`namespace` as transformers has it: no name in it begins with an underscore."""

    def __setitem__(self, name: str, value: Any) -> None:
        if name.startswith("_"):
            raise TemplateError(f"a namespace holds no {name!r}")
        super().__setitem__(name, value)


def _check_product(left: object, right: object) -> None:
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > MAX_BITS:
            raise TooMuch
        return
    for one, other in ((left, right), (right, left)):
        if isinstance(one, str | list | tuple) and isinstance(other, int) and len(one) * other > MAX_LENGTH:
            raise TooMuch


def _refuse(message: object = "") -> NoReturn:
    raise Refused(str(message))


def _range(*args: int) -> range:
    made = range(*args)
    if len(made) > MAX_STEPS:
        raise TooMuch
    return made


def _first(values: Any) -> object:
    """In place of a choice at random, which `syntax` reports."""
    return next(iter(values), "")


def _tojson(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    if isinstance(indent, int) and indent > 100:
        raise TooMuch
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


class Instrumented(NodeTransformer):
    """Counts the turns of loops and the calls of macros; with `recording`, remembers what values are compared with."""

    def __init__(self, *, recording: bool) -> None:
        self._recording = recording

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - the visitor's name
        """One step a turn."""
        return self._counted(node)

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802
        """One step a call."""
        return self._counted(node)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:  # noqa: N802
        """One step a call."""
        return self._counted(node)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802
        """What stands on the left."""
        self.generic_visit(node)
        node.expr = self._kept(node.expr)
        return node

    def visit_Operand(self, node: nodes.Operand) -> nodes.Node:  # noqa: N802
        """What stands on the right."""
        self.generic_visit(node)
        node.expr = self._kept(node.expr)
        return node

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:  # noqa: N802
        """What a filter is given."""
        self.generic_visit(node)
        node.args = [self._kept(arg) for arg in node.args]
        for keyword in node.kwargs:
            keyword.value = self._kept(keyword.value)
        return node

    def visit_Test(self, node: nodes.Test) -> nodes.Node:  # noqa: N802
        """What a test is given."""
        self.generic_visit(node)
        node.args = [self._kept(arg) for arg in node.args]
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        """What a function or method is given."""
        self.generic_visit(node)
        node.args = [self._kept(arg) for arg in node.args]
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        """What is looked up."""
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            node.arg = self._kept(node.arg)
        return node

    def _kept(self, node: nodes.Expr) -> nodes.Expr:
        if not self._recording or isinstance(node, nodes.Const):
            return node
        kept = _call("record", [node])
        kept.set_lineno(node.lineno)
        return kept

    def _counted(self, node: nodes.For | nodes.Macro | nodes.CallBlock) -> nodes.Node:
        self.generic_visit(node)
        node.body = [nodes.ExprStmt(_call("tick", [])).set_lineno(node.lineno), *node.body]
        return node


def _call(method: str, args: list[nodes.Expr]) -> nodes.Call:
    return nodes.Call(nodes.EnvironmentAttribute(method), args, [], None, None)
