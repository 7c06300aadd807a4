"""Why attestations failed, in a headline: the file or the model first, and no digests."""

from __future__ import annotations

import pytest

from provenance.records import FailedClaim
from provenance.trust.policy.failures import lead

A, B = "a" * 64, "b" * 64
SIGNED_FOR = (
    f"signed for sha256:{A}, this model is sha256:{B} (the model was changed, or the attestation is about another)"
)


def failed(reason: str, step: int = 8) -> FailedClaim:
    return FailedClaim(source="b.jsonl:1", step=step, reason=reason)


@pytest.mark.parametrize(
    ("reason", "step", "said"),
    [
        (
            f"modified config.json expected sha256:{A} actual sha256:{B}; {SIGNED_FOR}",
            8,
            "config.json was modified since it was signed",
        ),
        ("modified a.txt expected 3 bytes actual 4 bytes", 9, "a.txt was modified since it was signed"),
        (f"removed notes.txt; added x.py; {SIGNED_FOR}", 8, "notes.txt was removed, and 1 other file changed,"),
        (f"renamed a.txt -> b.txt; {SIGNED_FOR}", 8, "a.txt was renamed since it was signed"),
        (f"added a file.py; and 30 more; {SIGNED_FOR}", 8, "a file.py was added, and 30 other files changed,"),
        ("the signed files are not those on disk: added x.py", 9, "x.py was added since it was signed"),
        (f"about another model: they share no file; removed a; {SIGNED_FOR}", 8, "the attestation is about another"),
        (f"it is about another model, sha256:{A}", 8, "the attestation is about another model"),
        (SIGNED_FOR, 8, "the model is not the one that was signed"),
        ("not signed by a signer that is named here; its key hint is 'x'", 3, "1 attestation did not verify: not sig"),
    ],
)
def test_the_first_words(reason: str, step: int, said: str) -> None:
    assert lead([failed(reason, step)]).startswith(said)
    assert A not in lead([failed(reason, step)])


def test_a_failure_that_names_a_file_comes_before_one_that_does_not() -> None:
    both = [failed(SIGNED_FOR), failed("wrong signature", 3), failed(f"removed a.txt; {SIGNED_FOR}")]
    assert lead(both) == "a.txt was removed since it was signed"
    assert lead(both[1:2] * 2) == "2 attestations did not verify: wrong signature"


@pytest.mark.parametrize("name", ["x" * 5_000, "a; about another model", "; ; ", " expected ", "a: b: c"])
def test_hostile_names_stay_short(name: str) -> None:
    for word in ("modified", "removed", "added", "renamed"):
        assert len(lead([failed(f"{word} {name}; {SIGNED_FOR}")])) <= 110
        assert len(lead([failed(f"{word} {name}", 3)])) <= 120
