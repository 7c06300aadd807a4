"""One concrete thing to do now: the last line of what a person reads.

Made of our own words and the names of the command line: a message may quote what a hostile model wants done.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from provenance.outputs.wording import blame, file_gaps
from provenance.records import Outcome, Relation, Severity, TensorState

if TYPE_CHECKING:
    from provenance.documents.report import ClaimRow, FindingRow, Report, VerdictDocument

INCOMPLETE = ("lfs-pointer", "shard-missing")
"""Rules that tell of a download that did not end. What else is wrong then is often no more than its consequence."""
CONSEQUENCES = frozenset({"header-rejected", "index-missing", "tensor-missing"})
FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
"""Stored types that every pairing compares, as long as both sides lay their rows out alike."""

KEEP_VALUES = frozenset({Relation.IDENTICAL, Relation.DTYPE_CAST, Relation.SCALED, Relation.FINE_TUNED})
"""Relations that leave something of the base's values; without these, `unrelated` is what is most likely."""

_STRANGER = "not signed by a signer that is named here"
"""How verification begins the reason where nobody named the signer (docs/verification.md, step 3)."""


def next_step(report: Report, verdict: VerdictDocument | None) -> str:
    """What to do about the verdict; without one, how to get one."""
    if verdict is not None and report.inputs.verb == "verify":
        return after_verification(report.attestations, verdict)
    if (verdict is None or "lineage" in _areas(verdict)) and (doubt := _doubt(report)):
        return f"is {_base(report)} the right base? {doubt}; give the base that the publisher names."
    if verdict is None:
        return f"run `{_check(report)}` to judge this by a policy."
    if verdict.outcome is not Outcome.PASS:
        return _remedy(report, verdict)
    if report.lineage is None:
        return f"run `{_check(report, base=True)}` to learn what this is to the model it comes from."
    if not any(claim.verified for claim in report.attestations):
        signed = f"provenance attest {_model(report)} --base {_base(report)} --key KEY.pem -o bundle=PATH"
        return f"run `{signed}` to sign what was found."
    return "nothing to do; `provenance verify` repeats this offline from the attestation."


def after_verification(claims: Sequence[ClaimRow], verdict: VerdictDocument) -> str:
    """What to do after attestations were verified."""
    failed = [claim for claim in claims if not claim.verified]
    if failed and all((claim.reason or "").startswith(_STRANGER) for claim in failed):
        return "if you believe who signed it, name their public key with --signer; if not, do not use the attestation."
    if failed:
        return "fetch the model and its attestations again from their source; if it repeats, ask the publisher."
    if verdict.outcome is Outcome.PASS:
        return "nothing: what the signers said of this model holds for the bytes on this disk."
    if verdict.outcome is Outcome.DENIED:
        return "do not use it under this policy: what is attested breaks the rules above; ask the publisher."
    if any(row.rule == "attestations.verified" for row in blame(verdict)):  # a saved report, judged again
        return "run `provenance verify` again with the attestations themselves: a report is no evidence of them."
    return "ask the publisher for an attestation that the policy asks for, or name another policy."


# ---------------------------------------------------------------------------------------------------------------------
# What to do about the rules that made the verdict, the most telling first
# ---------------------------------------------------------------------------------------------------------------------


def _remedy(report: Report, verdict: VerdictDocument) -> str:
    areas, files = _areas(verdict), file_gaps(report)
    asked = any(row.asked and row not in files for row in report.skipped)
    if (not areas or "findings" in areas) and (cause := _cause(_blamed(report, verdict))) is not None:
        first = "complete the download; " if cause.rule in INCOMPLETE else ""
        return f"{first}run `provenance explain {cause.rule}`: what it means, what to do."
    undigested = any(file.sha256 is None for file in report.subject.files)
    if report.subject.sha256 is None and undigested and verdict.outcome is Outcome.UNDECIDED:
        return f"run `{_check(report)}`, which reads and digests all of it."
    if verdict.outcome is Outcome.WARN and "exception" in areas:
        return "nothing now; look again at what the policy accepts before its exceptions end."
    if "lineage" in areas:
        if report.lineage is not None:
            return _about_lineage(report, verdict)
        if not asked:
            return f"run `{_check(report, base=True)}`, with the model it is said to come from."
    if not report.subject.tensor_count and "coverage" in areas and not files:
        return "name the folder or file that holds the weights."
    if "coverage" in areas and files:
        accept = "accept it in a policy (coverage.unread, or an exception for its finding)"
        return f"leave what was not read out of the download, or {accept}."
    if verdict.outcome is Outcome.UNDECIDED and asked:
        return "put right what could not be done (under `Not looked at`), then run this again."
    return _about_table(areas, verdict)


