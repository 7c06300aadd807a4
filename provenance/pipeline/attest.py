"""`provenance attest`: look at a model, or take a report that equals what is on disk, and sign it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import NotVerified, UsageError
from provenance.records import Severity

if TYPE_CHECKING:
    from provenance.documents.report import Report
    from provenance.pipeline.gather import Watch


@dataclass(frozen=True, slots=True)
class Attested:
    """What was signed."""

    report: Report
    statements: int
    key_id: str


def attest(
    model: str,
    *,
    base: str | None,
    report: str | None,
    key: str,
    password: Callable[[], bytes | None],
    bundle: Path,
    at: str | None,
    progress: Watch,
) -> Attested:
    """Write the attestations of `model` to `bundle`, and return what they say.

    The key is loaded before the model is read: a wrong password must not cost an hour of reading.
    """
    from provenance.documents.files import write_atomically
    from provenance.documents.predicates import from_report
    from provenance.pipeline.clock import moment, rfc3339
    from provenance.trust.attest.keys import load_private_key
    from provenance.trust.attest.sign import attest as sign

    when = rfc3339(moment(at))
    loaded = load_private_key(Path(key), password)
    done = _reported(model, report, progress) if report is not None else _looked(model, base, progress)
    predicates = from_report(done, time_created=when)
    assert done.subject.sha256 is not None, "a report without digests is refused before"
    lines = sign(Path(model).resolve().name, done.subject.sha256, predicates, loaded)
    write_atomically(bundle, lines)
    return Attested(done, len(predicates), loaded.public.key_id)


def _looked(model: str, base: str | None, progress: Watch) -> Report:
    from provenance.pipeline.compose import compose
    from provenance.pipeline.coverage import require_weights
    from provenance.pipeline.gather import gather

    gathered = gather(model, base, watch=progress)
    require_weights(gathered.evidence.candidate)
    return compose(gathered, verb="attest", candidate=model, base=base)


def _reported(model: str, path: str, progress: Watch) -> Report:
    """The report in the file at `path`, once the model on disk has been looked at again and is what it speaks of.

    The file lies open to whoever can write to it, and what is signed is believed: so the model is digested and scanned
    anew, and a report that names other bytes, or leaves out what a scan finds, is not signed. What it says of a base is
    the signer's own word; the base is not read again.
    """
    from provenance.documents.predicates import digested
    from provenance.documents.report import subject
    from provenance.pipeline.compose import compose, tool
    from provenance.pipeline.coverage import require_weights
    from provenance.pipeline.gather import gather
    from provenance.pipeline.report import load
    from provenance.trust.attest.file_set import differences, summary

    report = load(path)
    if report.inputs.verb not in _EVIDENCE:
        raise UsageError(f"a report of {report.inputs.verb} is no evidence of its own", where=path, todo=_AGAIN)
    if report.subject.sha256 is None or any(file.sha256 is None for file in report.subject.files):
        raise UsageError("a report without digests says nothing of any bytes", where=path, todo=_AGAIN)
    if report.tool != tool():
        raise UsageError("made by another version, or with other rules", where=path, todo=_AGAIN)
    gathered = gather(model, None, weights=False, watch=progress)
    require_weights(gathered.evidence.candidate)
    if changed := differences(digested(report), gathered.evidence.candidate.manifest):
        raise NotVerified(8, f"the report is about other files: {summary(changed)}", where=model, todo=_AGAIN)
    now, then = subject(gathered.evidence.candidate), report.subject
    if any(getattr(now, name) != getattr(then, name) for name in _SUBJECT):
        raise NotVerified(8, "the report is about another model", where=model, todo=_AGAIN)
    seen = compose(gathered, verb="scan", candidate=model, base=None)
    if left_out := _left_out(seen, report):
        raise NotVerified(8, f"the report leaves out what a scan finds: {left_out}", where=path, todo=_AGAIN)
    return report


def _left_out(seen: Report, report: Report) -> str:
    """The first thing that a scan without a base says and `report` does not; empty where it says all of it."""
    said = {(row.rule, row.severity, row.location.file, row.location.tensor) for row in report.findings}
    for row in seen.findings:
        key = (row.rule, row.severity, row.location.file, row.location.tensor)
        if row.severity.rank >= Severity.WARNING.rank and key not in said:
            return f"{row.rule} in {row.location.file or row.location.tensor}"
    unread = {row.surface for row in report.skipped if row.asked}
    return next((f"{row.surface} was not read" for row in seen.skipped if row.asked and row.surface not in unread), "")


_AGAIN = "make the report again from these files with check -o json=PATH"
_EVIDENCE = ("check", "scan", "diff", "attest")
"""Verbs whose reports say what was found in the model itself."""
_SUBJECT = ("sha256", "kind", "tensor_root", "tensor_count", "excluded")
