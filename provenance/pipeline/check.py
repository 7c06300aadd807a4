"""`provenance check` and `scan`: look, judge, one verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.errors import UsageError

if TYPE_CHECKING:
    from provenance.documents.report import Report, VerdictDocument
    from provenance.pipeline.gather import Watch


@dataclass(frozen=True, slots=True)
class Judged:
    """A report and what the policy says of it."""

    report: Report
    verdict: VerdictDocument


def check(
    model: str,
    *,
    base: str | None,
    policy: str | None,
    attestations: Sequence[str],
    signers: Sequence[str],
    at: str | None,
    progress: Watch,
) -> Judged:
    """Everything that applies: files, weights against `base`, attestations, policy."""
    from provenance.documents.report import from_verdict
    from provenance.pipeline.clock import moment
    from provenance.pipeline.compose import compose
    from provenance.pipeline.gather import gather
    from provenance.pipeline.trusted import trust
    from provenance.trust.policy import judge

    when = moment(at)
    trusted = trust(policy or "default", signers, attestations)
    if attestations and not trusted.signers:
        raise UsageError(
            "attestations were given and nobody is named who may have signed them",
            todo="name a public key with --signer, or a policy that names signers",
        )
    if signers and not attestations:
        raise UsageError("a signer is named and no attestation is given", todo="add --attestation FILE.sigstore.jsonl")
    # An attestation is about all of a model: without a part of it there is nothing to hold it against.
    gathered = gather(model, base, tolerant=not attestations, watch=progress)
    claims = trusted.claims(gathered.evidence.candidate.manifest, when)
    report = compose(gathered, verb="check", candidate=model, base=base, options=trusted.options, claims=claims)
    return Judged(report, from_verdict(judge(report, trusted.policy, claims=claims, at=when)))


def scan(
    model: str, *, base: str | None, policy: str | None, at: str | None, digests: bool = True, progress: Watch
) -> Judged:
    """The files alone; with `base` its templates, tokenizer and configuration are compared, its weights are not.

    Without `digests` the weights' data is not read, and no policy passes the model.
    """
    from provenance.documents.report import from_verdict
    from provenance.pipeline.clock import moment
    from provenance.pipeline.compose import compose
    from provenance.pipeline.gather import gather
    from provenance.pipeline.trusted import trust
    from provenance.trust.policy import judge

    when = moment(at)
    trusted = trust(policy or "default", (), ())
    gathered = gather(model, base, weights=False, digests=digests, tolerant=True, watch=progress)
    options = trusted.options | ({} if digests else {"digests": "none"})
    report = compose(gathered, verb="scan", candidate=model, base=base, options=options)
    return Judged(report, from_verdict(judge(report, trusted.policy, at=when)))


def judge_report(report: Report, *, policy: str | None, at: str | None) -> VerdictDocument:
    """What `policy` says now of a report that was made before."""
    from provenance.documents.report import from_verdict
    from provenance.pipeline.clock import moment
    from provenance.pipeline.trusted import trust
    from provenance.trust.policy import judge

    return from_verdict(judge(report, trust(policy or "default", (), ()).policy, at=moment(at)))