def _about_table(areas: set[str], verdict: VerdictDocument) -> str:
    if "attestations" in areas:
        return "ask the publisher for an attestation of this subject, and give it as --attestation BUNDLE."
    if "formats" in areas:
        return "use a copy of the model without the files that the policy names, or in a format that it allows."
    return f"change what the rules above name, or judge by another policy than {verdict.policy}."


def _areas(verdict: VerdictDocument) -> set[str]:
    """Tables of the policy that made the verdict."""
    return {row.rule.partition(".")[0] for row in blame(verdict)}


def _blamed(report: Report, verdict: VerdictDocument) -> list[FindingRow]:
    """The findings that may have made the verdict: where it only warns, none of a rule that the policy accepts."""
    accepted = {row.rule.removeprefix("exception.") for row in verdict.rules} if verdict.outcome is Outcome.WARN else ()
    return [finding for finding in report.findings if finding.rule not in accepted]


def _cause(findings: Sequence[FindingRow]) -> FindingRow | None:
    """The worst finding; in a download that did not end, none that only follows from it."""
    told = [finding for finding in findings if finding.severity is not Severity.INFO]
    if any(finding.rule in INCOMPLETE for finding in told):
        told = [finding for finding in told if finding.rule not in CONSEQUENCES]
    return max(told, key=lambda f: (f.severity.rank, f.rule in INCOMPLETE), default=None)


def _about_lineage(report: Report, verdict: VerdictDocument) -> str:
    if verdict.outcome is not Outcome.UNDECIDED:
        return "if this change was meant, allow its relation in the policy; if not, use the base itself."
    states = {row.state for row in report.tensors if row.state is not None}
    if TensorState.UNSUPPORTED not in states or states & {TensorState.CHANGED, TensorState.RESHAPED}:
        return "ask the publisher what was done to it, or use the base itself; this version can say no more."
    rows = [row for row in report.tensors if row.state is TensorState.UNSUPPORTED]
    if any(row.dtype not in FLOATS for row in rows):
        instead = "check the F16, BF16 or safetensors files of the same release"
    elif any(row.base_dtype not in FLOATS for row in rows):
        instead = "give the F16, BF16 or safetensors files of the base"
    else:
        instead = "compare safetensors files of the same release with safetensors files of the base"
    return f"this version cannot compare {len(rows):,} of its tensors (see `because`); {instead}."


def _doubt(report: Report) -> str:
    """Why the base may be the wrong one; empty where something of it is there."""
    if report.lineage is None:
        return ""
    states = {state for state, count in report.lineage.counts.items() if count}
    if states and states <= {TensorState.ADDED, TensorState.MISSING}:
        return "No tensor has a counterpart in it"
    possible = {*report.lineage.possible, *report.lineage.relations}
    if Relation.UNRELATED in possible and not possible & KEEP_VALUES:
        return "The weights share no more with it than chance does"
    return ""


# ---------------------------------------------------------------------------------------------------------------------
# Commands to copy
# ---------------------------------------------------------------------------------------------------------------------


def _check(report: Report, *, base: bool = False) -> str:
    """The command that compares and judges; with `base`, also where none is known yet."""
    named = report.lineage is not None or report.inputs.base is not None
    versus = f" --base {_base(report)}" if named or base else ""
    return f"provenance check {_model(report)}{versus}"


def _model(report: Report) -> str:
    return _argument(report.subject.name, "MODEL")


def _base(report: Report) -> str:
    return _argument(report.lineage.base if report.lineage is not None else report.inputs.base or "", "BASE")


def _argument(name: str, placeholder: str) -> str:
    """`name` for a command line to copy: quoted, or a placeholder where it would not survive the copying."""
    copies = name.isprintable() and 0 < len(name) <= 200 and "::" not in name and not name.startswith("-")
    return shlex.quote(name) if copies else placeholder
