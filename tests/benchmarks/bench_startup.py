"""Start-up of the command against the smallest program that uses the same command-line library."""

from __future__ import annotations

import sys

from tests.benchmarks.processes import measure, table

ROUNDS = 25

EMPTY_GROUP = """
import click

@click.group()
def main():
    pass

main(["--help"])
"""


def main() -> None:
    """Measure and print."""
    commands = {
        "empty click group, --help": [sys.executable, "-c", EMPTY_GROUP],
        "provenance --help": [sys.executable, "-m", "provenance", "--help"],
        "provenance --version": [sys.executable, "-m", "provenance", "--version"],
        "python, nothing": [sys.executable, "-c", "pass"],
    }
    table(measure(commands, ROUNDS), "empty click group, --help", {"provenance --help": 1.3})


if __name__ == "__main__":
    main()
