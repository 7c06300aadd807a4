"""Sigstore bundle v0.3 for a statement signed with a key: one compact JSON object a line of a `.sigstore.jsonl` file.

Everything outside the payload is unsigned: the media type, the key hint and unknown members can make a bundle fail, and
decide nothing else. Source: https://github.com/sigstore/protobuf-specs (sigstore_bundle.proto)
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.documents import strict_json
from provenance.documents.files import read_bytes
from provenance.errors import LimitExceeded, NothingToInspect, NotVerified
from provenance.trust.attest.interface import MAX_LINE_BYTES, Step
from provenance.trust.attest.shape import member, shown

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"

MAX_TOTAL_BYTES = 256 * 1024 * 1024
"""All bundle files of a run together."""
MAX_BUNDLES = 65_536
"""All bundles of a run together."""

_MEDIA_TYPES = frozenset({MEDIA_TYPE, "application/vnd.dev.sigstore.bundle+json;version=0.3"})

_MAX_COMMAS = 65_536
"""Bounds the values, and so the memory, of JSON that nobody has vouched for yet. The payload is one string in it."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """An envelope and a hint at its key, none of it verified."""

    payload_type: str
    payload: bytes
    signature: bytes
    hint: str
    """Which key to try first; it decides nothing."""


def to_line(bundle: Bundle) -> bytes:
    """The bundle as one line of JSON, with its line end."""
    document = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": bundle.hint}},
        "dsseEnvelope": {
            "payload": base64.b64encode(bundle.payload).decode("ascii"),
            "payloadType": bundle.payload_type,
            "signatures": [{"sig": base64.b64encode(bundle.signature).decode("ascii")}],
        },
    }
    return json.dumps(document, separators=(",", ":")).encode("ascii") + b"\n"


def parse(line: bytes, *, max_bytes: int = MAX_LINE_BYTES) -> Bundle:
    """The bundle in `line`. Raises `NotVerified` at step 1, 2 or 3; unknown members are ignored."""
    if len(line) > max_bytes:
        raise NotVerified(Step.SIZE, f"a bundle of {len(line)} bytes, the limit is {max_bytes}")
    if line.count(b",") > _MAX_COMMAS:
        raise NotVerified(Step.SIZE, f"a bundle of more than {_MAX_COMMAS} JSON values")
    try:
        document = strict_json.loads(line, max_bytes=max_bytes)
    except strict_json.StrictJsonError as error:
        raise NotVerified(Step.STRICT_JSON, f"not strict JSON: {error} [{error.rule}]") from None
    if not isinstance(document, dict):
        raise NotVerified(Step.SIGNATURE, "not a Sigstore bundle: not an object")
    if (media_type := member(document, "mediaType", str, step=Step.SIGNATURE)) not in _MEDIA_TYPES:
        raise NotVerified(Step.SIGNATURE, f"the media type is {shown(media_type)}, a Sigstore bundle v0.3 is needed")
    hint = _hint(member(document, "verificationMaterial", dict, step=Step.SIGNATURE))
    if "messageSignature" in document:
        raise NotVerified(Step.SIGNATURE, "the bundle signs a message, a statement in a DSSE envelope is needed")
    envelope = member(document, "dsseEnvelope", dict, step=Step.SIGNATURE)
    signatures = member(envelope, "signatures", list, step=Step.SIGNATURE)
    if len(signatures) != 1 or not isinstance(signatures[0], dict):
        raise NotVerified(Step.SIGNATURE, f"the envelope has {len(signatures)} signatures, it must have one")
    return Bundle(
        payload_type=member(envelope, "payloadType", str, step=Step.SIGNATURE),
        payload=_base64(envelope, "payload"),
        signature=_base64(signatures[0], "sig"),
        hint=hint,
    )


def read_bundles(paths: Sequence[Path]) -> tuple[tuple[str, bytes], ...]:
    """The non-blank lines of bundle files, each with the file and line it came from; none of them parsed.

    Raises `NothingToInspect` for a file without any, `LimitExceeded` over a limit, and what `read_bytes` raises.
    """
    found: list[tuple[str, bytes]] = []
    budget = MAX_TOTAL_BYTES
    for path in paths:
        try:
            data = read_bytes(path, max_bytes=budget)
        except LimitExceeded:
            what = f"attestations of more than {MAX_TOTAL_BYTES} bytes in all"
            raise LimitExceeded(what, where=str(path), todo="give fewer or smaller files") from None
        budget -= len(data)
        before = len(found)
        for number, line in enumerate(data.split(b"\n"), start=1):
            if line.strip():
                found.append((f"{path}:{number}", line))
        if len(found) == before:
            raise NothingToInspect("no attestation in it", where=str(path), todo="make one with `provenance attest`")
        if len(found) > MAX_BUNDLES:
            raise LimitExceeded(f"more than {MAX_BUNDLES} attestations", where=str(path), todo="give fewer files")
    return tuple(found)


def _hint(material: dict[str, object]) -> str:
    if "publicKey" not in material:
        what = "certificate" if {"certificate", "x509CertificateChain"} & material.keys() else "nothing we know"
        raise NotVerified(Step.SIGNATURE, f"signed with {what}, only signatures by a public key are verified")
    public_key = member(material, "publicKey", dict, step=Step.SIGNATURE)
    hint = public_key.get("hint", "")
    return hint if isinstance(hint, str) else ""


def _base64(document: dict[str, object], key: str) -> bytes:
    """Standard base64 in its one canonical spelling, so that equal bytes are equal text."""
    text = member(document, key, str, step=Step.SIGNATURE)
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if not value or base64.b64encode(value).decode("ascii") != text:
        raise NotVerified(Step.SIGNATURE, f"`{key}` is not standard base64, or empty")
    return value
