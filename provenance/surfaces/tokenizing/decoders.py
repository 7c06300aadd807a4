"""Decoders: which text the tokens of an answer become."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from provenance.surfaces.tokenizing import patterns
from provenance.surfaces.tokenizing.interface import (
    A_CHARACTER,
    BYTES,
    NotProbed,
    Step,
    Work,
    flag,
    flat,
    kind,
    number,
    text,
    unknown,
)
from provenance.surfaces.tokenizing.normalizers import replacing

Decode = Callable[[list[str]], list[str]]

MAX_DECODED = 1 << 16
"""Characters that one text may be decoded to."""
_CHARACTERS = {character: byte for byte, character in BYTES.items()}
_CLEANED = (
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
    (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
)  # fmt: skip
"""What WordPiece's decoder tidies up."""


def decoder(value: object, work: Work) -> Callable[[list[str]], str]:
    """All steps of the part `decoder` as one; tokens with spaces between where there are none."""
    steps = [_step(step, work) for step in flat(value, "decoders")]
    between = " " if value is None else ""

    def run(tokens: list[str]) -> str:
        for step in steps:
            work.add(A_CHARACTER * (len(tokens) + sum(map(len, tokens))))
            tokens = step(tokens)
            if sum(map(len, tokens)) > MAX_DECODED:
                raise NotProbed("its decoder makes a text much longer")
        return between.join(tokens)

    return run


def _step(step: Step, work: Work) -> Decode:
    make = _MAKERS.get(kind(step))
    if make is None:
        raise unknown("decoder", step)
    return make(step, work)


def _bytes(_step: Step, _work: Work) -> Decode:
    """Characters as the bytes they stand for; a token with any other character is a text of its own."""

    def run(tokens: list[str]) -> list[str]:
        data = bytearray()
        for token in tokens:
            spelt = all(character in _CHARACTERS for character in token)
            data += bytes(map(_CHARACTERS.__getitem__, token)) if spelt else token.encode("utf-8", "replace")
        return [data.decode("utf-8", "replace")]

    return run


def _fallback(_step: Step, _work: Work) -> Decode:
    """Tokens `<0xE2>` as bytes, one run of them after another; each a sign of its own where they are no text."""

    def byte(token: str) -> int | None:
        digits = token[3:5] if len(token) == 6 and token[:3] == "<0x" and token[5] == ">" else ""
        return int(digits, 16) if digits and all(c in "0123456789abcdefABCDEF" for c in digits) else None

    def run(tokens: list[str]) -> list[str]:
        out: list[str] = []
        for are_bytes, group in groupby(tokens, lambda token: byte(token) is not None):
            if not are_bytes:
                out += group
                continue
            data = bytes(found for token in group if (found := byte(token)) is not None)
            try:
                out.append(data.decode())
            except UnicodeDecodeError:
                out += ["\ufffd"] * len(data)
        return out

    return run


def _metaspace(step: Step, _: Work) -> Decode:
    sign = text(step, "replacement")
    where = text(step, "prepend_scheme", "always" if flag(step, "add_prefix_space", default=True) else "never")

    def run(tokens: list[str]) -> list[str]:
        first = [tokens[0].replace(sign, "" if where != "never" else " ")] if tokens else []
        return [*first, *(token.replace(sign, " ") for token in tokens[1:])]

    return run


def _strip(step: Step, _: Work) -> Decode:
    sign, start, stop = text(step, "content"), number(step, "start"), number(step, "stop")

    def run(token: str) -> str:
        left = min(start, len(token) - len(token.lstrip(sign)))
        right = min(stop, len(token) - len(token.rstrip(sign)))
        return token[left : max(left, len(token) - right)]

    return lambda tokens: [run(token) for token in tokens]


def _replace(step: Step, work: Work) -> Decode:
    run = replacing(patterns.of_step(step, work), text(step, "content"))
    return lambda tokens: [run(token) for token in tokens]


def _cleaned(token: str) -> str:
    for found, other in _CLEANED:
        token = token.replace(found, other)
    return token


def _word_piece(step: Step, _: Work) -> Decode:
    prefix, cleans = text(step, "prefix"), flag(step, "cleanup")

    def run(tokens: list[str]) -> list[str]:
        out = []
        for i, token in enumerate(tokens):
            if i:
                token = token.removeprefix(prefix) if token.startswith(prefix) else f" {token}"
            out.append(_cleaned(token) if cleans else token)
        return out

    return run


def _suffix(step: Step, _: Work) -> Decode:
    suffix = text(step, "suffix")

    def run(tokens: list[str]) -> list[str]:
        return [token.replace(suffix, " " if i + 1 < len(tokens) else "") for i, token in enumerate(tokens)]

    return run


def _speech(step: Step, _: Work) -> Decode:
    """Without repetitions: what models of speech say letter by letter."""
    padding, cleans, between = text(step, "pad_token"), flag(step, "cleanup"), text(step, "word_delimiter_token")

    def run(tokens: list[str]) -> list[str]:
        words = [token.replace(padding, "") for token, _ in groupby(tokens)]
        return [word for word in ((_cleaned(w).replace(between, " ") if cleans else w) for w in words) if word]

    return run


_MAKERS: dict[str, Callable[[Step, Work], Decode]] = {
    "ByteLevel": _bytes,
    "ByteFallback": _fallback,
    "Fuse": lambda _step, _work: lambda tokens: ["".join(tokens)],
    "Metaspace": _metaspace,
    "Strip": _strip,
    "Replace": _replace,
    "WordPiece": _word_piece,
    "BPEDecoder": _suffix,
    "CTC": _speech,
}
