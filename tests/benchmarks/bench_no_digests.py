"""`scan --no-digests` costs the same for any size; the memory of a scan with digests does not grow with the model."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.benchmarks.models import GIBIBYTE, safetensors, torch_zip
from tests.benchmarks.processes import Cost, measure, met, table

ROUNDS = 9
MEMORY_ROUNDS = 1
LIMIT_MB = 64.0


def main() -> None:
    """Measure and print."""
    scan = [sys.executable, "-m", "provenance", "scan"]
    with tempfile.TemporaryDirectory() as folder:
        # The larger model has larger tensors, as in a family, not more of them: a header grows with their number.
        five, twenty = (safetensors(Path(folder, f"s{n}"), n * GIBIBYTE, 2, n << 21) for n in (5, 20))
        small, large = torch_zip(Path(folder, "z64"), 64 << 20), torch_zip(Path(folder, "z1024"), GIBIBYTE)
        quick = {
            "--no-digests, 5 GiB of safetensors": [*scan, five, "--no-digests"],
            "--no-digests, 20 GiB of safetensors": [*scan, twenty, "--no-digests"],
            "--no-digests, torch zip of 64 MiB": [*scan, small, "--no-digests"],
            "--no-digests, torch zip of 1 GiB": [*scan, large, "--no-digests"],
            "with digests, torch zip of 1 GiB": [*scan, large],
        }
        costs = measure(quick, ROUNDS, accepted=(0, 1, 3))
        names = list(quick)
        table(_of(costs, names[:2]), names[0], {names[1]: 1.1})
        table(_of(costs, names[2:]), names[2], {names[3]: 1.1})
        whole = {"scan, 5 GiB of safetensors": [*scan, five], "scan, 20 GiB of safetensors": [*scan, twenty]}
        costs = measure(whole, MEMORY_ROUNDS, accepted=(0,))
        table(costs, next(iter(whole)), {})
        less, more = (cost.peak for cost in costs.values())
        sys.stdout.write(f"peak memory of the larger: {more:.1f} MB, {'meets' if more <= LIMIT_MB else 'MISSES'} ")
        sys.stdout.write(f"{LIMIT_MB:.0f}; over that of the smaller: {more / less:.2f}, {met(more / less, 1.1)}\n")


def _of(costs: Mapping[str, Cost], names: list[str]) -> dict[str, Cost]:
    return {name: costs[name] for name in names}


if __name__ == "__main__":
    main()
