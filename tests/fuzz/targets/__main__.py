"""`python -m tests.fuzz.targets NAME [libFuzzer's arguments]`: one target under libFuzzer.

Needs `pip install atheris`. It is no dependency of the tests: the versions for our Pythons have wheels for Linux on
x86-64 alone. Honest inputs are put into a new corpus folder unless one is named.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Does not return where libFuzzer runs: it exits."""
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed: pip install atheris", file=sys.stderr)
        return 2
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["provenance"]):
        targets = importlib.import_module("tests.fuzz.targets.every").TARGETS
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in targets:
        print(f"one of: {', '.join(targets)}", file=sys.stderr)
        return 2
    arguments = sys.argv[2:]
    if all(argument.startswith("-") for argument in arguments):
        corpus = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
        for number, seed in enumerate(targets[name].seeds()):
            (corpus / f"seed-{number}").write_bytes(seed)
        arguments = [*arguments, str(corpus)]
    atheris.Setup([sys.argv[0], *arguments], targets[name].run)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
