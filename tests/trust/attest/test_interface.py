"""Options that cannot be wrong in silence."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import datetime

import pytest

from provenance.errors import Exit, UsageError
from provenance.trust.attest.interface import Signer, VerificationOptions
from tests.trust.attest.material import NOW, OPTIONS, P256


def test_verifying_without_a_signer_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no signer is named") as caught:
        VerificationOptions(signers=(), at=NOW)
    assert caught.value.exit is Exit.USAGE


def test_a_time_without_a_zone_is_a_mistake_of_the_caller() -> None:
    naive = datetime(2026, 1, 1)
    with pytest.raises(ValueError, match="at has no time zone"):
        VerificationOptions(signers=(Signer("us", P256.public),), at=naive)
    with pytest.raises(ValueError, match="not_after has no time zone"):
        Signer("us", P256.public, not_after=naive)


def test_options_cannot_change_between_two_models() -> None:
    with pytest.raises(FrozenInstanceError):
        OPTIONS.signers = ()  # type: ignore[misc]
