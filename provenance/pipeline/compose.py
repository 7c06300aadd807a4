"""From evidence to a report: run the checks, say with which tool and from which inputs."""

from __future__ import annotations

import hashlib

from provenance import __version__
from provenance.checks import RULES, run_all
from provenance.documents.report import Inputs, Report, Tool, from_evidence
from provenance.pipeline.gather import Gathered
from provenance.records import VerifiedClaims


def compose(
    gathered: Gathered,
    *,
    verb: str,
    candidate: str,
    base: str | None,
    options: dict[str, str] | None = None,
    claims: VerifiedClaims | None = None,
) -> Report:
    """The report of one run."""
    return from_evidence(
        gathered.evidence,
        run_all(gathered.evidence),
        tool=tool(),
        inputs=Inputs(verb=verb, candidate=candidate, base=base, options=options or {}),
        coverage=gathered.coverage,
        claims=claims,
    )


def tool() -> Tool:
    """Our version, and the digest of its rules: any rule added, removed or reworded changes it."""
    import rfc8785

    rules = {
        ident: [rule.title, rule.severity.value, rule.confidence.value, rule.meaning, rule.advice]
        for ident, rule in RULES.items()
    }
    return Tool(version=__version__, rules_sha256=hashlib.sha256(rfc8785.dumps(rules)).hexdigest())
