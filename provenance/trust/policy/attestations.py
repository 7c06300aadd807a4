"""`[[attestations]]`: what has to be attested, by whom, and how lately.

An attestation that was presented and did not verify denies, whatever the policy requires. What a verified one says is
evidence like this run's own, so the other tables judge it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from provenance.documents.policy import Requirement
from provenance.records import RuleOutcome, RuleResult, VerifiedClaim
from provenance.trust.policy import failures
from provenance.trust.policy.interface import Case, brief, counted, listed, ruled

CLOCK_SKEW = timedelta(minutes=5)
"""How far a verified time may lie after the evaluation time: two clocks never agree."""


def judge(case: Case) -> tuple[RuleOutcome, ...]:
    """`attestations.verified` where any was presented or nothing else is evidence, then one outcome a requirement."""
    return (*_verified(case), *(_required(case, requirement) for requirement in case.policy.attestations))


def _verified(case: Case) -> tuple[RuleOutcome, ...]:
    rule = "attestations.verified"
    if case.failures:
        where = listed(f"{failure.source} at step {failure.step}: {failure.reason}" for failure in case.failures)
        failed = f"{counted(len(case.failures), 'attestation')} not verified: {where}"
        message = f"{failures.lead(case.failures)}; {failed}; do not use the model as attested"
        return (ruled(rule, RuleResult.FAIL, message),)
    if case.claims:
        by = listed(f"{claim.predicate_type.rpartition('/attestation/')[2]} by {claim.signer}" for claim in case.claims)
        return (ruled(rule, RuleResult.PASS, f"{counted(len(case.claims), 'attestation')} verified: {by}"),)
    if not case.examined:
        return (ruled(rule, RuleResult.UNKNOWN, "no attestation was presented; name one with --attestation"),)
    return ()


def _required(case: Case, requirement: Requirement) -> RuleOutcome:
    rule = f"attestations.{requirement.type}"
    made_by = f" from {brief(' or '.join(requirement.signers), 40)}" if requirement.signers else ""
    made = _made(case, requirement)
    fresh = [claim for claim in made if _young_enough(claim, requirement, case.at)]
    if fresh:
        return ruled(rule, RuleResult.PASS, f"attested by {listed(claim.signer for claim in fresh)}")
    if made:
        times = listed(claim.signed_at or "at no verified time" for claim in made)
        message = f"no {brief(requirement.type)} attestation{made_by} is known to be younger than {requirement.max_age}"
        message += f"; signed {times}; have one made"
    else:
        kinds = brief(" or ".join(_missing_with(case, requirement)))
        message = f"no {kinds} attestation{made_by} was verified; ask for one, or make one with provenance attest"
    return ruled(rule, requirement.on_missing, message)


def _made(case: Case, requirement: Requirement) -> list[VerifiedClaim]:
    return [claim for claim in case.claims if _meant(claim, requirement)]


def _missing_with(case: Case, requirement: Requirement) -> dict[str, None]:
    """The type that is required, and those required after it whose absence means the same: one headline tells all."""
    at = case.policy.attestations.index(requirement)
    alike = (requirement.signers, requirement.on_missing)
    missing = (other for other in case.policy.attestations[at:] if not _made(case, other))
    return dict.fromkeys(other.type for other in missing if (other.signers, other.on_missing) == alike)


def _meant(claim: VerifiedClaim, requirement: Requirement) -> bool:
    by_whom = requirement.signers is None or claim.signer in requirement.signers
    return by_whom and claim.predicate_type == requirement.uri


def _young_enough(claim: VerifiedClaim, requirement: Requirement, at: datetime) -> bool:
    if requirement.age is None:
        return True
    signed = _moment(claim.signed_at)
    return signed is not None and -CLOCK_SKEW <= at - signed <= requirement.age


def _moment(text: str | None) -> datetime | None:
    """An RFC 3339 time; None for anything else, which is then no verified time."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
