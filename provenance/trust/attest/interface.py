"""What a verifier decides before it looks at anything: whom it believes, for what, when, and up to which limits.

Nothing here comes from a bundle, and nothing in a bundle can change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from provenance.errors import UsageError

if TYPE_CHECKING:
    from provenance.trust.attest.keys import PublicKey

MAX_LINE_BYTES = 64 * 1024 * 1024
"""The largest bundle that is parsed. A scan of ten thousand files signs about 2 MiB."""


class Step(IntEnum):
    """The steps of verification, in their order; docs/verification.md explains each under its number."""

    SIZE = 1
    STRICT_JSON = 2
    SIGNATURE = 3
    PAYLOAD_TYPE = 4
    STATEMENT = 5
    PREDICATE = 6
    SIGNER = 7
    SUBJECT = 8
    FILES = 9
    SEMANTICS = 10
    FRESHNESS = 11
    REVOCATION = 12


@dataclass(frozen=True, slots=True)
class Signer:
    """Someone the verifier believes."""

    name: str
    """The name that the policy or the command line gives, shown with every claim."""
    public_key: PublicKey
    not_after: datetime | None = None
    """The last moment at which the key is believed; None for no end."""
    predicate_types: frozenset[str] | None = None
    """What the signer is believed about; None for every type that is known here."""

    def __post_init__(self) -> None:
        if self.not_after is not None and self.not_after.tzinfo is None:
            raise ValueError("not_after has no time zone")


@dataclass(frozen=True, slots=True)
class VerificationOptions:
    """One configuration for all bundles of a run; immutable, so nothing leaks from one model to the next."""

    signers: tuple[Signer, ...]
    """At least one."""
    at: datetime
    """The time to judge by, with a zone: an input, so that a run can be repeated."""
    max_age: timedelta | None = None
    """How old an attestation may be by its verified time; None for any age."""
    allow_untrusted_time: bool = False
    """Let the signer's own clock stand in where no verified time is known."""
    clock_skew: timedelta = timedelta(minutes=5)
    """How far the signer's clock may run ahead of `at`."""
    denied: frozenset[str] = frozenset()
    """SHA-256 digests (lower-case hex) of subjects, bases, statements and keys that no longer count."""
    max_line_bytes: int = MAX_LINE_BYTES

    def __post_init__(self) -> None:
        if not self.signers:
            raise UsageError("no signer is named", todo="name one in the policy, or give a public key")
        if self.at.tzinfo is None:
            raise ValueError("at has no time zone")
