"""Makes the tables; see the package's docstring."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from fixtures.corpus import Label
from tests.benchmarks.scanners import confined, tables
from tests.benchmarks.scanners.interface import Scanner
from tests.benchmarks.scanners.measure import measure
from tests.benchmarks.scanners.ours import OURS
from tests.benchmarks.scanners.peers import PEERS
from tests.benchmarks.scanners.sample_tables import sampled
from tests.benchmarks.scanners.samples import harvest
from tests.benchmarks.scanners.subjects import corpus

ALL = (*OURS, *PEERS)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scanners", description=__doc__)
    parser.add_argument("--cache", type=Path, default=default_cache(), help="environments, corpus and answers; kept")
    parser.add_argument("--tools", default=",".join(scanner.name for scanner in ALL), help="names, with commas between")
    parser.add_argument("--limit", type=int, help="as many items, or samples of each scanner; default: all")
    parser.add_argument("--samples", action="store_true", help="scan the other scanners' own test data instead")
    given = parser.parse_args()
    wanted = given.tools.split(",")
    scanners = [scanner for scanner in ALL if scanner.name in wanted]
    if len(scanners) != len(wanted):
        parser.error(f"--tools takes some of: {', '.join(scanner.name for scanner in ALL)}")
    cache = given.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    if not confined.without_network():
        sys.stderr.write("this host has no network namespaces: the scanners run with network, telemetry switched off\n")
    sys.stdout.write(
        on_samples(scanners, cache, given.limit) if given.samples else on_corpus(scanners, cache, given.limit)
    )


def on_corpus(scanners: Sequence[Scanner], cache: Path, limit: int | None) -> str:
    """The tables of the labelled corpus."""
    subjects = corpus(cache, limit)
    answers = tables.Answers(measure(scanners, subjects, cache, "answers.json"), subjects)
    parts = [tables.summary(answers, scanners)]
    parts += [tables.by_surface(answers, scanners, label) for label in Label]
    parts += [f"`{scanner.name}`\n\n{tables.verdicts(answers, scanner)}" for scanner in scanners if scanner in OURS]
    return "\n".join(parts)


def on_samples(scanners: Sequence[Scanner], cache: Path, limit: int | None) -> str:
    """The table of the other scanners' test data."""
    judge, peers = OURS[0], [scanner for scanner in scanners if scanner not in OURS]
    samples = harvest(cache, limit, [peer.name for peer in peers])
    return sampled(measure([judge, *peers], samples, cache, "answers-samples.json"), samples, peers, judge)


def default_cache() -> Path:
    """Outside the tree."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "provenance-benchmarks"


if __name__ == "__main__":
    main()
