"""The `TEMPLATE` of a Modelfile: text in Go's template language, taken apart and never executed.

Written from the documentation of Go's `text/template` and of Ollama's Modelfiles. Conditions are not followed: every
branch is taken once, beside the first branch of all others, and what then stands in a row is judged as in a chat
template that was rendered. What functions such as `printf` make of their arguments is not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_WORK = 4_000_000
"""Characters of all rows of one template; templates in use have some thousands, times ten branches."""
MAX_DEPTH = 60

CONTENT, SYSTEM = "\x00", "\x01"
"""What stands in a row for what somebody said, and for what the operator's system prompt says."""

_TOKEN = re.compile(
    r"\{\{(-(?=\s))?+\s*+(?:(?>/\*.*?\*/)\s*+-?+|((?:\"(?:[^\"\\\n]|\\.)*+\"|`[^`]*+`|'(?:[^'\\\n]|\\.)*+'|(?!\}\})[^\"`'])*+))"
    r"(?:(?<=\s-)())?\}\}",
    re.DOTALL,
)
_LITERAL = re.compile(r"\"((?:[^\"\\\n]|\\.)*+)\"|`([^`]*+)`")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([0-7]{3})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_KEYWORD = re.compile(r"(if|range|with|block|define|else|end|break|continue|template)\b\s*(.*)", re.DOTALL)
_SET = re.compile(r"\$(\w+)\s*:?=\s*(.*)", re.DOTALL)
_FIELD = re.compile(r"(?<![\w\"`'])\$?\.[A-Za-z]\w*|\$\w*")
_ROLE, _SYSTEM = re.compile(r"\.Role\b"), re.compile(r"\.System\b")
_FUNCTION = re.compile(r"(?<![.$\w])[a-z]+")
_TURNED = frozenset(["not", "ne", "ge", "le", "lt"])
_TOOLS = re.compile(r"Tool|Think|Function", re.IGNORECASE)


@dataclass(slots=True)
class Branches:
    """`if`, `range`, `with` and their `else`: conditions, and what stands behind each."""

    conditions: list[str]
    bodies: list[list[Node]]


Node = str | Branches
"""Text that is written, with `CONTENT` and `SYSTEM` in it; or one of several."""


@dataclass(slots=True)
class Template:
    """A template, taken apart."""

    nodes: list[Node] = field(default_factory=list)
    literals: list[str] = field(default_factory=list)
    """Every text in quotes, wherever it stands."""
    constants: dict[str, str] = field(default_factory=dict)
    """Variables that are given texts in quotes, and these."""
    given: set[str] = field(default_factory=set)
    """Variables that are given something else."""
    put_in: int = 0
    """Characters of variables that were put where they are written."""
    left_out: bool = False
    """It is nested deeper, or written longer, than is looked at."""


def parse(text: str) -> Template:
    """Take `text` apart. What Go would refuse, and all that follows, is text; what is not closed is at the end."""
    template = Template()
    text = text.replace(CONTENT, " ").replace(SYSTEM, " ")
    stack: list[Branches] = []
    place, cut = 0, False
    while (start := text.find("{{", place)) >= 0 and (found := _TOKEN.match(text, start)):
        _write(template, stack, _trimmed(text[place:start], before=cut, after=bool(found[1])))
        place, cut = found.end(), found[3] is not None
        _action(template, stack, (found[2] or "").removesuffix("-" if cut else "").strip())
    _write(template, stack, _trimmed(text[place:], before=cut, after=False))
    return template


def _trimmed(text: str, *, before: bool, after: bool) -> str:
    text = text.lstrip() if before else text
    return text.rstrip() if after else text


def _write(template: Template, stack: list[Branches], node: Node) -> None:
    (stack[-1].bodies[-1] if stack else template.nodes).append(node)


def _action(template: Template, stack: list[Branches], action: str) -> None:
    literals = _literals(action)
    template.literals += literals
    found = _KEYWORD.match(action)
    if not found:
        _write(template, stack, _printed(template, action, "".join(literals)))
    elif found[1] == "end":
        del stack[-1:]
    elif found[1] == "else" and stack:
        stack[-1].conditions.append(found[2])
        stack[-1].bodies.append([])
    elif found[1] in ("if", "range", "with", "block", "define"):
        if len(stack) >= MAX_DEPTH:
            template.left_out = True
            return
        opened = Branches([found[2]], [[]])
        _write(template, stack, opened)
        stack.append(opened)


def _printed(template: Template, action: str, said: str) -> str:
    """What an action writes, as far as it is known."""
    given = _SET.match(action)
    if given:
        template.constants[given[1]] = template.constants.get(given[1], "") + said
        if _FIELD.search(given[2]) or not said:
            template.given.add(given[1])
        return ""
    if _ROLE.search(action):
        return "user"
    fields = _FIELD.findall(action) or ([action] if action in (".", "$") else [])
    for name in fields:
        constant = template.constants.get(name[1:], "") if name[0] == "$" else ""
        template.put_in += len(constant)
        if template.put_in > MAX_WORK:
            template.left_out = True
        else:
            said += constant
    if all(name[0] == "$" and name[1:] in template.constants.keys() - template.given for name in fields):
        return said
    return said + (SYSTEM if _SYSTEM.search(action) else CONTENT)


def _literals(action: str) -> list[str]:
    return [
        _ESCAPE.sub(_unescaped, found[1]) if found[1] is not None else found[2] for found in _LITERAL.finditer(action)
    ]


def _unescaped(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    code = int(digits, 16) if digits else int(found[4], 8) if found[4] else 0
    if code:
        return chr(code) if code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else "\ufffd"
    return _LETTERS.get(found[5] or "", found[5] or "")


# ---------------------------------------------------------------------------------------------------------------------
# Rows
# ---------------------------------------------------------------------------------------------------------------------

Row = list[tuple[str, bool]]
"""Pieces of text in the order in which they are written, and whether each is for conversations with tools alone."""


def rows(template: Template) -> Iterator[Row]:
    """A row for every branch: that branch, those around it, and the first of every other."""
    targets: list[dict[int, int]] = [{}]
    waiting: list[tuple[list[Node], dict[int, int]]] = [(template.nodes, {})]
    while waiting:
        nodes, around = waiting.pop()
        for node in nodes:
            for index, body in enumerate(node.bodies if isinstance(node, Branches) else ()):
                chosen = {**around, id(node): index}
                targets += [chosen] if index else []
                waiting.append((body, chosen))
    for chosen in targets:
        yield list(_row(template.nodes, chosen, tools=False))


def _row(nodes: list[Node], chosen: dict[int, int], *, tools: bool) -> Iterator[tuple[str, bool]]:
    for node in nodes:
        if isinstance(node, str):
            yield node, tools
        else:
            index = chosen.get(id(node), 0)
            with_tools = tools or _asks_for_tools(node.conditions[index])
            yield from _row(node.bodies[index], chosen, tools=with_tools)


def _asks_for_tools(condition: str) -> bool:
    """Whether `condition` plainly holds in conversations with tools or thoughts alone."""
    asked = [bool(_TOOLS.search(name)) for name in _FIELD.findall(condition)]
    functions = set(_FUNCTION.findall(condition))
    return any(asked) and not functions & _TURNED and (all(asked) or "or" not in functions)
