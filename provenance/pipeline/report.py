"""`provenance report`: a saved report, rendered and judged again. Its own verdict is never read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from provenance.errors import LimitExceeded, UsageError

if TYPE_CHECKING:
    from provenance.documents.report import Report
    from provenance.pipeline.check import Judged

MAX_BYTES = 512 * 1024 * 1024
"""A report names every tensor: about 400 bytes each."""


def load(path: str) -> Report:
    """The report in the JSON file at `path`; raises `UsageError` where it is none."""
    from pydantic import ValidationError

    from provenance.documents import strict_json
    from provenance.documents.files import read_bytes
    from provenance.documents.report import Report

    todo = "name a file written by -o json=PATH"
    try:
        data = read_bytes(Path(path), max_bytes=MAX_BYTES)
        document = strict_json.loads(data, max_bytes=MAX_BYTES)
    except LimitExceeded:
        raise UsageError("far too large for a report", where=path, todo=todo) from None
    except strict_json.StrictJsonError as error:
        raise UsageError(f"not a report: {error}", where=path, todo=todo) from None
    if not isinstance(document, dict) or "report" not in document:
        raise UsageError("not a report: it has no `report`", where=path, todo=todo)
    try:
        # JSON has no tuples and enums arrive as text: the JSON mode of strict validation knows that.
        return Report.model_validate_json(_json(document["report"]))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"not a report of version v0: {place}: {first['msg']}", where=path, todo=todo) from None


def rejudge(path: str, *, policy: str | None, at: str | None) -> Judged:
    """The report in the file at `path`, with a verdict made now by `policy`.

    Attestations that the report lists are history: they are verified anew by `verify`, and count for nothing here.
    """
    from provenance.pipeline.check import Judged, judge_report

    report = load(path)
    return Judged(report, judge_report(report, policy=policy, at=at))


def _json(value: object) -> bytes:
    import json

    return json.dumps(value).encode()
