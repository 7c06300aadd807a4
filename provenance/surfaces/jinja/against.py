"""What a template makes of conversations otherwise than the one it is held against."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from jinja2.meta import find_undeclared_variables

from provenance.surfaces.jinja import mining, structure
from provenance.surfaces.jinja.alone import Session
from provenance.surfaces.jinja.conversations import (
    NAMES,
    PLAIN,
    SHAPES,
    SPOKEN,
    TOOL_NAMES,
    Form,
    Shape,
    adapted,
    contents,
    turns,
)
from provenance.surfaces.jinja.dialect import NOON
from provenance.surfaces.jinja.mining import Mined
from provenance.surfaces.jinja.rendering import Refusal, Renderer, parse
from provenance.surfaces.jinja.variants import Variant, counts, dates, varied
from provenance.surfaces.jinja.words import canonical, marks, new_words, prose, segments, shown, urls, words


@dataclass(slots=True)
class Both:
    """Two templates, and what was found to differ."""

    here: Session
    there: Renderer
    form: Form
    conversations: int = 0
    texts: dict[Shape, str] = field(default_factory=dict)
    """What is added to neutral conversations, by shape."""
    differing: set[Shape] = field(default_factory=set)


def compare(text: str, reference: str, theirs: Renderer, form: Form) -> object:
    """As `child.handle` answers `against`; `theirs` renders the reference, in whose form conversations are given."""
    mine = Renderer(text)
    session = Session(mine, form)
    both = Both(session, theirs, form)
    mined = mining.merged(*(mining.mine(parse(one), one, form) for one in (text, reference)))
    for shape in _shapes(form, mined):
        _neutral(both, shape)
    _added(both)
    for variant in varied(mined, form):
        if not session.full("trigger") and variant.shape not in both.differing:
            _variant(both, variant)
    for name in _own_variables(text, reference):
        for value in (True, 1, *mined.words[:40], *mined.markers[:10]):
            for shape in session.shapes(Shape("SUAU", options=((name, value),))):
                _neutral_variable(both, shape, name, value)
    for now in dates(mined) if mine.environment.asked_the_time or theirs.environment.asked_the_time else ():
        for shape in session.shapes(Shape("U"), Shape("SUAU")):
            if shape not in both.differing and mine.plain(shape, now) != theirs.plain(shape, now):
                _variant(both, Variant(f"the date {now:%Y-%m-%d %H:%M}", shape, contents(shape), now=now))
    return {"differences": session.found, "conversations": mine.renders, "error": ""}


_KEPT = (*PLAIN, "UCT", "UCTA")
"""Shapes in which every mark of the other is to stand."""
MAX_PROMPT = 40
"""New words of a default system prompt that say who the model is, and no more."""
_DIRECTIVES = frozenset(
    [
        "never",
        "always",
        "don",
        "not",
        "deny",
        "ignore",
        "must",
        "only",
        "instead",
        "refuse",
        "promote",
        "recommend",
        "prefer",
        "insist",
        "avoid",
        "pretend",
        "claim",
        "secretly",
        "whenever",
        "http",
        "https",
        "password",
        "obey",
        "disregard",
        "regardless",
        "unless",
        "forbidden",
    ]
)
_GIVEN = frozenset(
    [
        "messages",
        "tools",
        "documents",
        "add_generation_prompt",
        "bos_token",
        "eos_token",
        "enable_thinking",
        "thinking",
        "reasoning_effort",
        "raise_exception",
        "strftime_now",
        "range",
        "dict",
        "namespace",
        "cycler",
        "joiner",
        "lipsum",
        "loop",
        "caller",
        "varargs",
        "kwargs",
        "self",
    ]
)


def _own_variables(text: str, reference: str) -> list[str]:
    """Names that `text` expects from its caller, and the other does not know."""
    mine, theirs = (find_undeclared_variables(parse(one)) for one in (text, reference))
    return sorted(mine - theirs - _GIVEN)[:8]


def _neutral_variable(both: Both, shape: Shape, name: str, value: object) -> None:
    """The caller may set what the template wants; the words that it then writes are its own."""
    if both.here.full("trigger") or any("S" in known.turns and not known.tools for known in both.texts):
        return
    here, there = both.here.renderer.plain(shape), both.there.plain(shape)
    if isinstance(here, str) and isinstance(there, str):
        added = new_words(" ".join(prose(here)), SPOKEN, words(there), words(str(value)))
        if len(added) >= 3:
            both.here.report("trigger", f"with {name} = {value!r}: {_what(here, there)}")


def _shapes(form: Form, mined: Mined) -> tuple[Shape, ...]:
    many = [turns(count, system=system) for count in counts(mined) for system in (False, True)]
    return adapted([*SHAPES, *many], form)


# ---------------------------------------------------------------------------------------------------------------------
# Neutral conversations
# ---------------------------------------------------------------------------------------------------------------------


def _neutral(both: Both, shape: Shape) -> None:
    here, there = both.here.renderer.plain(shape), both.there.plain(shape)
    if here == there or (isinstance(here, Refusal) and isinstance(there, Refusal)):
        return
    both.differing.add(shape)
    report = both.here.report
    if isinstance(here, Refusal):
        report("refuses", f"{shape} is refused ({here.reason}), and the other renders it")
    elif isinstance(there, Refusal):
        report("accepts", f"{shape} is rendered, and the other refuses it ({there.reason})")
    elif canonical(here) == canonical(there):
        both.differing.discard(shape)
        report("white-space", f"{shape}: {_what(here, there)}")
    else:
        _classify(both, shape, here, there)


def _classify(both: Both, shape: Shape, here: str, there: str) -> None:
    report = both.here.report
    known = len(both.here.found)
    for turn, text in zip(shape.turns, contents(shape), strict=False):
        if text in there and text not in here:
            report("drops", f"in {shape}: {NAMES[turn]} is gone, and stands in the other's prompt")
    for url in urls(here):
        if words(url) & SPOKEN and url not in there:
            report("exfiltrates", f"in {shape}: it writes what was said into the address {shown(url)}")
    _roles(both, shape, here, there)
    added = new_words(" ".join(prose(here)), SPOKEN, words(there))
    if added:
        both.texts[shape] = segments(here, there)[0] or " ".join(added)
    elif len(both.here.found) == known:
        gone = new_words(" ".join(prose(there)), SPOKEN, words(here))
        lost = marks(there) - marks(here) and not marks(here) - marks(there)
        kind = "removes-text" if gone else "marks-lost" if lost and shape.turns in _KEPT else "marks"
        report(kind, f"in {shape}: {_what(here, there)}")


def _roles(both: Both, shape: Shape, here: str, there: str) -> None:
    mine, theirs = structure.pieces(shape, here), structure.pieces(shape, there)
    if not mine or not theirs or [piece[:2] for piece in mine] != [piece[:2] for piece in theirs]:
        return
    for (_, after, text), (_, _, other) in zip(mine, theirs, strict=True):
        one, two = structure.role_of(text), structure.role_of(other)
        if one and two and one != two:
            report = both.here.report
            who = NAMES.get(after, "the answer")
            report("role", f"in {shape}: {who} is written as {shown(text.strip())}, and as {shown(other.strip())}")


def _added(both: Both) -> None:
    """Text that is not the other's: where it stands says what it may honestly be."""
    report = both.here.report
    for shape, text in both.texts.items():
        if _begins_answer(both, shape):
            report("prefill", f"in {shape}: it begins the answer itself: {shown(text)}")
        elif shape.tools and not _knows_tools(both.there, shape):
            report("tool-text", f"in {shape}: it writes {shown(text)}, and the other has no tools at all")
        elif "S" not in shape.turns and not _with_own_system(both) and _only_first(both, shape):
            report("default-prompt", f"in {shape}, where there is no system message: it writes {shown(text)}")
        else:
            report("adds-text", f"in {shape}: it writes {shown(text)}, and the other does not")


