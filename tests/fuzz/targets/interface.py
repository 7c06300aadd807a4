"""What a target is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """One parser."""

    name: str
    run: Callable[[bytes], None]
    """Parses; raises only where there is a bug."""
    seeds: Callable[[], tuple[bytes, ...]]
    """Honest inputs to begin with."""
    seconds: float = 2.0
    """What one small input may take."""
