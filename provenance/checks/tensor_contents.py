"""What stands in a tensor in place of weights: one value throughout, a program, an archive."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.facts import TensorFact
from provenance.records import Evidence, Finding, Severity, Tensor

WEIGHTS_CONSTANT = Rule(
    ident="weights-constant",
    title="a weight matrix is one value throughout",
    severity=Severity.ERROR,
    meaning="Every element of a matrix that a model computes with (an embedding, an output layer, a projection of "
    "attention or of a feed-forward layer) has the same bits; the message says where they are zero. A projection that "
    "ends a block (`o_proj`, `down_proj` and their like) and is zero is a `warning`: it makes the block pass its input "
    "on, which is how some tools add layers. Norms, biases, scales and adapters are not meant: they begin as ones or "
    "zeros.",
    why="Training leaves no such matrix. A layer, or a word, has been switched off, or the file was never filled.",
    example="model.safetensors: 'model.embed_tokens.weight' (U8 [151936, 1024]) is zero throughout",
    advice="Fetch the file again from its source; if it is the same there, ask the publisher what was done to it.",
)

PROGRAM_IN_TENSOR = Rule(
    ident="program-in-tensor",
    title="a tensor holds a program, a pickle or an archive",
    severity=Severity.CRITICAL,
    meaning="The first bytes of a tensor are those of a program (ELF, Windows PE, Mach-O, a script, …), of a pickle or "
    "of an archive, in a tensor of any type. Only marks that numbers do not form by chance are looked for.",
    why="Formats that cannot run code are read without suspicion, so a payload is carried in them, for a loader that "
    "is small and looks harmless.",
    example="model.safetensors: 'model.calibration' (U8 [256]) begins with an ELF program or library",
    advice="Do not load this model. Report it to where you got it from.",
)

_MATRIX = re.compile(
    r"(?:^|[._])(?:embed_tokens|tok_embeddings|token_embd|word_embeddings|wte|embed_in|lm_head|embed_out|output"
    r"|[qkv]_proj|qkv_proj|query_key_value|query|key|value|c_attn|Wqkv|W_pack|wq|wk|wv|attn_[qkv]|attn_qkv"
    r"|gate_proj|up_proj|gate_up_proj|w1|w3|fc1|c_fc|fc_in|dense_h_to_4h|ffn_gate|ffn_up|ffn_(?:gate|up)_exps"
    r"|(?P<last>o_proj|out_proj|wo|attn_output|down_proj|w2|fc2|c_proj|fc_out|dense_4h_to_h|ffn_down(?:_exps)?))"
    r"\.(?:weight|qweight)"
)
"""Matrices of the decoders in use, as the Hub, Meta and llama.cpp name them; `last` ends a block."""


def _run(evidence: Evidence) -> Iterator[Finding]:
    seen = {(fact.file, fact.tensor): fact for fact in facts(evidence.candidate, TensorFact)}
    if not seen:
        return
    for header in evidence.candidate.headers:
        for tensor in header.tensors:
            if fact := seen.get((tensor.file, tensor.name)):
                yield from _tensor(tensor, fact)


def _tensor(tensor: Tensor, fact: TensorFact) -> Iterator[Finding]:
    shown = f"{quoted(tensor.name)} ({tensor.dtype} {list(tensor.shape)})"
    if fact.program:
        message = f"{shown} begins with: {fact.program}"
        yield PROGRAM_IN_TENSOR.finding(message, file=tensor.file, tensor=tensor.name, offset=tensor.offset)
    matrix = _MATRIX.search(tensor.name)
    if fact.constant and matrix and sum(dimension > 1 for dimension in tensor.shape) > 1:
        severity = Severity.WARNING if matrix["last"] and fact.zero else None
        message = f"{shown} is {'zero' if fact.zero else 'one value'} throughout"
        yield WEIGHTS_CONSTANT.finding(message, file=tensor.file, tensor=tensor.name, severity=severity)


TENSOR_CONTENTS = Check("tensor-contents", (WEIGHTS_CONSTANT, PROGRAM_IN_TENSOR), _run)
