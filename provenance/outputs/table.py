"""The page a person reads at a terminal: the verdict first, then what it rests on, what was not looked at, what to do.

It reads the same without colour and fits 80 columns. Text reaches the console through `_Page` alone, as values that
are never markup and always one printable line.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from provenance.documents.predicates import most_changed
from provenance.documents.report import ClaimRow, FindingRow, LineageSummary, Report, Subject, VerdictDocument
from provenance.outputs import wording
from provenance.outputs.escaping import MAX_NAME, MAX_TEXT, ascii_only, plain
from provenance.outputs.interface import Output, RuleText, Screen
from provenance.outputs.next_step import after_verification, next_step
from provenance.outputs.tensor_names import fitted
from provenance.records import Outcome, RuleResult, Severity

MAX_TENSORS = 10
MAX_FINDINGS = 20
MAX_ROWS = 20
"""Gaps, attestations and rules shown, of each."""

_ELSEWHERE = "; -o json=report.json lists all"
_LABEL = 13
"""Columns of a label, at least: with two of margin, a digest of 64 still fits beside one at 80."""
_LONGEST_LABEL = 24

_OUTCOME_STYLES = {
    None: "bold",
    Outcome.PASS: "bold green",
    Outcome.WARN: "bold yellow",
    Outcome.UNDECIDED: "bold yellow",
    Outcome.DENIED: "bold red",
}
_SEVERITY_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "",
}
_RESULT_STYLES = {RuleResult.FAIL: "red", RuleResult.UNKNOWN: "yellow", RuleResult.WARN: "yellow"}


def render(
    report: Report, verdict: VerdictDocument | None, rules: Mapping[str, RuleText], screen: Screen | None = None
) -> str:
    """The page of one run; without a verdict, the relation to the base stands first."""
    if report.inputs.verb == "verify" and verdict is not None:
        return render_verification(report.subject, report.attestations, verdict, screen)
    page = _Page(screen or Screen())
    page.headline(wording.headline(report, verdict))
    _model(page, report.subject)
    if report.lineage is not None:
        _lineage(page, report, report.lineage)
    _findings(page, report.findings, rules)
    if report.attestations:
        _attestations(page, report.attestations)
    _gaps(page, report)
    _policy(page, verdict)
    page.section("Next", next_step(report, verdict))
    return page.text()


def render_verification(
    subject: Subject, claims: Sequence[ClaimRow], verdict: VerdictDocument, screen: Screen | None = None
) -> str:
    """The page of `verify`: what the signers said, recomputed from disk and judged."""
    page = _Page(screen or Screen())
    page.headline(wording.judged(verdict))
    _model(page, subject)
    _attestations(page, claims)
    _left_out(page, subject)
    _policy(page, verdict)
    page.section("Next", after_verification(claims, verdict))
    return page.text()


# ---------------------------------------------------------------------------------------------------------------------
# The sections, in the order a reader asks
# ---------------------------------------------------------------------------------------------------------------------


def _model(page: _Page, subject: Subject) -> None:
    page.section("Model")
    rows = [("name", subject.name), ("kind", wording.describe(subject)), *wording.names(subject)]
    page.rows((label, text, "") for label, text in rows)


def _lineage(page: _Page, report: Report, lineage: LineageSummary) -> None:
    page.section("To its base")
    rows = [
        ("base", lineage.base, ""),
        ("sha256", lineage.base_sha256, ""),
        ("relation", wording.relations(lineage.relations), "bold"),
    ]
    possible = [relation for relation in lineage.possible if relation not in lineage.relations]
    if possible:
        rows.append(("not excluded", ", ".join(possible), ""))
    page.rows([*rows, ("because", lineage.basis, "")])
    changed = most_changed(report)
    if changed:
        page.line()
        page.columns(wording.CHANGE_COLUMNS, wording.changes(report, changed[:MAX_TENSORS]))
    page.more(len(changed) - MAX_TENSORS, f" ({wording.states(changed[MAX_TENSORS:])})")


def _left_out(page: _Page, subject: Subject) -> None:
    """Files that the digest does not cover; silence about them could be taken for a look at them."""
    if subject.excluded:
        page.section("Not looked at", "left out of the digest by rule:")
        page.rows(("", path, "") for path in subject.excluded[:MAX_ROWS])
        page.more(len(subject.excluded) - MAX_ROWS)


def _findings(page: _Page, findings: Sequence[FindingRow], rules: Mapping[str, RuleText]) -> None:
    page.section("Findings", f"{wording.tally(findings)}.")
    left = MAX_FINDINGS
    for group in wording.grouped(findings):
        shown = group[:left]
        if not shown:
            break
        left -= len(shown)
        worst = group[0]
        title = f": {rules[worst.rule].title}" if worst.rule in rules else ""
        page.line()
        page.tagged(worst.severity.value, f"{worst.rule}{title}", _SEVERITY_STYLES[worst.severity])
        for finding in shown:
            milder = "" if finding.severity is worst.severity else f" ({finding.severity.value})"
            page.paragraph(f"{wording.place(finding)}: {finding.message}{milder}", indent=4)
        for advice in dict.fromkeys(finding.advice for finding in shown if finding.advice):
            page.paragraph(f"> {advice}", indent=4, style="dim")
    page.more(len(findings) - MAX_FINDINGS)


def _attestations(page: _Page, claims: Sequence[ClaimRow]) -> None:
    verified = sum(row.verified for row in claims)
    page.section("Attestations", f"{wording.counted(len(claims), 'attestation')} presented, {verified:,} verified.")
    ordered = sorted(claims, key=lambda row: row.verified)
    page.rows(
        ("verified", f"{wording.claim(row)} [{row.source}]", "green")
        if row.verified
        else ("failed", f"{wording.claim(row)} [{row.source}]", "red")
        for row in ordered[:MAX_ROWS]
    )
    page.more(len(claims) - MAX_ROWS)


def _gaps(page: _Page, report: Report) -> None:
    found = wording.gaps(report)
    if not found:
        page.section("Not looked at", f"nothing was left out: {wording.coverage(report)}.")
        return
    page.section("Not looked at")
    page.rows((gap.what, gap.why, "yellow" if gap.asked else "") for gap in found[:MAX_ROWS])
    page.more(len(found) - MAX_ROWS)


def _policy(page: _Page, verdict: VerdictDocument | None) -> None:
    broken = wording.not_passed(verdict) if verdict is not None else []
    if verdict is None or not broken:
        return
    page.section(
        "Policy", f"{verdict.policy}: {len(broken):,} of {wording.counted(len(verdict.rules), 'rule')} did not pass."
    )
    page.rows((row.result.value, f"{row.rule}: {row.message}", _RESULT_STYLES[row.result]) for row in broken[:MAX_ROWS])
    page.more(len(broken) - MAX_ROWS)


# ---------------------------------------------------------------------------------------------------------------------
# The page
# ---------------------------------------------------------------------------------------------------------------------


class _Page:
    """Lines on one console. Every text is escaped on its way in and becomes a `Text`, never markup."""

    def __init__(self, screen: Screen) -> None:
        self._unicode = screen.unicode
        self._written = io.StringIO()
        self._console = Console(
            file=self._written,
            width=max(40, min(screen.width, 120)),
            height=1000,
            force_terminal=screen.color,
            no_color=not screen.color,
            color_system="standard" if screen.color else None,
            force_jupyter=False,
            force_interactive=False,
            legacy_windows=False,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def headline(self, head: wording.Headline) -> None:
        """The verdict; what wraps stays clear of the first column, where a verdict would stand."""
        self._grid([(head.tag, head.sentence, _OUTCOME_STYLES[head.outcome])], style="", indent=0)

    def section(self, title: str, text: str = "") -> None:
        """A blank line and a heading, with what there is to say in a sentence beside it."""
        self.line()
        if text:
            self._grid([(title, text, "")], style="bold", indent=0)
        else:
            self._console.print(Text(title, "bold"))

    def rows(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """(label, text, style of the label), the texts aligned."""
        self._grid(list(rows), style="", indent=2)

    def columns(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A name and its numbers; a long name loses parts of its middle, or goes on in the next line."""
        numbers = [max(cell_len(row[column]) for row in (header, *rows)) + 2 for column in range(1, len(header))]
        names = fitted(
            [row[0] for row in rows], self._console.width - 2 - sum(numbers), measure=cell_len, unicode=self._unicode
        )
        table = Table.grid(padding=(0, 2, 0, 0), collapse_padding=True)
        table.add_column(overflow="fold")
        for _ in header[1:]:
            table.add_column(justify="right", no_wrap=True)
        table.add_row(*(self._safe(cell, "bold") for cell in header))
        for name, row in zip(names, rows, strict=True):
            table.add_row(Text(name), *(self._safe(cell, limit=MAX_NAME) for cell in row[1:]))
        self._put(table, indent=2)

    def tagged(self, tag: str, text: str, style: str) -> None:
        """`text` behind a coloured word."""
        self._put(self._safe(tag, style).append("  ").append_text(self._safe(text, "bold")), indent=2)

    def paragraph(self, text: str, *, indent: int, style: str = "") -> None:
        """Wrapped text."""
        self._put(self._safe(text, style), indent=indent)

    def more(self, n: int, which: str = "") -> None:
        """What a list left out, if anything."""
        if n > 0:
            self.paragraph(wording.and_more(n, hint=which + _ELSEWHERE), indent=2)

    def line(self) -> None:
        """A blank line."""
        self._console.print()

    def text(self) -> str:
        """All that was written."""
        return "".join(f"{line.rstrip()}\n" for line in self._written.getvalue().splitlines())

    def _grid(self, rows: list[tuple[str, str, str]], *, style: str, indent: int) -> None:
        labels = [self._safe(label, given or style, MAX_NAME) for label, _, given in rows]
        width = min(_LONGEST_LABEL, max([_LABEL - indent, *(label.cell_len for label in labels)]))
        table = Table.grid(padding=(0, 2, 0, 0), collapse_padding=True)
        table.add_column(width=width, overflow="fold")
        table.add_column(overflow="fold")
        for label, (_, text, _) in zip(labels, rows, strict=True):
            table.add_row(label, self._safe(text))
        self._put(table, indent=indent)

    def _put(self, what: Text | Table, *, indent: int) -> None:
        self._console.print(Padding(what, (0, 0, 0, indent)))

    def _safe(self, text: str, style: str = "", limit: int = MAX_TEXT) -> Text:
        text = plain(text, limit)
        return Text(text if self._unicode else ascii_only(text), style)


OUTPUT = Output(kind="table", suffix=".txt", render=render)
