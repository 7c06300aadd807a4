"""From bundles and a manifest recomputed from disk to claims, in twelve numbered steps (docs/verification.md).

Pure: no file, no clock, no network. A bundle ends at the first step that fails, as a `FailedClaim` with that number and
the reason; what passes all of them is a `VerifiedClaim`. Whether the claims are enough is for a policy to say.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from provenance.documents.predicates import PREDICATES, ModelLineage, ModelScan, Predicate
from provenance.errors import NotVerified
from provenance.records import FailedClaim, Manifest, VerifiedClaim, VerifiedClaims
from provenance.trust.attest import bundle, dsse, file_set, statement
from provenance.trust.attest.interface import Signer, Step, VerificationOptions
from provenance.trust.attest.shape import shown

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Signed:
    """A statement after step 5: who says it is known, what it says is not yet judged."""

    statement: statement.Statement
    sha256: str
    """Of the payload exactly as signed."""
    signers: tuple[Signer, ...]
    """Everyone the verifier knows by the key that verified; at least one."""


def verify(bundles: Iterable[tuple[str, bytes]], manifest: Manifest, options: VerificationOptions) -> VerifiedClaims:
    """The claims that `bundles` (source, line) support about the model of `manifest`, and the bundles that failed.

    `manifest` must have been made from the model's bytes in this run. A statement that is given twice counts once.
    """
    claims: dict[tuple[str, str], VerifiedClaim] = {}
    failures: list[FailedClaim] = []
    for source, line in bundles:
        predicate_type = ""
        try:
            signed = _authenticate(line, options)
            predicate_type = signed.statement.predicate_type
            claim = _judge(signed, source, manifest, options)
        except NotVerified as error:
            failures.append(FailedClaim(source, error.step, str(error), predicate_type))
        else:
            claims.setdefault((claim.statement_sha256, claim.key_id), claim)
    return VerifiedClaims(tuple(claims.values()), tuple(failures))


def _authenticate(line: bytes, options: VerificationOptions) -> _Signed:
    """Steps 1 to 5: who says it."""
    # 1. Size limits, before anything is parsed.
    # 2. Strict JSON: bytes that two readers could read differently are refused, whatever they say.
    # 3. Signature and trust. First the shape of the bundle: one envelope, one signature, by a public key.
    parsed = bundle.parse(line, max_bytes=options.max_line_bytes)
    #    Then one of the verifier's own keys must verify it, inside the time that this key is believed.
    signers = _signers(parsed, options)
    # 4. Payload type. The signature covers it, so this asks what the signer meant, before the payload is parsed.
    if parsed.payload_type != dsse.PAYLOAD_TYPE:
        raise NotVerified(Step.PAYLOAD_TYPE, f"the payload type is {shown(parsed.payload_type)}, not in-toto's")
    # 5. Statement: in-toto v1 in strict JSON, with one subject that has one SHA-256.
    return _Signed(statement.parse(parsed.payload), hashlib.sha256(parsed.payload).hexdigest(), signers)


def _judge(signed: _Signed, source: str, manifest: Manifest, options: VerificationOptions) -> VerifiedClaim:
    """Steps 6 to 12: whether it is about this model, and still holds."""
    said = signed.statement
    # 6. Predicate type: one of ours, and the predicate is its whole document.
    document = _document(said)
    # 7. Signer and predicate type belong together: a lineage lab is not believed about scans.
    signer = _entitled(signed.signers, said.predicate_type)
    # 8. Subject: the digest that was recomputed from disk. The predicate's files only help to say what differs.
    _check_subject(said, document, manifest)
    # 9. Complete file set: every signed file, no other, each with its digest.
    _check_files(document, manifest)
    # 10. Semantics: the predicate agrees with the bytes on disk and with itself.
    _check_semantics(document, manifest)
    # 11. Freshness, on verified time only.
    _check_freshness(document, options)
    # 12. Revocation: nothing that it names is on the deny list.
    _check_revocation(signed, signer, document, options)
    return VerifiedClaim(
        predicate_type=said.predicate_type,
        signer=signer.name,
        key_id=signer.public_key.key_id,
        subject_sha256=said.subject_sha256,
        statement_sha256=signed.sha256,
        predicate=said.predicate,
        signed_at=None,  # a bare key signature carries no time that anyone but the signer vouches for
        source=source,
    )


def _signers(parsed: bundle.Bundle, options: VerificationOptions) -> tuple[Signer, ...]:
    """The signers whose key made the signature. Keys come from the options alone; the hint only orders the attempts."""
    message = dsse.pre_authentication_encoding(parsed.payload_type, parsed.payload)
    keys = {signer.public_key.key_id: signer.public_key for signer in options.signers}
    hinted_first = sorted(keys.values(), key=lambda key: key.key_id != parsed.hint)
    key = next((key for key in hinted_first if key.verifies(parsed.signature, message)), None)
    if key is None and parsed.hint in keys:
        what = f"the signature by key {parsed.hint} does not verify"
        raise NotVerified(Step.SIGNATURE, what, todo="the bundle was changed after it was signed: fetch it again")
    if key is None:
        what = f"not signed by a signer that is named here; its key hint is {shown(parsed.hint)}"
        raise NotVerified(Step.SIGNATURE, what, todo="name its signer, if you believe them")
    signers = [signer for signer in options.signers if signer.public_key == key]
    current = tuple(s for s in signers if s.not_after is None or options.at <= s.not_after)
    if not current:
        ends = ", ".join(f"{s.name} is believed until {s.not_after}" for s in signers)
        raise NotVerified(Step.SIGNATURE, f"signed by a key that is past its end: {ends}")
    return current


def _document(said: statement.Statement) -> Predicate:
    kind = PREDICATES.get(said.predicate_type)
    if kind is None:
        raise NotVerified(Step.PREDICATE, f"the predicate type {shown(said.predicate_type)} is not known here")
    try:
        # Through JSON again, because only there does strict mode take an enum's value for the enum.
        return kind.model_validate_json(json.dumps(said.predicate))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = shown(".".join(str(part) for part in first["loc"]))
        raise NotVerified(Step.PREDICATE, f"the predicate is not a {kind.__name__}: {place}: {first['msg']}") from None


def _entitled(signers: tuple[Signer, ...], predicate_type: str) -> Signer:
    for signer in signers:
        if signer.predicate_types is None or predicate_type in signer.predicate_types:
            return signer
    names = ", ".join(signer.name for signer in signers)
    raise NotVerified(Step.SIGNER, f"{names} is not believed about {predicate_type}")


def _check_subject(said: statement.Statement, document: Predicate, manifest: Manifest) -> None:
    if said.subject_sha256 == manifest.subject_sha256:
        return
    digests = f"signed for sha256:{said.subject_sha256}, this model is sha256:{manifest.subject_sha256}"
    todo = "the model was changed, or the attestation is about another one"
    if not isinstance(document, ModelScan):
        raise NotVerified(Step.SUBJECT, digests, todo=todo)
    # What a person needs first is which file; the digests of the whole come last.
    what = [file_set.summary(file_set.differences(document.files, manifest)), digests]
    if file_set.nothing_in_common(document.files, manifest):
        what.insert(0, "about another model: they share no file")
    if document.kind != manifest.kind:
        what.insert(0, f"signed as a {document.kind}, found as a {manifest.kind}")
    raise NotVerified(Step.SUBJECT, "; ".join(clause for clause in what if clause), todo=todo)


def _check_files(document: Predicate, manifest: Manifest) -> None:
    """A lineage names no files: its subject digest, equal by now, commits to them."""
    if isinstance(document, ModelScan) and (lines := file_set.differences(document.files, manifest)):
        raise NotVerified(Step.FILES, f"the signed files are not those on disk: {file_set.summary(lines)}")


def _check_semantics(document: Predicate, manifest: Manifest) -> None:
    if isinstance(document, ModelLineage):
        lineage = document.lineage
        if (document.base_sha256, document.relations) != (lineage.base_sha256, lineage.relations):
            raise NotVerified(Step.SEMANTICS, "the predicate names two different bases or relations")
        return
    if document.kind != manifest.kind:
        raise NotVerified(Step.SEMANTICS, f"signed as a {document.kind}, found as a {manifest.kind}")
    if document.tensor_root is None:
        return  # the signer's tool read no tensors; the subject commits to their bytes all the same
    if (document.tensor_root, document.tensor_count) != (manifest.tensor_root, len(manifest.tensors)):
        what = (
            f"signed with {document.tensor_count} tensors of root {document.tensor_root}, found {len(manifest.tensors)}"
        )
        raise NotVerified(Step.SEMANTICS, f"{what} of root {manifest.tensor_root}")


def _check_freshness(document: Predicate, options: VerificationOptions) -> None:
    created = _moment(document.time_created)
    if created is None:
        raise NotVerified(Step.FRESHNESS, f"timeCreated is {shown(document.time_created)}, not an RFC 3339 time")
    if created - options.at > options.clock_skew:
        raise NotVerified(Step.FRESHNESS, f"made at {document.time_created}, after the time of judging {options.at}")
    if options.max_age is None:
        return
    if not options.allow_untrusted_time:
        what = "its age cannot be known: a signature by a bare key carries no verified time"
        raise NotVerified(Step.FRESHNESS, what, todo="require no age, or allow the signer's own clock")
    if options.at - created > options.max_age:
        raise NotVerified(
            Step.FRESHNESS, f"made at {document.time_created}, more than {options.max_age} before {options.at}"
        )


def _check_revocation(signed: _Signed, signer: Signer, document: Predicate, options: VerificationOptions) -> None:
    named = {
        "subject": signed.statement.subject_sha256,
        "statement": signed.sha256,
        "key": signer.public_key.key_id,
    }
    if isinstance(document, ModelLineage):
        named["base"] = document.base_sha256
    for what, digest in named.items():
        if digest in options.denied:
            raise NotVerified(Step.REVOCATION, f"the {what} sha256:{digest} is on the deny list")


def _moment(text: str) -> datetime | None:
    if not _RFC3339.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # the thirtieth of February
        return None
