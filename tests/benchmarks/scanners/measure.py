"""Runs scanners over subjects, two at a time, and keeps every answer in a file."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.scanners import confined, environments
from tests.benchmarks.scanners.interface import Answer, Outcome, Scanner, worst
from tests.benchmarks.scanners.ours import BASE
from tests.benchmarks.scanners.subjects import ROOT, SAMPLE, Subject, sources_digest

AT_ONCE = 2
SAVE_EVERY = 20


@dataclass(frozen=True, slots=True)
class Result:
    """What a scanner says of a subject, and in how many seconds of the wall clock: 0 where it had nothing to run on."""

    answer: Answer
    seconds: float


Results = dict[tuple[str, str], Result]
"""By name of the scanner and ident of the subject."""


class Store:
    """Answers by key, in a JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, dict[str, object]] = json.loads(path.read_bytes()) if path.is_file() else {}
        self._unsaved = 0

    def get(self, key: str) -> Result | None:
        """The answer of an earlier run."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        findings, code, seconds = kept["findings"], kept["code"], kept["seconds"]
        assert isinstance(findings, list)
        assert isinstance(code, int)
        assert isinstance(seconds, float)
        return Result(Answer(Outcome(str(kept["outcome"])), tuple(findings), code), seconds)

    def put(self, key: str, result: Result) -> None:
        """Keeps an answer; the file is written now and then."""
        answer = result.answer
        self._kept[key] = {
            "outcome": answer.outcome.value,
            "findings": list(answer.findings),
            "code": answer.code,
            "seconds": result.seconds,
        }
        self._unsaved += 1
        if self._unsaved >= SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Writes the file whole, then puts it in place."""
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(self._kept, indent=0), encoding="utf-8")
        part.replace(self._path)
        self._unsaved = 0


def key(scanner: Scanner, subject: Subject, ours: str) -> str:
    """Changes with the scanner's version, our own code for our own rows, and the bytes that are scanned."""
    return f"{scanner.name} {' '.join(scanner.requirements) or ours} {subject.digest}"


def once(scanner: Scanner, programs: Path, subject: Subject) -> Result:
    """One folder through one scanner."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        answers = []
        started = time.perf_counter()
        for target in scanner.targets(subject.folder, scratch):
            command = scanner.command(programs, target)
            if scanner.name == BASE and subject.base is not None:
                command += ["--base", str(subject.base)]
            done = confined.run(command, scratch, PYTHONPATH=str(ROOT) if not scanner.requirements else "")
            answers.append(scanner.read(done, target))
        return Result(worst(answers), time.perf_counter() - started if answers else 0.0)


def measure(scanners: Sequence[Scanner], subjects: Sequence[Subject], cache: Path, kept: str) -> Results:
    """Every scanner that can be installed on every subject; answers are kept in the file `cache`/`kept`."""
    store, ours = Store(cache / kept), sources_digest(ROOT / "provenance")
    found: Results = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for scanner in scanners:
            programs = environments.programs(scanner, cache)
            if programs is None:
                continue
            running = {}
            for subject in subjects:
                if scanner.slow and subject.label == SAMPLE and subject.surface != scanner.name:
                    continue
                known = store.get(key(scanner, subject, ours))
                if known is None:
                    running[subject.ident] = (subject, pool.submit(once, scanner, programs, subject))
                else:
                    found[scanner.name, subject.ident] = known
            for subject, future in running.values():
                result = found[scanner.name, subject.ident] = future.result()
                store.put(key(scanner, subject, ours), result)
            store.save()
            kept_count = sum(name == scanner.name for name, _ in found) - len(running)
            sys.stderr.write(f"{scanner.name}: {len(running)} scanned, {kept_count} kept\n")
    return found
