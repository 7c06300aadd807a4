"""Threads: who reads what, with which buffers, and how all of them stop when one fails."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from mmap import mmap
from typing import TypeVar

from provenance.records import Progress

BUFFER_BYTES = 1024 * 1024
"""Smaller pieces make the threads fight over the interpreter's lock, larger ones leave the processor's cache."""
RING = 4
"""Buffers of one worker: two for a pair, four for a file whose digests run in two threads."""

A = TypeVar("A")
B = TypeVar("B")


class StoppedError(Exception):
    """Raised inside a thread because another has failed; never leaves `run`."""


class Meter:
    """Counts bytes for the progress bar, one thread at a time, and carries the first error to every thread."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self.error: BaseException | None = None

    def __call__(self, nbytes: int) -> None:
        """`nbytes` more bytes were read; raises `StoppedError` once any thread has failed."""
        if self.error is not None:
            raise StoppedError
        if self._progress is not None:
            with self._lock:
                self._progress(nbytes)

    def stop(self, error: BaseException) -> None:
        """Remember the first error."""
        with self._lock:
            if self.error is None and not isinstance(error, StoppedError):
                self.error = error


class Worker:
    """One thread's reused buffers, and a second thread where there is nothing else for it to do."""

    def __init__(self, helper: Executor | None = None) -> None:
        self.buffers = tuple(memoryview(mmap(-1, BUFFER_BYTES)) for _ in range(RING))
        """They begin with a page of memory. A buffer of `malloc`'s begins 16 bytes later, and to there AMD's processors
        copy the pages of the kernel's cache at a fifth of their speed."""
        self.helper = helper

    def both(self, first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
        """Call both, at the same time where there is a helper, and wait for both."""
        if self.helper is None:
            return first(), second()
        future = self.helper.submit(second)
        try:
            mine = first()
        finally:
            future.exception()  # waits: its buffer must not be given away while it is being filled
        return mine, future.result()


@dataclass(frozen=True, slots=True)
class Job:
    """Work that one worker does alone."""

    nbytes: int
    run: Callable[[Worker], None]


def run(jobs: Iterable[Job], threads: int, meter: Meter) -> None:
    """Do all `jobs`, largest first, on `threads` threads, the caller's among them; raises the first error of any.

    A job with more than three quarters of all bytes would leave the other threads idle: it is done first, by a worker
    that has a helper.
    """
    waiting = deque(sorted(jobs, key=lambda job: -job.nbytes))
    total = sum(job.nbytes for job in waiting)
    try:
        if threads > 1 and waiting and waiting[0].nbytes * 4 > total * 3:
            with ThreadPoolExecutor(1) as helper:
                _work(deque([waiting.popleft()]), Worker(helper), meter)
        others = min(threads, len(waiting)) - 1
        with ThreadPoolExecutor(max(1, others)) as pool:  # has no thread before it is given work
            for _ in range(others):
                pool.submit(_work, waiting, Worker(), meter)
            _work(waiting, Worker(), meter)
    except BaseException as error:
        meter.stop(error)  # an interrupt while we waited for the others: they end at their next piece
        raise
    if meter.error is not None:
        raise meter.error


def _work(waiting: deque[Job], worker: Worker, meter: Meter) -> None:
    """Take jobs until there are none, or until one fails anywhere."""
    while meter.error is None:
        try:
            job = waiting.popleft()
        except IndexError:
            return
        try:
            job.run(worker)
        except BaseException as error:  # noqa: BLE001 - raised again in `run`, in the caller's thread
            meter.stop(error)
