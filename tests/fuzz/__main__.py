"""`python -m tests.fuzz KIND --count N --seed S --processes P`: the outcomes, and each failure as a file."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tests.fuzz.interface import Kind, case
from tests.fuzz.kinds import KINDS
from tests.fuzz.run import Result, run, run_here


def main() -> int:
    """0 where nothing failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", type=int, help="judge this one case again")
    parser.add_argument("--out", type=Path, default=Path("fuzz-failures"), help="folder for files that failed")
    parser.add_argument("--examples", action="store_true", help="write one file of every outcome too")
    options = parser.parse_args()
    kind: Kind = KINDS[options.kind]
    began = time.monotonic()
    if options.only is not None:
        result = run_here(kind, options.seed, [options.only])
    else:
        result = run(kind, options.seed, options.count, options.processes)
    _print(kind, result, options.seed, time.monotonic() - began)
    wanted = dict(result.failures)
    if options.examples or options.only is not None:
        wanted |= {number: outcome for outcome, number in result.examples.items()}
    seeds = kind.seeds() if wanted else ()
    for number, outcome in sorted(wanted.items()):
        file = options.out / f"{kind.name}-{options.seed}-{number}{kind.suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(case(kind, seeds, options.seed, number))
        print(f"{file}: {outcome}")
    return 1 if result.failures else 0


def _print(kind: Kind, result: Result, seed: int, seconds: float) -> None:
    print(f"{kind.name}, seed {seed}: {result.outcomes.total():,} files in {seconds:.0f} s")
    for outcome, count in result.outcomes.most_common():
        print(f"{count:>9,}  {'FAILS  ' if kind.failures(outcome) else ''}{outcome}")
    print(f"{len(result.failures)} failures")


if __name__ == "__main__":
    sys.exit(main())
