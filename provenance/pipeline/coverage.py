"""What of a model was not looked at, and how much was: law 1, in rows."""

from __future__ import annotations

from provenance.checks.file_kinds import ARCHIVES, OTHER_WEIGHTS, PICKLES
from provenance.checks.gguf_settings import FAMILIES
from provenance.errors import NothingToInspect
from provenance.facts import CodeFact, ContentFact, ExaminationFact, JsonFact
from provenance.pipeline.shadow import coverage_of_forms
from provenance.pipeline.weight_files import left_behind, rejected
from provenance.reading.formats import FORMATS
from provenance.reading.formats.rules import quoted
from provenance.records import Coverage, Evidence, Header, Lineage, ModelEvidence, Skipped, TensorState

UNREAD = PICKLES | OTHER_WEIGHTS | ARCHIVES | {"unknown"}
"""Kinds of content that hold weights or code, or may, and that this version does not read. Binary data of no known
format is among them: a loader may know what we do not."""

NO_FOLDERS = frozenset({"device", "special", "link-broken", "collision"})
"""Kinds of what was refused that hide no further files."""

NO_BASE = Skipped("lineage", "no base was given; add --base to compare the weights with the model they come from")
NOT_COMPARED = Skipped("lineage", "scan does not compare weights; use check or diff")
NO_DIGESTS = Skipped(
    "digests",
    "--no-digests was given: headers and documents were read, the weights' data was not; which bytes these are is not "
    "known, so nothing here can be signed or passed",
)
NO_PROBE = Skipped("behaviour", "this version asks the model nothing; how it answers is not known")


def unread_files(model: ModelEvidence) -> dict[str, str]:
    """Files of the model that hold weights or code, or may, and that nobody looked into; and why."""
    why = {r.file: f"{r.message} [{r.rule}]; it may be newer than this version" for r in model.newer}
    digested = any(file.sha256 is not None for file in model.manifest.files)
    aside = "was digested and not looked into" if digested else "was not looked into"
    examined = {fact.file: fact for fact in model.facts if isinstance(fact, ExaminationFact)}
    for skipped in model.unread:
        seen = examined.get(skipped.surface)
        if not (seen and seen.complete and left_behind(skipped.surface)):
            why[skipped.surface] = skipped.reason
    why |= {header.file: _unread_tensors(header) for header in model.headers if header.unread}
    why |= dict.fromkeys(model.over_budget, f"{aside}: the model has too many documents")
    known = {header.file for header in model.headers} | {rejection.file for rejection in model.rejections}
    for fact in model.facts:
        if not isinstance(fact, ContentFact) or fact.kind not in UNREAD or fact.file in why:
            continue
        # An array of plain numbers runs nothing, and still holds weights that are only known where its header is.
        seen = None if fact.kind in OTHER_WEIGHTS else examined.get(fact.file)
        if not seen.complete if seen else fact.file not in known:
            does = "digests but does not read" if digested else "does not read"
            reason = seen.reason if seen else f"which this version {does}"
            why[fact.file] = f"is {fact.detail or fact.kind}, {reason}"
    for fact in model.facts:
        # One cell that is no Python, in a notebook that nobody runs unasked, is told of by its rule.
        if isinstance(fact, CodeFact) and fact.error and fact.cell is None:
            why.setdefault(fact.file, f"is source code, of which nobody knows what it does: {fact.error}")
    # The gap in a file that was parsed is weights, which `NO_DIGESTS` speaks of; in any other, nobody knows what it is.
    parsed = known | {file for file, fact in examined.items() if fact.complete}
    for file in model.gaps.keys() - parsed:
        why.setdefault(file, "was read at its ends only, without digests")
    return why


def require_weights(model: ModelEvidence) -> None:
    """Raise `NothingToInspect` where nothing in `model` holds weights, or may: nothing that could be signed."""
    if not (model.headers or model.rejections or unread_files(model)):
        raise NothingToInspect(
            "no weights in it: no safetensors, no GGUF, nothing else that is known to hold any",
            where=model.name,
            todo="name the folder or file that holds the model",
        )


def _examined_whole(model: ModelEvidence) -> set[str]:
    """Files of kinds that may hold weights or code in which an examiner looked at everything."""
    kinds = {fact.file for fact in model.facts if isinstance(fact, ContentFact) and fact.kind in UNREAD - OTHER_WEIGHTS}
    return {fact.file for fact in model.facts if isinstance(fact, ExaminationFact) and fact.complete} & kinds


def _unread_tensors(header: Header) -> str:
    """That some tensors of a file were not read, with the first of them."""
    first, words = header.unread[0], next(known.words for known in FORMATS if known.name == header.format)
    return f"is {words}, {len(header.unread)} of whose tensors were not read: {quoted(first.surface)}, {first.reason}"


def configuration_gap(candidate: ModelEvidence, base: ModelEvidence | Skipped) -> tuple[Skipped, ...]:
    """That the settings which steer the weights were not held against the base's, where they were not."""
    if isinstance(base, Skipped):
        return ()
    mine, theirs = ({f.file for f in side.facts if isinstance(f, JsonFact)} for side in (candidate, base))
    families = {h.metadata.get("general.architecture") for h in candidate.headers if h.format == "gguf"}
    both_gguf = bool(families) and any(header.format == "gguf" for header in base.headers)
    if (
        "config.json" in mine & theirs
        or both_gguf
        or (families and "config.json" in theirs and families <= {*FAMILIES.values()})
    ):
        return ()
    why = (
        "the settings of this GGUF family are not mapped to config.json" if families else "not both have a config.json"
    )
    return (Skipped("configuration", f"not compared with the base's: {why}"),)


def coverage(evidence: Evidence) -> tuple[Coverage, ...]:
    """How much of each surface was read."""
    model = evidence.candidate
    files, tensors = len(model.manifest.files), sum(tensor.blake3 is not None for tensor in model.manifest.tensors)
    nbytes = sum(file.size for file in model.manifest.files)
    broken = {rejection.file for rejection in rejected(model)}
    unread = {*unread_files(model)}
    parsed = ({header.file for header in model.headers} | _examined_whole(model)) - unread
    rows = [
        Coverage("files", files - len(model.gaps), files + len(_refused(model)), "files", _files_note(model)),
        Coverage("bytes", nbytes - sum(model.gaps.values()), nbytes, "bytes"),
        Coverage("weight-files", len(parsed), len(parsed | broken | unread), "files"),
        Coverage("tensor-digests", tensors, sum(len(header.tensors) for header in model.headers), "tensors"),
    ]
    if isinstance(evidence.lineage, Lineage):
        looked = [row for row in evidence.lineage.tensors if row.state is not TensorState.UNSUPPORTED]
        rows.append(Coverage("tensor-comparison", len(looked), len(evidence.lineage.tensors), "tensors"))
    return (*rows, *coverage_of_forms(model))


def _refused(model: ModelEvidence) -> set[str]:
    """Entries of the folder that are no files of the manifest; of two names that are one, both are."""
    return {row.path for row in model.refused} - {file.path for file in model.manifest.files}


def _files_note(model: ModelEvidence) -> str:
    notes = []
    if excluded := model.manifest.excluded:
        notes.append(f"{len(excluded)} files left out by rule: {', '.join(excluded[:5])}")
    if any(row.kind not in NO_FOLDERS for row in model.refused):
        notes.append("what was not looked at may hold more files")
    return "; ".join(notes)
