"""Verification: what passes all twelve steps, and one hostile bundle for every way to stop at one of them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.documents.predicates import MODEL_LINEAGE, MODEL_SCAN
from provenance.records import Manifest, ModelKind, Relation, VerifiedClaims
from provenance.trust.attest.bundle import parse, to_line
from provenance.trust.attest.interface import Signer, Step
from tests.trust.attest.material import (
    ED25519,
    KEYS,
    MODEL,
    NOW,
    P256,
    STRANGER,
    SUBJECT,
    attested,
    check,
    envelope,
    line,
    lineage,
    manifest,
    scan,
    sha256,
    signed,
    statement,
)


def assert_stops(result: VerifiedClaims, step: Step, message: str) -> None:
    """The one bundle failed at `step`, for a printable reason that `message` (a pattern) is found in."""
    assert result.claims == ()
    (failure,) = result.failures
    assert failure.step == step, failure
    assert re.search(message, failure.reason), failure
    assert failure.reason.isprintable()


# ---------------------------------------------------------------------------------------------------------------------
# What passes
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KEYS)
def test_an_honest_attestation_is_a_claim(kind: str) -> None:
    key = KEYS[kind]
    text = attested(key=key)
    result = check(text, signers=(Signer("us", key.public),))
    assert result.failures == ()
    (claim,) = result.claims
    assert claim.predicate_type == MODEL_SCAN
    assert (claim.signer, claim.key_id) == ("us", key.public.key_id)
    assert claim.subject_sha256 == MODEL.subject_sha256
    assert claim.statement_sha256 == hashlib.sha256(parse(text).payload).hexdigest()
    assert claim.predicate == scan().model_dump(mode="json", by_alias=True)
    assert claim.signed_at is None
    assert claim.source == "bundle:1"


def test_scan_and_lineage_are_two_claims_and_a_replay_is_none() -> None:
    one, two = attested(), attested(lineage())
    result = check(one, two, one, attested())
    assert [claim.predicate_type for claim in result.claims] == [MODEL_SCAN, MODEL_LINEAGE]
    assert [claim.source for claim in result.claims] == ["bundle:1", "bundle:2"]
    assert result.failures == ()


def test_one_bad_bundle_neither_hides_nor_infects_a_good_one() -> None:
    result = check(b"garbage", attested(), attested(key=STRANGER))
    assert [claim.source for claim in result.claims] == ["bundle:2"]
    assert [(failure.source, failure.step) for failure in result.failures] == [("bundle:1", 2), ("bundle:3", 3)]


def test_no_bundle_is_no_claim() -> None:
    assert check() == VerifiedClaims((), ())


def test_verifying_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert check(attested()).claims


def test_the_hint_is_only_a_hint() -> None:
    made = parse(attested())
    signers = (Signer("other", STRANGER.public), Signer("us", P256.public))
    for hint in ("", "nonsense", STRANGER.public.key_id):
        (claim,) = check(to_line(replace(made, hint=hint)), signers=signers).claims
        assert claim.signer == "us"


def test_a_signer_under_two_names_is_believed_for_what_either_may_say() -> None:
    ours = P256.public
    signers = (
        Signer("expired", ours, not_after=NOW - timedelta(days=1)),
        Signer("lineage-lab", ours, predicate_types=frozenset({MODEL_LINEAGE})),
        Signer("scanner", ours, predicate_types=frozenset({MODEL_SCAN})),
    )
    result = check(attested(), attested(lineage()), signers=signers)
    assert [claim.signer for claim in result.claims] == ["scanner", "lineage-lab"]


def test_the_last_moment_of_a_signer_still_counts() -> None:
    assert check(attested(), signers=(Signer("us", P256.public, not_after=NOW),)).claims


@pytest.mark.parametrize("root", [None, MODEL.tensor_root])
def test_a_tensor_root_may_be_absent(root: str | None) -> None:
    count = 1 if root else 0
    assert check(attested(scan(tensor_root=root, tensor_count=count))).claims


@pytest.mark.parametrize(
    "created", ["2026-11-21T12:05:00Z", "2020-01-01T00:00:00.25+01:00", "0001-01-01T00:00:00+23:59"]
)
def test_any_age_will_do_where_none_is_asked_for(created: str) -> None:
    assert check(attested(scan(time_created=created))).claims


def test_the_signers_own_clock_may_be_allowed_to_count() -> None:
    day = timedelta(days=1)
    assert check(attested(), max_age=day, allow_untrusted_time=True).claims
    assert check(
        attested(), max_age=day, allow_untrusted_time=True, at=NOW.astimezone(timezone(timedelta(hours=9)))
    ).claims


def test_a_renamed_single_file_is_the_same_model() -> None:
    before, after = manifest(ModelKind.FILE, a__gguf="weights"), manifest(ModelKind.FILE, b__gguf="weights")
    assert check(attested(scan(before), subject=before.subject_sha256 or ""), model=after).claims


# ---------------------------------------------------------------------------------------------------------------------
# Steps 1 to 3: size, strict JSON, signature and trust
# ---------------------------------------------------------------------------------------------------------------------


def test_1_a_bundle_over_the_limit() -> None:
    assert_stops(check(attested(), max_line_bytes=100), Step.SIZE, "the limit is 100")


def test_2_a_garbled_bundle() -> None:
    assert_stops(check(attested()[:-10]), Step.STRICT_JSON, "not strict JSON")


def tampered(**changes: Any) -> bytes:
    """An honest bundle whose envelope is changed after signing."""
    tree = json.loads(attested())
    tree["dsseEnvelope"] |= changes
    return line(tree)


def other_payload() -> str:
    return base64.b64encode(json.dumps(statement(predicateType=MODEL_LINEAGE)).encode()).decode()


def reserialised() -> str:
    """The same statement with other spaces: equal to a JSON reader, not to a signature."""
    return base64.b64encode(json.dumps(json.loads(parse(attested()).payload)).encode()).decode()


SIGNATURES: dict[str, tuple[Callable[[], bytes], str]] = {
    "garbage-signature": (
        lambda: tampered(signatures=[{"sig": "AAAA"}]),
        "does not verify.*changed after it was signed",
    ),
    "other-payload": (lambda: tampered(payload=other_payload()), "does not verify"),
    "reserialised-payload": (lambda: tampered(payload=reserialised()), "does not verify"),
    "other-payload-type": (lambda: tampered(payloadType="text/plain"), "does not verify"),
    "signature-of-another-bundle": (
        lambda: tampered(signatures=json.loads(attested(lineage()))["dsseEnvelope"]["signatures"]),
        "does not verify",
    ),
    "two-signatures": (lambda: tampered(signatures=[{"sig": "AAAA"}] * 2), "has 2 signatures"),
    "wrong-key": (lambda: attested(key=STRANGER), "not signed by a signer that is named here"),
    "wrong-kind-of-key": (lambda: attested(key=ED25519), "not signed by a signer that is named here"),
    "wrong-key-with-our-hint": (
        lambda: to_line(replace(parse(attested(key=STRANGER)), hint=P256.public.key_id)),
        "does not verify",
    ),
    "hint-of-kilobytes": (lambda: to_line(replace(parse(attested(key=STRANGER)), hint="x" * 9999)), "x{120}…'"),
    "signature-over-the-bare-payload": (
        lambda: to_line(replace(parse(attested()), signature=P256.sign(parse(attested()).payload))),
        "does not verify",
    ),
    "signature-over-the-old-encoding": (
        lambda: to_line(replace(parse(attested()), signature=P256.sign(b"DSSEV1 " + parse(attested()).payload))),
        "does not verify",
    ),
}


@pytest.mark.parametrize("case", SIGNATURES)
def test_3_a_signature_that_does_not_hold(case: str) -> None:
    make, message = SIGNATURES[case]
    assert_stops(check(make()), Step.SIGNATURE, message)


def test_3_a_key_past_its_end() -> None:
    ended = Signer("us", P256.public, not_after=NOW - timedelta(seconds=1))
    assert_stops(check(attested(), signers=(ended,)), Step.SIGNATURE, "past its end: us is believed until 2026-11-21")
    assert check(attested(), signers=(ended,), at=NOW - timedelta(seconds=1)).claims


def flipped(text: bytes, bit: int) -> bytes:
    changed = bytearray(text)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_no_flipped_bit_makes_another_claim() -> None:
    """Every bit of a bundle: it fails, or (in the hint, or in its name) the very same statement is verified."""
    text = attested(key=ED25519).strip()
    signers = (Signer("us", ED25519.public),)
    (claim,) = check(text, signers=signers).claims
    harmless = set()
    for bit in range(len(text) * 8):
        result = check(flipped(text, bit), signers=signers)
        assert len(result.claims) + len(result.failures) == 1
        if result.claims:
            assert result.claims == (claim,)
            harmless.add(bit // 8)
    hint = text.index(b'"hint"')
    assert harmless <= set(range(hint, text.index(b"}", hint)))


HONEST = {kind: attested(key=key).strip() for kind, key in KEYS.items()}


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_changed_piece_never_makes_another_claim(data: st.DataObject) -> None:
    """Any bytes in the place of any others, with every kind of key."""
    kind = data.draw(st.sampled_from(sorted(HONEST)))
    text, signers = HONEST[kind], (Signer("us", KEYS[kind].public),)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 8)))
    result = check(text[:start] + data.draw(st.binary(max_size=8)) + text[end:], signers=signers)
    assert len(result.claims) + len(result.failures) == 1
    assert result.claims in ((), check(text, signers=signers).claims)


# ---------------------------------------------------------------------------------------------------------------------
# Steps 4 to 7: what was said, and by whom
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "payload_type", ["application/json", "application/vnd.in-toto+json ", "Application/vnd.in-toto+json", "", "x" * 500]
)
def test_4_another_payload_type_validly_signed(payload_type: str) -> None:
    text = line(envelope(parse(attested()).payload, payload_type=payload_type))
    assert_stops(check(text), Step.PAYLOAD_TYPE, "the payload type is ")


STATEMENTS: dict[str, tuple[bytes, str]] = {
    "not-json": (line(envelope(b"weights")), "the payload is not strict JSON"),
    "duplicate-key": (
        line(envelope(parse(attested()).payload.replace(b'"subject":', b'"subject":[],"subject":'))),
        "stands twice .*duplicate-key",
    ),
    "two-subjects": (signed(statement(subject=statement()["subject"] * 2)), "has 2 subjects"),
    "ours-among-others": (
        signed(statement(subject=[{"name": "LICENSE", "digest": {"sha256": "b" * 64}}, *statement()["subject"]])),
        "has 2 subjects",
    ),
    "upper-case-digest": (
        signed(statement(subject=[{"name": "model", "digest": {"sha256": SUBJECT.upper()}}])),
        "64 lower-case hex",
    ),
    "contradictory-digest": (
        signed(statement(subject=[{"name": "m", "digest": {"sha256": MODEL.subject_sha256, "sha512": "0" * 128}}])),
        "not exactly one `sha256`",
    ),
    "statement-v0.1": (signed(statement(_type="https://in-toto.io/Statement/v0.1")), "not an in-toto Statement v1"),
}


@pytest.mark.parametrize("case", STATEMENTS)
def test_5_what_is_not_a_statement_about_one_model(case: str) -> None:
    text, message = STATEMENTS[case]
    assert_stops(check(text), Step.STATEMENT, message)


def without(key: str) -> dict[str, Any]:
    """The predicate of a scan that lacks `key`."""
    return {name: value for name, value in statement()["predicate"].items() if name != key}


def with_(**changes: Any) -> dict[str, Any]:
    """The predicate of a scan with `changes`."""
    return dict(statement()["predicate"]) | changes


PREDICATES: dict[str, tuple[bytes, str]] = {
    "slsa": (signed(statement(predicateType="https://slsa.dev/provenance/v1")), "slsa.dev/provenance/v1' is not known"),
    "type-of-kilobytes": (signed(statement(predicateType="x" * 9999)), "'x{120}…' is not known"),
    "type-with-a-line-end": (signed(statement(predicateType=MODEL_SCAN + "\n")), "is not known"),
    "scan-as-lineage": (
        signed(statement(predicateType=MODEL_LINEAGE)),
        "not a ModelLineage: 'baseName': Field required",
    ),
    "empty": (signed(statement(predicate={})), "not a ModelScan: 'tool': Field required"),
    "no-files-member": (signed(statement(predicate=without("files"))), "'files': Field required"),
    "no-file": (signed(statement(predicate=with_(files=[]))), "'files': List should have at least 1 item"),
    "no-coverage": (signed(statement(predicate=with_(coverage=[]))), "'coverage': List should have at least 1 item"),
    "count-as-text": (signed(statement(predicate=with_(tensorCount="1"))), "'tensorCount': Input should be"),
    "unknown-kind": (signed(statement(predicate=with_(kind="folder"))), "'kind': Input should be"),
    "digest-of-a-file": (
        signed(statement(predicate=with_(files=[{"path": "a", "size": 1, "sha256": "A" * 64}]))),
        "'files.0.sha256': String should match",
    ),
}


@pytest.mark.parametrize("case", PREDICATES)
def test_6_a_predicate_that_is_not_its_document(case: str) -> None:
    text, message = PREDICATES[case]
    assert_stops(check(text), Step.PREDICATE, message)


@pytest.mark.parametrize("types", [frozenset({MODEL_LINEAGE}), frozenset[str]()])
def test_7_a_signer_outside_of_what_it_is_believed_about(types: frozenset[str]) -> None:
    signers = (Signer("lineage-lab", P256.public, predicate_types=types), Signer("stranger", STRANGER.public))
    result = check(attested(), signers=signers)
    assert_stops(result, Step.SIGNER, f"lineage-lab is not believed about {MODEL_SCAN}")
    assert result.failures[0].predicate_type == MODEL_SCAN


def test_an_unverified_predicate_type_is_not_repeated() -> None:
    assert check(attested(key=STRANGER)).failures[0].predicate_type == ""


# ---------------------------------------------------------------------------------------------------------------------
# Steps 8 to 12: whether it is about this model, and still holds
# ---------------------------------------------------------------------------------------------------------------------

FULL = {"config__json": "{}", "model__safetensors": "weights"}
CHANGED: dict[str, tuple[Manifest, str]] = {
    "modified": (
        manifest(**FULL | {"config__json": "{ }"}),
        f"modified config.json expected sha256:{sha256('{}')} actual sha256:{sha256('{ }')}; ",
    ),
    "added": (manifest(**FULL, evil__py="import os"), "added evil.py; signed for "),
    "removed": (manifest(config__json="{}"), "removed model.safetensors; signed for "),
    "renamed": (
        manifest(config__json="{}", weights__bin="weights"),
        "renamed model.safetensors -> weights.bin; signed for ",
    ),
    "another-model": (
        manifest(config__json="[]", model__safetensors="others"),
        "they share no file; modified config.json .*; modified model.safetensors .* about another one",
    ),
    "one-file-of-it": (
        manifest(ModelKind.FILE, model__safetensors="weights"),
        "signed as a directory, found as a file; removed config.json",
    ),
}


@pytest.mark.parametrize("case", CHANGED)
def test_8_another_subject_names_each_file(case: str) -> None:
    model, message = CHANGED[case]
    assert_stops(check(attested(), model=model), Step.SUBJECT, message)


def test_8_a_lineage_of_another_model() -> None:
    message = f"signed for sha256:{MODEL.subject_sha256}, this model is sha256:.* about another one"
    assert_stops(check(attested(lineage()), model=manifest(a="1")), Step.SUBJECT, message)


def test_9_a_list_of_files_that_the_subject_contradicts() -> None:
    """Only a signer can make this: the right subject with other files."""
    listed = manifest(config__json="{}", other="x")
    text = attested(scan(listed, tensor_root=None))
    assert_stops(check(text), Step.FILES, "not those on disk: removed other; added model.safetensors")


def test_9_a_file_that_is_listed_twice() -> None:
    files = scan().files
    text = attested(scan(files=[*files, files[0].model_copy(update={"sha256": "a" * 64})]))
    assert_stops(check(text), Step.FILES, "listed twice config.json")


SEMANTICS: dict[str, tuple[bytes, str]] = {
    "kind": (attested(scan(kind=ModelKind.SPLIT)), "signed as a split, found as a directory"),
    "tensor-root": (attested(scan(tensor_root="a" * 64)), f"1 tensors of root {'a' * 64}, found 1 of root"),
    "tensor-count": (attested(scan(tensor_count=2)), "signed with 2 tensors"),
    "two-bases": (attested(lineage(base_sha256="a" * 64)), "two different bases or relations"),
    "two-relations": (attested(lineage(relations=[Relation.IDENTICAL])), "two different bases or relations"),
}


@pytest.mark.parametrize("case", SEMANTICS)
def test_10_a_predicate_that_contradicts_the_bytes_or_itself(case: str) -> None:
    text, message = SEMANTICS[case]
    assert_stops(check(text), Step.SEMANTICS, message)


def test_10_tensors_that_can_no_longer_be_read() -> None:
    model = replace(MODEL, tensors=(), tensor_root=None)
    assert_stops(check(attested(), model=model), Step.SEMANTICS, "found 0 of root None")


DAY = timedelta(days=1)
FRESHNESS: dict[str, tuple[str, dict[str, Any], str]] = {
    "future": ("2026-11-21T12:05:01Z", {}, "made at 2026-11-21T12:05:01Z, after the time of judging"),
    "future-by-zone": ("2026-11-21T12:00:00-01:00", {}, "after the time of judging"),
    "far-future": ("9999-12-31T23:59:59-23:59", {}, "after the time of judging"),
    "not-a-time": ("yesterday", {}, "timeCreated is 'yesterday', not an RFC 3339 time"),
    "no-zone": ("2026-11-20T12:00:00", {}, "not an RFC 3339 time"),
    "no-day": ("2026-02-30T12:00:00Z", {}, "not an RFC 3339 time"),
    "other-digits": ("٢٠٢٦-11-20T12:00:00Z", {}, "not an RFC 3339 time"),
    "time-of-kilobytes": ("2" * 9999, {}, "'2{120}…'"),
    "no-verified-time": ("2026-11-21T12:00:00Z", {"max_age": DAY}, "its age cannot be known"),
    "too-old": (
        "2026-11-20T11:59:59Z",
        {"max_age": DAY, "allow_untrusted_time": True},
        "more than 1 day, 0:00:00 before 2026-11-21",
    ),
}


@pytest.mark.parametrize("case", FRESHNESS)
def test_11_a_time_that_does_not_do(case: str) -> None:
    created, options, message = FRESHNESS[case]
    assert_stops(check(attested(scan(time_created=created)), **options), Step.FRESHNESS, message)


def test_11_the_time_of_judging_is_an_input() -> None:
    text = attested(scan(time_created="2030-01-01T00:00:00Z"))
    assert_stops(check(text), Step.FRESHNESS, "after the time of judging")
    assert check(text, at=datetime(2030, 1, 2, tzinfo=UTC)).claims


def test_12_what_is_denied_no_longer_counts() -> None:
    one, two = attested(), attested(lineage())
    digest = hashlib.sha256(parse(one).payload).hexdigest()
    for what, denied in {"subject": MODEL.subject_sha256, "statement": digest, "key": P256.public.key_id}.items():
        message = f"the {what} sha256:{denied} is on the deny list"
        assert_stops(check(one, denied=frozenset({denied, "f" * 64})), Step.REVOCATION, message)
    base = lineage().base_sha256
    assert_stops(check(two, denied=frozenset({base})), Step.REVOCATION, f"the base sha256:{base}")
    assert check(one, denied=frozenset({base, "f" * 64})).claims


# ---------------------------------------------------------------------------------------------------------------------
# The order
# ---------------------------------------------------------------------------------------------------------------------


def test_every_step_comes_before_the_next() -> None:
    """Bundles that break all later steps at once stop at the first that they break."""
    model = manifest(a="1")
    wrong = scan(kind=ModelKind.SPLIT, time_created="never")
    denied = frozenset({P256.public.key_id})
    lab = (Signer("lab", P256.public, predicate_types=frozenset({MODEL_LINEAGE})),)
    unsigned = line(envelope(b"no statement", key=STRANGER, payload_type="text/plain"))
    other = signed(statement(predicateType="other", predicate={"timeCreated": "never"}))
    listed = scan(manifest(b="1"), kind=ModelKind.SPLIT, time_created="never")
    in_order = [
        check(b"[[" + b" " * 200, max_line_bytes=100),
        check(b'{"mediaType":1,"mediaType":2}'),
        check(unsigned),
        check(line(envelope(b"no statement", payload_type="text/plain"))),
        check(line(envelope(b"no statement"))),
        check(other, model=model, signers=lab, denied=denied),
        check(attested(wrong), model=model, signers=lab, denied=denied),
        check(attested(wrong), model=model, denied=denied),
        check(attested(listed), denied=denied),
        check(attested(wrong), denied=denied),
        check(attested(scan(time_created="never")), denied=denied),
        check(attested(), denied=denied),
    ]
    assert [result.failures[0].step for result in in_order] == list(Step)


def test_the_documentation_numbers_the_same_steps() -> None:
    text = (Path(__file__).parents[3] / "docs" / "verification.md").read_text(encoding="utf-8")
    headings = re.findall(r"^### (\d+)\. ", text, re.MULTILINE)
    assert [int(number) for number in headings] == list(Step)
