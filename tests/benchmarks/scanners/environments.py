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
    return made(scanner.name.split()[0], scanner.requirements, cache)


def made(name: str, requirements: tuple[str, ...], cache: Path) -> Path | None:
    """The folder of an environment's programs; None where the packages cannot be installed."""
    wanted = hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:8]
    home = cache / "environments" / f"{name}-{wanted}"
    if not home.joinpath("complete").is_file():
        shutil.rmtree(home, ignore_errors=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        for command in (
            [sys.executable, "-m", "venv", str(home)],
            [str(home / "bin" / "python"), "-m", "pip", "--quiet", "install", *requirements],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                sys.stderr.write(f"{name}: cannot be installed: {done.stderr[-400:]}\n")
                return None
        home.joinpath("complete").touch()
    return home / "bin"
