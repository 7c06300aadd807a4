"""From predicates and a key to the lines of a `.sigstore.jsonl` file."""

from __future__ import annotations

from collections.abc import Sequence

from provenance.documents.predicates import Predicate
from provenance.errors import NothingToInspect
from provenance.trust.attest import dsse, statement
from provenance.trust.attest.bundle import Bundle, to_line
from provenance.trust.attest.keys import PrivateKey


def attest(
    subject_name: str, subject_sha256: str, predicates: Sequence[tuple[str, Predicate]], key: PrivateKey
) -> bytes:
    """One bundle a line, one statement a predicate (type URI, document), all about the one subject.

    `subject_sha256` must have been computed from the model's bytes in this run. Raises `NothingToInspect` for no
    predicate at all, and `CouldNotLook` for one that canonical JSON cannot hold.
    """
    if not predicates:
        raise NothingToInspect("nothing to sign", where=subject_name, todo="scan or compare the model first")
    return b"".join(
        to_line(sign(statement.build(subject_name, subject_sha256, kind, predicate), key))
        for kind, predicate in predicates
    )


def sign(payload: bytes, key: PrivateKey) -> Bundle:
    """`payload` in an envelope with the one signature; the hint is the key's id."""
    message = dsse.pre_authentication_encoding(dsse.PAYLOAD_TYPE, payload)
    return Bundle(dsse.PAYLOAD_TYPE, payload, key.sign(message), key.public.key_id)
