"""Findings as SARIF 2.1.0, for code scanning: one result for each rule and file, and every gap as a notification.

A rule of the policy that denied or could not decide is a result too, `policy-…`, about the model as a whole.

GitHub's limits shape it (docs.github.com, "SARIF results exceed one or more limits"): it refuses a file of more than
25,000 results, keeps the worst 5,000, shows only the first location and wants a line there; so the worst 5,000 are
written, a finding without a line stands at line 1, and tensors are named in the text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provenance.outputs import rulings, wording
from provenance.outputs.escaping import MAX_NAME, json_text, plain, sarif_message, uri
from provenance.outputs.interface import Output, RuleText
from provenance.records import ModelKind, Severity

if TYPE_CHECKING:
    from provenance.documents.report import FindingRow, Report, VerdictDocument

MAX_RESULTS = 5_000
MAX_PLACES = 5
"""Findings of one rule in one file that its result names."""
MAX_MESSAGE = 300
MAX_NOTIFICATIONS = 500

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {
    Severity.INFO: "note",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
    Severity.CRITICAL: "error",
}
_SECURITY_SEVERITY = {
    Severity.INFO: "2.0",
    Severity.WARNING: "5.0",
    Severity.ERROR: "8.0",
    Severity.CRITICAL: "9.5",
}
"""GitHub's bands: low below 4, medium below 7, high below 9, critical above."""
_TAGS = ("machine-learning", "security", "supply-chain")


def render(report: Report, verdict: VerdictDocument | None, rules: Mapping[str, RuleText]) -> str:
    """The SARIF log: one run, the worst results first."""
    found = rulings.with_rulings(report, verdict)
    rules = rulings.texts(rules, found)
    groups = wording.grouped(found, by_file=True)
    kept = groups[:MAX_RESULTS]
    worst = _worst(kept, rules)
    index = {ident: number for number, ident in enumerate(worst)}
    run = {
        "tool": {
            "driver": {
                "name": report.tool.name,
                "version": plain(report.tool.version, MAX_NAME),
                "rules": [_rule(ident, worst[ident], rules.get(ident)) for ident in worst],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report, cut=len(groups) - len(kept))],
        "results": [_result(report, group, index[group[0].rule]) for group in kept],
        "properties": _properties(report, verdict),
    }
    return json_text(json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)) + "\n"


def _worst(groups: Sequence[Sequence[FindingRow]], rules: Mapping[str, RuleText]) -> dict[str, Severity]:
    """Every rule that was applied, found or not, by id, with the worst that it stands for or found."""
    worst = {ident: text.severity for ident, text in rules.items()}
    for group in groups:
        severity = group[0].severity
        worst[group[0].rule] = max(severity, worst.get(group[0].rule, severity), key=lambda s: s.rank)
    return dict(sorted(worst.items()))


def _rule(ident: str, severity: Severity, text: RuleText | None) -> dict[str, Any]:
    described: dict[str, Any] = {"id": plain(ident, 255)}
    if text is not None:
        described |= {
            "shortDescription": {"text": sarif_message(text.title)},
            "fullDescription": {"text": sarif_message(text.meaning)},
            "help": {"text": f"{sarif_message(text.meaning)}\n\n{sarif_message(text.advice)}"},
        }
    return described | {
        "defaultConfiguration": {"level": _LEVELS[severity]},
        "properties": {"security-severity": _SECURITY_SEVERITY[severity], "tags": list(_TAGS)},
    }


def _result(report: Report, group: Sequence[FindingRow], rule_index: int) -> dict[str, Any]:
    worst = group[0]
    lines = [
        f"{sarif_message(wording.place(f), MAX_NAME)}: {sarif_message(f.message, MAX_MESSAGE)}"
        for f in group[:MAX_PLACES]
    ]
    lines += [wording.and_more(len(group) - MAX_PLACES, hint=" in this file")] if len(group) > MAX_PLACES else []
    lines += [sarif_message(worst.advice)] if worst.advice else []
    named = f"{worst.rule}\0{wording.path_from_here(report, worst.location.file or '.')}"
    fingerprint = hashlib.sha256(named.encode(errors="backslashreplace")).hexdigest()
    return {
        "ruleId": plain(worst.rule, 255),
        "ruleIndex": rule_index,
        "level": _LEVELS[worst.severity],
        "message": {"text": "\n".join(lines)},
        "locations": [_location(report, worst)],
        # The only one that GitHub compares; given here, it need not find the file to compute its own.
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint[:16]}:1"},
        "properties": {
            "severity": worst.severity.value,
            "confidence": worst.confidence.value,
            "findings": len(group),
        },
    }


def _location(report: Report, finding: FindingRow) -> dict[str, Any]:
    where = finding.location
    reference = uri(wording.path_from_here(report, where.file)) if where.file else None
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": reference or _whole_model(report)},
            "region": {"startLine": max(1, where.line or 1)},
        }
    }
    if where.tensor:
        location["logicalLocations"] = [{"fullyQualifiedName": plain(where.tensor, MAX_NAME), "kind": "tensor"}]
    return location


def _whole_model(report: Report) -> str:
    """For what is in no file, or in one that no model can hold: the model itself, by its path or its name."""
    whole = "." if report.subject.kind is ModelKind.DIRECTORY else report.subject.files[0].path
    name = report.subject.name.rstrip("/").rpartition("/")[2]
    return uri(wording.path_from_here(report, whole)) or uri(name) or "model"


def _invocation(report: Report, *, cut: int) -> dict[str, Any]:
    """What was not looked at (law 1 of the house): a run with no results says how much it saw."""
    found = wording.gaps(report)
    notes = [_notification(f"not looked at: {gap.what}: {gap.why}", asked=gap.asked) for gap in found]
    if len(notes) > MAX_NOTIFICATIONS:
        left = wording.and_more(len(notes) - MAX_NOTIFICATIONS, hint=" gaps; the JSON output lists all of them")
        notes = [_notification(left, asked=True), *notes[:MAX_NOTIFICATIONS]]
    if cut > 0:
        note = f"only the worst {MAX_RESULTS:,} results are listed, {cut:,} are not; the JSON output lists all of them"
        notes.insert(0, _notification(note, asked=True))
    return {"executionSuccessful": not any(row.asked for row in report.skipped), "toolExecutionNotifications": notes}


def _notification(text: str, *, asked: bool) -> dict[str, Any]:
    return {"level": "warning" if asked else "note", "message": {"text": sarif_message(text)}}


def _properties(report: Report, verdict: VerdictDocument | None) -> dict[str, Any]:
    properties: dict[str, Any] = {"model": plain(report.subject.name, MAX_NAME), "sha256": report.subject.sha256}
    if report.relations:
        properties["relations"] = list(report.relations)
    if verdict is not None:
        properties |= {"verdict": verdict.outcome.value, "policy": plain(verdict.policy, MAX_NAME)}
    return properties


OUTPUT = Output(kind="sarif", suffix=".sarif", render=render)
