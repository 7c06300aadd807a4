"""The words that every output for people shares: the verdict in a sentence, the findings, the gaps, the tensors.

Nothing is escaped here: each output does so where it writes.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from provenance.documents import URI_AUTHORITY
from provenance.records import Assurance, ModelKind, Outcome, Relation, RuleResult, Severity, TensorState

if TYPE_CHECKING:
    from provenance.documents.report import (
        ClaimRow,
        FindingRow,
        Report,
        RuleRow,
        SkippedRow,
        Subject,
        TensorRow,
        VerdictDocument,
    )

TAGS = {
    Outcome.PASS: "PASS",
    Outcome.WARN: "PASS WITH WARNINGS",
    Outcome.UNDECIDED: "UNDECIDED",
    Outcome.DENIED: "DENIED",
}
_BLAMED = {Outcome.DENIED: RuleResult.FAIL, Outcome.UNDECIDED: RuleResult.UNKNOWN, Outcome.WARN: RuleResult.WARN}


@dataclass(frozen=True, slots=True)
class Headline:
    """The first line: what a reader who reads no further must know."""

    tag: str
    sentence: str
    outcome: Outcome | None
    """None where no policy judged."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that was not looked at."""

    what: str
    why: str
    asked: bool
    """It was asked for, or belongs to the model: the gap may decide the verdict."""


# ---------------------------------------------------------------------------------------------------------------------
# The verdict
# ---------------------------------------------------------------------------------------------------------------------


def headline(report: Report, verdict: VerdictDocument | None) -> Headline:
    """The verdict; without one what the candidate is to its base; without a base that nobody judged."""
    if verdict is not None:
        return judged(verdict, unseen=len(gaps(report)))
    if report.lineage is not None:
        sentence = f"is what {report.subject.name} is to {report.lineage.base}."
        return Headline(", ".join(report.lineage.relations), sentence, None)
    return Headline("NOT JUDGED", f"no policy was asked; findings: {tally(report.findings)}.", None)


def judged(verdict: VerdictDocument, *, unseen: int = 0) -> Headline:
    """The verdict as a tag and one sentence that says why; a pass says how many things were not looked at."""
    rules = counted(len(verdict.rules), "rule")
    if verdict.outcome is Outcome.PASS:
        but = f"; {counted(unseen, 'thing')} not looked at" if unseen else ""
        sentence = f"by policy {verdict.policy}: {rules} judged, none broken{but}."
    else:
        blamed = blame(verdict)
        # The first clause says what is wrong; the rest, what to do, stands with the rule further down.
        why = blamed[0].message.partition("; ")[0].rstrip(".") if blamed else "see its rules below"
        why = textwrap.shorten(why, 120, placeholder=" …")
        sentence = f"by policy {verdict.policy}, {len(blamed)} of {rules}: {why}."
    return Headline(TAGS[verdict.outcome], sentence, verdict.outcome)


def blame(verdict: VerdictDocument) -> list[RuleRow]:
    """The rules that made the verdict what it is; none for a pass."""
    result = _BLAMED.get(verdict.outcome)
    return [row for row in verdict.rules if row.result is result]


def not_passed(verdict: VerdictDocument) -> list[RuleRow]:
    """Every rule that did not pass, failures first."""
    order = (RuleResult.FAIL, RuleResult.UNKNOWN, RuleResult.WARN)
    return sorted((row for row in verdict.rules if row.result in order), key=lambda row: order.index(row.result))


# ---------------------------------------------------------------------------------------------------------------------
# What was found, and what was not looked at
# ---------------------------------------------------------------------------------------------------------------------


def grouped(findings: Iterable[FindingRow], *, by_file: bool = False) -> list[list[FindingRow]]:
    """Findings by rule, or by rule and file: the worst group first, and the worst finding of each first."""
    groups: dict[tuple[str, str], list[FindingRow]] = {}
    for finding in findings:
        groups.setdefault((finding.rule, (finding.location.file or "") if by_file else ""), []).append(finding)
    for group in groups.values():
        group.sort(key=lambda f: (-_badness(f), _order(f)))
    return [groups[key] for key in sorted(groups, key=lambda key: (-_badness(groups[key][0]), key))]


