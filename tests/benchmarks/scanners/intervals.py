"""Exact bounds of a share that was counted (Clopper and Pearson, 1934)."""

from __future__ import annotations

import math
from collections.abc import Callable

STEPS = 60


def at_least(successes: int, trials: int, share: float) -> float:
    """Probability of `successes` or more of `trials` where each succeeds with probability `share`, in (0, 1)."""
    terms = (
        math.exp(
            math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
            + k * math.log(share) + (trials - k) * math.log1p(-share)
        )
        for k in range(successes, trials + 1)
    )  # fmt: skip
    return math.fsum(terms)


def bounds(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """The two-sided interval; (0, 1) where nothing was tried."""
    if trials == 0:
        return 0.0, 1.0
    tail = (1 - level) / 2
    lower = 0.0 if successes == 0 else crossing(lambda share: at_least(successes, trials, share) - tail)
    upper = 1.0 if successes == trials else crossing(lambda share: at_least(successes + 1, trials, share) - 1 + tail)
    return lower, upper


def crossing(rising: Callable[[float], float]) -> float:
    """Where a rising function of (0, 1) is zero, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2
