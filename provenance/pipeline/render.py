"""A report as one kind of output, with the words of the rules beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provenance.documents.report import Report, VerdictDocument


def render(kind: str, report: Report, verdict: VerdictDocument | None, *, terminal: bool = False) -> str:
    """`report` as text of one kind; `terminal` allows colour and the terminal's own width."""
    from provenance import outputs
    from provenance.checks import RULES
    from provenance.outputs.interface import RuleText

    words = {
        ident: RuleText(title=rule.title, meaning=rule.meaning, advice=rule.advice, severity=rule.severity)
        for ident, rule in RULES.items()
    }
    return outputs.render(kind, report, verdict, words, terminal=terminal)
