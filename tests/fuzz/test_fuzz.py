"""A few seconds of each kind, always the same cases; `python -m tests.fuzz KIND` runs them by the hundred thousand."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from collections import Counter

import pytest

from tests.fuzz import interface, run
from tests.fuzz.interface import CRASH, MISREAD, SAME, THEIR_FAULT, WE_ALONE_READ, WE_ALONE_REFUSE, Kind, Ours, case
from tests.fuzz.kinds import KINDS
from tests.fuzz.kinds.safetensors import SAFETENSORS
from tests.fuzz.kinds.torch import TORCH_ZIP

SECONDS = 2.5
"""Of each kind; a slow machine does fewer cases."""
ROUNDS = 800


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_honest_files_are_read_the_same(kind: Kind) -> None:
    assert {kind.judge(data) for data in kind.seeds()} == {SAME}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_changed_files_are_read_the_same_or_refused(kind: Kind) -> None:
    result = run.run_here(kind, 20261, range(ROUNDS), SECONDS)
    assert not result.failures, f"python -m tests.fuzz {kind.name} --seed 20261 --only NUMBER writes them as files"
    assert result.outcomes.total() > 40, result.outcomes
    assert result.outcomes[SAME] * 25 > result.outcomes.total(), "the changes leave too few files readable"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_case_depends_on_its_number_alone(kind: Kind) -> None:
    seeds = kind.seeds()
    assert [case(kind, seeds, 1, number) for number in range(20)] == [
        case(kind, seeds, 1, number) for number in range(20)
    ]
    assert len({case(kind, seeds, 1, number) for number in range(20)}) > 10


def test_a_case_is_the_same_in_every_process() -> None:
    command = f"import {__name__} as tests; print(tests.digests())"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, timeout=200, check=True)
    assert done.stdout.strip() == str(digests())


def digests() -> dict[str, list[str]]:
    return {name: [hashlib.sha256(data).hexdigest() for data in kind.seeds()] for name, kind in KINDS.items()}


def test_a_wrong_reading_is_noticed() -> None:
    honest = SAFETENSORS.seeds()[2]
    ours = interface.read_ours(honest, "m.safetensors")
    assert ours.header is not None
    assert interface.compare(ours, {}, lambda _header: "bytes") == f"{MISREAD}bytes"
    assert interface.compare(ours, None, lambda _header: "") == WE_ALONE_READ
    assert SAFETENSORS.failures(WE_ALONE_READ)
    assert not TORCH_ZIP.failures(WE_ALONE_READ)
    assert SAFETENSORS.failures(f"{WE_ALONE_REFUSE}bad-shape")
    assert not SAFETENSORS.failures(f"{WE_ALONE_REFUSE}duplicate-key")


@pytest.mark.parametrize("error", [ValueError, RecursionError, MemoryError, KeyError])
def test_an_exception_that_was_not_promised_is_a_crash(error: type[Exception]) -> None:
    def read(reader: object) -> None:
        raise error

    assert interface.read_ours(b"x", "m", read).failure.startswith(CRASH)


def test_processes_that_die_or_hang_are_noticed_and_the_rest_goes_on() -> None:
    kind = Kind("deadly", ".x", _one_byte, _a_byte, _deadly, _judge_deadly, interface.always_failures)
    dealt = [case(kind, _one_byte(), 14, number)[0] for number in range(16)]
    assert {0, 1, 2} <= {*dealt}, "choose another number of cases"
    result = run.run(kind, 14, 16, 2, patience=2.0)
    expected = {0: f"{CRASH}the process ended", 1: THEIR_FAULT, 2: SAME, 3: SAME}
    assert result.outcomes == Counter(expected[byte] for byte in dealt)
    assert {number for number, _ in result.failures} == {number for number, byte in enumerate(dealt) if byte == 0}


def _one_byte() -> tuple[bytes, ...]:
    return (b"\3",)


def _a_byte(data: bytes, source: random.Random) -> bytes:
    return bytes([source.choice((0, 1, 2, 2, 2, 2, 2, 2, 2, 2))])


def _deadly(data: bytes) -> Ours:
    if data == b"\0":
        os._exit(1)
    return Ours(None, "x")


def _judge_deadly(data: bytes) -> str:
    if data == b"\1":
        time.sleep(100)
    _deadly(data)
    return SAME
