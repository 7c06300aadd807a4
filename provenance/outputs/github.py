"""Annotations of a GitHub Actions job: workflow commands, to be written to the step's standard output.

GitHub shows ten of a kind for a step, so the verdict takes the first place and the worst findings the rest, one for
each rule and file. The gate is the exit code; these lines only tell a reader where to look.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provenance.outputs import rulings, wording
from provenance.outputs.escaping import command_data, command_property
from provenance.outputs.interface import Output, RuleText
from provenance.records import Outcome, Severity

if TYPE_CHECKING:
    from provenance.documents.report import FindingRow, Report, VerdictDocument

MAX_ANNOTATIONS = 10
MAX_PATH = 1024
"""A path is only of use whole; longer ones point nowhere."""

_LEVELS = {
    Severity.INFO: "notice",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
    Severity.CRITICAL: "error",
}
_VERDICT_LEVELS: dict[Outcome | None, str] = {
    Outcome.WARN: "warning",
    Outcome.UNDECIDED: "error",
    Outcome.DENIED: "error",
}


def render(report: Report, verdict: VerdictDocument | None, rules: Mapping[str, RuleText]) -> str:
    """One workflow command a line: the verdict, then the worst findings and the rules of the policy that failed."""
    head = wording.headline(report, verdict)
    level = _VERDICT_LEVELS.get(head.outcome, "notice")
    lines = [_command(level, f"{head.tag} {head.sentence}", title=report.subject.name)]
    found = rulings.with_rulings(report, verdict)
    rules = rulings.texts(rules, found)
    groups = wording.grouped(found, by_file=True)
    lines += [_annotation(report, group, rules) for group in groups[: MAX_ANNOTATIONS - 1]]
    left = len(groups) - (MAX_ANNOTATIONS - 1)
    if left > 0:
        lines.append(wording.and_more(left, hint=" rules and files with findings; the summary and the JSON have them"))
    return "".join(f"{line}\n" for line in lines)


def _annotation(report: Report, group: list[FindingRow], rules: Mapping[str, RuleText]) -> str:
    worst = group[0]
    title = rules[worst.rule].title if worst.rule in rules else ""
    more = wording.and_more(len(group) - 1, prefix=" (", hint=")") if len(group) > 1 else ""
    file = worst.location.file
    return _command(
        _LEVELS[worst.severity],
        f"{wording.place(worst)}: {worst.message}{more}",
        title=f"{worst.rule}: {title}" if title else worst.rule,
        file=wording.path_from_here(report, file) if file else "",
        line=str(worst.location.line or ""),
    )


def _command(level: str, message: str, **properties: str) -> str:
    given = ",".join(f"{name}={command_property(value, MAX_PATH)}" for name, value in properties.items() if value)
    return f"::{level} {given}::{command_data(message)}"


OUTPUT = Output(kind="github", suffix=".txt", render=render)
