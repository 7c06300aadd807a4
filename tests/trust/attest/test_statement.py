"""Statements: canonical when written, strict when read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.documents.predicates import MODEL_LINEAGE, MODEL_SCAN, ModelScan
from provenance.documents.report import CoverageRow, Delta, File, TensorRow
from provenance.errors import CouldNotLook, NotVerified
from provenance.trust.attest.interface import Step
from provenance.trust.attest.statement import build, parse
from tests.trust.attest import material


def test_what_is_built_is_what_is_parsed() -> None:
    payload = build("model", "a" * 64, MODEL_SCAN, material.scan())
    said = parse(payload)
    assert (said.subject_name, said.subject_sha256, said.predicate_type) == ("model", "a" * 64, MODEL_SCAN)
    assert ModelScan.model_validate_json(json.dumps(said.predicate)) == material.scan()


def test_the_payload_is_canonical_json() -> None:
    """Sorted keys, no space, UTF-8 as it is, and numbers as ECMAScript writes them: RFC 8785."""
    delta = Delta(
        elements=3, changed=3, changed_fraction=1.0, relative_norm=1e-7, cosine=None, max_abs=1e21, nonfinite=0
    )
    row = TensorRow(name="w", dtype="F32", shape=[3], file="f", blake3=None, delta=delta)
    payload = build("mödel", "a" * 64, MODEL_LINEAGE, material.lineage(changed_tensors=[row]))
    assert payload.startswith(b'{"_type":"https://in-toto.io/Statement/v1","predicate":{"assurance":"bytes"')
    digest = b"a" * 64
    assert payload.endswith(b'"subject":[{"digest":{"sha256":"' + digest + b'"},"name":"m\xc3\xb6del"}]}')
    assert b'"changedFraction":1,' in payload
    assert b'"relativeNorm":1e-7}' in payload
    assert b'"maxAbs":1e+21,' in payload
    assert parse(payload).predicate["changedTensors"]


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 2**53 - 1), st.text(max_size=20))
def test_numbers_and_text_survive(fraction: float, total: int, note: str) -> None:
    delta = Delta(
        elements=total, changed=0, changed_fraction=fraction, relative_norm=None, cosine=None, max_abs=None, nonfinite=0
    )
    row = TensorRow(name="w", dtype="F32", shape=[1], file="f", blake3=None, delta=delta, note=note)
    predicate = material.lineage(changed_tensors=[row])
    again = type(predicate).model_validate_json(
        json.dumps(parse(build("m", "a" * 64, MODEL_LINEAGE, predicate)).predicate)
    )
    assert again == predicate


def test_a_number_that_json_readers_disagree_on_is_not_signed() -> None:
    predicate = material.scan(files=[File(path="f", size=2**53, sha256="a" * 64)])
    with pytest.raises(CouldNotLook, match=r"model: the statement has no canonical JSON.*below 2\*\*53"):
        build("model", "a" * 64, MODEL_SCAN, predicate)


def test_a_name_that_is_not_unicode_is_not_signed() -> None:
    with pytest.raises(CouldNotLook, match="no canonical JSON"):
        build("model-\udcff", "a" * 64, MODEL_SCAN, material.scan())
    coverage = [CoverageRow(surface="\udcff", examined=0, total=0, unit="files")]
    with pytest.raises(CouldNotLook, match="no canonical JSON"):
        build("model", "a" * 64, MODEL_SCAN, material.scan().model_copy(update={"coverage": coverage}))


@pytest.mark.parametrize("digest", ["", "a" * 63, "A" * 64, "a" * 64 + "\n", "sha256:" + "a" * 64])
def test_a_subject_without_a_digest_is_never_built(digest: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        build("model", digest, MODEL_SCAN, material.scan())


def test_unknown_keys_are_ignored() -> None:
    subject = {"name": "m", "digest": {"sha256": "a" * 64}, "uri": "pkg:huggingface/org/m@0"}
    said = parse(json.dumps(material.statement(subject=[subject], future=1)).encode())
    assert said.subject_sha256 == "a" * 64


GOOD = "a" * 64


def subject(**digest: object) -> list[dict[str, Any]]:
    return [{"name": "model", "digest": digest}]


REFUSED: dict[str, tuple[object, str]] = {
    "not-an-object": ([], "not an object"),
    "type-missing": ({}, "`_type` is missing or not a string"),
    "type-of-v0.1": (material.statement(_type="https://in-toto.io/Statement/v0.1"), "not an in-toto Statement v1"),
    "type-with-a-slash": (material.statement(_type="https://in-toto.io/Statement/v1/"), "not an in-toto Statement v1"),
    "type-of-kilobytes": (material.statement(_type="x" * 10_000), "payload is 'x{120}…', not"),
    "no-subject-list": (material.statement(subject=subject(sha256=GOOD)[0]), "`subject` is missing or not an array"),
    "no-subject": (material.statement(subject=[]), "has 0 subjects"),
    "two-subjects": (material.statement(subject=subject(sha256=GOOD) * 2), "has 2 subjects"),
    "subject-is-text": (material.statement(subject=["model"]), "has 1 subjects, it must have one, the model"),
    "subject-without-name": (material.statement(subject=[{"digest": {"sha256": GOOD}}]), "`name` is missing"),
    "subject-without-digest": (material.statement(subject=[{"name": "m"}]), "`digest` is missing"),
    "no-digest": (material.statement(subject=subject()), "not exactly one `sha256`"),
    "upper-case-digest": (material.statement(subject=subject(sha256=GOOD.upper())), "not exactly one `sha256`"),
    "short-digest": (material.statement(subject=subject(sha256=GOOD[1:])), "not exactly one `sha256`"),
    "digest-with-line-end": (material.statement(subject=subject(sha256=GOOD + "\n")), "not exactly one `sha256`"),
    "digest-is-a-number": (material.statement(subject=subject(sha256=1)), "not exactly one `sha256`"),
    "other-algorithm": (material.statement(subject=subject(sha512="a" * 128)), "not exactly one `sha256`"),
    "contradictory-digest": (material.statement(subject=subject(sha256=GOOD, sha512="b" * 128)), "not exactly one"),
    "no-predicate-type": (material.statement(predicateType=None), "`predicateType` is missing"),
    "predicate-is-a-list": (material.statement(predicate=[]), "`predicate` is missing or not an object"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_a_statement_about_one_model_is_refused(case: str) -> None:
    tree, message = REFUSED[case]
    with pytest.raises(NotVerified, match=message) as caught:
        parse(json.dumps(tree).encode())
    assert caught.value.step == Step.STATEMENT


NOT_STRICT = {
    "duplicate-key": b'{"_type":"https://in-toto.io/Statement/v1","predicateType":"a","predicateType":"b"}',
    "duplicate-key-in-subject": b'{"subject":[{"digest":{"sha256":"a","sha256":"b"}}]}',
    "not-a-number": b'{"_type":NaN}',
    "beyond-float": b'{"_type":1e999}',
    "byte-order-mark": b"\xef\xbb\xbf{}",
    "not-utf-8": b'{"_type":"\xff"}',
    "lone-surrogate": b'{"_type":"\\ud800"}',
    "too-deep": b"[" * 200 + b"]" * 200,
    "empty": b"",
    "two-documents": b"{}{}",
}


@pytest.mark.parametrize("case", NOT_STRICT)
def test_a_payload_that_is_not_strict_json_is_refused(case: str) -> None:
    with pytest.raises(NotVerified, match="the payload is not strict JSON") as caught:
        parse(NOT_STRICT[case])
    assert caught.value.step == Step.STATEMENT
