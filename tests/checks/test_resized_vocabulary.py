"""A vocabulary of another size than the base's, and what the embedding says to it."""

from __future__ import annotations

import pytest

from provenance.checks.behaviour_settings import config_severity
from provenance.checks.settings import Difference
from provenance.records import Severity


@pytest.mark.parametrize(
    ("base", "here", "embedded", "severity"),
    [
        (384, 324, {324}, Severity.INFO),
        (384, 448, {448}, Severity.INFO),
        (384, 448, set(), Severity.INFO),
        (384, 324, set(), Severity.WARNING),
        (384, 324, {384}, Severity.WARNING),
        (384, 448, {384}, Severity.WARNING),
        (384, "324", {324}, Severity.WARNING),
    ],
)
def test_the_embedding_has_as_many_rows(base: int, here: object, embedded: set[int], severity: Severity) -> None:
    difference = Difference(("vocab_size",), base, here)
    assert config_severity(difference, kept=False, embedded=frozenset(embedded)) is severity
