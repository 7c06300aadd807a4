"""Whole processes side by side, in interleaved rounds. The best round of each counts: other load can only add to it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """The best of the rounds, in seconds."""

    wall: float
    processor: float
    """User and system time of the process and all it started."""


def measure(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Cost]:
    """Run every command in each of `rounds` rounds, and once more before them to warm up."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            one = _run(command)
            if number:
                spent[name].append(one)
    return {
        name: Cost(min(wall for wall, _ in each), min(processor for _, processor in each))
        for name, each in spent.items()
    }


def _run(command: Sequence[str]) -> tuple[float, float]:
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime


def table(costs: Mapping[str, Cost], against: str, targets: Mapping[str, float]) -> None:
    """Print every command and its ratios to `against`; those with a target say whether they meet it, by wall clock."""
    yardstick = costs[against]
    lines = [f"{'case':<44}{'wall s':>9}{'cpu s':>9}{'wall x':>9}{'cpu x':>9}"]
    for name, cost in costs.items():
        ratio = cost.wall / yardstick.wall
        line = f"{name:<44}{cost.wall:>9.3f}{cost.processor:>9.3f}"
        line += f"{ratio:>9.2f}{cost.processor / yardstick.processor:>9.2f}"
        if name in targets:
            line += f"  {'meets' if ratio <= targets[name] else 'MISSES'} {targets[name]:.2f}"
        lines.append(line)
    sys.stdout.write("\n".join(lines) + "\n")
