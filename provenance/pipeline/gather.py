"""Read a model once, and a base in step with it, and put together what every wing saw.

The engine pushes the same bytes to the digests, the inspectors and the weights' statistics; here is where the wings'
consumers are handed to it, and where their records become `Evidence`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from provenance.documents import strict_json
from provenance.errors import CouldNotLook, NothingToInspect
from provenance.facts import Fact, TensorFact, TextFact
from provenance.pipeline.coverage import (
    NO_BASE,
    NO_DIGESTS,
    NO_PROBE,
    NOT_COMPARED,
    configuration_gap,
    coverage,
    unread_files,
)
from provenance.pipeline.partly import Failed, git_texts, nameless_where_refused, take_note, without_failed
from provenance.pipeline.shadow import skipped_forms, with_forms
from provenance.pipeline.templates import with_templates
from provenance.pipeline.tokenizers import with_round_trips
from provenance.pipeline.weight_files import compared, left_out, obstacle, rejected
from provenance.reading.digests import digest_file, digest_tensor, list_file, list_tensor, manifest
from provenance.reading.ends import gaps
from provenance.reading.engine import OpenModel, PairReading, Reading, open_model, read, read_pair
from provenance.reading.sources import refuse, resolve
from provenance.records import (
    Consumer,
    Coverage,
    DeltaStatistics,
    Evidence,
    FileDigest,
    Header,
    Lineage,
    ModelEvidence,
    PairConsumer,
    Skipped,
    TensorDigest,
    Unit,
)
from provenance.surfaces import header_text
from provenance.surfaces.code import sources
from provenance.surfaces.inspectors import EXAMINERS, INSPECTORS, InspectionContext, Inspector
from provenance.surfaces.inspectors.gguf_metadata import facts as gguf_facts
from provenance.surfaces.tensor_heads import program
from provenance.weights.contents import ContentsConsumer

if TYPE_CHECKING:
    # What only a comparison needs is imported where there is one.
    from provenance.weights.pairing import Pairing, TensorPair

MAX_CONFIG_BYTES = 4 * 1024 * 1024
BUDGET_BYTES = 384 * 1024 * 1024
"""Memory for the facts of one model's documents: 16 MiB of configuration, or five of the largest tokenizers known."""

FileRecord = FileDigest | tuple[Fact, ...]
TensorRecord = TensorDigest | TensorFact | None
FileFactory = Callable[[Unit], Consumer[FileRecord] | None]
Seen = Reading[FileRecord, TensorRecord]

NEWER = frozenset({"unknown-ggml-type"})
"""Broken rules of a header that an honest file of tomorrow breaks too: not looked at, rather than bad."""


class Watch(Protocol):
    """Told how many bytes will be read, then of each piece."""

    def begin(self, total: int) -> None:
        """`total` more bytes are going to be read."""

    def __call__(self, nbytes: int) -> None:
        """`nbytes` more were read."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a verb judges or signs."""

    evidence: Evidence
    coverage: tuple[Coverage, ...]


def gather(
    candidate: str,
    base: str | None,
    *,
    weights: bool = True,
    describe: bool = False,
    digests: bool = True,
    tolerant: bool = False,
    watch: Watch,
) -> Gathered:
    """Read `candidate`, and `base` with it where there is one, and compare their weights unless `weights` is off.

    Without `digests` (and without `weights`) headers and documents are read, and no weights' data.

    What of the candidate's folder cannot be looked at (a link, a pipe, an unreadable file) raises `CouldNotLook`; with
    `tolerant` it is evidence, the rest is looked at, and the model has no name.

    A base that cannot be looked at is skipped evidence, because what is wrong with the candidate must be said all the
    same; with `describe` (diff) there is nothing else to say and it raises `CouldNotLook`.
    """
    with ExitStack() as stack:
        aside = take_note if tolerant else refuse
        model = stack.enter_context(open_model(resolve(candidate, aside), aside))
        other = Skipped("base", NO_BASE.reason) if base is None else _open_base(base, stack, describe=describe)
        why_not = obstacle(model, other if isinstance(other, OpenModel) else None)
        if weights and why_not is None and isinstance(other, OpenModel):
            return _together(candidate, model, base or "", other, watch)
        if describe:
            raise CouldNotLook(why_not or "nothing to compare", where=candidate)
        look = _alone if digests else _ends
        theirs = look(base or "", other, watch, None) if isinstance(other, OpenModel) else other
        seen = look(candidate, model, watch, {} if tolerant else None)
        seen = with_forms(seen, model, _config(model), watch)
        return _gathered(seen, theirs, _not_compared(base, weights, other, why_not))


def _not_compared(base: str | None, weights: bool, other: OpenModel | Skipped, why_not: str | None) -> Skipped:
    """Why there is no lineage."""
    if not weights:
        return NOT_COMPARED
    if base is None:
        return NO_BASE
    reason = "the base could not be looked at" if isinstance(other, Skipped) else why_not
    return Skipped("lineage", reason or "", asked=True)


