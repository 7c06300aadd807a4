"""Bundles: what is written, and every way in which one that is read can be refused before a signature is checked."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.errors import Exit, LimitExceeded, NothingToInspect, NotVerified, UsageError
from provenance.trust.attest import bundle
from provenance.trust.attest.bundle import Bundle, parse, read_bundles, to_line
from provenance.trust.attest.interface import Step
from tests.trust.attest.material import envelope, line


@given(st.text(max_size=40), st.binary(min_size=1), st.binary(min_size=1), st.text(max_size=70))
def test_what_is_written_is_what_is_read(payload_type: str, payload: bytes, signature: bytes, hint: str) -> None:
    try:
        (payload_type + hint).encode()
    except UnicodeEncodeError:
        return
    made = Bundle(payload_type, payload, signature, hint)
    text = to_line(made)
    assert text.count(b"\n") == 1
    assert text.endswith(b"\n")
    assert parse(text) == made


def test_the_members_are_those_of_the_specification() -> None:
    tree = json.loads(to_line(Bundle("type", b"payload", b"signature", "hint")))
    assert tree == {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": "hint"}},
        "dsseEnvelope": {
            "payload": "cGF5bG9hZA==",
            "payloadType": "type",
            "signatures": [{"sig": "c2lnbmF0dXJl"}],
        },
    }


def changed(*path: str | int, to: object = None, drop: bool = False) -> bytes:
    """An honest bundle with the member at `path` set or dropped."""
    tree: Any = envelope(b"payload")
    inner = tree
    for key in path[:-1]:
        inner = inner[key]
    if drop:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return line(tree)


SIGNATURE = envelope(b"payload")["dsseEnvelope"]["signatures"][0]
HARMLESS = {
    "unknown-member": changed("future", to={"a": [1, 2]}),
    "log-entries": changed("verificationMaterial", "tlogEntries", to=[]),
    "key-id": changed("dsseEnvelope", "signatures", 0, "keyid", to="anything"),
    "no-hint": changed("verificationMaterial", "publicKey", to={}),
    "hint-of-another-type": changed("verificationMaterial", "publicKey", "hint", to=7),
    "older-spelling": changed("mediaType", to="application/vnd.dev.sigstore.bundle+json;version=0.3"),
    "spaces": json.dumps(envelope(b"payload"), indent=1).replace("\n", " ").encode() + b" \r\n",
}


@pytest.mark.parametrize("case", HARMLESS)
def test_what_decides_nothing_is_let_through(case: str) -> None:
    assert parse(HARMLESS[case]).payload == b"payload"


REFUSED: dict[str, tuple[bytes, str]] = {
    "not-an-object": (b"[]", "not an object"),
    "no-media-type": (changed("mediaType", drop=True), "`mediaType` is missing"),
    "media-type-of-v0.1": (
        changed("mediaType", to="application/vnd.dev.sigstore.bundle+json;version=0.1"),
        "a Sigstore bundle v0.3 is needed",
    ),
    "media-type-of-the-future": (
        changed("mediaType", to="application/vnd.dev.sigstore.bundle.v0.4+json"),
        "a Sigstore bundle v0.3 is needed",
    ),
    "no-material": (changed("verificationMaterial", drop=True), "`verificationMaterial` is missing"),
    "empty-material": (changed("verificationMaterial", to={}), "signed with nothing we know"),
    "certificate": (changed("verificationMaterial", to={"certificate": {}}), "signed with certificate, only"),
    "certificate-chain": (changed("verificationMaterial", to={"x509CertificateChain": {}}), "signed with certificate"),
    "key-is-text": (changed("verificationMaterial", "publicKey", to="key"), "`publicKey` is missing or not an object"),
    "message-signature": (changed("messageSignature", to={}), "signs a message"),
    "no-envelope": (changed("dsseEnvelope", drop=True), "`dsseEnvelope` is missing"),
    "envelope-is-a-list": (changed("dsseEnvelope", to=[]), "`dsseEnvelope` is missing or not an object"),
    "no-signature": (changed("dsseEnvelope", "signatures", to=[]), "has 0 signatures"),
    "two-signatures": (changed("dsseEnvelope", "signatures", to=[SIGNATURE, SIGNATURE]), "has 2 signatures"),
    "good-signature-and-junk": (changed("dsseEnvelope", "signatures", to=[SIGNATURE, {}]), "has 2 signatures"),
    "signature-is-text": (changed("dsseEnvelope", "signatures", to=["c2ln"]), "it must have one"),
    "signatures-is-an-object": (changed("dsseEnvelope", "signatures", to=SIGNATURE), "`signatures` is missing"),
    "empty-signature": (changed("dsseEnvelope", "signatures", 0, "sig", to=""), "`sig` is not standard base64"),
    "no-payload": (changed("dsseEnvelope", "payload", drop=True), "`payload` is missing or not a string"),
    "empty-payload": (changed("dsseEnvelope", "payload", to=""), "`payload` is not standard base64, or empty"),
    "payload-type-is-a-number": (changed("dsseEnvelope", "payloadType", to=1), "`payloadType` is missing"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_another_shape_is_refused(case: str) -> None:
    text, message = REFUSED[case]
    with pytest.raises(NotVerified, match=message) as caught:
        parse(text)
    assert caught.value.step == Step.SIGNATURE


BASE64 = {
    "url-safe": base64.urlsafe_b64encode(b"\xfb\xff\xfe").decode(),
    "space": "cGF5 bG9hZA==",
    "line-end": "cGF5bG9hZA==\n",
    "no-padding": "cGF5bG9hZA",
    "too-much-padding": "cGF5bG9hZA====",
    "padding-in-the-middle": "cGE=cGE=",
    "trailing-bits": "cGF5bG9hZB==",
    "not-ascii": "cGF5bG9hZÄ==",
}


@pytest.mark.parametrize("case", BASE64)
def test_base64_has_one_spelling(case: str) -> None:
    with pytest.raises(NotVerified, match="`payload` is not standard base64"):
        parse(changed("dsseEnvelope", "payload", to=BASE64[case]))
    with pytest.raises(NotVerified, match="`sig` is not standard base64"):
        parse(changed("dsseEnvelope", "signatures", 0, "sig", to=BASE64[case]))


NOT_STRICT = {
    "garbage": b"\x00\x01garbage",
    "text": b"not a bundle",
    "truncated": line(envelope(b"payload"))[:-3],
    "two-on-one-line": line(envelope(b"payload"))[:-1] * 2,
    "duplicate-media-type": b'{"mediaType":"a","mediaType":"b"}',
    "duplicate-payload": line(envelope(b"payload")).replace(b'"payload":', b'"payload":"ZXZpbA==","payload":'),
    "not-utf-8": b'{"mediaType":"\xff"}',
    "not-a-number": b'{"mediaType":NaN}',
    "too-deep": b"[" * 100_000,
}


@pytest.mark.parametrize("case", NOT_STRICT)
def test_json_that_is_not_strict_is_refused(case: str) -> None:
    with pytest.raises(NotVerified, match="not strict JSON") as caught:
        parse(NOT_STRICT[case])
    assert caught.value.step == Step.STRICT_JSON


def test_a_bundle_over_the_limit_is_not_parsed() -> None:
    text = line(envelope(b"payload"))
    assert parse(text, max_bytes=len(text)).payload == b"payload"
    with pytest.raises(NotVerified, match=f"a bundle of {len(text)} bytes, the limit is {len(text) - 1}") as caught:
        parse(text, max_bytes=len(text) - 1)
    assert caught.value.step == Step.SIZE


def test_json_of_very_many_values_is_not_parsed() -> None:
    with pytest.raises(NotVerified, match="more than 65536 JSON values") as caught:
        parse(b"[" + b"{}," * 70_000 + b"{}]")
    assert caught.value.step == Step.SIZE


# ---------------------------------------------------------------------------------------------------------------------
# Files of bundles
# ---------------------------------------------------------------------------------------------------------------------


def test_lines_are_given_with_their_place(tmp_path: Path) -> None:
    one, two = tmp_path / "one.sigstore.jsonl", tmp_path / "two.sigstore.jsonl"
    one.write_bytes(b"first\n\n \t\r\nsecond\r\n")
    two.write_bytes(b"garbage without an end")
    assert read_bundles([one, two]) == (
        (f"{one}:1", b"first"),
        (f"{one}:4", b"second\r"),
        (f"{two}:1", b"garbage without an end"),
    )


@pytest.mark.parametrize("content", [b"", b"\n\n", b" \t\r\n"])
def test_a_file_without_a_bundle_is_nothing_to_inspect(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "empty.sigstore.jsonl"
    full = tmp_path / "full.sigstore.jsonl"
    path.write_bytes(content)
    full.write_bytes(b"{}")
    with pytest.raises(NothingToInspect, match=r"empty.sigstore.jsonl: no attestation in it") as caught:
        read_bundles([full, path])
    assert caught.value.exit is Exit.UNDECIDED


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_bundles([tmp_path / "absent"])


def test_all_files_together_have_one_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "b"
    path.write_bytes(b"x" * 60)
    monkeypatch.setattr(bundle, "MAX_TOTAL_BYTES", 100)
    assert len(read_bundles([path])) == 1
    with pytest.raises(LimitExceeded, match="b: attestations of more than 100 bytes in all"):
        read_bundles([path, path])


def test_a_gigabyte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(LimitExceeded, match="in all"):
        read_bundles([path])


def test_very_many_bundles_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "b"
    path.write_bytes(b"{}\n" * 11)
    monkeypatch.setattr(bundle, "MAX_BUNDLES", 10)
    with pytest.raises(LimitExceeded, match="more than 10 attestations"):
        read_bundles([path])
