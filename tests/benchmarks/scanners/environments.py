"""One virtual environment per scanner, made on first use and kept."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.scanners.interface import Scanner


def programs(scanner: Scanner, cache: Path) -> Path | None:
    """The folder of `scanner`'s programs; None where its packages cannot be installed here."""
    if not scanner.requirements:
        return Path(sys.executable).parent
    wanted = "\n".join(scanner.requirements)
    home = cache / "environments" / f"{scanner.name.split()[0]}-{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"
    if not home.joinpath("complete").is_file():
        shutil.rmtree(home, ignore_errors=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        for command in (
            [sys.executable, "-m", "venv", str(home)],
            [str(home / "bin" / "python"), "-m", "pip", "--quiet", "install", *scanner.requirements],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                sys.stderr.write(f"{scanner.name}: cannot be installed: {done.stderr[-400:]}\n")
                return None
        home.joinpath("complete").touch()
    return home / "bin"
