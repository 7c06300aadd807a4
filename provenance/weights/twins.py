"""Whether two forms of one model hold the same numbers: what headers and digests tell, and what is to be read again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from provenance.facts import TwinsFact
from provenance.records import DeltaStatistics, Tensor, TensorDigest
from provenance.weights.architectures.dense import EMBEDDING, LM_HEAD
from provenance.weights.forms import Form, Twins
from provenance.weights.pairing import Pairing, TensorPair, Unpaired

_WIDTH = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
"""Dtypes between which a cast has one result."""
_ROUNDING = {"F32": 2.0**-22, "F16": 2.0**-9, "BF16": 2.0**-7}
"""Relative difference that some way of rounding to a dtype may leave; to the nearest leaves a quarter of it."""
_OFTEN = 16
"""Rounding otherwise shows in many elements: in at least one in so many. What shows in fewer was changed."""
_BUFFER = re.compile(
    r"(?:^|\.)(?:position_ids|inv_freq|masked_bias|num_batches_tracked|running_mean|running_var|token_type_ids"
    r"|relative_position_index|rope[._]freqs|rotary_emb|causal_mask|attn\.bias|attention\.bias)(?:\.|$)"
)
"""Computed from the configuration; some writers store it."""
SHOWN = 8

Digests = Mapping[tuple[str, str], str]
"""BLAKE3 by file and name."""


@dataclass(slots=True)
class _Seen:
    """What is known of two forms so far."""

    same: int = 0
    rounded: int = 0
    differing: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    """One for each tensor that was not compared."""


def digests(records: Iterable[TensorDigest]) -> Digests:
    """The digests of a reading, by file and name."""
    return {(record.file, record.name): record.blake3 for record in records if record.blake3 is not None}


def to_read(pairing: Pairing) -> dict[TensorPair, tuple[Tensor, Tensor]]:
    """Pairs that digests cannot settle: the narrower tensor, and the one that it should be the cast of."""
    return {
        pair: (pair.candidate, pair.base)
        if _WIDTH[pair.candidate.dtype] <= _WIDTH[pair.base.dtype]
        else (pair.base, pair.candidate)
        for pair in pairing.pairs
        if _is_cast(pair)
    }


def _is_cast(pair: TensorPair) -> bool:
    same_shape = pair.candidate.shape == pair.base.shape and not pair.obstacle
    return same_shape and not pair.same_storage and {pair.candidate.dtype, pair.base.dtype} <= _WIDTH.keys()


def judge(twins: Twins, pairing: Pairing, known: Digests, measured: Mapping[TensorPair, DeltaStatistics]) -> TwinsFact:
    """What the second form is to the first, by `pairing` of the second with the first."""
    seen = _Seen()
    for pair in pairing.pairs:
        _pair(pair, known, measured, seen)
    if twins.second.files[0].format == "gguf" and 2 * sum(map(_reshaped, pairing.pairs)) > len(pairing.pairs):
        # Called by a name of its own, and of other sizes throughout: it lies beside the model, and is another.
        seen = _Seen(reasons=["it is a model of other sizes"] * len(pairing.pairs))
    elif 2 * len(pairing.pairs) >= min(_count(twins.first), _count(twins.second)):
        copies = Counter((file, digest) for (file, _), digest in known.items())
        seen.missing += _unpaired(pairing.missing, known, copies, seen)
        seen.extra += _unpaired(pairing.added, known, copies, seen)
    else:
        seen.reasons += ["their names are not those of the other form"] * len(pairing.added)
    return TwinsFact(
        file=twins.second.files[0].file,
        files=tuple(header.file for header in (*twins.first.files, *twins.second.files)),
        first=twins.first.name,
        second=twins.second.name,
        loaded=twins.loaded,
        same=seen.same,
        rounded=seen.rounded,
        differing=_named(seen.differing),
        missing=_named(seen.missing),
        extra=_named(seen.extra),
        counts=(len(seen.differing), len(seen.missing), len(seen.extra)),
        unknown=len(seen.reasons),
        reason=_in_words(Counter(seen.reasons)),
    )


def _reshaped(pair: TensorPair) -> bool:
    return pair.candidate.shape != pair.base.shape


def _pair(pair: TensorPair, known: Digests, measured: Mapping[TensorPair, DeltaStatistics], seen: _Seen) -> None:
    first, second = pair.base, pair.candidate
    if pair.obstacle:
        seen.reasons.append(pair.obstacle)
    elif first.shape != second.shape:
        rows = pair.role in (EMBEDDING, LM_HEAD) and first.shape[1:] == second.shape[1:]
        # Vocabularies are padded, and the padding is left out, by those who convert them.
        (seen.reasons if rows else seen.differing).append("another number of rows" if rows else second.name)
    elif pair.same_storage:
        ours, theirs = known.get((second.file, second.name)), known.get((first.file, first.name))
        if ours is None or theirs is None:
            seen.reasons.append("they were not digested")
        elif ours == theirs:
            seen.same += 1
        else:
            seen.differing.append(second.name)
    elif pair in measured:
        narrow = min((first.dtype, second.dtype), key=_WIDTH.__getitem__)
        kind = _cast(measured[pair], narrow, _WIDTH[first.dtype] == _WIDTH[second.dtype])
        seen.same += kind == "same"
        seen.rounded += kind == "rounded"
        seen.differing += [second.name] if kind == "differs" else []
    else:
        seen.reasons.append(f"{second.dtype} and {first.dtype} are not compared")


def _cast(statistics: DeltaStatistics, narrow: str, equally_wide: bool) -> str:
    if not statistics.cast_mismatch:
        return "same"
    often = statistics.cast_mismatch * _OFTEN >= statistics.elements or equally_wide
    bound = _ROUNDING["BF16" if equally_wide else narrow]
    return "rounded" if often and statistics.relative_norm <= bound else "differs"


def _unpaired(found: Iterable[Unpaired], known: Digests, copies: Counter[tuple[str, str]], seen: _Seen) -> list[str]:
    """Tensors that only one form has and that mean something."""
    named = []
    for one in found:
        tensor = one.tensor
        # Writers of safetensors store tensors once that are shared, those of torch under each name.
        copied = copies[tensor.file, known.get((tensor.file, tensor.name), "")] > 1
        if one.generated or copied or _BUFFER.search(tensor.name):
            continue
        if one.obstacle:
            seen.reasons.append(one.obstacle)
        else:
            named.append(tensor.name)
    return named


def _count(form: Form) -> int:
    return sum(len(header.tensors) for header in form.files)


def _in_words(reasons: Counter[str]) -> str:
    """The most frequent reason, in which pairing calls the second form the candidate and the first the base."""
    most = max(sorted(reasons), key=lambda reason: reasons[reason], default="")
    return most.replace("the candidate", "the second form").replace("the base", "the first form")


def _named(names: list[str]) -> tuple[str, ...]:
    return tuple(sorted(names)[:SHOWN])
