"""The whole report and the verdict beside it, as `documents.report.ReportFile` says: nothing is left out or shortened.

Names stand in the order of the document's fields. The text is printable ASCII, and still reads back as the same values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from provenance.documents.report import Report, ReportFile, VerdictDocument
from provenance.outputs.escaping import json_text
from provenance.outputs.interface import Output, RuleText


def render(report: Report, verdict: VerdictDocument | None, rules: Mapping[str, RuleText]) -> str:
    """The JSON file; `verdict` is null where no policy judged. The words of the rules are not part of it."""
    del rules
    document = ReportFile(report=report, verdict=verdict)
    try:
        text = document.model_dump_json(by_alias=True, indent=2)
    except ValueError:  # half a surrogate pair: a name on the command line whose bytes are not UTF-8
        text = json.dumps(_utf8(document.model_dump(mode="json", by_alias=True)), indent=2)
    return json_text(text) + "\n"


def _utf8(value: object) -> object:
    """`value` with the bytes of such names escaped: no strict reader of JSON would take them as they are."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, list):
        return [_utf8(item) for item in value]
    if isinstance(value, dict):
        return {key: _utf8(item) for key, item in value.items()}
    return value


OUTPUT = Output(kind="json", suffix=".json", render=render)
