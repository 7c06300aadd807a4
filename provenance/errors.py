"""Every exception of the package, with the exit code it ends the command with.

    ProvenanceError
    ├── UsageError            2  the request itself is wrong: a path, an option, a policy key
    ├── CouldNotLook          3  something that had to be looked at could not be
    │   ├── NothingToInspect  3  zero files, zero tensors, zero attestations
    │   ├── MalformedFile     3  a header was rejected (scan and check turn it into a finding)
    │   ├── UnsupportedFile   3  a weight file of a variant that is not read (scan and check say so and go on)
    │   ├── LimitExceeded     3  a bound on size, count, depth or time was reached
    │   └── MissingExtra      3  an optional dependency is not installed
    └── NotVerified           1  a signature, signer, subject or file set is wrong

A bad model is data (a finding), never an exception; an exception means "could not look". `NotVerified` is the
exception that proves the rule: inside `trust/attest` it ends one bundle's verification at the step that failed, and
the pipeline turns it into a claim that did not verify.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """The exit codes of the command. The output format never changes them."""

    PASS = 0
    DENIED = 1
    USAGE = 2
    UNDECIDED = 3
    BUG = 70


class ProvenanceError(Exception):
    """One clear line for a person: what is wrong, where, and what to do about it."""

    exit: ClassVar[Exit] = Exit.UNDECIDED

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.what = what
        self.where = where
        self.todo = todo
        super().__init__(str(self))

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return one_line(f"{line} ({self.todo})" if self.todo else line)


class UsageError(ProvenanceError):
    """The request is wrong: a missing path, a bad option, an unknown policy key."""

    exit = Exit.USAGE


class CouldNotLook(ProvenanceError):
    """Something that had to be looked at could not be: unreadable, changed while read, a link out of the model."""


class NothingToInspect(CouldNotLook):
    """Zero files, zero weights, zero attestations: there is nothing a verdict could rest on."""


class MalformedFile(CouldNotLook):
    """A header that breaks its format's rules. `rejection` is the kebab-case name of the broken rule."""

    def __init__(self, rejection: str, what: str, *, where: str = "", offset: int | None = None) -> None:
        self.rejection = rejection
        self.offset = offset
        super().__init__(f"{what} [{rejection}]", where=where, todo="do not load it; fetch it again from its source")


class UnsupportedFile(CouldNotLook):
    """A weight file that may well be honest, of a variant that this version does not read. `what` is `which …`."""


class LimitExceeded(CouldNotLook):
    """A bound on size, count, depth or time was reached before the work was done."""


class MissingExtra(CouldNotLook):
    """An optional dependency is not installed; the message carries the pip command."""


class NotVerified(ProvenanceError):
    """An attestation does not hold. `step` is the number of the step that failed (docs/verification.md)."""

    exit = Exit.DENIED

    def __init__(self, step: int, what: str, *, where: str = "", todo: str = "") -> None:
        self.step = step
        super().__init__(what, where=where, todo=todo)


def one_line(text: str) -> str:
    """`text` with control, bidirectional and invisible characters escaped: a hostile name cannot forge output."""
    return "".join(
        c if c.isprintable() and c not in _BLANK else c.encode("unicode_escape").decode("ascii") for c in text
    )


_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe0e\ufe0f\uffa0")
"""Characters that count as printable and show nothing."""
