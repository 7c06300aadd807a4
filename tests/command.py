"""Runs the command as a user would, and holds every failure to the rule: one clear line, no traceback."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass

from provenance.cli import run


@dataclass(frozen=True)
class Done:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on standard error of a run that failed."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("provenance: ")
        assert "Traceback" not in self.err
        return lines[0]


def provenance(*arguments: object) -> Done:
    """`provenance ARGUMENTS…` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    return Done(int(code), out.getvalue(), err.getvalue())
