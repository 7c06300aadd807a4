"""Runs somebody else's program on hostile files: no network, little memory, a clock, an empty home, no telemetry."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from functools import cache
from pathlib import Path

from tests.benchmarks.scanners.interface import Done

SECONDS = 60
MEMORY_KIB = 8 << 20
OUTPUT = 64 << 20
QUIET = {
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "NO_ANALYTICS": "1",
    "DO_NOT_TRACK": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "NO_COLOR": "1",
    "COLUMNS": "200",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@cache
def without_network() -> tuple[str, ...]:
    """What a command is prefixed with to have no network; empty where the host has no such namespace."""
    prefix = ("unshare", "--map-root-user", "--net")
    if shutil.which("unshare") is None:
        return ()
    tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return prefix if tried.returncode == 0 else ()


def run(command: list[str], scratch: Path, *, seconds: int = SECONDS, **environment: str) -> Done:
    """`command` in the folder `scratch`, which is its home too."""
    limited = ["sh", "-c", f'ulimit -v {MEMORY_KIB} 2>/dev/null; exec "$@"', "sh", *command]
    given = {**QUIET, "PATH": os.environ.get("PATH", os.defpath), "HOME": str(scratch), "TMPDIR": str(scratch)}
    process = subprocess.Popen(
        [*without_network(), *limited],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=scratch,
        env={**given, **environment},
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Done(None, "", "")
    return Done(process.returncode, out[:OUTPUT].decode(errors="replace"), err[-4096:].decode(errors="replace"))
