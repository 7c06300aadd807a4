"""`provenance explain`: a rule's page, from the code, so that an installed package needs no docs folder."""

from __future__ import annotations

import difflib

from provenance.errors import UsageError


def explain(rule: str | None) -> str:
    """The page of `rule`, or the list of all rules. An unknown name raises `UsageError` with the nearest ones."""
    from provenance.checks import RULES, page

    if rule is None:
        width = max(map(len, RULES))
        rows = [f"{ident:<{width}}  {RULES[ident].severity.value:<8}  {RULES[ident].title}" for ident in sorted(RULES)]
        return "\n".join([*rows, "", "provenance explain RULE tells more.", ""])
    if rule not in RULES:
        near = difflib.get_close_matches(rule, RULES, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "provenance explain lists all rules"
        raise UsageError(f"no rule {rule!r}", todo=hint)
    return page(RULES[rule])
