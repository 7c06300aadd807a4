"""Tensors: whether each is in the one file where the shard index says it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provenance.checks.interface import Check, Rule, listing, quoted
from provenance.checks.shards import shard_path
from provenance.checks.tensor_names import is_text_model
from provenance.records import Evidence, Finding, Severity, ShardIndex

TENSOR_MISSING = Rule(
    ident="tensor-missing",
    title="a tensor that the index declares is absent",
    severity=Severity.ERROR,
    meaning="The index places a tensor in a shard that was read, and no shard of the index holds it.",
    why="Loaders fill the place of a missing tensor with random numbers, often with no more than a warning.",
    example="'model.layers.3.mlp.down_proj.weight' declared in 'model-00001-of-00002.safetensors' and absent",
    advice="Fetch the shard and its index again from one revision of the source.",
)

TENSOR_MISPLACED = Rule(
    ident="tensor-misplaced",
    title="a tensor is in another shard than the index says",
    severity=Severity.ERROR,
    meaning="The index places a tensor in one shard, and another shard holds it.",
    why="A loader that trusts the index fails or fills the tensor with random numbers; one that reads every shard "
    "finds it. Two loaders then run two models.",
    example="'lm_head.weight' declared in 'model-00002-of-00002.safetensors' and found in "
    "'model-00001-of-00002.safetensors'",
    advice="Save the model again so that its index is made from its shards.",
)

TENSOR_DUPLICATE = Rule(
    ident="tensor-duplicate",
    title="two shards hold a tensor of the same name",
    severity=Severity.ERROR,
    meaning="Two files that one index lists both hold a tensor of the same name.",
    why="Which of the two is used depends on the loader and on the order in which it reads. One of them may be there "
    "to be checked, and the other to be run.",
    example="'model.norm.weight' in each of 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'",
    advice="Do not use this model before its publisher has removed one of the two.",
)

TENSOR_UNLISTED = Rule(
    ident="tensor-unlisted",
    title="a shard holds a tensor that the index does not list",
    severity=Severity.WARNING,
    meaning="A shard that the index lists holds a tensor that the index does not name. It is an `error` for tensors of "
    "the text model (its layers, embedding, norm and output layer), by their names in Transformers.",
    why="Loaders that follow the index never see it and fill its place with random numbers; others do see it.",
    example="model-00001-of-00002.safetensors: holds 'model.extra.weight', not listed in "
    "'model.safetensors.index.json'",
    advice="Save the model again so that its index is made from its shards.",
)


def _run(evidence: Evidence) -> Iterator[Finding]:
    held = {
        header.file: {tensor.name for tensor in header.tensors} | {skipped.surface for skipped in header.unread}
        for header in evidence.candidate.headers
    }
    for index in evidence.candidate.indexes:
        yield from _index(index, held)


def _index(index: ShardIndex, held: Mapping[str, set[str]]) -> Iterator[Finding]:
    """Compare one index with the headers of the shards it lists; one finding a rule and shard."""
    shards = {declared: shard_path(index, declared) for declared in set(index.weight_map.values())}
    read = {path: held[path] for path in sorted(path for path in shards.values() if path) if path in held}
    owners: dict[str, list[str]] = {}
    for path, found in read.items():
        for name in sorted(found):
            owners.setdefault(name, []).append(path)
    yield from _lost(index, shards, read, owners)
    yield from _overlapping(owners)
    for path, found in read.items():
        extra = sorted(found - index.weight_map.keys())
        if extra:
            message = f"holds {listing(extra)}, not listed in {quoted(index.file)}"
            severity = Severity.ERROR if any(map(is_text_model, extra)) else None
            yield TENSOR_UNLISTED.finding(message, file=path, tensor=extra[0], severity=severity)


def _lost(
    index: ShardIndex,
    shards: Mapping[str, str | None],
    read: Mapping[str, set[str]],
    owners: Mapping[str, list[str]],
) -> Iterator[Finding]:
    """Tensors that are not where the index declares them."""
    absent: dict[str, list[str]] = {}
    misplaced: dict[tuple[str, str], list[str]] = {}
    for name, declared in sorted(index.weight_map.items()):
        path = shards[declared]
        if path is None or path not in read or name in read[path]:
            continue
        if name in owners:
            misplaced.setdefault((path, owners[name][0]), []).append(name)
        else:
            absent.setdefault(path, []).append(name)
    for path, names in absent.items():
        yield TENSOR_MISSING.finding(
            f"{listing(names)} declared in {quoted(path)} and absent", file=path, tensor=names[0]
        )
    for (path, owner), names in misplaced.items():
        message = f"{listing(names)} declared in {quoted(path)} and found in {quoted(owner)}"
        yield TENSOR_MISPLACED.finding(message, file=owner, tensor=names[0])


def _overlapping(owners: Mapping[str, list[str]]) -> Iterator[Finding]:
    """Tensors that several shards hold; one finding a set of shards."""
    twice: dict[tuple[str, ...], list[str]] = {}
    for name, paths in sorted(owners.items()):
        if len(paths) > 1:
            twice.setdefault(tuple(paths), []).append(name)
    for shared, names in twice.items():
        message = f"{listing(names)} in each of {listing(shared)}"
        yield TENSOR_DUPLICATE.finding(message, file=shared[1], tensor=names[0])


INDEX_TENSORS = Check("index-tensors", (TENSOR_MISSING, TENSOR_MISPLACED, TENSOR_DUPLICATE, TENSOR_UNLISTED), _run)
