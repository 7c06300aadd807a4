"""Signing keys from PEM files: ECDSA on P-256 (SHA-256) or P-384 (SHA-384), and Ed25519.

The key fixes the algorithm; nothing in a signature or a bundle can choose another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from provenance.documents.files import read_bytes
from provenance.errors import LimitExceeded, UsageError

MAX_KEY_BYTES = 64 * 1024
"""A PEM key of a kind that is read here has less than 1 KiB."""

_HASHES = {"secp256r1": SHA256, "secp384r1": SHA384}
"""The hash of each curve, as the Sigstore algorithm registry pairs them."""

_MAKE_ONE = "make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem"
_PUBLIC_HALF = "write the public half with: openssl pkey -in key.pem -pubout -out public.pem"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that checks signatures. Two are equal when their `key_id` is."""

    key_id: str
    """SHA-256 of the SubjectPublicKeyInfo in DER, lower-case hex."""
    material: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey = field(repr=False, compare=False)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` was made over `message` by the private half."""
        try:
            if isinstance(self.material, ed25519.Ed25519PublicKey):
                self.material.verify(signature, message)
            else:
                self.material.verify(signature, message, _ecdsa(self.material))
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A key that signs. Its bytes are never shown: `repr` names the public half only."""

    public: PublicKey
    material: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, message: bytes) -> bytes:
        """The signature over `message`: DER for ECDSA, 64 raw bytes for Ed25519."""
        if isinstance(self.material, ed25519.Ed25519PrivateKey):
            return self.material.sign(message)
        return self.material.sign(message, _ecdsa(self.material))


def load_public_key(path: Path) -> PublicKey:
    """The public key in the PEM file at `path`. Raises `UsageError` with what to do instead."""
    return public_key(_read(path), where=str(path))


def public_key(pem: bytes, *, where: str) -> PublicKey:
    """The one public key in `pem`; `where` names its place in errors. Raises `UsageError`."""
    if b"PRIVATE KEY-----" in pem:
        raise UsageError("a private key stands where a public key belongs", where=where, todo=_PUBLIC_HALF)
    if b"BEGIN CERTIFICATE" in pem:
        todo = "extract its key with: openssl x509 -in certificate.pem -pubkey -noout"
        raise UsageError("a certificate stands where a public key belongs", where=where, todo=todo)
    if pem.count(b"-----BEGIN ") > 1:
        raise UsageError("more than one key in one file", where=where, todo="write each key to its own file")
    try:
        loaded = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError("not a public key in PEM", where=where, todo=_PUBLIC_HALF) from None
    if isinstance(loaded, ed25519.Ed25519PublicKey):
        return _public(loaded)
    if isinstance(loaded, ec.EllipticCurvePublicKey) and loaded.curve.name in _HASHES:
        return _public(loaded)
    raise _other_kind(loaded, where)


def load_private_key(path: Path, password: Callable[[], bytes | None]) -> PrivateKey:
    """The private key in the PEM file at `path`; `password` is asked only where the key is encrypted.

    Raises `UsageError`: no file, no key, another kind of key, no password or a wrong one.
    """
    pem = _read(path)
    if b"BEGIN PUBLIC KEY" in pem:
        raise UsageError("a public key cannot sign", where=str(path), todo="name the private key")
    loaded: object
    try:
        loaded = load_pem_private_key(pem, password=None)
    except TypeError:  # the only thing that it says of an encrypted key
        loaded = _decrypt(pem, password(), where=str(path))
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError("not a private key in PEM", where=str(path), todo=_MAKE_ONE) from None
    if isinstance(loaded, ed25519.Ed25519PrivateKey):
        return PrivateKey(_public(loaded.public_key()), loaded)
    if isinstance(loaded, ec.EllipticCurvePrivateKey) and loaded.curve.name in _HASHES:
        return PrivateKey(_public(loaded.public_key()), loaded)
    raise _other_kind(loaded, str(path))


def _decrypt(pem: bytes, password: bytes | None, *, where: str) -> object:
    if not password:
        raise UsageError("the key is encrypted", where=where, todo="set PROVENANCE_KEY_PASSWORD to its password")
    try:
        return load_pem_private_key(pem, password=password)
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError("the password does not open the key", where=where, todo="check the password") from None


def _public(material: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> PublicKey:
    spki = material.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(hashlib.sha256(spki).hexdigest(), material)


def _ecdsa(key: ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey) -> ec.ECDSA:
    return ec.ECDSA(_HASHES[key.curve.name]())


def _other_kind(key: object, where: str) -> UsageError:
    curve = getattr(getattr(key, "curve", None), "name", "")
    kind = f"on the curve {curve}" if curve else type(key).__name__.removesuffix("PublicKey").removesuffix("PrivateKey")
    return UsageError(f"keys are P-256, P-384 or Ed25519; this one is {kind}", where=where, todo=_MAKE_ONE)


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path, max_bytes=MAX_KEY_BYTES)
    except LimitExceeded:
        raise UsageError("far too large for a key", where=str(path), todo="name a PEM file") from None
