"""The generated part of docs/policy.md: every key of a policy, from the schema that is published."""

from __future__ import annotations

from typing import Any

from provenance.documents.policy import FORMS
from provenance.documents.schemas import schema

BEGIN = "<!-- keys: begin, made by `python -m provenance.documents --reference` -->\n"
END = "<!-- keys: end -->\n"

_HEADINGS = {"signer": "[signer.NAME]", "attestations": "[[attestations]]", "exception": "[[exception]]"}


def splice(page: str) -> str:
    """`page` with what stands between the two markers made anew. Raises `ValueError` where it lacks one."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page lacks the markers between which the keys stand")
    return f"{before}{begin}\n{keys()}\n{end}{after}"


def keys() -> str:
    """One Markdown table for each table of a policy, in the order of the file."""
    whole = schema("policy/v1")
    sections = [_section("Top of the file", whole, whole)]
    for name, part in whole["properties"].items():  # type: ignore[attr-defined]
        if (table := _table(part, whole)) is not None:
            sections.append(_section(f"`{_HEADINGS.get(name, f'[{name}]')}`", table, whole))
    return "\n".join(sections)


def _section(heading: str, table: dict[str, Any], whole: dict[str, Any]) -> str:
    rows = [
        f"| `{name}` | {_values(part, whole)} | {_default(name, part, table)} | {_flat(part.get('description', ''))} |"
        for name, part in table["properties"].items()
        if _table(part, whole) is None
    ]
    head = ["| key | value | default | meaning |", "|---|---|---|---|"]
    return "\n".join([f"### {heading}", "", _flat(table["description"]), "", *head, *rows, ""])


def _table(part: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any] | None:
    """The table that a key of the root opens, through arrays and names; None where it holds a plain value."""
    part = part.get("items", part)
    part = next(iter(part.get("patternProperties", {}).values()), part)
    named = _resolved(part, whole)
    return named if "properties" in named else None


def _resolved(part: dict[str, Any], whole: dict[str, Any]) -> dict[str, Any]:
    reference = part.get("$ref", "")
    return dict(whole["$defs"][reference.rpartition("/")[2]]) if reference else part


def _values(part: dict[str, Any], whole: dict[str, Any]) -> str:
    part = _resolved(part, whole)
    match part:
        case {"anyOf": options} | {"oneOf": options}:
            return " or ".join(_values(option, whole) for option in options if option.get("type") != "null")
        case {"const": value}:
            return f"`{value}`" if isinstance(value, int) else f'`"{value}"`'
        case {"enum": values}:
            return " ".join(f'`"{value}"`' for value in values)
        case {"type": "array", "items": items}:
            return f"list of: {_values(items, whole)}"
        case {"format": "date"}:
            return "date"
        case {"pattern": pattern}:
            return FORMS[pattern]
        case _:
            return "text"


def _default(name: str, part: dict[str, Any], table: dict[str, Any]) -> str:
    if name in table.get("required", ()):
        return "**required**"
    match part.get("default"):
        case None:
            return "none"
        case []:
            return "`[]`"
        case value:
            return f'`"{value}"`'


def _flat(text: str) -> str:
    return " ".join(text.split())