def _begins_answer(both: Both, shape: Shape) -> bool:
    closed = replace(shape, generate=False)
    here, without = both.here.renderer.plain(shape), both.here.renderer.plain(closed)
    there = both.there.plain(shape)
    if not shape.generate or not all(isinstance(render, str) for render in (here, without, there)):
        return False
    begun = str(here)[len(str(without)) :] if str(here).startswith(str(without)) else ""
    return bool(new_words(" ".join(prose(begun)), SPOKEN, words(str(there))))


def _knows_tools(renderer: Renderer, shape: Shape) -> bool:
    render = renderer.plain(shape)
    return isinstance(render, str) and bool(words(render) & TOOL_NAMES)


def _with_own_system(both: Both) -> bool:
    return any("S" in shape.turns and not shape.tools for shape in both.texts)


def _only_first(both: Both, shape: Shape) -> bool:
    """Whether only what stands before the first text differs, and what is new there tells the model nothing to do."""
    here, there = both.here.renderer.plain(shape), both.there.plain(shape)
    if isinstance(here, Refusal) or isinstance(there, Refusal):
        return False
    starts = [min((at for text in contents(shape) if (at := one.find(text)) >= 0), default=0) for one in (here, there)]
    if here[starts[0] :] != there[starts[1] :]:
        return False
    added = new_words(" ".join(prose(here)), SPOKEN, words(there))
    return len(added) <= MAX_PROMPT and not _DIRECTIVES & set(added)


# ---------------------------------------------------------------------------------------------------------------------
# Other words, other days
# ---------------------------------------------------------------------------------------------------------------------


def _variant(both: Both, variant: Variant) -> None:
    """Both are the same with neutral words, white space aside."""
    here = both.here.renderer.render(variant.shape, variant.texts, now=variant.now)
    there = both.there.render(variant.shape, variant.texts, now=variant.now)
    if isinstance(here, Refusal) or isinstance(there, Refusal):
        if isinstance(here, Refusal) != isinstance(there, Refusal):
            kind = "marks" if variant.marker else "trigger"
            both.here.report(kind, f"with {variant.what} of {variant.shape}: one is refused, the other is not")
    elif canonical(here) != canonical(there):
        added = new_words(" ".join(prose(here)), SPOKEN, words(there))
        kind = "marks" if variant.marker and not added else "trigger"
        when = "" if variant.now == NOON or "the date" in variant.what else f" on {variant.now:%Y-%m-%d}"
        both.here.report(kind, f"with {variant.what}{when} in {variant.shape}: {_what(here, there)}")


def _what(here: str, there: str) -> str:
    one, other = segments(here, there)
    return f"it writes {shown(one)}, the other {shown(other)}"
