"""Signing: one line a predicate, each about the one subject."""

from __future__ import annotations

import json

import pytest

from provenance.documents.predicates import MODEL_LINEAGE, MODEL_SCAN
from provenance.errors import Exit, NothingToInspect
from provenance.trust.attest.bundle import parse
from provenance.trust.attest.dsse import PAYLOAD_TYPE
from provenance.trust.attest.sign import attest
from tests.trust.attest import material


@pytest.mark.parametrize("kind", material.KEYS)
def test_one_line_a_predicate_one_subject_in_each(kind: str) -> None:
    key = material.KEYS[kind]
    text = attest("model", "a" * 64, [(MODEL_SCAN, material.scan()), (MODEL_LINEAGE, material.lineage())], key)
    lines = text.splitlines(keepends=True)
    assert [json.loads(parse(line).payload)["predicateType"] for line in lines] == [MODEL_SCAN, MODEL_LINEAGE]
    for line in lines:
        made = parse(line)
        assert json.loads(made.payload)["subject"] == [{"name": "model", "digest": {"sha256": "a" * 64}}]
        assert made.payload_type == PAYLOAD_TYPE
        assert made.hint == key.public.key_id
        pae = b"DSSEv1 28 application/vnd.in-toto+json " + str(len(made.payload)).encode() + b" " + made.payload
        assert key.public.verifies(made.signature, pae)
        assert not key.public.verifies(made.signature, made.payload)


def test_nothing_to_sign_is_an_error() -> None:
    with pytest.raises(NothingToInspect, match="model: nothing to sign") as caught:
        attest("model", "a" * 64, [], material.P256)
    assert caught.value.exit is Exit.UNDECIDED
