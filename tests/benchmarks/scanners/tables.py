"""The answers as Markdown tables."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

from fixtures.corpus import SURFACES, Label
from tests.benchmarks.scanners.interface import Outcome, Scanner
from tests.benchmarks.scanners.intervals import bounds
from tests.benchmarks.scanners.measure import Result, Results
from tests.benchmarks.scanners.subjects import BASELINE, Subject

CODES = {1: "denied", 3: "could not decide", 0: "passed"}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines) + "\n"


def share(count: int, total: int) -> str:
    """`9/10 = 90.0 % [55.5, 99.7]`, with 95 % bounds."""
    if total == 0:
        return "-"
    low, high = (100 * bound for bound in bounds(count, total))
    return f"{count}/{total} = {100 * count / total:.1f} % [{low:.1f}, {high:.1f}]"


class Answers:
    """What each scanner says, held against what it says of the untouched repository."""

    def __init__(self, results: Results, subjects: Sequence[Subject]) -> None:
        self._results = results
        self.subjects = [subject for subject in subjects if subject.ident != BASELINE]

    def of(self, scanner: str, label: str, surface: str | None = None) -> list[tuple[Subject, Result]]:
        """All answers of a scanner about one label, and one surface if given."""
        return [
            (subject, self._results[scanner, subject.ident])
            for subject in self.subjects
            if subject.label == label and surface in (None, subject.surface)
        ]

    def flagged(self, scanner: str, result: Result) -> bool:
        """Whether it reports anything that it does not report of the untouched repository too."""
        if result.answer.outcome is not Outcome.FLAGGED:
            return False
        baseline = self._results.get((scanner, BASELINE))
        always = set(baseline.answer.findings) if baseline else set()
        return not result.answer.findings or bool(set(result.answer.findings) - always)

    def scanners(self, scanners: Sequence[Scanner]) -> list[Scanner]:
        """Those that could be run."""
        return [scanner for scanner in scanners if any(name == scanner.name for name, _ in self._results)]


def summary(answers: Answers, scanners: Sequence[Scanner]) -> str:
    """One row per scanner."""
    rows = []
    for scanner in answers.scanners(scanners):
        attacks, clean = (answers.of(scanner.name, label) for label in (Label.ATTACK, Label.CLEAN))
        both = [result for _, result in attacks + clean]
        timed = [result.seconds for result in both if result.seconds]
        outcomes = Counter(result.answer.outcome for _, result in attacks if not answers.flagged(scanner.name, result))
        alarms = sum(answers.flagged(scanner.name, result) for _, result in clean)
        rows.append(
            (
                scanner.name,
                scanner.surfaces,
                share(sum(answers.flagged(scanner.name, result) for _, result in attacks), len(attacks)),
                outcomes[Outcome.CLEAN] + outcomes[Outcome.FLAGGED],
                outcomes[Outcome.UNREAD],
                share(alarms, len(clean)),
                sum(result.answer.outcome is Outcome.FLAGGED for _, result in clean),
                sum(result.answer.outcome is Outcome.ERROR for result in both),
                f"{statistics.median(timed):.2f}" if timed else "-",
            )
        )
    return table(
        (
            "scanner", "looks at", "attacks flagged", "attacks called clean", "attacks not read",
            "false alarms on honest items", "the same, with what it says of every repository", "errors", "median s",
        ),
        rows,
    )  # fmt: skip


def by_surface(answers: Answers, scanners: Sequence[Scanner], label: Label) -> str:
    """Flagged of all, a row per surface and a column per scanner."""
    shown = answers.scanners(scanners)
    rows = []
    for surface in SURFACES:
        total = sum(subject.label == label and subject.surface == surface for subject in answers.subjects)
        if total:
            counts = [
                sum(answers.flagged(scanner.name, result) for _, result in answers.of(scanner.name, label, surface))
                for scanner in shown
            ]
            rows.append((surface, total, *counts))
    return table((str(label), "items", *(scanner.name for scanner in shown)), rows)


def verdicts(answers: Answers, scanner: Scanner) -> str:
    """Exit codes of our own scan under the default policy, and the attacks that are not denied."""
    rows = []
    for label in Label:
        counted = Counter(result.answer.code for _, result in answers.of(scanner.name, label))
        total = sum(counted.values())
        rows.append((label, total, *(counted.pop(code, 0) for code in CODES), sum(counted.values())))
    missed = [
        f"* `{subject.ident}` ({subject.surface}): {CODES.get(result.answer.code, 'failed')}\n"
        for subject, result in answers.of(scanner.name, Label.ATTACK)
        if result.answer.code != 1
    ]
    head = ("items", "total", *CODES.values(), "failed")
    return f"{table(head, rows)}\nAttacks that are not denied: {len(missed)}\n\n{''.join(missed)}"
