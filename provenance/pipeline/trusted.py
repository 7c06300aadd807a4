"""What a run believes: the policy, its signers and those of the command line, and the bundles it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.checks import RULES
from provenance.records import Manifest, VerifiedClaims
from provenance.trust.policy import LoadedPolicy, load, refuse_unknown_rules

if TYPE_CHECKING:
    # What only attestations need is imported where there are any.
    from provenance.trust.attest.interface import Signer


@dataclass(frozen=True, slots=True)
class Trusted:
    """Loaded before a model is read: a misspelt policy must not cost an hour of reading."""

    policy: LoadedPolicy
    signers: tuple[Signer, ...]
    bundles: tuple[tuple[str, bytes], ...] | None
    """Source and line of each bundle; None where no attestation was given."""

    def claims(self, manifest: Manifest, at: datetime) -> VerifiedClaims | None:
        """What the bundles prove about the model of `manifest`; None where none was given."""
        if self.bundles is None:
            return None
        from provenance.trust.attest.interface import VerificationOptions
        from provenance.trust.attest.verify import verify

        return verify(self.bundles, manifest, VerificationOptions(self.signers, at))

    @property
    def options(self) -> dict[str, str]:
        """What of the above a report records, so that the run can be repeated."""
        recorded = {"policy": self.policy.name, "policySha256": self.policy.sha256}
        if self.signers:
            recorded["signers"] = " ".join(sorted(signer.public_key.key_id for signer in self.signers))
        return recorded


def trust(policy: str, signers: Sequence[str], attestations: Sequence[str]) -> Trusted:
    """Load the policy, every key and every bundle; raises `UsageError` for what is wrong with the first two."""
    loaded = load(policy)
    refuse_unknown_rules(loaded, RULES)
    named = _signers(loaded, signers)
    if not attestations:
        return Trusted(loaded, named, None)
    from provenance.trust.attest.bundle import read_bundles

    return Trusted(loaded, named, read_bundles([Path(path) for path in attestations]))


def _signers(loaded: LoadedPolicy, paths: Sequence[str]) -> tuple[Signer, ...]:
    """The policy's signers and those of the command line; where there are none, cryptography stays unloaded."""
    if not loaded.policy.signer and not paths:
        return ()
    from provenance.trust.attest.interface import Signer
    from provenance.trust.attest.keys import load_public_key, public_key

    named = [
        Signer(
            name,
            public_key(loaded.keys[name], where=f"{loaded.source}: signer.{name}.public-key"),
            signer.expires,
            signer.predicate_uris,
        )
        for name, signer in sorted(loaded.policy.signer.items())
    ]
    # A name of the policy has no space in it, so a key of the command line cannot pass for one of the policy's signers.
    return (*named, *(Signer(f"--signer {path}", load_public_key(Path(path))) for path in paths))
