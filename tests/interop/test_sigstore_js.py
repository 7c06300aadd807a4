"""The npm package @sigstore/verify verifies our bundles (`make interop` installs it from the lock file)."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.conftest import Received
from tests.trust.attest import material

HERE = Path(__file__).parent

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(shutil.which("node") is None, reason="needs Node"),
    pytest.mark.skipif(not (HERE / "node_modules").is_dir(), reason="needs `npm ci` in tests/interop"),
]


def verified(received: Received) -> subprocess.CompletedProcess[bytes]:
    command = ["node", HERE / "verify.mjs", received.bundle, received.public]
    return subprocess.run([str(word) for word in command], capture_output=True, check=False)


# Not P-384: @sigstore/verify 4.1.3 leaves the hash of a bare key to Node, which takes SHA-256 for every curve.
@pytest.mark.parametrize("kind", ["p256", "ed25519"])
def test_it_verifies_what_we_sign(kind: str, received: Callable[[str], Received]) -> None:
    ours = received(kind)
    done = verified(ours)
    assert done.returncode == 0, done
    envelope = json.loads(ours.bundle.read_bytes().splitlines()[0])["dsseEnvelope"]
    assert done.stdout == base64.b64decode(envelope["payload"])


@pytest.mark.parametrize("kind", ["p256", "ed25519"])
def test_it_refuses_what_we_would_refuse(kind: str, received: Callable[[str], Received]) -> None:
    ours = received(kind)
    honest = json.loads(ours.bundle.read_bytes().splitlines()[0])
    honest["dsseEnvelope"]["payloadType"] = "application/json"
    ours.bundle.write_text(json.dumps(honest))
    assert b"SIGNATURE_ERROR" in verified(ours).stderr
    ours = received(kind)
    ours.public.write_bytes(material.public_pem(material.STRANGER.material))
    assert b"SIGNATURE_ERROR" in verified(ours).stderr
