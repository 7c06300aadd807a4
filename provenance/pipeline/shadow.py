"""Second forms of a model's weights, compared with the first after the pass that digested both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from provenance.facts import TwinsFact
from provenance.reading.engine import OpenModel, read_again
from provenance.records import Coverage, DeltaStatistics, ModelEvidence, PairConsumer, Skipped, TensorDigest, Unit
from provenance.weights.forms import Form, twins

MAX_TWINS = 200
"""Second forms of one model that are compared; more copies than any repository has."""


class Watch(Protocol):
    """Told how many bytes will be read, then of each piece."""

    def begin(self, total: int) -> None:
        """`total` more bytes are going to be read."""

    def __call__(self, nbytes: int) -> None:
        """`nbytes` more were read."""


def with_forms(
    seen: ModelEvidence, model: OpenModel, config: Mapping[str, object] | None, watch: Watch
) -> ModelEvidence:
    """With a fact for each second form; nothing is read where the data was not digested."""
    if all(tensor.blake3 is None for tensor in seen.manifest.tensors):
        return seen
    return replace(seen, facts=(*seen.facts, *_compare(model, seen.manifest.tensors, config, watch)))


def _compare(
    model: OpenModel, digested: Iterable[TensorDigest], config: Mapping[str, object] | None, watch: Watch
) -> tuple[TwinsFact, ...]:
    """Tensors of one dtype are settled by their digests; those of two are read again."""
    found = twins(model.headers, (config or {}).get("transformers_weights"))[:MAX_TWINS]
    if not found:
        return ()
    from provenance.weights.deltas import DeltaConsumer
    from provenance.weights.pairing import pair
    from provenance.weights.twins import digests, judge, to_read

    def delta(narrow: Unit, wide: Unit) -> PairConsumer[DeltaStatistics]:
        del narrow, wide
        return DeltaConsumer()

    known = digests(digested)
    facts = []
    for one in found:
        # Only what lies at the root is described by the configuration there; other folders go by stored names.
        described = config if _at_root(one.first) else None
        pairing = pair(one.second.files, one.first.files, described, described)
        again = to_read(pairing)
        tensors = {tensor for sides in again.values() for tensor in sides}
        nbytes = sum(tensor.nbytes for sides in again.values() for tensor in sides)
        watch.begin(nbytes)
        seen = {tensor: known[tensor.file, tensor.name] for tensor in tensors}
        measured = read_again(model, list(again.values()), delta, seen, progress=watch)
        fact = judge(one, pairing, known, dict(zip(again, measured, strict=True)))
        facts.append(replace(fact, reread_bytes=nbytes))
    return tuple(facts)


def _at_root(form: Form) -> bool:
    return "/" not in form.files[0].file


def skipped_forms(model: ModelEvidence) -> tuple[Skipped, ...]:
    """What of the second forms was not compared, and why."""
    return tuple(
        Skipped(
            fact.second,
            f"{fact.unknown} tensors were not compared with {fact.first}: {fact.reason}",
        )
        for fact in model.facts
        if isinstance(fact, TwinsFact) and fact.unknown
    )


def coverage_of_forms(model: ModelEvidence) -> tuple[Coverage, ...]:
    """How many tensors of second forms were compared, of those that can be; no row where there are none."""
    facts = [fact for fact in model.facts if isinstance(fact, TwinsFact)]
    compared = sum(fact.same + fact.rounded + fact.counts[0] for fact in facts)
    again = sum(fact.reread_bytes for fact in facts)
    note = f"{again} bytes were read a second time, because dtypes differ" if again else ""
    return (Coverage("second-forms", compared, compared, "tensors", note),) if compared else ()
