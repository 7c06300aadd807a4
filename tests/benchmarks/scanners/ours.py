"""Our own rows: `provenance scan`, without a base as the peers run, and with the base that an item names."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks.scanners.interface import Answer, Done, Outcome, Scanner
from tests.benchmarks.scanners.peers import LEVELS, entries, failed, judged, line, parsed

BASE = "provenance --base"


def read_provenance(done: Done, root: Path) -> Answer:
    """0 passed, 1 denied, 3 could not decide; findings of warning or above are in the report."""
    written = parsed(done)
    report = written.get("report") if written else None
    if done.code not in (0, 1, 3) or not isinstance(report, dict):
        return Answer(Outcome.UNREAD, code=3) if done.code == 3 else failed(done)
    found = []
    for entry in entries(report, "findings"):
        location = entry.get("location")
        file = location.get("file") if isinstance(location, dict) else ""
        if str(entry.get("severity")).lower() in LEVELS:
            found.append(line(root, entry.get("rule"), file, entry.get("message")))
    if done.code == 1 and not found:
        found = ["exit code 1"]
    return judged(found, done.code, read=done.code != 3)


def command(_programs: Path, target: Path) -> list[str]:
    """The scan that anyone runs, its report on standard output."""
    return [sys.executable, "-m", "provenance", "scan", str(target), "-o", "json"]


OURS: tuple[Scanner, ...] = tuple(
    Scanner(name=name, requirements=(), surfaces="everything", command=command, read=read_provenance)
    for name in ("provenance", BASE)
)
