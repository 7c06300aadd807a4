"""OpenSSL verifies what we sign, and we verify what it signs: envelopes made and opened by nothing of ours."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from provenance.documents.predicates import MODEL_SCAN
from provenance.trust.attest.bundle import read_bundles
from provenance.trust.attest.interface import Signer
from provenance.trust.attest.keys import load_public_key
from provenance.trust.attest.verify import verify
from tests.interop.conftest import Received
from tests.trust.attest import material

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "verification.md"


def version() -> str:
    if shutil.which("openssl") is None:
        return "no openssl"
    return subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout.strip()


pytestmark = pytest.mark.skipif(
    not re.match(r"OpenSSL [3-9]\.", version()), reason=f"needs OpenSSL 3, found {version()}"
)

MAKE_KEY = {
    "p256": "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
    "p384": "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
    "ed25519": "-algorithm ED25519",
}
CHECK = {
    "p256": "openssl dgst -sha256 -verify public.pem -signature signature signed",
    "p384": "openssl dgst -sha384 -verify public.pem -signature signature signed",
    "ed25519": "openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in signed -sigfile signature",
}
SIGN = {
    "p256": "openssl dgst -sha256 -sign key.pem -out signature signed",
    "p384": "openssl dgst -sha384 -sign key.pem -out signature signed",
    "ed25519": "openssl pkeyutl -sign -inkey key.pem -rawin -in signed -out signature",
}


def shell(folder: Path, *commands: str) -> subprocess.CompletedProcess[str]:
    script = "\n".join(commands)
    return subprocess.run(["sh", "-eu", "-c", script], cwd=folder, capture_output=True, text=True, check=False)


def unpack(received: Received) -> bytes:
    """The bytes under the first signature in `signed` and the signature in `signature`; returns the payload."""
    envelope = json.loads(received.bundle.read_bytes().splitlines()[0])["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"])
    kind = envelope["payloadType"].encode()
    (received.folder / "signed").write_bytes(b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))
    (received.folder / "signature").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    return payload


@pytest.mark.parametrize("kind", CHECK)
def test_openssl_verifies_what_we_sign(kind: str, received: Callable[[str], Received]) -> None:
    ours = received(kind)
    payload = unpack(ours)
    done = shell(ours.folder, CHECK[kind])
    assert done.returncode == 0, done
    assert json.loads(payload)["subject"][0]["digest"] == {"sha256": material.MODEL.subject_sha256}
    (ours.folder / "signed").write_bytes((ours.folder / "signed").read_bytes() + b" ")
    assert shell(ours.folder, CHECK[kind]).returncode != 0


@pytest.mark.parametrize("kind", SIGN)
def test_we_verify_what_openssl_signs(kind: str, tmp_path: Path) -> None:
    payload = json.dumps(material.statement(), indent=1).encode()  # not canonical: only a signer has to be
    kind_of_payload = b"application/vnd.in-toto+json"
    (tmp_path / "signed").write_bytes(b"DSSEv1 28 %s %d %s" % (kind_of_payload, len(payload), payload))
    genpkey = f"openssl genpkey {MAKE_KEY[kind]} -out key.pem"
    done = shell(tmp_path, genpkey, "openssl pkey -in key.pem -pubout -out public.pem", SIGN[kind])
    assert done.returncode == 0, done
    key_id = shell(tmp_path, "openssl pkey -pubin -in public.pem -outform DER | openssl dgst -sha256 -r").stdout[:64]
    tree = material.envelope(payload)
    tree["verificationMaterial"]["publicKey"]["hint"] = key_id
    tree["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode((tmp_path / "signature").read_bytes()).decode()
    (tmp_path / "b").write_text(json.dumps(tree))

    signer = Signer("openssl", load_public_key(tmp_path / "public.pem"))
    result = verify(read_bundles([tmp_path / "b"]), material.MODEL, replace(material.OPTIONS, signers=(signer,)))
    assert result.failures == ()
    assert (result.claims[0].predicate_type, result.claims[0].key_id) == (MODEL_SCAN, key_id)


def test_the_commands_in_the_documentation_verify_what_we_sign(received: Callable[[str], Received]) -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    of_the_id, script = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ours = received("p256")
    done = shell(ours.folder, script)
    assert (done.returncode, done.stdout.strip()) == (0, "Verified OK"), done
    assert (ours.folder / "statement.json").read_bytes() == unpack(ours)
    assert material.P256.public.key_id in shell(ours.folder, of_the_id).stdout
    ours.public.write_bytes(material.public_pem(material.STRANGER.material))
    assert shell(ours.folder, script).returncode != 0
