"""`provenance verify`: digest the model again and hold the attestations and the policy against it. Offline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from provenance.errors import NothingToInspect, UsageError
from provenance.records import Evidence, FailedClaim, Severity, Skipped

if TYPE_CHECKING:
    from provenance.pipeline.check import Judged
    from provenance.pipeline.gather import Watch

_NO_SIGNER = "nobody is named whose attestations count"
_NOT_LOOKED_AT = (
    Skipped("base", "verify digests the model and runs no checks; findings are those that were attested"),
    Skipped("lineage", "verify compares no weights; relations are those that were attested"),
)


def verify(
    model: str,
    *,
    policy: str | None,
    attestations: Sequence[str],
    signers: Sequence[str],
    at: str | None,
    progress: Watch,
) -> Judged:
    """The verdict on what is attested about `model` as it lies on disk.

    With a signer and no policy, the built-in policy `integrity` judges.
    """
    from provenance.documents.report import Inputs, from_evidence, from_verdict
    from provenance.pipeline.check import Judged
    from provenance.pipeline.clock import moment
    from provenance.pipeline.compose import tool
    from provenance.pipeline.coverage import coverage
    from provenance.pipeline.gather import digest
    from provenance.pipeline.trusted import trust
    from provenance.trust.policy import judge_claims

    when = moment(at)
    if policy is None and not signers:
        raise UsageError(_NO_SIGNER, todo="add --signer PUBLIC.pem, or --policy with a file that names signers")
    trusted = trust(policy or "integrity", signers, attestations)
    if not trusted.signers:
        raise UsageError(
            _NO_SIGNER, where=trusted.policy.source, todo="name one in the policy, or add --signer PUBLIC.pem"
        )
    seen = digest(model, progress)
    claims = trusted.claims(seen.manifest, when)
    if claims is None:
        raise NothingToInspect("no attestation was given", where=model, todo="add --attestation FILE.sigstore.jsonl")
    evidence = Evidence(seen, *_NOT_LOOKED_AT)
    claims = replace(claims, failures=(*claims.failures, *_outside_the_set(evidence)))
    verdict = from_verdict(judge_claims(seen.manifest, claims, trusted.policy, at=when))
    report = from_evidence(
        evidence,
        (),
        tool=tool(),
        inputs=Inputs(verb="verify", candidate=model, options=trusted.options),
        coverage=coverage(evidence),
        claims=claims,
    )
    return Judged(report, verdict)


def _outside_the_set(evidence: Evidence) -> Iterator[FailedClaim]:
    """What could be loaded from places that no digest covers: the set that was signed is not all there is."""
    from provenance.checks.excluded import EXCLUDED
    from provenance.trust.attest.interface import Step

    for finding in EXCLUDED.run(evidence):
        if finding.severity.rank >= Severity.ERROR.rank:
            yield FailedClaim(finding.location.file, Step.FILES, finding.message)
