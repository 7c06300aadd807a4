"""Whether the tensors of a low-rank adapter fit the modules of the base that they are named after.

    Linear      W (out, in)       lora_A (r, in)               lora_B (out, r)             W + s·B·A
    Embedding   W (vocab, dim)    lora_embedding_A (r, vocab)  lora_embedding_B (dim, r)   W + s·(B·A)ᵀ
    DoRA        beside lora_A and lora_B, a lora_magnitude_vector of one number for each row

A layer that stores its weight as (in, out), as GPT-2's do, takes the same A and B.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from provenance.records import Tensor
from provenance.weights.naming import adapter_part, shard_set, shown

MAGNITUDE = "lora_magnitude_vector"

Shape = tuple[int, ...]


def fit(tensors: Iterable[Tensor], base_shape: Callable[[str], Shape | None]) -> dict[Tensor, tuple[bool, str]]:
    """For each adapter tensor: whether it fits the base, and in words what it is part of.

    `base_shape` gives the shape of the base's tensor by its Hub name, None where there is none.
    """
    modules: dict[tuple[str, str], list[tuple[str, Tensor]]] = defaultdict(list)
    for tensor in tensors:
        if found := adapter_part(tensor.name):
            module, part = found
            modules[shard_set(tensor.file), module].append((part, tensor))
    result = {}
    for (_file, module), parts in modules.items():
        weight = f"{module}.weight"
        shape = base_shape(weight)
        shapes = {part: tensor.shape for part, tensor in parts}
        fits = shape is not None and len(shapes) == len(parts) and _fits(shapes, shape)
        for part, tensor in parts:
            result[tensor] = fits, f"{part} of an adapter to {shown(weight)}{_misfit(fits, shape)}"
    return result


def _fits(parts: Mapping[str, Shape], weight: Shape) -> bool:
    magnitude = parts.get(MAGNITUDE)
    if len(weight) != 2 or (magnitude is not None and (len(magnitude) != 1 or magnitude[0] not in weight)):
        return False
    low_rank = {part: shape for part, shape in parts.items() if part != MAGNITUDE}
    if low_rank.keys() == {"lora_A", "lora_B"}:
        return _product(low_rank["lora_B"], low_rank["lora_A"]) in (weight, weight[::-1])
    if low_rank.keys() == {"lora_embedding_A", "lora_embedding_B"}:
        return _product(low_rank["lora_embedding_B"], low_rank["lora_embedding_A"]) == weight[::-1]
    return False


def _product(left: Shape, right: Shape) -> Shape | None:
    """Shape of the product of two matrices of some rank; None where they have none."""
    if len(left) != 2 or len(right) != 2 or left[1] != right[0] or left[1] == 0:
        return None
    return left[0], right[1]


def _misfit(fits: bool, shape: Shape | None) -> str:
    if fits:
        return ""
    return ", which the base does not have" if shape is None else ", whose shape in the base it does not fit"
