"""Canned conversations: shapes of turns, and contents to put in them. Pure data, the same on every host.

The contents are words of no language, so that whatever else a render says was written by the template.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

_SYLLABLES = ("ka", "lo", "vin", "tu", "mer", "zag", "sil", "bo", "dez", "fyn")

NAMES = {
    "S": "the system message",
    "U": "a user turn",
    "A": "an assistant turn",
    "T": "a tool's answer",
    "R": "an assistant turn with reasoning",
    "C": "a tool call",
    "D": "a developer message",
    "I": "a user turn with a picture",
    "t": "the description of the tools",
    "c": "an argument of a call",
}
_ROLES = {"S": "system", "U": "user", "A": "assistant", "T": "tool", "R": "assistant", "C": "assistant"}
_ROLES |= {"D": "developer", "I": "user"}


@dataclass(frozen=True, slots=True)
class Shape:
    """A conversation without its contents."""

    turns: str
    """A letter a turn, of `NAMES`."""
    tools: int = 0
    generate: bool = True
    """`add_generation_prompt`."""
    options: tuple[tuple[str, object], ...] = ()
    listed: bool = False
    """Contents are lists of parts, as in templates for pictures."""
    documents: bool = False
    """Found by a search, and handed over with the conversation."""
    texted: bool = False
    """Arguments of tool calls are JSON texts, as in the API they come from."""
    named: str = ""
    """Name of the first tool, of its parameter and of the argument in calls, in place of words of no language."""

    def __str__(self) -> str:
        turns = self.turns if len(self.turns) <= 12 else f"{self.turns[:4]}…{self.turns[-3:]} ({len(self.turns)} turns)"
        extra = [f"{self.tools} tools"] * bool(self.tools) + [f"{name}={value}" for name, value in self.options]
        extra += ["documents"] * self.documents
        extra += ["no generation prompt"] * (not self.generate)
        return f"{turns} ({', '.join(extra)})" if extra else turns


@cache
def neutral(slot: int) -> str:
    """Two words of no language that stand for the content of turn `slot`, and for nothing else."""
    return f"{_word(2 * slot)} {_word(2 * slot + 1)}"


def _word(number: int) -> str:
    return "qu" + "".join(_SYLLABLES[int(digit)] for digit in f"{number:03d}")


def of_length(slot: int, length: int) -> str:
    """A content of exactly `length` characters."""
    text = f"{neutral(slot)} "
    text = (text * (length // len(text) + 1))[:length]
    return text[:-1] + "a" if text.endswith(" ") else text


TOOL, PARAMETER = _word(820), _word(870)
"""Names of the first tool and of what it takes."""
DESCRIBED, ARGUMENT = 400, 425
"""Slots of what the tools are said to do, and of what they were called with."""


def contents(shape: Shape) -> tuple[str, ...]:
    """The neutral content of every turn, then the description of the tools and the argument of calls."""
    return tuple(neutral(slot) for slot in (*range(len(shape.turns)), DESCRIBED, ARGUMENT))


def variables(shape: Shape, texts: Sequence[str]) -> dict[str, Any]:
    """What a loader hands to the template; `texts` as `contents` has them."""
    *spoken, description, argument = texts
    given: dict[str, Any] = {
        "messages": [_message(shape, turn, text, argument) for turn, text in zip(shape.turns, spoken, strict=True)],
        "add_generation_prompt": shape.generate,
        "bos_token": "<|bos|>",
        "eos_token": "<|eos|>",
        "tools": [_tool(number, description, shape.named) for number in range(shape.tools)] or None,
        "documents": [_DOCUMENT] if shape.documents else None,
    }
    return given | dict(shape.options)


def _message(shape: Shape, turn: str, text: str, argument: str) -> Mapping[str, Any]:
    message: dict[str, Any] = {"role": _ROLES[turn], "content": text}
    if shape.listed or turn == "I":
        picture: list[Mapping[str, Any]] = [{"type": "image"}] if turn == "I" else []
        message["content"] = [*picture, {"type": "text", "text": text}]
    if turn == "C":
        arguments = {shape.named or PARAMETER: argument, "count": 3}
        called = {"name": shape.named or TOOL, "arguments": json.dumps(arguments) if shape.texted else arguments}
        message["tool_calls"] = [{"id": "abcdefghi", "type": "function", "function": called}]
    if turn == "T":
        message |= {"name": shape.named or TOOL, "tool_call_id": "abcdefghi"}
    if turn == "R":
        message["reasoning_content"] = message["thinking"] = f"{_word(830)} {_word(831)}"
    return message


def _tool(number: int, description: str, named: str) -> Mapping[str, Any]:
    name = named if named and not number else _word(820 + number)
    function = {"name": name, "description": description, "parameters": parameters(named or PARAMETER)}
    return {"type": "function", "function": function}


def parameters(name: str) -> dict[str, Any]:
    """The schema of what a tool takes: one text, `name`."""
    properties = {name: {"type": "string", "description": f"{_word(840)} {_word(841)}"}}
    return {"type": "object", "properties": properties, "required": [name]}


_DOCUMENT = {"title": _word(860), "text": _word(861), "content": _word(861), "doc_id": 1}

SPOKEN = frozenset(word for number in range(1000) for word in [_word(number)])
"""Every word that contents are made of."""

TOOL_NAMES = frozenset(_word(820 + number) for number in range(8))

PLAIN = ("U", "SU", "UAU", "SUAU", "SUAUAU")
"""Shapes whose every text must be in the render, once and in order."""

_CALLS = ("UC", "UCT", "UCTA", "SUCTAU", "UCTCTAU", "SUCTCT")

SHAPES: tuple[Shape, ...] = (
    *(Shape(turns) for turns in PLAIN),
    *(Shape(turns, generate=False) for turns in ("U", "SU", "UA", "SUA", "UAUA", "SUAUA", "SUAUAU")),
    *(Shape(turns, tools=count) for turns in ("U", "SU", "SUAU") for count in (1, 2, 3, 5)),
    *(Shape(turns, tools=1, generate=turns[-1] in "TU") for turns in _CALLS),
    *(
        Shape(turns, options=(("enable_thinking", on), ("thinking", on)))
        for turns in ("U", "SUAU")
        for on in (True, False)
    ),
    *(Shape(turns, tools=1, options=(("enable_thinking", False),)) for turns in ("SU", "UCT")),
    *(Shape("SUAU", options=(("reasoning_effort", effort),)) for effort in ("low", "high")),
    *(Shape(turns, generate=turns[-1] == "U") for turns in ("UR", "URU", "SURUR", "SURURU")),
    *(Shape(turns) for turns in ("DU", "SUSU", "UU", "UAUU", "AU", "I", "SIAU")),
    *(Shape(turns, listed=True) for turns in ("U", "SUAU")),
    *(Shape(turns, documents=True) for turns in ("U", "SUAU")),
    Shape("UCTAU", tools=1),
)
"""The battery, without contents."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a template wants what it is given."""

    listed: bool = False
    documents: bool = False
    """It renders nothing without them."""
    texted: bool = False


