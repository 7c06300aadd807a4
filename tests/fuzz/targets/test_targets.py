"""Each target over its honest inputs and some changed ones, without libFuzzer."""

from __future__ import annotations

import random
import subprocess
import sys
import time

import pytest

from tests.fuzz import interface
from tests.fuzz.mutations import raw
from tests.fuzz.targets.every import TARGETS
from tests.fuzz.targets.interface import Target
from tests.fuzz.targets.weights import WEIGHTS

ROUNDS = 300
SECONDS = 0.4
"""Of each target; a slow machine does fewer rounds."""


def changed(target: Target) -> list[bytes]:
    """Always the same ones."""
    source, seeds = random.Random(f"target/{target.name}"), target.seeds()
    return [raw.mutate(source.choice(seeds), source, 5) for _ in range(ROUNDS)]


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_nothing_escapes_and_nothing_takes_long(target: Target) -> None:
    inputs = (*target.seeds(), b"", *changed(target))
    target.run(inputs[0])  # what is imported on first use is not the parser's time
    until, slowest, done = time.monotonic() + SECONDS, 0.0, 0
    for data in inputs:
        began = time.perf_counter()
        target.run(data)
        slowest = max(slowest, time.perf_counter() - began)
        done += 1
        if time.monotonic() > until and done > len(target.seeds()) + 1:
            break
    assert done > len(target.seeds()) + 1
    assert slowest < target.seconds


@pytest.mark.parametrize("name", [target.name for target in WEIGHTS if target.name != "shard-index"])
def test_the_honest_weight_files_are_read(name: str) -> None:
    assert all(interface.read_ours(data, "m").header for data in TARGETS[name].seeds())


def test_a_wrong_name_is_answered_with_the_names_or_with_what_to_install() -> None:
    command = [sys.executable, "-m", "tests.fuzz.targets", "nosuch"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    assert "pip install atheris" in done.stderr or "one of: safetensors" in done.stderr
