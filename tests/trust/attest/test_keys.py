"""Key files: the kinds that are read, and one clear line for everything else."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from provenance.errors import CouldNotLook, Exit, UsageError
from provenance.trust.attest.keys import MAX_KEY_BYTES, PrivateKey, load_private_key, load_public_key, public_key
from tests.trust.attest.material import AnyPrivate, private_pem, public_pem

MESSAGE = b"what was signed"
MAKERS: dict[str, Callable[[], AnyPrivate]] = {
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}


def never() -> NoReturn:
    raise AssertionError("asked for a password that is not needed")


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("password", [None, b"correct horse"])
def test_a_key_signs_and_its_public_half_verifies(kind: str, password: bytes | None, tmp_path: Path) -> None:
    material = MAKERS[kind]()
    key = load_private_key(write(tmp_path / "key.pem", private_pem(material, password)), lambda: password)
    public = load_public_key(write(tmp_path / "public.pem", public_pem(material)))
    assert public == key.public
    signature = key.sign(MESSAGE)
    assert public.verifies(signature, MESSAGE)
    assert not public.verifies(signature, MESSAGE + b"!")
    assert not public.verifies(signature[:-1], MESSAGE)
    assert not public.verifies(b"", MESSAGE)
    assert not public.verifies(b"\x00" * 64, MESSAGE)


@pytest.mark.parametrize("kind", MAKERS)
def test_the_key_id_is_the_digest_of_the_public_key(kind: str) -> None:
    material = MAKERS[kind]()
    spki = material.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public_key(public_pem(material), where="").key_id == hashlib.sha256(spki).hexdigest()


def test_the_traditional_form_with_its_parameters_is_read(tmp_path: Path) -> None:
    """What `openssl ecparam -name prime256v1 -genkey` writes: two blocks, the second of which is the key."""
    material = ec.generate_private_key(ec.SECP256R1())
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    traditional = material.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    key = load_private_key(write(tmp_path / "key.pem", parameters + traditional), never)
    assert key.public == public_key(public_pem(material), where="")


def test_a_private_key_does_not_show_itself() -> None:
    material = ed25519.Ed25519PrivateKey.generate()
    key = PrivateKey(public_key(public_pem(material), where=""), material)
    assert repr(key) == f"PrivateKey(public=PublicKey(key_id='{key.public.key_id}'))"


OTHER_KINDS: dict[
    str, rsa.RSAPrivateKey | ed448.Ed448PrivateKey | x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey
] = {
    "RSA": rsa.generate_private_key(65537, 2048),
    "Ed448": ed448.Ed448PrivateKey.generate(),
    "X25519": x25519.X25519PrivateKey.generate(),
    "secp521r1": ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": ec.generate_private_key(ec.SECP256K1()),
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_other_kinds_are_refused_by_name(kind: str, tmp_path: Path) -> None:
    key = OTHER_KINDS[kind]
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(UsageError, match=rf"P-256, P-384 or Ed25519; this one is .*{kind}.*openssl genpkey"):
        load_private_key(write(tmp_path / "key.pem", pem), never)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    with pytest.raises(UsageError, match=rf"P-256, P-384 or Ed25519; this one is .*{kind}"):
        load_public_key(write(tmp_path / "public.pem", pem))


MATERIAL = ec.generate_private_key(ec.SECP256R1())
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
BROKEN = b"-----BEGIN %b KEY-----\nAAAA\n-----END %b KEY-----\n"

NOT_PUBLIC = {
    "private": (private_pem(MATERIAL), "a private key stands where a public key belongs .*-pubout"),
    "encrypted-private": (private_pem(MATERIAL, b"x"), "a private key stands"),
    "certificate": (CERTIFICATE, "a certificate stands where a public key belongs .*openssl x509"),
    "two-keys": (public_pem(MATERIAL) * 2, "more than one key"),
    "empty": (b"", "not a public key in PEM"),
    "garbage": (b"\xff\x00garbage", "not a public key in PEM"),
    "broken": (BROKEN % (b"PUBLIC", b"PUBLIC"), "not a public key in PEM"),
    "too-large": (public_pem(MATERIAL) + b" " * MAX_KEY_BYTES, "far too large for a key"),
}


@pytest.mark.parametrize("case", NOT_PUBLIC)
def test_what_is_not_a_public_key_is_one_clear_line(case: str, tmp_path: Path) -> None:
    pem, message = NOT_PUBLIC[case]
    with pytest.raises(UsageError, match=f"public.pem: {message}") as caught:
        load_public_key(write(tmp_path / "public.pem", pem))
    assert "\n" not in str(caught.value)
    assert caught.value.exit is Exit.USAGE


NOT_PRIVATE = {
    "public": (public_pem(MATERIAL), "a public key cannot sign"),
    "certificate": (CERTIFICATE, "not a private key in PEM .*openssl genpkey"),
    "empty": (b"", "not a private key in PEM"),
    "garbage": (b"\xff\x00garbage", "not a private key in PEM"),
    "broken": (BROKEN % (b"PRIVATE", b"PRIVATE"), "not a private key in PEM"),
    "too-large": (b" " * (MAX_KEY_BYTES + 1), "far too large for a key"),
}


@pytest.mark.parametrize("case", NOT_PRIVATE)
def test_what_is_not_a_private_key_is_one_clear_line(case: str, tmp_path: Path) -> None:
    pem, message = NOT_PRIVATE[case]
    with pytest.raises(UsageError, match=f"key.pem: {message}"):
        load_private_key(write(tmp_path / "key.pem", pem), never)


@pytest.mark.parametrize(
    ("password", "message"),
    [(None, "encrypted .*PROVENANCE_KEY_PASSWORD"), (b"", "encrypted"), (b"wrong", "password does not open the key")],
)
def test_an_encrypted_key_needs_its_password(password: bytes | None, message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "key.pem", private_pem(MATERIAL, b"right"))
    with pytest.raises(UsageError, match=message):
        load_private_key(path, lambda: password)


def test_a_missing_file_and_a_directory_are_usage_errors(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.pem", tmp_path):
        with pytest.raises(UsageError):
            load_public_key(path)
        with pytest.raises(UsageError):
            load_private_key(path, never)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_key_could_not_be_looked_at(tmp_path: Path) -> None:
    path = write(tmp_path / "key.pem", private_pem(MATERIAL))
    path.chmod(0)
    with pytest.raises(CouldNotLook, match="cannot be read"):
        load_private_key(path, never)
