"""What a template does to conversations, judged by itself.

A template is a function of roles, tools and settings; of what is said it is not. So a render with other words must be
the same render with those words in it (a metamorphic test: no other template is needed to compare with). Exceptions
that honest templates make: white space at the ends, escapes of JSON and HTML, dates, and marks such as `</think>`, for
which they cut a text short; those may remove words, and add none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from provenance.surfaces.jinja import additions, orders, structure
from provenance.surfaces.jinja.conversations import (
    NAMES,
    PARAMETER,
    PLAIN,
    SHAPES,
    TOOL,
    Form,
    Shape,
    adapted,
    contents,
    neutral,
    turns,
)
from provenance.surfaces.jinja.dialect import NOON
from provenance.surfaces.jinja.mining import Mined
from provenance.surfaces.jinja.rendering import Refusal, Renderer
from provenance.surfaces.jinja.variants import Variant, counts, dates, expected, in_slot, varied
from provenance.surfaces.jinja.words import canonical, common, new_words, segments, shown, undated, words

Difference = tuple[str, str]
"""Kind and plain words."""

MAX_SHOWN = 3
"""Of one kind."""
MAX_NAMES, MAX_DOTTED = 60, 4
_DOTTED = re.compile(r"(?:[A-Za-z_]\w*\.)+[A-Za-z_]\w*")
_NEEDS_SPEECH = frozenset({"drops", "drops-system", "rewrites", "repeats", "reorders", "role", "prefill"})
"""Kinds that compare what was said with what is in the prompt."""
_SCHEMA = frozenset(
    [
        "type",
        "properties",
        "required",
        "description",
        "items",
        "enum",
        "default",
        "name",
        "parameters",
        "nullable",
        "format",
        "title",
        "return",
    ]
)
"""Names that mean something in a schema, and so are no names of parameters to try."""


@dataclass(slots=True)
class Session:
    """A template, what it makes of neutral conversations, and what was found so far."""

    renderer: Renderer
    form: Form
    known: set[str] = field(default_factory=set)
    """Every word of a neutral render, so every word that the template writes of itself."""
    found: dict[str, list[str]] = field(default_factory=dict)
    unheard: bool = False
    """Whether nothing that is said reaches the prompt. That is no fault: it may be for other roles than are tried."""

    def report(self, kind: str, detail: str) -> None:
        """Keep the first of each kind."""
        if self.unheard and kind in _NEEDS_SPEECH:
            return
        details = self.found.setdefault(kind, [])
        if len(details) < MAX_SHOWN and detail not in details:
            details.append(detail)

    def full(self, kind: str) -> bool:
        """Whether more of `kind` would not be kept."""
        return len(self.found.get(kind, ())) >= MAX_SHOWN

    def shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        """In the form of this template."""
        return adapted(shapes, self.form)


def form_of(renderer: Renderer) -> Form | None:
    """The form in which what the user says reaches the prompt; None where it does in none."""
    for form in (Form(), Form(listed=True), Form(documents=True), Form(listed=True, documents=True)):
        for shape in adapted((Shape("U"), Shape("UAU"), Shape("SU")), form):
            render = renderer.plain(shape)
            if isinstance(render, str) and neutral(len(shape.turns) - 1) in render:
                return replace(form, texted=_texted(renderer, form))
    return None


def _texted(renderer: Renderer, form: Form) -> bool:
    """Whether arguments are wanted as text: where an object is refused and a text is not."""
    called = [adapted([Shape("UCTAU", tools=1)], replace(form, texted=texted))[0] for texted in (False, True)]
    return [isinstance(renderer.plain(shape), Refusal) for shape in called] == [True, False]


def examine(session: Session, mined: Mined) -> None:
    """Everything that is found is reported to the session."""
    renderer, form = session.renderer, session.form
    for shape in session.shapes(*SHAPES):
        render = renderer.plain(shape)
        if isinstance(render, str):
            session.known |= words(render)
    for shape in session.shapes(*(Shape(turns_) for turns_ in PLAIN)):
        _everything_said(session, shape)
    for shape in session.shapes(Shape("UU"), Shape("UAUU")):
        _every_question(session, shape)
    for shape in session.shapes(Shape("SU", tools=1), Shape("UCTAU", tools=1)):
        _any_name(session, shape, mined)
    structure.examine(session.renderer, session.shapes, session.report)
    additions.examine(session.renderer, session.shapes, session.report)
    orders.examine(session.renderer, session.shapes, session.report)
    for variant in varied(mined, form):
        if not session.full("trigger"):
            _same_but_for_words(session, variant)
    _any_length(session, mined)
    _any_date(session, mined)


# ---------------------------------------------------------------------------------------------------------------------
# What was said must be in the prompt
# ---------------------------------------------------------------------------------------------------------------------


def _everything_said(session: Session, shape: Shape) -> None:
    render = session.renderer.plain(shape)
    if isinstance(render, Refusal):
        return  # some templates take no system message; that they say so is honest
    places = []
    for turn, text in zip(shape.turns, contents(shape), strict=False):
        count = render.count(text)
        if not count:
            altered = _is_altered(text, render)
            kind = "rewrites" if altered else "drops-system" if turn == "S" else "drops"
            session.report(kind, f"in {shape}: {NAMES[turn]} is {'not as it was' if altered else 'gone'}")
        elif count > 1:
            session.report("repeats", f"in {shape}: {NAMES[turn]} stands {count} times in the prompt")
        elif turn != "S":
            places.append(render.find(text))
    if places != sorted(places):
        session.report("reorders", f"in {shape}: the turns are in another order")


def _every_question(session: Session, shape: Shape) -> None:
    """Two user turns in a row are refused, or both are in the prompt."""
    render = session.renderer.plain(shape)
    for turn, text in zip(shape.turns, contents(shape), strict=False):
        if turn == "U" and isinstance(render, str) and text not in render:
            session.report("drops", f"in {shape}: {NAMES[turn]} is gone")


def _any_name(session: Session, shape: Shape, mined: Mined) -> None:
    """With a tool of another name, and another argument, the prompt is the same with these in it."""
    plain = session.renderer.plain(shape)
    for name, argument in _named(mined) if isinstance(plain, str) else ():
        named = replace(shape, named=name)
        *texts, neutral_argument = contents(named)
        render = session.renderer.render(named, [*texts, argument or neutral_argument])
        wanted = str(plain).replace(TOOL, name).replace(PARAMETER, name)
        wanted = wanted.replace(neutral_argument, argument or neutral_argument)
        # Parameters may be sorted by their names, so the order of letters proves nothing.
        if isinstance(render, str) and sorted(canonical(render)) != sorted(canonical(wanted)):
            here, there = segments(render, wanted)
            what = f"it writes {shown(here)} where it otherwise writes {shown(there)}"
            given = f"an argument {name} = {argument!r}" if argument else f"a tool and an argument named {name!r}"
            session.report("trigger", f"with {given} in {shape}: {what}")


def _named(mined: Mined) -> Iterator[tuple[str, str]]:
    """Names of tools and arguments to try, and values of those that are read by a dotted name."""
    words = [word for word in mined.words if word.isidentifier() and word not in _SCHEMA]
    dotted = [word.rpartition(".")[2] for word in mined.words if _DOTTED.fullmatch(word)]
    yield from ((name, "") for name in dict.fromkeys((*words[:MAX_NAMES], *dotted[:MAX_NAMES])))
    yield from product(dotted[:MAX_DOTTED], words[:MAX_NAMES])


def _is_altered(text: str, render: str) -> bool:
    """Whether something of a text that is gone is left."""
    low = render.lower()
    return any(word in low or word[::-1] in low for word in text.split())


# ---------------------------------------------------------------------------------------------------------------------
# Other words, the same render
# ---------------------------------------------------------------------------------------------------------------------


def _same_but_for_words(session: Session, variant: Variant) -> None:
    plain = session.renderer.plain(variant.shape, variant.now)
    if isinstance(plain, Refusal):
        return
    difference = _difference(session, variant, plain)
    if difference:
        named = _narrowed(session, variant, plain) or (variant, difference)
        session.report(named[1][0], f"with {named[0].what} of {variant.shape}: {named[1][1]}")


def _difference(session: Session, variant: Variant, plain: str) -> Difference | None:
    render = session.renderer.render(variant.shape, variant.texts, now=variant.now)
    if isinstance(render, Refusal):
        return None if variant.marker else ("trigger", f"it is refused ({render.reason})")
    wanted = expected(plain, variant.shape, variant.texts)
    if render == wanted or canonical(render) == canonical(wanted):
        return None
    here, there = segments(render, wanted)
    added = new_words(render, session.known, *(words(text) for text in variant.texts), words(wanted))
    # A mark that turns into a role would let whoever writes a document speak as the system.
    promoted = len(structure.roles(render)) > len(structure.roles(wanted))
    if variant.marker and not added and not promoted and _others_intact(variant, plain, render):
        return None
    # What belongs to the last question stands at each that is the same one: all of it is in the neutral prompt too.
    if variant.alike and not promoted and not new_words(render, words(plain), *map(words, variant.texts)):
        return None
    if _inside_a_text(render, wanted, variant.texts):
        return "rewrites", f"it writes {shown(here)} for {shown(there)}"
    return "trigger", f"it writes {shown(here)} where it otherwise writes {shown(there)}"


def _inside_a_text(render: str, wanted: str, texts: tuple[str, ...]) -> bool:
    """Whether something in the middle of one content is what differs, so that nothing else was touched."""
    start, stop = common(render, wanted)
    if start == len(wanted) - stop:
        return False  # nothing is gone: something was added
    place = 0
    for text in texts:
        found = wanted.find(text, place) if text else -1
        if found >= 0:
            place = found + len(text)
            if found <= start and len(wanted) - stop <= place:
                return True
    return False


def _others_intact(variant: Variant, plain: str, render: str) -> bool:
    """A mark may cut the text that it stands in, and no other."""
    texts = [(old, new) for old, new in zip(contents(variant.shape), variant.texts, strict=True)]
    if all(old != new for old, new in texts):
        return True
    return all(new in render for old, new in texts if old == new and old in plain)


def _narrowed(session: Session, variant: Variant, plain: str) -> tuple[Variant, Difference] | None:
    """The one turn that is enough, and the one word, where one is."""
    if not variant.what.endswith(" in every text"):
        return None
    what = variant.what.removesuffix(" in every text")
    for slot in reversed(range(len(variant.texts))):
        if slot >= len(variant.shape.turns) and not variant.shape.tools:
            continue
        last = slot == len(variant.shape.turns) - 1
        name = "the last turn" if last else NAMES[f"{variant.shape.turns}tc"[slot]]
        tried = [(f"{shown(word)} in {name}", word) for word in variant.pack]
        for said, text in [(f"{what} in {name}", variant.texts[slot]), *tried][:: -1 if variant.pack else 1]:
            said += "" if variant.now == NOON else f" on {variant.now:%Y-%m-%d %H:%M}"
            one = in_slot(said, variant.shape, slot, text, marker=variant.marker, now=variant.now)
            difference = _difference(session, one, plain)
            if difference:
                return one, difference
    return None


# ---------------------------------------------------------------------------------------------------------------------
# More turns, another day
# ---------------------------------------------------------------------------------------------------------------------


def _any_length(session: Session, mined: Mined) -> None:
    numbers = counts(mined)
    for system, tools in ((False, 0), (True, 0), (True, 1)):
        renders: dict[int, tuple[Shape, str]] = {}
        for count in numbers:
            (shape,) = session.shapes(turns(count, system=system, tools=tools))
            render = session.renderer.plain(shape)
            if isinstance(render, str):
                renders[count] = shape, render
            elif renders and not session.full("trigger"):
                session.report("trigger", f"with {count} turns: it is refused ({render.reason})")
        for detail in structure.irregular(renders):
            session.report("trigger", detail)


def _any_date(session: Session, mined: Mined) -> None:
    if not session.renderer.environment.asked_the_time:
        return
    shapes = session.shapes(Shape("U"), Shape("SUAU"), Shape("SU", tools=1), Shape("UAUAUAU"))
    for now in dates(mined):
        for shape in shapes:
            plain, then = session.renderer.plain(shape), session.renderer.plain(shape, now)
            if isinstance(plain, Refusal):
                continue
            if isinstance(then, Refusal):
                session.report("trigger", f"on {now:%Y-%m-%d %H:%M} {shape} is refused ({then.reason})")
            elif canonical(undated(plain)) != canonical(undated(then)):
                here, there = segments(undated(then), undated(plain))
                what = f"it writes {shown(here)} where it otherwise writes {shown(there)}"
                session.report("trigger", f"on {now:%Y-%m-%d %H:%M} in {shape}: {what}")
    if mined.words:
        for variant in _dated_packs(session, mined):
            _same_but_for_words(session, variant)


def _dated_packs(session: Session, mined: Mined) -> Iterator[Variant]:
    pack = " ".join(mined.words)
    for now in dates(mined):
        for shape in session.shapes(Shape("SUAU")):
            texts = tuple(f"{pack} {text} {pack}" for text in contents(shape))
            what = f"all words that the template looks for, on {now:%Y-%m-%d %H:%M}, in every text"
            yield Variant(what, shape, texts, now=now, pack=mined.words)
