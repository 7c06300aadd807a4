"""Runs the cases of a kind in processes of their own, which may die or hang, and counts the outcomes."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from tests.fuzz.interface import CRASH, HANG, THEIR_FAULT, Kind, case

PATIENCE = 60.0
"""Seconds between two signs of life of a process; generous, because the machine may be busy."""
STARTING = 60.0
"""Seconds that a process may take to start, more."""
MEMORY = 2 * 1024**3
"""Bytes that a process may map beyond what it has, so that no reader takes the machine's memory."""
REPORT_EVERY = 1.0
MOST_KEPT = 200


@dataclass
class Result:
    """What became of the cases."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, str]] = field(default_factory=list)
    """Number of the case, and its outcome."""
    examples: dict[str, int] = field(default_factory=dict)
    """One case of each outcome."""

    def add(self, number: int, outcome: str, kind: Kind) -> None:
        """One more."""
        self.outcomes[outcome] += 1
        self.examples.setdefault(outcome, number)
        if kind.failures(outcome) and len(self.failures) < MOST_KEPT:
            self.failures.append((number, outcome))


def run_here(kind: Kind, seed: int, numbers: Iterable[int], seconds: float = 1e9) -> Result:
    """The cases one after the other in this process, as many as `seconds` allow."""
    result, seeds = Result(), kind.seeds()
    began = time.monotonic()
    for number in numbers:
        result.add(number, kind.judge(case(kind, seeds, seed, number)), kind)
        if time.monotonic() - began > seconds:
            break
    return result


def run(kind: Kind, seed: int, count: int, processes: int, patience: float = PATIENCE) -> Result:
    """Cases 0 to `count`, dealt out to `processes`; one that says nothing for `patience` seconds is ended."""
    result = Result()
    workers = [_Worker(kind, seed, range(first, count, processes)) for first in range(min(processes, count))]
    while workers:
        ready = wait([worker.pipe for worker in workers], timeout=0.2)
        for worker in [worker for worker in workers if worker.pipe in ready]:
            for number, outcome in worker.receive():
                result.add(number, outcome, kind)
        for worker in list(workers):
            if worker.state == "running" and time.monotonic() - worker.heard < patience:
                continue
            worker.process.kill()
            worker.process.join()
            workers.remove(worker)
            if worker.state != "done":
                blamed = int(worker.current.value)
                result.add(blamed, _blame(kind, seed, blamed, patience), kind)
                workers.append(_Worker(kind, seed, worker.rest(), worker.skipped | {blamed}))
    return result


class _Worker:
    """One process and what is known of it. Cases that are in `skipped` ended others."""

    def __init__(self, kind: Kind, seed: int, numbers: range, skipped: frozenset[int] = frozenset()) -> None:
        context = multiprocessing.get_context("spawn")
        self.current: Any = context.Value("q", numbers.start, lock=False)
        """The case that was begun last."""
        self.pipe, theirs = context.Pipe(duplex=False)
        self.skipped = skipped
        arguments = (kind, seed, numbers, skipped, self.current, theirs)
        self.process = context.Process(target=_work, args=arguments, daemon=True)
        self.process.start()
        theirs.close()
        self.heard = time.monotonic() + STARTING
        self.state = "running"
        self._numbers = numbers
        self._reported = 0

    def receive(self) -> list[tuple[int, str]]:
        """What it has found since."""
        self.heard = time.monotonic()
        try:
            message: list[tuple[int, str]] | None = self.pipe.recv()
        except EOFError:
            self.state = "dead"
            return []
        if message is None:
            self.state = "done"
        elif message:
            self._reported = self._numbers.index(message[-1][0]) + 1
        return message or []

    def rest(self) -> range:
        """The cases whose outcomes it has not reported."""
        return self._numbers[self._reported :]


def _blame(kind: Kind, seed: int, number: int, patience: float) -> str:
    """Whether it was our reader that ended a process, or took for ever: ours alone reads the file again."""
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_read_alone, args=(kind, seed, number, ready), daemon=True)
    process.start()
    ready.wait(10 * STARTING)
    process.join(patience)
    if process.exitcode == 0:
        return THEIR_FAULT
    what = HANG if process.is_alive() else f"{CRASH}the process ended"
    process.kill()
    process.join()
    return what


def _read_alone(kind: Kind, seed: int, number: int, ready: Any) -> None:
    data = case(kind, kind.seeds(), seed, number)
    ready.set()
    kind.read(data)


def _work(kind: Kind, seed: int, numbers: range, skipped: frozenset[int], current: Any, pipe: Connection) -> None:
    seeds = kind.seeds()
    for warm in seeds:
        kind.judge(warm)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY + _mapped(), hard))
    found: list[tuple[int, str]] = []
    pipe.send(found)
    told = time.monotonic()
    for number in numbers:
        if number in skipped:
            continue
        current.value = number
        try:
            found.append((number, kind.judge(case(kind, seeds, seed, number))))
        except Exception as error:  # noqa: BLE001 - of the harness itself; it must not go unseen
            found.append((number, f"{CRASH}in the harness, {type(error).__name__}: {error}"))
        if time.monotonic() - told > REPORT_EVERY:
            pipe.send(found)
            found, told = [], time.monotonic()
    pipe.send(found)
    pipe.send(None)


def _mapped() -> int:
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0
