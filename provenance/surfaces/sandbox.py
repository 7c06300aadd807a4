"""A child process for texts that have to be parsed or rendered: little time and memory, no files, no network.

    with Sandbox("provenance.surfaces.jinja_child") as sandbox:
        answer = sandbox.ask({"template": text})

The child imports one module and answers each request with what its `handle` returns. Whatever a
hostile text makes of the child (a crash, a loop, a gigabyte) is a `Failure` here, and the next request gets a new one.
Linux and macOS; a limit that the system does not know is left out.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_START = """\
import sys
first, last = {!r}
sys.path[:] = [*first, *sys.path, *(path for path in last if path not in sys.path)]
from provenance.surfaces.sandboxed import main
main({!r}, {})
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may use."""

    seconds: int = 5
    """Of processor time; twenty times as much may pass on the clock, for a machine may be busy."""
    memory: int = 768 * 1024 * 1024
    """Bytes of address space, the interpreter's own among them."""
    answer: int = 16 * 1024 * 1024
    """Bytes of the answer, as JSON."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that was not answered."""

    kind: str
    """`time`, `memory`, `answer` (too long), `crash`."""

    def __str__(self) -> str:
        return {
            "time": "it took too long",
            "memory": "it took too much memory",
            "answer": "it produced too much",
        }.get(self.kind, "it crashed the child that looked at it")


class Sandbox:
    """One child at a time, started at the first request."""

    def __init__(self, module: str, limits: Limits | None = None) -> None:
        self._module = module
        self._limits = limits or Limits()
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, request: object) -> object | Failure:
        """What `handle(request)` of the child's module returns, both JSON values; or why there is no answer."""
        child = self._child or self._start()
        deadline = time.monotonic() + 20 * self._limits.seconds
        try:
            data = json.dumps(request).encode()
            self._send(child, len(data).to_bytes(8, "little") + data, deadline)
            length = int.from_bytes(self._receive(child, 8, deadline), "little")
            if length > self._limits.answer:
                raise _Broken("answer")
            answer = json.loads(self._receive(child, length, deadline))
        except _Broken as broken:
            return self._failed(child, broken.kind)
        return Failure(answer["failure"]) if "failure" in answer else answer["value"]

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def _start(self) -> subprocess.Popen[bytes]:
        limits = (self._limits.seconds, self._limits.memory)
        code = _START.format(_path(), self._module, limits)
        self._child = subprocess.Popen(  # noqa: S603 - our own interpreter, our own module
            [sys.executable, "-I", "-B", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"},
            close_fds=True,
        )
        assert self._child.stdin is not None
        os.set_blocking(self._child.stdin.fileno(), False)
        return self._child

    def _failed(self, child: subprocess.Popen[bytes], kind: str) -> Failure:
        """Ends the child; a child that ended by itself says by its signal what it ran into."""
        if kind == "crash":
            try:
                signal = -child.wait(timeout=1)
            except subprocess.TimeoutExpired:
                signal = 0
            kind = {24: "time"}.get(signal, kind)  # SIGXCPU
        self.close()
        return Failure(kind)

    @staticmethod
    def _send(child: subprocess.Popen[bytes], data: bytes, deadline: float) -> None:
        assert child.stdin is not None
        rest = memoryview(data)
        while rest:
            _wait(child.stdin.fileno(), select.POLLOUT, deadline)
            try:
                rest = rest[os.write(child.stdin.fileno(), rest[:65536]) :]
            except BlockingIOError:
                continue
            except OSError:
                raise _Broken("crash") from None

    @staticmethod
    def _receive(child: subprocess.Popen[bytes], nbytes: int, deadline: float) -> bytes:
        assert child.stdout is not None
        kept = bytearray()
        while len(kept) < nbytes:
            _wait(child.stdout.fileno(), select.POLLIN, deadline)
            piece = os.read(child.stdout.fileno(), min(1 << 20, nbytes - len(kept)))
            if not piece:
                raise _Broken("crash")
            kept += piece
        return bytes(kept)


def _path() -> tuple[list[str], list[str]]:
    """Where the child finds this package, and where it finds others: never in the folder that we happen to be in.

    That folder may be the model's, and hold a `json.py`.
    """
    here = os.path.realpath(os.curdir)
    own = str(Path(__file__).resolve().parents[2])
    return [own], [path for path in sys.path if path.startswith("/") and os.path.realpath(path) != here]


class _Broken(Exception):  # noqa: N818 - never leaves this module
    """The conversation with the child is over."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def _wait(descriptor: int, event: int, deadline: float) -> None:
    """Until `descriptor` is ready, or its other end is closed."""
    poll = select.poll()
    poll.register(descriptor, event)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        raise _Broken("time")
