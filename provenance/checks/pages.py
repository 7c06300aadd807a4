"""A rule's page, whole, from the rule itself: what docs/checks/ holds and `provenance explain` prints."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import fill

from provenance.checks.interface import Check, Rule

_WIDTH = 120


def page(rule: Rule) -> str:
    """The page of `rule`, in Markdown that reads as plain text too."""
    sections = {
        "What it means": rule.meaning,
        "Why it matters": rule.why,
        "What to do": rule.advice,
        "How to accept it": rule.accept,
    }
    lines = [
        f"# {rule.ident}",
        "",
        f"{rule.title[0].upper()}{rule.title[1:]}.",
        "",
        f"severity: **{rule.severity.value}** · confidence: **{rule.confidence.value}**",
    ]
    for title, text in sections.items():
        lines += ["", f"## {title}", "", _wrapped(text)]
        if text is rule.why:
            lines += ["", "## Example", "", f"    {rule.example}"]
    if rule.references:
        lines += ["", "## References", "", *(f"* {reference}" for reference in rule.references)]
    return "\n".join([*lines, ""])


def index(checks: Iterable[Check]) -> str:
    """The list of all rules, in Markdown."""
    rows = {
        rule.ident: f"| [{rule.ident}]({rule.ident}.md) | {rule.severity.value} | {rule.title} | {check.ident} |"
        for check in checks
        for rule in check.rules
    }
    head = [
        "# Rules",
        "",
        "Every finding has one of these rules. `provenance explain RULE` prints the same pages. They are written by",
        "`python -m provenance.checks` from the rules themselves; edit those.",
        "",
        "| rule | severity | what was found | check |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *(rows[ident] for ident in sorted(rows)), ""])


def write(checks: Iterable[Check], folder: Path) -> None:
    """Write all pages and their index into `folder`, and remove pages of rules that are no more."""
    checks = tuple(checks)
    pages = {f"{rule.ident}.md": page(rule) for check in checks for rule in check.rules}
    pages["README.md"] = index(checks)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    for old in folder.glob("*.md"):
        if old.name not in pages:
            old.unlink()


def _wrapped(text: str) -> str:
    return fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