def digest(name: str, watch: Watch) -> ModelEvidence:
    """Digest every file and tensor of a model, and nothing more."""
    with open_model(resolve(name)) as model:
        watch.begin(_size(model))
        reading: Seen = read(model, [digest_file], [digest_tensor], progress=watch)
        return _evidence(name, model, reading)


def _size(*models: OpenModel) -> int:
    return sum(file.size for model in models for file in model.files.values())


def _open_base(base: str, stack: ExitStack, *, describe: bool) -> OpenModel | Skipped:
    """The base, opened, or why its weights are not all known; with `describe` that is raised as `CouldNotLook`."""
    try:
        other = stack.enter_context(open_model(resolve(base)))
        if bad := rejected(other):
            raise CouldNotLook(f"the base cannot be read: {bad[0].message}", where=f"{base}/{bad[0].file}")
        if not compared(other):
            raise NothingToInspect("the base holds no weights that can be compared", where=base)
        if why_not := obstacle(other):
            raise CouldNotLook(f"the base cannot be compared with: {why_not}", where=base)
    except CouldNotLook as error:
        if describe:
            raise
        return Skipped("base", str(error), asked=True)
    return other


# ---------------------------------------------------------------------------------------------------------------------
# Reading
# ---------------------------------------------------------------------------------------------------------------------


def _inspections(model: OpenModel, over: frozenset[str]) -> list[FileFactory]:
    context = _context(model)
    return [partial(_inspect, inspector, context, over) for inspector in INSPECTORS]


def _inspect(
    inspector: Inspector, context: InspectionContext, over: frozenset[str], unit: Unit
) -> Consumer[tuple[Fact, ...]] | None:
    if (unit.file in over and inspector.cost(unit)) or (unit.gap and not inspector.ends):
        return None
    return inspector.make(unit, context)


def _context(model: OpenModel) -> InspectionContext:
    return InspectionContext(frozenset(file.path for file in model.listing.files if file.executable))


def _over_budget(model: OpenModel) -> frozenset[str]:
    """Documents that are not looked into, because the facts of a model must fit in memory.

    An inspector bounds what it keeps of one file; a model may have a hundred thousand. Files near the root come first:
    they are the ones that loaders ask for. The choice rests on names and sizes alone, so it is the same on every host.
    """
    context, over, left = _context(model), set(), BUDGET_BYTES
    for path in sorted(model.files, key=lambda path: (path.count("/"), path)):
        unit = Unit(path, 0, model.files[path].size)
        left -= sum(inspector.cost(unit) for inspector in INSPECTORS if inspector.make(unit, context) is not None)
        if left < 0:
            over.add(path)
    return frozenset(over)


def _alone(name: str, model: OpenModel, watch: Watch, failed: Failed) -> ModelEvidence:
    over, examined = _over_budget(model), _examined(model, failed)
    watch.begin(_size(model))
    files = [digest_file, *_inspections(model, over)]
    seen: Seen = read(model, files, [digest_tensor, _contents], failed=failed, progress=watch)
    return without_failed(_evidence(name, model, seen, examined, over), failed)


def _examined(model: OpenModel, failed: Failed = None) -> tuple[Fact, ...]:
    """What examiners see, before the pass that holds every byte they read against the digested ones."""
    context = _context(model)
    found: list[Fact] = []
    for file in model.files.values():
        try:
            found += [fact for examiner in EXAMINERS for fact in examiner.examine(file, context)]
        except CouldNotLook as error:
            if failed is None:
                raise
            failed[file.path] = error
        file.release()
    return tuple(found)


def _ends(name: str, model: OpenModel, watch: Watch, failed: Failed) -> ModelEvidence:
    """The same without a digest: what `ends.gaps` passes over is not read, and the evidence says so."""
    over, examined, context = _over_budget(model), _examined(model, failed), _context(model)
    units = [Unit(path, 0, file.size) for path, file in model.files.items()]
    readers = [inspector for inspector in INSPECTORS if not inspector.ends]
    documents = {unit.file for unit in units if any(reader.make(unit, context) for reader in readers)}
    passed = gaps(model, documents)
    watch.begin(_size(model) - sum(map(len, passed.values())))
    consumers = [list_file, *_inspections(model, over)]
    seen: Seen = read(model, consumers, gaps=passed, failed=failed, progress=watch)
    declared = tuple(list_tensor(tensor) for header in model.headers for tensor in header.tensors)
    missed = {path: len(gap) for path, gap in passed.items()}
    found = replace(_evidence(name, model, replace(seen, tensors=declared), examined, over), gaps=missed)
    return without_failed(found, failed)


def _contents(unit: Unit) -> Consumer[TensorFact | None]:
    del unit
    return ContentsConsumer(program)


def _delta(candidate: Unit, base: Unit) -> PairConsumer[DeltaStatistics]:
    from provenance.weights.deltas import DeltaConsumer

    del candidate, base
    return DeltaConsumer()


