"""`[coverage]`: what it means that something was not looked at. Nothing that was not looked at may look fine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from provenance.documents.report import SkippedRow
from provenance.records import Assurance, RuleOutcome, RuleResult
from provenance.trust.policy import exceptions
from provenance.trust.policy.interface import Case, Exhibit, brief, enumerated, listed, ruled, told

OWN_TABLES = frozenset({"base", "lineage", "attestations"})
"""Surfaces whose absence other tables judge where nobody asked for them."""

WEIGHT_FILES = "weight-files"
"""The surface that counts every file with weights or code: those that were not read are skipped by name besides."""

Gap = tuple[str, str]
"""What was not looked at, and the origin of the exhibit that says so."""


def judge(case: Case) -> tuple[RuleOutcome, ...]:
    """`coverage.assurance`, `asked`, `unread`, `not-asked`; `digests` and `tensors` where not one was made or read."""
    if not case.exhibits:
        return ()  # `findings.on-missing` says so
    table = case.policy.coverage
    idle = _each(case, lambda exhibit: (row.surface for row in _idle(exhibit) if row.surface not in table.may_skip))
    excused = _each(case, lambda exhibit: (row.surface for row in _idle(exhibit) if row.surface in table.may_skip))
    fine = f"not looked at, which the policy allows: {listed(_told(excused))}" if excused else "no surface was left out"
    outcomes = [
        *_undigested(case),
        _assurance(case),
        _asked(case),
        _unread(case),
        _all_or(idle, "not-asked", table.not_asked, fine, "not asked for, and not looked at"),
    ]
    if any(exhibit.tensor_count == 0 for exhibit in case.exhibits):
        message = "not one tensor of the model was read; name a model with safetensors or GGUF weights"
        outcomes.append(ruled("coverage.tensors", RuleResult.UNKNOWN, message))
    return tuple(outcomes)


def _undigested(case: Case) -> Iterable[RuleOutcome]:
    """No policy lets a model pass of which nothing was digested: nobody could say which bytes had passed."""
    if case.subject_sha256 is None:
        asked = any(row.surface == "digests" for exhibit in case.exhibits for row in exhibit.skipped)
        message = (
            "nothing was digested, and the weights' data was not read; scan again without --no-digests"
            if asked
            else "not every file could be digested, so that the model has no name that could pass"
        )
        yield ruled("coverage.digests", RuleResult.UNKNOWN, message)


def _asked(case: Case) -> RuleOutcome:
    """What was asked for by name or option; a file that could not be read is `_unread`: nobody asked for it."""
    files = _file_names(case)
    rows = [(row, e) for e in case.exhibits for row in e.skipped if row.asked and row.surface not in files]
    missing = [(row.surface, exhibit.origin) for row, exhibit in rows]
    why = listed(f"{row.surface}: {row.reason}{told(exhibit.origin)}" for row, exhibit in rows)
    fine = "all that was asked for was looked at"
    return _all_or(missing, "asked", case.policy.coverage.asked, fine, "asked for, and not looked at", why)


def _unread(case: Case) -> RuleOutcome:
    """Files of the model and parts of surfaces that were not read; a warning where all that is left is accepted."""
    names, accepted = _file_names(case), exceptions.accepted_files(case)
    missing: list[Gap] = []
    excused: list[Gap] = []
    for exhibit in case.exhibits:
        files = {row.surface: row for row in exhibit.skipped if row.asked and row.surface in names}
        for path, row in files.items():
            (excused if path in accepted else missing).append((_described(row), exhibit.origin))
        missing += [(part, exhibit.origin) for part in _partly_read(exhibit, len(files))]
    if excused and not missing:
        message = f"not read, and accepted by an exception: {enumerated(excused)}"
        return ruled("coverage.unread", RuleResult.WARN, message)
    fine, otherwise = "every surface was read to its end", "not read, or not to the end"
    return _all_or(missing, "unread", case.policy.coverage.unread, fine, otherwise)


def _assurance(case: Case) -> RuleOutcome:
    strongest_first, needed = list(Assurance), case.policy.coverage.assurance
    weak = [e for e in case.exhibits if strongest_first.index(e.assurance) > strongest_first.index(needed)]
    if weak:
        rests = listed(f"{exhibit.assurance}{told(exhibit.origin)}" for exhibit in weak)
        message = f"rests on assurance below {needed}; {rests}; give the model itself to provenance check"
        return ruled("coverage.assurance", RuleResult.UNKNOWN, message)
    return ruled("coverage.assurance", RuleResult.PASS, f"everything rests on {needed} or stronger")


def _file_names(case: Case) -> frozenset[str]:
    """Surfaces that are files of the model. One that is called like a surface of ours does not pass for it."""
    return frozenset(case.files) - OWN_TABLES


def _described(row: SkippedRow) -> str:
    """`onnx/model.onnx (ONNX)`: the first clause of a reason says what the file is."""
    what = re.split(r"[,;] ", row.reason, maxsplit=1)[0].removeprefix("is ")
    return f"{brief(row.surface, 34)} ({brief(what, 29)})"


def _partly_read(exhibit: Exhibit, named: int) -> Iterable[str]:
    """Surfaces that were read in part. Of `weight-files`, `named` are told of by their names already."""
    for row in exhibit.coverage:
        unread = row.total - row.examined
        if unread and not (row.surface == WEIGHT_FILES and 0 < unread <= named):
            yield f"{row.surface} ({row.examined} of {row.total} {row.unit})"


def _idle(exhibit: Exhibit) -> Iterable[SkippedRow]:
    return (row for row in exhibit.skipped if not row.asked and row.surface not in OWN_TABLES)


def _each(case: Case, names: Callable[[Exhibit], Iterable[str]]) -> list[Gap]:
    return [(name, exhibit.origin) for exhibit in case.exhibits for name in names(exhibit)]


def _told(gaps: Iterable[Gap]) -> Iterable[str]:
    return (f"{name}{told(origin)}" for name, origin in gaps)


def _all_or(missing: list[Gap], key: str, consequence: str, fine: str, otherwise: str, why: str = "") -> RuleOutcome:
    rule = f"coverage.{key}"
    if not missing:
        return ruled(rule, RuleResult.PASS, fine)
    return ruled(rule, consequence, f"{otherwise}: {enumerated(missing)}" + (f"; {why}" if why else ""))
