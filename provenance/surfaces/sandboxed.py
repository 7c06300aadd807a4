"""The inside of a `Sandbox`: gives up what it can do, then answers requests until its input ends."""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from contextlib import suppress


def main(module: str, limits: tuple[int, int]) -> None:
    """Answer requests with `module.handle`, each within `limits`: seconds of processor time, bytes of memory."""
    handle = importlib.import_module(module).handle
    seconds, memory = limits
    _give_up(memory)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while length := source.read(8):
        request = json.loads(source.read(int.from_bytes(length, "little")))
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + seconds, soft_only=True)
        try:
            answer = json.dumps({"value": handle(request)}).encode()
        except MemoryError:
            answer = b'{"failure": "memory"}'
        except RecursionError:
            answer = b'{"failure": "crash"}'
        sink.write(len(answer).to_bytes(8, "little") + answer)
        sink.flush()


def _give_up(memory: int) -> None:
    """No new descriptor, so no file and no socket; no process; no file to write; no core. What is loaded stays."""
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    with suppress(AttributeError):  # not on every system
        _limit(resource.RLIMIT_NPROC, 0)
    # Descriptors are handed out from below: where the lowest free one is past the limit, there is none.
    lowest_free = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest_free)
    _limit(resource.RLIMIT_NOFILE, lowest_free)


def _limit(what: int, value: int, *, soft_only: bool = False) -> None:
    """Lower a limit for good. macOS refuses some; what is refused stays as it was."""
    with suppress(OSError, ValueError):
        resource.setrlimit(what, (value, resource.getrlimit(what)[1] if soft_only else value))
