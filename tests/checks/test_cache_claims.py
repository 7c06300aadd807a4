"""Cached files that are not what the cache calls them."""

from __future__ import annotations

import dataclasses

from provenance.checks.cache_claims import CACHE_CLAIMS
from provenance.records import Severity
from tests.checks.models import evidence, model


def test_each_file_is_named() -> None:
    broken = dataclasses.replace(model(), broken_claims=("a.safetensors", "b.json"))
    found = list(CACHE_CLAIMS.run(evidence(broken)))
    assert [(finding.location.file, finding.severity) for finding in found] == [
        ("a.safetensors", Severity.CRITICAL),
        ("b.json", Severity.CRITICAL),
    ]


def test_a_base_is_not_the_candidate() -> None:
    broken = dataclasses.replace(model(), broken_claims=("a.safetensors",))
    assert list(CACHE_CLAIMS.run(evidence(model(), broken))) == []