def tally(findings: Sequence[FindingRow]) -> str:
    """How many findings of which severity, the worst first: `1 critical, 2 errors`."""
    words = {Severity.CRITICAL: ("critical",) * 2, Severity.ERROR: ("error", "errors")}
    words |= {Severity.WARNING: ("warning", "warnings"), Severity.INFO: ("info",) * 2}
    counts = {severity: sum(f.severity is severity for f in findings) for severity in words}
    return ", ".join(f"{n:,} {words[s][n > 1]}" for s, n in counts.items() if n) or "none"


def place(finding: FindingRow) -> str:
    """Where a finding is, as a person says it."""
    where = finding.location
    parts = [where.file, where.tensor and f"tensor {where.tensor}", where.json_path]
    parts += [f"line {where.line}" if where.line is not None else None]
    parts += [f"byte {where.offset}" if where.offset is not None else None]
    return ", ".join(part for part in parts if part) or "the model"


def path_from_here(report: Report, file: str) -> str:
    """Where `file` lies for who ran the command: below the model where that was named by a relative path.

    A pull request's annotations point at files of the repository, so `models/tiny` and `config.json` are joined.
    """
    named = report.inputs.candidate
    if "://" in named or named.startswith(("/", "~")):
        return file
    folder = PurePosixPath(named)
    if report.subject.kind is not ModelKind.DIRECTORY and folder.name in [f.path for f in report.subject.files]:
        folder = folder.parent
    return file if ".." in folder.parts else str(folder / file)


def gaps(report: Report) -> list[Gap]:
    """Everything that was not looked at: what was skipped, what was read in part, what a rule leaves out."""
    files = file_gaps(report)
    found = [Gap(row.surface, _why(row, row in files), row.asked) for row in report.skipped]
    for row in report.coverage:
        if row.examined < row.total:
            note = f": {row.note}" if row.note else ""
            found.append(Gap(row.surface, f"{row.examined:,} of {row.total:,} {row.unit} read{note}", asked=True))
    excluded = report.subject.excluded
    if excluded:
        shown = ", ".join(excluded[:5]) + and_more(len(excluded) - 5, prefix=" ")
        found.append(Gap("left out by rule", f"{counted(len(excluded), 'file')}: {shown}", asked=False))
    return sorted(found, key=lambda gap: not gap.asked)


def file_gaps(report: Report) -> list[SkippedRow]:
    """Files of the model that were not read, though nobody had to ask for them."""
    files = {file.path for file in report.subject.files} - {"base", "lineage"}
    return [row for row in report.skipped if row.asked and row.surface in files]


def _why(row: SkippedRow, is_file: bool) -> str:
    if is_file or (row.asked and row.reason.startswith("is ")):
        return f"not read: {row.reason.removeprefix('is ')}"
    return f"could not be done: {row.reason}" if row.asked else row.reason


def coverage(report: Report) -> str:
    """What was read, in a line: `files 9 of 9, tensors 272 of 272`."""
    rows = [f"{row.surface} {row.examined:,} of {row.total:,}" for row in report.coverage]
    return ", ".join(rows[:8]) + and_more(len(rows) - 8, prefix=" ")


def claim(row: ClaimRow) -> str:
    """What became of one attestation that was presented."""
    kind = (row.predicate_type or "a statement of unknown type").removeprefix(f"{URI_AUTHORITY}/attestation/")
    if not row.verified:
        return f"{kind}: stopped at step {row.step}: {row.reason}"
    when = f" at {row.signed_at}" if row.signed_at else ""
    return f"{kind}, signed by {row.signer}{when} (key {(row.key_id or '')[:16]})"


