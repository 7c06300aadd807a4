"""The time a run judges by: an input, never read in the middle of the work (law 6)."""

from __future__ import annotations

from datetime import UTC, datetime

from provenance.errors import UsageError


def moment(at: str | None) -> datetime:
    """`at` (RFC 3339 with a zone) or now, in UTC to the second."""
    if at is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        parsed = datetime.fromisoformat(at)
        if parsed.tzinfo is not None:
            return parsed.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):  # the first and the last day of the calendar have no other zone
        pass
    raise UsageError(f"--at {at!r} is not a time with a zone", todo="write it as 2026-11-21T12:00:00Z")


def rfc3339(when: datetime) -> str:
    """`when` as `2026-11-21T12:00:00Z`."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
