"""The numbers of a GGUF's metadata against its own tensors. Its vocabulary has checks of its own."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeGuard

from provenance.checks.interface import Check, Rule, quoted
from provenance.checks.shards import numbered
from provenance.records import Evidence, Finding, Header, MetadataValue, Severity

GGUF_INCONSISTENT = Rule(
    ident="gguf-inconsistent",
    title="the metadata of a GGUF file contradict its tensors",
    severity=Severity.ERROR,
    meaning="A GGUF file counts other layers than it has tensors for, gives another width than its embedding has, or a "
    "number of heads that does not divide its projections; its architecture is no text, a number is not finite, or one "
    "that a loader asks for is none or negative; or there are not as many scores or types of tokens as tokens. The "
    "parts of a split file are taken together; layers for predicting further tokens, which some files leave out, may "
    "be missing.",
    why="A loader sizes its memory by these numbers before it looks at the tensors, and divides by them.",
    example="tiny.gguf: qwen2.block_count is 80, and there are tensors for 2 layers",
    advice="Do not load this file. Convert it again from the original, or ask its publisher.",
)

_LAYER = re.compile(r"blk\.([0-9]{1,7})\.")
_TOKEN_ID = re.compile(r"tokenizer\.ggml\.\w{1,40}_token_id")
_PER_TOKEN = ("tokenizer.ggml.scores", "tokenizer.ggml.token_type")
_QUERIES, _KEYS = re.compile(r"blk\.[0-9]+\.attn_q\.weight"), re.compile(r"blk\.[0-9]+\.attn_k\.weight")

Metadata = Mapping[str, MetadataValue]
Shapes = Mapping[str, tuple[int, ...]]


def _run(evidence: Evidence) -> Iterator[Finding]:
    sets: dict[object, list[Header]] = {}
    for header in evidence.candidate.headers:
        if header.format == "gguf":
            part = numbered(header.file)
            sets.setdefault(part.of if part else header.file, []).append(header)
    for headers in sets.values():
        for header in headers:
            yield from _alone(header)
        described = [header for header in headers if "general.architecture" in header.metadata]
        part = numbered(headers[0].file)
        if described and (part is None or len(headers) == part.of[1]):
            yield from _against_tensors(described[0], headers)


def _alone(header: Header) -> Iterator[Finding]:
    """Values that are not of the kind that every loader asks for."""
    metadata = header.metadata
    architecture = metadata.get("general.architecture", "")
    if not isinstance(architecture, str):
        yield _finding(header, f"general.architecture is {quoted(architecture)}, no text")
    for key, value in metadata.items():
        if _TOKEN_ID.fullmatch(key) and (not _is_number(value) or value < 0):
            yield _finding(header, f"{key} is {quoted(value)}, no number of a token")
        elif key.startswith(f"{architecture}.") and isinstance(value, float) and not math.isfinite(value):
            yield _finding(header, f"{key} is {quoted(value)}")
    tokens = metadata.get("tokenizer.ggml.tokens")
    for key in _PER_TOKEN:
        each = metadata.get(key)
        if isinstance(tokens, tuple) and isinstance(each, tuple) and len(each) != len(tokens):
            yield _finding(header, f"{key} has {len(each)} entries, and there are {len(tokens)} tokens")


def _against_tensors(header: Header, headers: Sequence[Header]) -> Iterator[Finding]:
    architecture = header.metadata["general.architecture"]
    shapes = {tensor.name: tensor.shape for part in headers for tensor in part.tensors}
    kind = header.metadata.get("general.type", "model")
    if not isinstance(architecture, str) or kind != "model":
        return
    layers = {int(found[1]) for name in shapes if (found := _LAYER.match(name))}
    if layers:
        for message in (
            *_layers(header.metadata, architecture, layers),
            *_width(header.metadata, architecture, shapes),
            *_heads(header.metadata, architecture, shapes),
        ):
            yield _finding(header, message)


def _layers(metadata: Metadata, architecture: str, layers: set[int]) -> Iterator[str]:
    key = f"{architecture}.block_count"
    declared, further = metadata.get(key), metadata.get(f"{architecture}.nextn_predict_layers", 0)
    if declared is None:
        return
    if not _is_number(declared):
        yield f"{key} is {quoted(declared)}, no number"
        return
    spare = further if _is_number(further) else 0
    # Files of prediction heads alone, and files without them, are both in use.
    least = declared - spare
    if max(layers) >= declared + spare or (len(layers) < least and len(layers) != spare):
        yield f"{key} is {declared}, and there are tensors for {len(layers)} layers, up to number {max(layers)}"


def _width(metadata: Metadata, architecture: str, shapes: Shapes) -> Iterator[str]:
    key, embedding = f"{architecture}.embedding_length", shapes.get("token_embd.weight", ())
    declared = metadata.get(key)
    if declared is not None and len(embedding) == 2 and declared != embedding[1]:
        yield f"{key} is {quoted(declared)}, and the rows of token_embd.weight have {embedding[1]} elements"


def _heads(metadata: Metadata, architecture: str, shapes: Shapes) -> Iterator[str]:
    """A list gives a number for each layer, where some may have none; recurrent models have none at all."""
    for name, pattern in (("head_count", _QUERIES), ("head_count_kv", _KEYS)):
        key = f"{architecture}.attention.{name}"
        declared = metadata.get(key)
        rows = {shape[0] for tensor, shape in shapes.items() if len(shape) == 2 and pattern.fullmatch(tensor)}
        if declared is None or isinstance(declared, tuple) or not rows:
            continue
        if not _is_number(declared) or declared <= 0:
            yield f"{key} is {quoted(declared)}, and there are projections for heads"
        elif any(count % declared for count in rows):
            yield f"{key} is {declared}, which does not divide the {max(rows)} rows of a projection"


def _is_number(value: MetadataValue | None) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _finding(header: Header, message: str) -> Finding:
    return GGUF_INCONSISTENT.finding(message, file=header.file)


GGUF_STRUCTURE = Check("gguf-structure", (GGUF_INCONSISTENT,), _run)
