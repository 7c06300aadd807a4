"""Markdown for the summary page of a GitHub Actions job (`$GITHUB_STEP_SUMMARY`), in the order of the table.

GitHub drops a summary over 1 MiB, so every list and every text is bounded; the JSON output holds all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from provenance.documents.predicates import most_changed
from provenance.documents.report import ClaimRow, FindingRow, LineageSummary, Report, VerdictDocument
from provenance.outputs import wording
from provenance.outputs.escaping import MAX_NAME, markdown
from provenance.outputs.interface import Output, RuleText
from provenance.outputs.next_step import next_step

MAX_TENSORS = 50
MAX_FINDINGS = 50
MAX_ROWS = 50
"""Gaps, attestations and rules shown, of each."""

_ELSEWHERE = "; the JSON output lists all of them."


def render(report: Report, verdict: VerdictDocument | None, rules: Mapping[str, RuleText]) -> str:
    """The summary; a part that has nothing to say is left out, the gaps never are."""
    parts = [_head(report, verdict)]
    if report.lineage is not None:
        parts.append(_lineage(report, report.lineage))
    if report.inputs.verb != "verify":  # it runs no checks, and "none" would sound as if it had
        parts.append(_findings(report.findings, rules))
    if report.attestations:
        parts.append(_attestations(report.attestations))
    parts.append(_gaps(report))
    if verdict is not None and wording.not_passed(verdict):
        parts.append(_policy(verdict))
    parts.append([f"**Next:** {markdown(next_step(report, verdict))}"])
    return "\n".join(line for part in parts for line in (*part, ""))


def _head(report: Report, verdict: VerdictDocument | None) -> list[str]:
    head, subject = wording.headline(report, verdict), report.subject
    rows = [
        ("model", _code(subject.name)),
        ("kind", markdown(wording.describe(subject))),
    ]
    rows += [(label, markdown(text) if " " in text else _code(text)) for label, text in wording.names(subject)]
    return [f"### {markdown(head.tag, MAX_NAME)}", "", markdown(head.sentence), "", *_table(("", ""), rows)]


def _lineage(report: Report, lineage: LineageSummary) -> list[str]:
    changed = most_changed(report)
    lines = [
        f"#### To its base: {wording.relations(lineage.relations)}",
        "",
        f"The base is {_code(lineage.base)}, sha256 {_code(lineage.base_sha256)}. {markdown(lineage.basis)}",
    ]
    if changed:
        cells = wording.changes(report, changed[:MAX_TENSORS])
        rows = ((_code(name), *map(markdown, numbers)) for name, *numbers in cells)
        lines += ["", *_table([markdown(column) for column in wording.CHANGE_COLUMNS], rows)]
    return lines + _more(len(changed) - MAX_TENSORS, "changed tensors")


def _findings(findings: Sequence[FindingRow], rules: Mapping[str, RuleText]) -> list[str]:
    lines = [f"#### Findings: {wording.tally(findings)}"]
    worst = [finding for group in wording.grouped(findings) for finding in group][:MAX_FINDINGS]
    if worst:
        rows = (
            (
                finding.severity.value,
                _code(finding.rule) + (f"<br>{markdown(rules[finding.rule].title)}" if finding.rule in rules else ""),
                _code(wording.place(finding)),
                markdown(finding.message) + (f"<br>{markdown(finding.advice)}" if finding.advice else ""),
            )
            for finding in worst
        )
        lines += ["", *_table(("severity", "rule", "where", "what, and what to do"), rows)]
    return lines + _more(len(findings) - MAX_FINDINGS, "findings")


def _attestations(claims: Sequence[ClaimRow]) -> list[str]:
    rows = (
        ("verified" if row.verified else "**failed**", markdown(wording.claim(row)), _code(row.source))
        for row in sorted(claims, key=lambda row: row.verified)[:MAX_ROWS]
    )
    table = _table(("attestation", "what became of it", "from"), rows)
    return ["#### Attestations presented", "", *table, *_more(len(claims) - MAX_ROWS, "attestations")]


def _gaps(report: Report) -> list[str]:
    found = wording.gaps(report)
    if not found:
        return ["#### Not looked at: nothing", "", f"Read in full: {markdown(wording.coverage(report))}."]
    table = _table(("what", "why"), ((_code(gap.what), markdown(gap.why)) for gap in found[:MAX_ROWS]))
    return ["#### Not looked at", "", *table, *_more(len(found) - MAX_ROWS, "gaps")]


def _policy(verdict: VerdictDocument) -> list[str]:
    broken = wording.not_passed(verdict)
    rows = ((row.result.value, _code(row.rule), markdown(row.message)) for row in broken[:MAX_ROWS])
    title = f"#### Rules of policy {markdown(verdict.policy, MAX_NAME)} that did not pass"
    return [title, "", *_table(("result", "rule", "why"), rows), *_more(len(broken) - MAX_ROWS, "rules")]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """A name in the type of code. Not a code span: inside one, backslashes would not escape."""
    return f"<code>{markdown(text, MAX_NAME)}</code>"


def _more(n: int, what: str) -> list[str]:
    return ["", f"and {n:,} more {what}{_ELSEWHERE}"] if n > 0 else []


OUTPUT = Output(kind="summary", suffix=".md", render=render)
