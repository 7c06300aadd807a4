"""`provenance attest`: look at a model, or take a report that equals what is on disk, and sign it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import NotVerified

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
    lines = sign(Path(model).resolve().name, done.subject.sha256, predicates, loaded)
    write_atomically(bundle, lines)
    return Attested(done, len(predicates), loaded.public.key_id)


def _looked(model: str, base: str | None, progress: Watch) -> Report:
    from provenance.pipeline.compose import compose
    from provenance.pipeline.gather import gather

    gathered = gather(model, base, watch=progress)
    return compose(gathered, verb="attest", candidate=model, base=base)


def _reported(model: str, path: str, progress: Watch) -> Report:
    """The report in the file at `path`, once the model on disk has been digested again and is the one it is about."""
    from provenance.documents.report import File, subject
    from provenance.pipeline.gather import digest
    from provenance.pipeline.report import load
    from provenance.trust.attest.file_set import differences, summary

    report = load(path)
    seen = digest(model, progress)
    now, then = subject(seen), report.subject
    compared = ("sha256", "kind", "tensor_root", "tensor_count", "excluded")
    if changed := differences([File.model_validate(file) for file in then.files], seen.manifest):
        raise NotVerified(8, f"the report is about other files: {summary(changed)}", where=model, todo=_AGAIN)
    if any(getattr(now, name) != getattr(then, name) for name in compared):
        raise NotVerified(8, "the report is about another model", where=model, todo=_AGAIN)
    return report


_AGAIN = "make the report again from these files"
