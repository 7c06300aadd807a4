"""Whole processes side by side, in interleaved rounds. The best round of each counts: other load can only add to it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """The best of the rounds."""

    wall: float
    """Seconds."""
    processor: float
    """Seconds of user and system time of the process and all it started."""
    peak: float
    """MB (1,000,000 bytes) of its memory at most, resident; of all it started, the largest one's."""


def measure(
    commands: Mapping[str, Sequence[str]],
    rounds: int,
    *,
    before: Callable[[], object] = lambda: None,
    accepted: Collection[int] = (0,),
) -> dict[str, Cost]:
    """Run every command in each of `rounds` rounds, and once more before them to warm up.

    `before` is called before each command. A command that ends in a code that is not `accepted` ends the benchmark.
    """
    spent: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            before()
            one = _run(command, accepted)
            if number:
                spent[name].append(one)
    return {
        name: Cost(
            min(cost.wall for cost in each),
            min(cost.processor for cost in each),
            min(cost.peak for cost in each),
        )
        for name, each in spent.items()
    }


def _run(command: Sequence[str], accepted: Collection[int]) -> Cost:
    # An installed package has its bytecode beside it: ours must not be compiled anew in every run.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in accepted:
        raise SystemExit(f"{' '.join(command)[:200]} ended with {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6)


def table(costs: Mapping[str, Cost], against: str, targets: Mapping[str, float]) -> None:
    """Print every command and its ratios to `against`; those with a target say whether they meet it, by wall clock."""
    yardstick = costs[against]
    lines = [f"{'case':<48}{'wall s':>9}{'cpu s':>9}{'peak MB':>9}{'wall x':>9}{'cpu x':>9}"]
    for name, cost in costs.items():
        ratio = cost.wall / yardstick.wall
        line = f"{name:<48}{cost.wall:>9.3f}{cost.processor:>9.3f}{cost.peak:>9.1f}"
        line += f"{ratio:>9.2f}{cost.processor / yardstick.processor:>9.2f}"
        if name in targets:
            line += f"  {met(ratio, targets[name])}"
        lines.append(line)
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()


def met(value: float, limit: float) -> str:
    """Whether `value` is within its limit, in words."""
    return f"{'meets' if value <= limit else 'MISSES'} {limit:.2f}"
