"""One template, ready to be rendered many times within budgets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError

from provenance.surfaces.jinja.conversations import Shape, contents, variables
from provenance.surfaces.jinja.dialect import MAX_STEPS, NOON, Dialect, Instrumented, TooMuch

MAX_OUTPUT = 2_000_000
"""Characters of one render. The longest conversation rendered here has 100,000."""
MAX_RENDERS = 8_000
"""Of one template for one question; an honest one needs some 1,500."""
MAX_TOTAL_STEPS = 1_000_000

# What an expression of a template may raise. Anything else ends the child, which is a failure of its own.
_ERRORS = (
    OSError,
    RuntimeError,
    ImportError,
    TemplateError,
    TypeError,
    ValueError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    NameError,
)


class Unparsable(Exception):  # noqa: N818 - says what happened
    """The text is no template."""


class LimitReached(Exception):  # noqa: N818 - says what happened
    """A render went over a budget; `where` says in which conversation."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


class Exhausted(Exception):  # noqa: N818 - says what happened
    """More renders than one question may have."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A conversation that was not rendered."""

    reason: str
    secure: bool = False
    """The sandbox stopped it."""


def parse(text: str) -> nodes.Template:
    """The syntax tree, raising `Unparsable`."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise Unparsable("it is not UTF-8")
    try:
        return Dialect().parse(text)
    except TemplateSyntaxError as error:
        raise Unparsable(f"{error.message} (line {error.lineno})") from None
    except RecursionError:
        raise Unparsable("it is nested too deeply") from None


class Renderer:
    """`text` compiled for the conversations here."""

    def __init__(self, text: str, *, recording: bool = False) -> None:
        self.environment = Dialect()
        tree = parse(text)
        Instrumented(recording=recording).visit(tree)
        tree.set_environment(self.environment)
        try:
            code = self.environment.compile(tree)
            self._template = self.environment.template_class.from_code(self.environment, code, self.environment.globals)
        except (TemplateError, SyntaxError, RecursionError, ValueError) as error:
            raise Unparsable(str(error)) from None
        except (TooMuch, MemoryError):
            raise LimitReached("before any conversation") from None
        self.renders = 0
        self._steps = 0
        self._plain: dict[tuple[Shape, datetime], str | Refusal] = {}

    def render(self, shape: Shape, texts: Sequence[str], *, now: datetime = NOON) -> str | Refusal:
        """The prompt, or why there is none. Raises `LimitReached` and `Exhausted`."""
        self.renders += 1
        if self.renders > MAX_RENDERS:
            raise Exhausted
        if self._steps > MAX_TOTAL_STEPS:
            raise LimitReached("all conversations together")
        self.environment.now, self.environment.steps = now, MAX_STEPS
        try:
            return self._rendered(variables(shape, texts))
        except SecurityError as error:
            return Refusal(str(error), secure=True)
        except (TooMuch, MemoryError, RecursionError, OverflowError):
            raise LimitReached(str(shape)) from None
        except _ERRORS as error:
            return Refusal(f"{type(error).__name__}: {error}"[:300])
        finally:
            self._steps += MAX_STEPS - self.environment.steps

    def plain(self, shape: Shape, now: datetime = NOON) -> str | Refusal:
        """`render` with neutral contents, which is asked for often."""
        if (shape, now) not in self._plain:
            self._plain[shape, now] = self.render(shape, contents(shape), now=now)
        return self._plain[shape, now]

    def _rendered(self, given: dict[str, object]) -> str:
        pieces, length = [], 0
        for piece in self._template.root_render_func(self._template.new_context(given)):
            pieces.append(piece)
            length += len(piece)
            if length > MAX_OUTPUT:
                raise TooMuch
        return "".join(pieces)
