"""Files of a Hugging Face cache that are not what the cache calls them."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.interface import Check, Rule
from provenance.records import Evidence, Finding, Severity

CACHE_CLAIM_BROKEN = Rule(
    ident="cache-claim-broken",
    title="a cached file is not what the cache calls it",
    severity=Severity.CRITICAL,
    meaning="A Hugging Face cache names each large file by the SHA-256 that the Hub gave for it. The content of this "
    "one has another digest.",
    why="The file was changed or damaged after its download, or the cache was put together by hand. What the Hub "
    "shows and scanned is not what is here.",
    example="model.safetensors: its SHA-256 is not its name in the cache",
    advice="Delete the snapshot from the cache and download it again.",
)


def _run(evidence: Evidence) -> Iterator[Finding]:
    for path in evidence.candidate.broken_claims:
        yield CACHE_CLAIM_BROKEN.finding("its SHA-256 is not its name in the cache", file=path)


CACHE_CLAIMS = Check("cache-claims", (CACHE_CLAIM_BROKEN,), _run)
