"""Keys, a model that exists only as a manifest, and everything needed to sign a statement about it."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from provenance.documents.predicates import MODEL_LINEAGE, MODEL_SCAN, ModelLineage, ModelScan, Predicate
from provenance.documents.report import CoverageRow, File, Inputs, LineageSummary, Tool
from provenance.records import Assurance, FileDigest, Manifest, ModelKind, Relation, TensorDigest, VerifiedClaims
from provenance.trust.attest.dsse import PAYLOAD_TYPE, pre_authentication_encoding
from provenance.trust.attest.interface import Signer, VerificationOptions
from provenance.trust.attest.keys import PrivateKey, public_key
from provenance.trust.attest.sign import attest
from provenance.trust.attest.verify import verify

AnyPrivate = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOOL = Tool(version="0.1.0", rules_sha256="0" * 64)
INPUTS = Inputs(verb="attest", candidate="model")
COVERAGE = [CoverageRow(surface="files", examined=2, total=2, unit="files")]


def public_pem(material: AnyPrivate) -> bytes:
    return material.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private_pem(material: AnyPrivate, password: bytes | None = None) -> bytes:
    how = BestAvailableEncryption(password) if password else NoEncryption()
    return material.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def private(material: AnyPrivate) -> PrivateKey:
    return PrivateKey(public_key(public_pem(material), where="test"), material)


P256 = private(ec.generate_private_key(ec.SECP256R1()))
P384 = private(ec.generate_private_key(ec.SECP384R1()))
ED25519 = private(ed25519.Ed25519PrivateKey.generate())
STRANGER = private(ec.generate_private_key(ec.SECP256R1()))
KEYS = {"p256": P256, "p384": P384, "ed25519": ED25519}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def manifest(kind: ModelKind = ModelKind.DIRECTORY, /, **contents: str) -> Manifest:
    """A model of the files `contents` (`__` for `.`), with one tensor, named by the digest of its listing."""
    contents = contents or {"config__json": "{}", "model__safetensors": "weights"}
    files = tuple(
        FileDigest(name.replace("__", "."), len(content), sha256(content)) for name, content in sorted(contents.items())
    )
    listing = "".join(f"{file.sha256}  {file.path}\n" for file in files)
    return Manifest(
        kind=kind,
        files=files,
        tensors=(TensorDigest("w", "F32", (2,), files[-1].path, 8, sha256("w")),),
        subject_sha256=files[0].sha256 if kind is ModelKind.FILE else sha256(listing),
        tensor_root=sha256("root"),
    )


MODEL = manifest()
"""The model that everything is signed for, unless a test says otherwise."""
SUBJECT = MODEL.subject_sha256 or ""


def scan(model: Manifest = MODEL, **changes: Any) -> ModelScan:
    values: dict[str, Any] = {
        "tool": TOOL,
        "inputs": INPUTS,
        "time_created": "2026-11-20T12:00:00Z",
        "kind": model.kind,
        "assurance": Assurance.BYTES,
        "files": [File(path=f.path, size=f.size, sha256=f.sha256 or "") for f in model.files],
        "excluded": [],
        "tensor_root": model.tensor_root,
        "tensor_count": len(model.tensors),
        "findings": [],
        "coverage": COVERAGE,
        "skipped": [],
    }
    return ModelScan(**values | changes)


def lineage(**changes: Any) -> ModelLineage:
    base = sha256("base")
    values: dict[str, Any] = {
        "tool": TOOL,
        "inputs": INPUTS,
        "time_created": "2026-11-20T12:00:00Z",
        "assurance": Assurance.BYTES,
        "base_name": "base",
        "base_sha256": base,
        "relations": [Relation.FINE_TUNED],
        "lineage": LineageSummary(
            base="base",
            base_sha256=base,
            base_tensor_root=None,
            relations=[Relation.FINE_TUNED],
            possible=[],
            counts={"changed": 1},
            basis="elementwise",
            architecture="qwen3",
        ),
        "changed_tensors": [],
        "coverage": COVERAGE,
        "skipped": [],
    }
    return ModelLineage(**values | changes)


def attested(
    predicate: Predicate | None = None, *, key: PrivateKey = P256, kind: str = "", subject: str = SUBJECT
) -> bytes:
    """One honest line: our own signer's, about `MODEL`."""
    predicate = predicate or scan()
    kind = kind or (MODEL_SCAN if isinstance(predicate, ModelScan) else MODEL_LINEAGE)
    return attest("model", subject, [(kind, predicate)], key)


def envelope(payload: bytes, *, key: PrivateKey = P256, payload_type: str = PAYLOAD_TYPE) -> dict[str, Any]:
    """A bundle round any payload at all, validly signed, as a tree to break."""
    signature = key.sign(pre_authentication_encoding(payload_type, payload))
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": key.public.key_id}},
        "dsseEnvelope": {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": payload_type,
            "signatures": [{"sig": base64.b64encode(signature).decode()}],
        },
    }


def statement(**changes: Any) -> dict[str, Any]:
    """The statement of `attested()` as a tree to break."""
    value: dict[str, Any] = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "model", "digest": {"sha256": MODEL.subject_sha256}}],
        "predicateType": MODEL_SCAN,
        "predicate": scan().model_dump(mode="json", by_alias=True),
    }
    return value | changes


def line(tree: object) -> bytes:
    return json.dumps(tree).encode() + b"\n"


def signed(tree: object, **how: Any) -> bytes:
    """`tree` as a payload, validly signed."""
    return line(envelope(json.dumps(tree).encode(), **how))


OPTIONS = VerificationOptions(signers=(Signer("us", P256.public),), at=NOW)


def check(*lines: bytes, model: Manifest = MODEL, **options: Any) -> VerifiedClaims:
    """`verify` with our own signer, except where `options` say otherwise."""
    return verify([(f"bundle:{n}", text) for n, text in enumerate(lines, 1)], model, replace(OPTIONS, **options))
