"""Rules of the policy that did not pass, in the shape of findings, for outputs that list nothing else.

`verify` finds nothing by itself, and a check can be undecided without a finding. A gate that stops a change there has
to say so where its reader looks: among the results and the annotations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from provenance.outputs.interface import RuleText
from provenance.outputs.wording import blame, not_passed
from provenance.records import Confidence, RuleResult, Severity

if TYPE_CHECKING:
    from provenance.documents.report import FindingRow, Report, VerdictDocument

PREFIX = "policy-"
"""Begins the rule id of a ruling: `policy-lineage-relations` for the policy's rule `lineage.relations`."""

TEXT = RuleText(
    title="a rule of the policy did not pass",
    meaning="The policy asks for something that this model does not meet, or that could not be told. The message says "
    "what, and begins with the name of the rule.",
    advice="See the summary or the JSON output for all rules, and the policy for what it allows.",
    severity=Severity.ERROR,
)


def with_rulings(report: Report, verdict: VerdictDocument | None) -> list[FindingRow]:
    """The findings, and every rule that denied or left the verdict undecided as one more.

    What made the verdict is an error; what could not be told beside a denial is a warning. Rules about findings are
    left out where the findings themselves are there.
    """
    from provenance.documents.report import FindingRow, LocationRow

    rows = list(report.findings)
    if verdict is None:
        return rows
    blamed = {row.result for row in blame(verdict)}
    for row in not_passed(verdict):
        if row.result is RuleResult.WARN or (row.rule.startswith("findings.") and report.findings):
            continue
        rows.append(
            FindingRow(
                rule=_ident(row.rule),
                severity=Severity.ERROR if row.result in blamed else Severity.WARNING,
                confidence=Confidence.HIGH,
                message=f"{row.rule}: {row.message}",
                advice="",
                location=LocationRow(),
            )
        )
    return rows


def texts(rules: Mapping[str, RuleText], rows: Iterable[FindingRow]) -> Mapping[str, RuleText]:
    """`rules`, and the words for each ruling among `rows`."""
    ours = {row.rule: TEXT for row in rows if row.rule.startswith(PREFIX)}
    return MappingProxyType({**ours, **rules})


def _ident(rule: str) -> str:
    """The rule's name in lower kebab-case; that of an attestation may hold a whole URI."""
    return (PREFIX + re.sub(r"[^a-z0-9]+", "-", rule.lower())).strip("-").replace("--", "-")
