"""Digesting from a cold disk, against a loop that reads the same files and drops what it has read.

The files are real (random bytes) and are put out of the page cache before every run, with `posix_fadvise`. That is
advice: where the system keeps the pages, the loop runs at the speed of memory and the benchmark says so and ends.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.bench_digest import DIGEST
from tests.benchmarks.models import safetensors
from tests.benchmarks.processes import measure, table

ROUNDS = 5
SHARDS = 2
NBYTES = 2 << 30

LOOP = """
import os, sys
buffer = bytearray(1 << 20)
for path in sorted(os.scandir(sys.argv[1]), key=lambda entry: entry.name):
    with open(path, "rb", buffering=0) as file:
        done = dropped = 0
        while count := file.readinto(buffer):
            done += count
            if done - dropped >= 64 << 20 or count < len(buffer):
                os.posix_fadvise(file.fileno(), dropped, done - dropped, os.POSIX_FADV_DONTNEED)
                dropped = done
"""


def main() -> None:
    """Measure and print."""
    if not hasattr(os, "posix_fadvise"):
        sys.stdout.write("this system has no posix_fadvise: a cold disk cannot be measured\n")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(safetensors(Path(name, "model"), NBYTES, SHARDS))
        _fill(folder)
        if not _evictable(folder):
            sys.stdout.write("the page cache keeps its pages here: a cold disk cannot be measured\n")
            return
        loop, ours = "read and drop, 1 thread", "ours, digests alone, 2 threads"
        commands = {
            loop: [sys.executable, "-c", LOOP, str(folder)],
            ours: [sys.executable, "-c", DIGEST, str(folder), "2"],
            "provenance scan": [sys.executable, "-m", "provenance", "scan", str(folder)],
        }
        table(measure(commands, ROUNDS, before=lambda: _evict(folder)), loop, {ours: 1 / 0.9})


def _fill(folder: Path) -> None:
    """Random finite bf16 in the place of the holes behind the headers: no weights are NaN."""
    block = bytearray(os.urandom(1 << 20))
    block[1::2] = bytes(byte & 0xBF for byte in block[1::2])
    for path in folder.glob("*.safetensors"):
        with path.open("r+b") as file:
            start = 8 + int.from_bytes(file.read(8), "little")
            for offset in range(start, path.stat().st_size, len(block)):
                file.seek(offset)
                file.write(block[: path.stat().st_size - offset])
            os.fsync(file.fileno())


def _evict(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _evictable(folder: Path) -> bool:
    """Whether a read after the advice takes longer than one from memory."""
    _read(folder)
    warm = _read(folder)
    _evict(folder)
    return _read(folder) > 1.5 * warm


def _read(folder: Path) -> float:
    start, buffer = time.perf_counter(), bytearray(1 << 20)
    for path in folder.glob("*.safetensors"):
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
