"""in-toto Statement v1 with exactly one subject, written as canonical JSON (RFC 8785).

A statement that lists every file of a model as a subject also holds for any other model that shares a licence file;
this one names the model, once, by one SHA-256. Source: https://github.com/in-toto/attestation/tree/main/spec/v1
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785

from provenance.documents import strict_json
from provenance.documents.predicates import Predicate
from provenance.errors import CouldNotLook, NotVerified
from provenance.trust.attest.interface import Step
from provenance.trust.attest.shape import member, shown

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as parsed; believed by no one before its signature is."""

    subject_name: str
    """For people; it decides nothing."""
    subject_sha256: str
    predicate_type: str
    predicate: Mapping[str, object]


def build(subject_name: str, subject_sha256: str, predicate_type: str, predicate: Predicate) -> bytes:
    """The payload to sign.

    Raises `CouldNotLook` where RFC 8785 has no form for it: an integer beyond 2**53, a name that is not Unicode.
    """
    if not _SHA256.fullmatch(subject_sha256):
        raise ValueError(f"not a SHA-256 in lower-case hex: {subject_sha256!r}")
    statement: dict[str, Any] = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": subject_name, "digest": {"sha256": subject_sha256}}],
        "predicateType": predicate_type,
        "predicate": predicate.model_dump(mode="json", by_alias=True),
    }
    try:
        return rfc8785.dumps(statement)
    except ValueError as error:  # its own errors, and Unicode's
        todo = "names must be Unicode and sizes below 2**53"
        raise CouldNotLook(f"the statement has no canonical JSON: {error}", where=subject_name, todo=todo) from None


def parse(payload: bytes) -> Statement:
    """The statement in a signed payload. Raises `NotVerified` at step 5; unknown keys are ignored, as in-toto asks."""
    step = Step.STATEMENT
    try:
        document = strict_json.loads(payload)
    except strict_json.StrictJsonError as error:
        raise NotVerified(step, f"the payload is not strict JSON: {error} [{error.rule}]") from None
    if not isinstance(document, dict):
        raise NotVerified(step, "the payload is not an object")
    if (kind := member(document, "_type", str, step=step)) != STATEMENT_TYPE:
        raise NotVerified(step, f"the payload is {shown(kind)}, not an in-toto Statement v1")
    subjects = member(document, "subject", list, step=step)
    if len(subjects) != 1 or not isinstance(subjects[0], dict):
        raise NotVerified(step, f"the statement has {len(subjects)} subjects, it must have one, the model")
    return Statement(
        subject_name=member(subjects[0], "name", str, step=step),
        subject_sha256=_digest(member(subjects[0], "digest", dict, step=step)),
        predicate_type=member(document, "predicateType", str, step=step),
        predicate=member(document, "predicate", dict, step=step),
    )


def _digest(digests: Mapping[str, object]) -> str:
    """The one SHA-256. A second digest could name another model, and verifiers would differ in which one they ask."""
    value = digests.get("sha256")
    if len(digests) != 1 or not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise NotVerified(
            Step.STATEMENT, "the subject's digest is not exactly one `sha256` of 64 lower-case hex digits"
        )
    return value