def _together(candidate: str, model: OpenModel, base: str, other: OpenModel, watch: Watch) -> Gathered:
    from provenance.weights.deltas import comparable
    from provenance.weights.pairing import pair

    pairing = pair(compared(model, other), compared(other, model), _config(model), _config(other))
    pairs = comparable(pairing)
    over = _over_budget(model) | _over_budget(other)
    examined = _examined(model), _examined(other)
    watch.begin(_size(model, other))
    reading: PairReading[FileRecord, TensorRecord, DeltaStatistics] = read_pair(
        model,
        other,
        [(p.candidate, p.base) for p in pairs],
        _delta,
        [digest_file, *_inspections(model, over)],
        [digest_tensor, _contents],
        progress=watch,
    )
    seen = with_forms(_evidence(candidate, model, reading.candidate, examined[0], over), model, _config(model), watch)
    their_evidence = _evidence(base, other, reading.base, examined[1], over)
    lineage = _lineage(pairing, pairs, reading, their_evidence)
    return _gathered(seen, their_evidence, lineage, left_out(model, other))


def _config(model: OpenModel) -> dict[str, object] | None:
    """`config.json`, needed before the pass to know the names of the tensors."""
    file = model.files.get("config.json")
    if file is None or file.size > MAX_CONFIG_BYTES:
        return None
    try:
        value = strict_json.loads(file.pread(file.size, 0))
    except strict_json.StrictJsonError:
        return None  # a finding of the checks; the tensors are then matched by name
    return value if isinstance(value, dict) else None


# ---------------------------------------------------------------------------------------------------------------------
# Evidence
# ---------------------------------------------------------------------------------------------------------------------


def _evidence(
    name: str,
    model: OpenModel,
    reading: Seen,
    examined: tuple[Fact, ...] = (),
    over: frozenset[str] = frozenset(),
) -> ModelEvidence:
    digests = [record for record in reading.files if isinstance(record, FileDigest)]
    inspected = [fact for record in reading.files if not isinstance(record, FileDigest) for fact in record]
    contents = (record for record in reading.tensors if isinstance(record, TensorFact))
    made = manifest(model.listing.kind, digests, _digests(reading), model.listing.excluded)
    return nameless_where_refused(
        ModelEvidence(
            name=name,
            manifest=made,
            headers=model.headers,
            rejections=tuple(r for r in model.rejections if r.rule not in NEWER),
            newer=tuple(r for r in model.rejections if r.rule in NEWER),
            indexes=model.indexes,
            unread=model.unread,
            facts=(
                *inspected,
                *contents,
                *examined,
                *git_texts(model.listing),
                *(fact for header in model.headers for fact in _of_header(header)),
            ),
            over_budget=tuple(sorted(over & model.files.keys())),
            broken_claims=model.listing.broken_claims(digests),
            refused=model.listing.refused,
        )
    )


def _of_header(header: Header) -> tuple[Fact, ...]:
    return (*gguf_facts(header), *header_text.facts(header))


def _digests(reading: Seen) -> tuple[TensorDigest, ...]:
    return tuple(record for record in reading.tensors if isinstance(record, TensorDigest))


def _lineage(
    pairing: Pairing,
    pairs: Sequence[TensorPair],
    reading: PairReading[FileRecord, TensorRecord, DeltaStatistics],
    base: ModelEvidence,
) -> Lineage:
    measured = {p: statistics for p, statistics in zip(pairs, reading.pairs, strict=True) if statistics is not None}
    from provenance.weights.relations import classify, compare

    comparisons = compare(pairing, _digests(reading.candidate), _digests(reading.base), measured)
    found = classify(pairing, comparisons)
    assert base.manifest.subject_sha256 is not None, "weights are compared where they are digested"
    return Lineage(
        base=base.name,
        base_subject_sha256=base.manifest.subject_sha256,
        base_tensor_root=base.manifest.tensor_root,
        relations=found.relations,
        possible=found.possible,
        tensors=comparisons,
        basis=found.basis,
        architecture=pairing.architecture,
        reread_bytes=reading.reread_bytes,
    )


def _gathered(
    candidate: ModelEvidence,
    base: ModelEvidence | Skipped,
    lineage: Lineage | Skipped,
    apart: tuple[Skipped, ...] = (),
) -> Gathered:
    candidate = _with_sources(candidate)
    unread = tuple(Skipped(file, why, asked=True) for file, why in unread_files(candidate).items())
    unread += tuple(Skipped(row.path or "files", row.reason, asked=True) for row in candidate.refused)
    unread += tuple(skipped for skipped in apart if skipped.surface not in {row.surface for row in unread})
    if isinstance(base, ModelEvidence):
        unread += tuple(Skipped(f"base: {file}", why) for file, why in unread_files(base).items())
    candidate, unrendered = with_templates(candidate, base)
    candidate, untried = with_round_trips(candidate, base)
    unjudged = configuration_gap(candidate, base) + unrendered + untried + skipped_forms(candidate)
    if any(file.sha256 is None for file in candidate.manifest.files):
        unjudged += (NO_DIGESTS,)
    evidence = Evidence(candidate, base, lineage, (*unread, *unjudged, NO_PROBE))
    return Gathered(evidence, coverage(evidence))


def _with_sources(model: ModelEvidence) -> ModelEvidence:
    """With what its source code would reach for."""
    texts = [fact for fact in model.facts if isinstance(fact, TextFact)]
    return replace(model, facts=(*model.facts, *sources(texts)))