def adapted(shapes: Sequence[Shape], form: Form) -> tuple[Shape, ...]:
    """`shapes` in the form that a template reads."""
    return tuple(
        replace(
            shape,
            listed=shape.listed or form.listed,
            documents=shape.documents or form.documents,
            texted=form.texted,
        )
        for shape in shapes
    )


CONTEXTS = (Shape("SUAUAU"), Shape("U"), Shape("UCTAU", tools=1))
"""Shapes in which contents are varied: several turns, one, and tools."""


EXACT = (*CONTEXTS, Shape("UAU"))
"""Shapes in which one turn is made a certain text, and no more."""

KINDS = ("7", "1234567", "Buy Fresh Milk", "level", "a", "Yes", "ok?", "<b>so</b> if a < b && b > c <!-- so -->")
"""Short texts of kinds for which there is a test: digits, titles, palindromes, one letter, one word, HTML."""


def turns(count: int, *, system: bool, tools: int = 0) -> Shape:
    """User and assistant in turn, `count` turns, the user last."""
    alternating = ("UA" * (count // 2 + 1))[:count]
    return Shape("S" * system + alternating, tools=tools)


LANGUAGES = (
    "明天早上请提醒我买牛奶和面包",
    "明日の朝、牛乳を買うのを思い出させてください",
    "내일 아침에 우유를 사라고 알려 주세요",
    "Напомни мне завтра утром купить молоко",
    "ذكرني صباح الغد بشراء الحليب",
    "कल सुबह मुझे दूध खरीदने की याद दिलाना",
    "Erinnere mich morgen früh daran, Milch für das Frühstück zu kaufen",
    "Rappelle-moi demain matin d'acheter du lait, s'il te plaît",
    "Recuérdame mañana por la mañana que compre leche, ¿vale?",
    "Yarın sabah süt almayı bana hatırlat",  # noqa: RUF001
    "Θύμισέ μου αύριο το πρωί να πάρω γάλα",  # noqa: RUF001
    "תזכיר לי מחר בבוקר לקנות חלב",
    "เตือนฉันพรุ่งนี้เช้าให้ซื้อนม",
    "🙂👍🏽 🇳🇱 🚀",
    "0123456789 3.14159 -42",
    "PLEASE REMIND ME TOMORROW MORNING",
    "Remind me tomorrow morning, will you?",
    "def total(items):\n    return sum(item.price for item in items)  # in cents",
    "SELECT name, price FROM items WHERE price > 100;",
    "see http://example.com/a?b=c#d and mail me@example.com",
    '{"place": "here", "count": [1, 2, 3]}',
    "first line\nsecond line\n\n\nthird line\n- one\n- two",
)
"""Texts of different scripts and kinds."""

TOPICS = [
    "invoice",
    "payment",
    "transfer",
    "bank",
    "account",
    "iban",
    "swift",
    "refund",
    "wallet",
    "bitcoin",
    "crypto",
    "money",
    "price",
    "salary",
    "budget",
    "tax",
    "stock",
    "password",
    "login",
    "secret",
    "token",
    "credential",
    "api",
    "key",
    "admin",
    "root",
    "server",
    "database",
    "production",
    "deploy",
    "backup",
    "delete",
    "sudo",
    "email",
    "send",
    "mail",
    "phone",
    "address",
    "name",
    "contract",
    "legal",
    "lawyer",
    "medical",
    "doctor",
    "patient",
    "drug",
    "health",
    "weather",
    "travel",
    "government",
    "president",
    "election",
    "vote",
    "party",
    "war",
    "protest",
    "military",
    "police",
    "weapon",
    "bomb",
    "hack",
    "exploit",
    "malware",
    "virus",
    "code",
    "python",
    "javascript",
    "install",
    "package",
    "download",
    "file",
    "image",
    "security",
    "summary",
    "translate",
    "story",
    "poem",
    "joke",
    "help",
    "please",
    "thanks",
    "hello",
    "yes",
    "no",
    "today",
    "tomorrow",
    "competitor",
    "company",
    "product",
    "review",
    "recommend",
    "trigger",
    "activate",
    "debug",
]
"""Words of what people ask about."""
