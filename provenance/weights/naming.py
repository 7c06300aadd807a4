"""What stored names alone tell: of an adapter, of multi-token prediction, and whether a way of naming is known.

A tensor without a counterpart was added, or is missing, only where its model's way of naming is known to the other
side. Where it is not, say a GGUF file of a family whose names are not mapped, nothing is known about the tensor.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from provenance.errors import one_line

_PEFT = re.compile(
    r"(?:base_model\.model\.)?(?P<module>.+)\.(?P<part>(?:lora|lora_embedding)_[AB]|lora_magnitude_vector)(?:\.weight)?",
    re.DOTALL,
)
_ADAPTER = re.compile(
    r"(?:^|\.)(?:lora_[AaBb]|lora_embedding_|lora_magnitude|ia3_l|hada_|lokr_|oft_|boft_|vera_|prompt_embeddings)"
)
_MTP = re.compile(r"(?:^|\.)(?:mtp|nextn)\.")
_MTP_PARTS = re.compile(r"(?:^|\.)(?:mtp|nextn|eh_proj|enorm|hnorm|shared_head)\.")
_SHARD = re.compile(r"-[0-9]{1,6}-of-[0-9]{1,6}(?=\.[a-z]+$)")
_DIGITS = re.compile(r"[0-9]+")
_KNOWN_SHARE = 8
"""A set of shards is named in a known way where at least one in so many of its tensors is."""

_LONGEST_NAME = 120


def shown(name: str) -> str:
    """A stored name as messages show it: on one line, and cut where it is very long."""
    name = one_line(name[: _LONGEST_NAME + 1])
    return name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"


def adapter_part(name: str) -> tuple[str, str] | None:
    """Module and part (`lora_A`, …) of a tensor that peft names as a low-rank adapter's; None for any other."""
    found = _PEFT.fullmatch(name)
    return (found["module"], found["part"]) if found else None


def hints_at_adapter(name: str) -> bool:
    """Whether the name is that of some kind of adapter, peft's or llama.cpp's, low-rank or not."""
    return _ADAPTER.search(name) is not None


def is_mtp(name: str) -> bool:
    """Whether `name` is that of a multi-token-prediction module (`mtp.*` on the Hub, `nextn` in GGUF)."""
    return _MTP.search(name) is not None


def hints_at_mtp(name: str) -> bool:
    """Whether `name` may be of such a module; some families store it as one layer more, with parts of its own."""
    return _MTP_PARTS.search(name) is not None


def shard_set(file: str) -> str:
    """The name that the shards of one checkpoint share: `model.safetensors` of `model-00001-of-00002.safetensors`."""
    return _SHARD.sub("", file)


@dataclass(frozen=True, slots=True)
class Named:
    """What counts of one stored tensor."""

    name: str
    file: str
    file_format: str
    """Whose names it has: `safetensors`, also of a torch checkpoint, or `gguf`."""
    mapped: bool
    """An architecture gives it a role."""
    paired: bool


class Naming:
    """Tells which names of one model are in a way of naming that the other model is known to share."""

    def __init__(self, side: Iterable[Named], other: Iterable[Named]) -> None:
        self._mapped = self._mtp = False
        self._patterns: dict[str, set[str]] = defaultdict(set)
        for tensor in other:
            self._mapped |= tensor.mapped
            self._mtp |= hints_at_mtp(tensor.name)
            self._patterns[tensor.file_format].add(_pattern(tensor.name))
        known: Counter[str] = Counter()
        total: Counter[str] = Counter()
        for tensor in side:
            total[shard_set(tensor.file)] += 1
            known[shard_set(tensor.file)] += tensor.paired or self._follows(tensor)
        self._known_sets = {name for name, count in known.items() if _KNOWN_SHARE * count >= total[name]}

    def knows(self, tensor: Named) -> bool:
        """Whether the other model would store this tensor under a name that could be told."""
        if self._follows(tensor):
            return True
        return self.has_format(tensor.file_format) and shard_set(tensor.file) in self._known_sets

    def has_format(self, file_format: str) -> bool:
        """Whether the other model has files of this format; names of two formats are only compared by role."""
        return file_format in self._patterns

    def _follows(self, tensor: Named) -> bool:
        if tensor.mapped and self._mapped:
            return True
        if adapter_part(tensor.name) or (is_mtp(tensor.name) and not self._mtp):
            return True
        return _pattern(tensor.name) in self._patterns.get(tensor.file_format, ())


def _pattern(name: str) -> str:
    """The name with every number alike: layer 7 is named as layer 3 is."""
    return _DIGITS.sub("#", name)
