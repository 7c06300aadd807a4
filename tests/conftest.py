"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fixtures.build import build


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every fixture model by name, built once a session; tests copy what they change. See `fixtures/README.md`."""
    return build(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Key files made for this session: `p256` and `ed25519`, and their public halves with `-public`."""
    folder = tmp_path_factory.mktemp("keys")
    found: dict[str, Path] = {}
    for name, key in (
        ("p256", ec.generate_private_key(ec.SECP256R1())),
        ("ed25519", ed25519.Ed25519PrivateKey.generate()),
    ):
        found[name], found[f"{name}-public"] = folder / f"{name}.pem", folder / f"{name}.pub"
        found[name].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        found[f"{name}-public"].write_bytes(public)
    return found
