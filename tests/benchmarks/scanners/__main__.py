"""Makes the tables; see the package's docstring."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from fixtures.corpus import Label
from tests.benchmarks.scanners import confined, tables
from tests.benchmarks.scanners.measure import measure
from tests.benchmarks.scanners.ours import OURS
from tests.benchmarks.scanners.peers import PEERS
from tests.benchmarks.scanners.subjects import corpus

ALL = (*OURS, *PEERS)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scanners", description=__doc__)
    parser.add_argument("--cache", type=Path, default=default_cache(), help="environments, corpus and answers; kept")
    parser.add_argument("--tools", default=",".join(scanner.name for scanner in ALL), help="names, with commas between")
    parser.add_argument("--limit", type=int, help="as many items of the corpus; default: all")
    given = parser.parse_args()
    wanted = given.tools.split(",")
    scanners = [scanner for scanner in ALL if scanner.name in wanted]
    if len(scanners) != len(wanted):
        parser.error(f"--tools takes some of: {', '.join(scanner.name for scanner in ALL)}")
    cache = given.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    if not confined.without_network():
        sys.stderr.write("this host has no network namespaces: the scanners run with network, telemetry switched off\n")
    subjects = corpus(cache, given.limit)
    answers = tables.Answers(measure(scanners, subjects, cache), subjects)
    parts = [tables.summary(answers, scanners)]
    parts += [tables.by_surface(answers, scanners, label) for label in Label]
    parts += [f"`{scanner.name}`\n\n{tables.verdicts(answers, scanner)}" for scanner in scanners if scanner in OURS]
    sys.stdout.write("\n".join(parts))


def default_cache() -> Path:
    """Outside the tree."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "provenance-benchmarks"


if __name__ == "__main__":
    main()
