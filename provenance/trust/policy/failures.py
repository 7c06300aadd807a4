"""Attestations that did not verify, in the few words that a headline has room for.

A failure tells every difference with its digests (docs/verification.md, step 8). What a reader must know first is which
file was changed, or that the attestation belongs to another model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from provenance.records import FailedClaim
from provenance.trust.policy.interface import brief, counted

SUBJECT_STEP, FILES_STEP = 8, 9
"""Steps of verification whose reasons name the files that differ."""

_DIFFERENCE = re.compile(r"(?:[^:]*: )?(modified|renamed|removed|added) (.+?)(?: expected | -> |$)")
_UNNAMED = re.compile(r"and (\d{1,9}) more\b")


def lead(failures: Sequence[FailedClaim]) -> str:
    """Why the first of them failed, without digests; the first that names a file, where one does."""
    others = (failure for failure in failures if failure.step in (SUBJECT_STEP, FILES_STEP))
    said = sorted(filter(None, map(_of_subject, others)))
    if said:
        return said[0][1]
    first = failures[0].reason.partition("; ")[0]
    return f"{counted(len(failures), 'attestation')} did not verify: {brief(first, 80)}"


def _of_subject(failure: FailedClaim) -> tuple[int, str]:
    """The words for a failure about the model or its files, and how little they say."""
    clauses = failure.reason.split("; ")
    if any(clause.startswith(("about another model", "it is about another model")) for clause in clauses):
        return 0, "the attestation is about another model"
    changed = list(_changed(clauses))
    if changed:
        rest = sum(number for number, _ in changed) - 1
        also = f", and {counted(rest, 'other file')} changed," if rest else ""
        return 1, f"{changed[0][1]}{also} since it was signed"
    return 2, "the model is not the one that was signed"


def _changed(clauses: Sequence[str]) -> Iterator[tuple[int, str]]:
    """(how many files, what happened to them) for each clause that tells of a difference."""
    for clause in clauses:
        if found := _DIFFERENCE.match(clause):
            yield 1, f"{brief(found[2])} was {found[1]}"
        elif unnamed := _UNNAMED.match(clause):
            yield int(unnamed[1]), ""
