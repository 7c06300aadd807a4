"""Our signatures in files, as a stranger would receive them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from provenance.documents.predicates import MODEL_LINEAGE, MODEL_SCAN, Predicate
from provenance.trust.attest.sign import attest
from tests.trust.attest import material


@dataclass(frozen=True)
class Received:
    """A bundle file and the public key that is said to have signed it, in a folder of their own."""

    folder: Path
    bundle: Path
    public: Path


@pytest.fixture
def received(tmp_path: Path) -> Callable[[str], Received]:
    """Two attestations by a key of the named kind, and that key."""

    def make(kind: str) -> Received:
        key = material.KEYS[kind]
        predicates: list[tuple[str, Predicate]] = [(MODEL_SCAN, material.scan()), (MODEL_LINEAGE, material.lineage())]
        bundle, public = tmp_path / "model.sigstore.jsonl", tmp_path / "public.pem"
        bundle.write_bytes(attest("model", material.SUBJECT, predicates, key))
        public.write_bytes(material.public_pem(key.material))
        return Received(tmp_path, bundle, public)

    return make
