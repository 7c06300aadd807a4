"""Consumers that keep what they are given, so that tests can see who was fed what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from provenance.records import Unit


@dataclass(frozen=True)
class Fed:
    """What one consumer got."""

    unit: Unit
    content: bytes
    pieces: tuple[int, ...]
    """Lengths of the pieces."""


class Keep:
    """Consumer of a file or a tensor."""

    def begin(self, unit: Unit) -> None:
        self._unit = unit
        self._pieces: list[bytes] = []

    def update(self, chunk: memoryview) -> None:
        assert 0 < len(chunk) <= 1024 * 1024
        self._pieces.append(bytes(chunk))

    def finish(self) -> Fed:
        return Fed(self._unit, b"".join(self._pieces), tuple(map(len, self._pieces)))


def keep(unit: Unit) -> Keep:
    """Factory: everything is kept."""
    return Keep()


@dataclass(frozen=True)
class FedPair:
    """What one pair's consumer got."""

    candidate: Unit
    base: Unit
    contents: tuple[bytes, bytes]
    pieces: tuple[tuple[int, int], ...]


class KeepPair:
    """Consumer of two tensors in step."""

    def begin(self, candidate: Unit, base: Unit) -> None:
        self._units = candidate, base
        self._pieces: list[tuple[bytes, bytes]] = []

    def update(self, candidate: memoryview, base: memoryview) -> None:
        assert 0 < len(candidate) <= 1024 * 1024
        assert 0 < len(base) <= 1024 * 1024
        self._pieces.append((bytes(candidate), bytes(base)))

    def finish(self) -> FedPair:
        contents = b"".join(one for one, _ in self._pieces), b"".join(other for _, other in self._pieces)
        return FedPair(*self._units, contents, tuple((len(one), len(other)) for one, other in self._pieces))


def keep_pair(candidate: Unit, base: Unit) -> KeepPair:
    """Factory: every pair is kept."""
    return KeepPair()


class Disturb:
    """Consumer that calls `action` at its first bytes, as if somebody else did so while we read."""

    def __init__(self, action: Callable[[], object]) -> None:
        self._action: Callable[[], object] | None = action

    def begin(self, unit: Unit) -> None:
        pass

    def update(self, chunk: memoryview) -> None:
        action, self._action = self._action, None
        if action:
            action()

    def finish(self) -> None:
        return None
