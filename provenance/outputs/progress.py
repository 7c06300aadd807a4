"""A progress bar for reads that last: law of the house, nothing over a second without a sign of life."""

from __future__ import annotations

import sys
import time
from typing import Any


class Bar:
    """A bar on standard error, drawn once a read has lasted a second and only on a terminal."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._done = self._total = 0
        self._started = 0.0

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, total: int) -> None:
        """`total` bytes are going to be read."""
        self._total += total
        self._started = self._started or time.monotonic()
        if self._bar is not None:
            self._bar.update(self._task, total=self._total)

    def __call__(self, nbytes: int) -> None:
        """`nbytes` more were read."""
        self._done += nbytes
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done)
        elif sys.stderr.isatty():
            self._draw_when_slow()

    def _draw_when_slow(self) -> None:
        if time.monotonic() - self._started < 1.0:
            return
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("reading", total=self._total, completed=self._done)
        self._bar.start()
