"""The front matter of the model card: which base model is declared, which relation to it, which licence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from provenance.facts import CardFact
from provenance.records import Unit
from provenance.surfaces.inspectors.interface import Buffered, Facts, InspectionContext, Inspector

if TYPE_CHECKING:
    from yaml import Node

CARD = "README.md"
MAX_FRONT_MATTER = 64 * 1024
MAX_DEPTH = 32

_OPENING = re.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n")
_CLOSING = re.compile(rb"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE)


def front_matter(file: str, data: bytes) -> CardFact:
    """What the YAML block that opens the card `data` declares. Values are read as plain text and never constructed."""
    opening = _OPENING.match(data)
    if not opening:
        return CardFact(file)
    closing = _CLOSING.search(data, opening.end())
    if not closing:
        return CardFact(file, error=f"the front matter does not end within {MAX_FRONT_MATTER} bytes")
    try:
        fields = dict(_fields(data[opening.end() : closing.start()].decode("utf-8")))
    except UnicodeDecodeError as error:
        return CardFact(file, error=f"byte {opening.end() + error.start} of the front matter is not UTF-8")
    except _CardError as error:
        return CardFact(file, error=str(error))
    return CardFact(
        file,
        base_models=fields.get("base_model", ()),
        relation=next(iter(fields.get("base_model_relation", ())), ""),
        licence=next(iter(fields.get("license", ())), ""),
    )


class _CardError(ValueError):
    """The front matter is not the YAML it should be."""


def _fields(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Top-level keys whose value is a text or a list of texts. A key that stands twice is an error."""
    import yaml

    root = _compose(text)
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        raise _CardError("the front matter is not a mapping")
    seen: set[str] = set()
    for key, value in root.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value in seen:
            raise _CardError(f"the key {key.value!r} stands twice in the front matter")
        seen.add(key.value)
        if isinstance(value, yaml.ScalarNode):
            yield key.value, (value.value,) if value.value else ()
        elif isinstance(value, yaml.SequenceNode):
            yield key.value, tuple(item.value for item in value.value if isinstance(item, yaml.ScalarNode))


def _compose(text: str) -> Node | None:
    """The tree of nodes. Aliases are refused: they have no place in a card, and make small texts large."""
    import yaml

    class Loader(yaml.BaseLoader):
        depth = 0

        def compose_node(self, parent: Node | None, index: int) -> Node | None:
            if self.check_event(yaml.AliasEvent):
                raise _CardError("the front matter holds an alias")
            if self.depth == MAX_DEPTH:
                raise _CardError(f"the front matter is nested deeper than {MAX_DEPTH}")
            self.depth += 1
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

    try:
        return yaml.compose(text, Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 2}" if mark else ""
        raise _CardError(f"the front matter is not YAML{where}") from None


def _make(unit: Unit, _context: InspectionContext) -> Buffered | None:
    return Buffered(MAX_FRONT_MATTER, _read) if unit.file == CARD else None


def _read(unit: Unit, data: bytes) -> Facts:
    return (front_matter(unit.file, data),)


CARD_FRONT_MATTER = Inspector("card", _make)