# ---------------------------------------------------------------------------------------------------------------------
# The model and its base
# ---------------------------------------------------------------------------------------------------------------------


def describe(subject: Subject) -> str:
    """`directory, 9 files, 272 tensors, 257.1 MiB`, and the assurance where it is less than the bytes themselves."""
    parts = [subject.kind.value, counted(len(subject.files), "file"), counted(subject.tensor_count, "tensor")]
    parts.append(size(sum(file.size for file in subject.files)))
    if subject.assurance is not Assurance.BYTES and subject.sha256 is not None:
        parts.append(f"known by {subject.assurance.value} only")
    return ", ".join(parts)


def names(subject: Subject) -> list[tuple[str, str]]:
    """The model's two names (docs/digests.md), or why it has none."""
    if subject.sha256 is None:
        some = any(file.sha256 is not None for file in subject.files)
        return [("sha256", f"none: {'not every file could be' if some else 'nothing was'} digested")]
    return [("sha256", subject.sha256), ("tensor root", subject.tensor_root or "none: no tensor was read")]


def relations(listed: Iterable[Relation]) -> str:
    """`dtype-cast, then fine-tuned`."""
    return ", then ".join(listed)


CHANGE_COLUMNS = ("tensor", "change", "rel. norm", "cosine", "max |Δ|")
"""Share of elements that differ, norm of the delta over that of the base, cosine to the base, largest difference."""


def changes(report: Report, rows: Sequence[TensorRow]) -> list[tuple[str, ...]]:
    """Changed tensors under `CHANGE_COLUMNS`; where a name stands in two files, the file stands before it."""
    files: dict[str, set[str]] = {}
    for row in report.tensors:
        files.setdefault(row.name, set()).add(row.file)
    twice = {name for name, places in files.items() if len(places) > 1}
    return [(f"{row.file}: {row.name}" if row.name in twice and row.file else row.name, *_change(row)) for row in rows]


def states(rows: Iterable[TensorRow]) -> str:
    """`20 changed, 1 added`."""
    counts = Counter(row.state for row in rows)
    return ", ".join(f"{counts[state]:,} {state.value}" for state in TensorState if counts[state])


def _change(row: TensorRow) -> tuple[str, str, str, str]:
    """The numbers of one tensor; its state stands for the share of elements where none was measured."""
    if row.delta is None:
        return row.state.value if row.state else "-", "-", "-", "-"
    d = row.delta
    share = percent(d.changed, d.elements)
    return share, _number(d.relative_norm, ".3g"), _number(d.cosine, ".5f"), _number(d.max_abs, ".3g")


def percent(part: int, whole: int) -> str:
    """A share that is never rounded to none or to all."""
    if not whole or part in (0, whole):
        return "100%" if whole and part else "0%"
    share = 100 * part / whole
    return "<0.1%" if share < 0.1 else ">99.9%" if share > 99.9 else f"{share:.1f}%"


def size(nbytes: int) -> str:
    """`nbytes` in binary units, four digits at most."""
    if nbytes < 1024:
        return counted(nbytes, "byte")
    value, units = float(nbytes), iter(("KiB", "MiB", "GiB", "TiB"))
    while value >= 1024 and (larger := next(units, "")):
        value, unit = value / 1024, larger
    return f"{value:,.1f} {unit}"


def counted(n: int, noun: str) -> str:
    """`1 file`, `1,234 files`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def and_more(n: int, *, prefix: str = "", hint: str = "") -> str:
    """`and 12 more`, or nothing where nothing was left out."""
    return f"{prefix}and {n:,} more{hint}" if n > 0 else ""


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _badness(finding: FindingRow) -> int:
    return finding.severity.rank


def _order(finding: FindingRow) -> tuple[str, str, int, int, str, str]:
    at = finding.location
    return at.file or "", at.tensor or "", at.line or 0, at.offset or 0, at.json_path or "", finding.message
