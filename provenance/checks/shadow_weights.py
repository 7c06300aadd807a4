"""Two forms of one model's weights that hold different numbers: which is used depends on the loader."""

from __future__ import annotations

from collections.abc import Iterator

from provenance.checks.interface import Check, Rule, facts, listing, quoted
from provenance.facts import TwinsFact
from provenance.records import Evidence, Finding, Severity

SHADOW_WEIGHTS_DIFFER = Rule(
    ident="shadow-weights-differ",
    title="a second form of the weights holds other numbers",
    severity=Severity.ERROR,
    meaning="The repository has the weights twice: in two formats, as a variant of another dtype, as `consolidated` "
    "files, in a folder of their own; and tensors of the two forms differ, or one form lacks some. Where dtypes "
    "differ, the narrower has to be the other one cast to the nearest; differences that rounding of any kind "
    "leaves throughout a tensor are let pass. Buffers that are computed, and tensors that are stored again under "
    "a second name, may be in one form alone. Quantized tensors, and names of families that are not mapped, are "
    "not compared, and said to be not compared. Checkpoints of several steps of a training, and adapters, are not "
    "forms of one model.",
    why="Which form is used depends on the loader, its version and its options. Whoever looks at one form, tests it, "
    "or compares it with a base, knows nothing of the other.",
    example="model.fp16.safetensors: 1 tensor differs from 'model.safetensors': 'lm_head.weight'",
    advice="Delete the form that your loader does not use, and ask the publisher how the two came to differ.",
)


def _run(evidence: Evidence) -> Iterator[Finding]:
    for fact in facts(evidence.candidate, TwinsFact):
        differing, missing, extra = fact.counts
        parts = []
        if differing:
            verb = "tensor differs" if differing == 1 else "tensors differ"
            parts.append(f"{differing} {verb} from {quoted(fact.first)}: {_names(fact.differing, differing)}")
        if missing:
            parts.append(f"{missing} of {quoted(fact.first)} missing: {_names(fact.missing, missing)}")
        if extra:
            parts.append(f"{extra} that {quoted(fact.first)} does not have: {_names(fact.extra, extra)}")
        if parts:
            message = f"{'; '.join(parts)}. Most loaders take {quoted(fact.first)}; {fact.loaded} {quoted(fact.second)}"
            tensor = next(iter((*fact.differing, *fact.missing, *fact.extra)), "")
            yield SHADOW_WEIGHTS_DIFFER.finding(message, file=fact.file, tensor=tensor)


def _names(names: tuple[str, ...], count: int) -> str:
    shown = listing(names, 3)
    return shown if count <= len(names) else f"{listing(names[:3])} and {count - 3} more"


SHADOW_WEIGHTS = Check("shadow-weights", (SHADOW_WEIGHTS_DIFFER,), _run)
