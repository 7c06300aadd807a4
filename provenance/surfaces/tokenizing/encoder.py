"""A tokenizer.json that encodes and decodes a set of texts, as the `tokenizers` library would.

Our own, for what a host has installed must decide no verdict; that library is what it is tested against. Tokens that a
post-processor puts around a text are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quoted

from provenance.facts import TextFact
from provenance.surfaces.tokenizing.added_tokens import Added, Cutter, read
from provenance.surfaces.tokenizing.decoders import decoder
from provenance.surfaces.tokenizing.interface import NotProbed, Work, flat, kind, text
from provenance.surfaces.tokenizing.models import Made, Parts, make
from provenance.surfaces.tokenizing.normalizers import normalizer
from provenance.surfaces.tokenizing.pre_tokenizers import pre_tokenizer

RELEVANT = (
    "tokens", "merges", "scores", "model", "added_tokens", "normalizer", "pre_tokenizer", "decoder",
)  # fmt: skip
"""Parts of a tokenizer.json that decide what texts become."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One text, there and back."""

    ids: tuple[int, ...]
    tokens: tuple[str, ...]
    """The tokens that the ids are."""
    decoded: str
    unknown: bool
    """Some of it is not in the vocabulary."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """What one tokenizer made of the texts."""

    texts: tuple[Encoded, ...]
    added: Mapping[str, Added]
    suffix: str
    """What ends a word in its tokens, and stays in a text that is decoded without regard to it."""
    decodes: bool
    """It has a decoder, and one that does not leave letters out by design."""


def encode(parts: Mapping[str, TextFact], texts: Sequence[str]) -> Encoding:
    """Every text encoded and decoded by the tokenizer of these parts, by name. Raises `NotProbed`."""
    try:
        return _encode(parts, texts)
    except RecursionError:
        raise NotProbed("its steps are nested too deep") from None


def _encode(parts: Mapping[str, TextFact], texts: Sequence[str]) -> Encoding:
    work = Work()
    _refuse_moved_beginnings(parts)
    added = read(_value(parts, "added_tokens"))
    cutter = Cutter(added.values(), normalizer(_value(parts, "normalizer"), work))
    cut_on = pre_tokenizer(_value(parts, "pre_tokenizer"), work)
    decode = decoder(said := _value(parts, "decoder"), work)
    cut = [
        [
            piece
            for part, first, token in cutter.cut(text)
            for piece in ([(token, True)] if token is not None else [(p, False) for p, _ in cut_on([(part, first)])])
        ]
        for text in texts
    ]
    made = _model(parts, (piece for pieces in cut for piece, is_token in pieces if not is_token), added, work)
    names = {ident: token for token, ident in made.ids.items()}
    own = {token: made.ids.get(token, known.ident) for token, known in added.items()}
    names |= {ident: cutter.written.get(token, token) for token, ident in own.items()}
    appended = _appended(_text(parts, "tokens"), added)
    found = []
    for pieces in cut:
        made.lost = False
        ids = [i for piece, is_token in pieces for i in ([own[piece]] if is_token else made.tokenize(piece))]
        if not appended.isdisjoint(i for piece, is_token in pieces if not is_token for i in made.tokenize(piece)):
            raise NotProbed("an added token is met where none is looked for, and may not be in its vocabulary")
        if not names.keys() >= {*ids}:
            raise NotProbed("an id of its own is no token")
        tokens = [names[ident] for ident in ids]
        unknown = made.lost or not made.unknown.isdisjoint(ids)
        found.append(Encoded(tuple(ids), tuple(tokens), decode(list(tokens)), unknown))
    speech = isinstance(said, dict) and kind(said) == "CTC"
    return Encoding(tuple(found), added, made.suffix, decodes=said is not None and not speech)


def _appended(tokens: str, added: Mapping[str, Added]) -> set[int]:
    """Ids of added tokens behind all others: only the model's own vocabulary would say whether they are in it."""
    known = {quoted(token) for token in added}
    found: set[int] = set()
    for line in reversed(tokens.rsplit("\n", len(added) + 1)):
        ident, _, token = line.partition(" ")
        if token not in known:
            break
        found.add(int(ident))
    return found


def _refuse_moved_beginnings(parts: Mapping[str, TextFact]) -> None:
    """Metaspace's `first` asks where a piece stood before it was normalized, which is not followed here."""
    cuts = flat(_value(parts, "pre_tokenizer"), "pretokenizers")
    if not any(kind(step) == "Metaspace" and step.get("prepend_scheme") == "first" for step in cuts):
        return
    for step in flat(_value(parts, "normalizer"), "normalizers"):
        keeps = kind(step) not in ("Prepend", "Nmt", "BertNormalizer", "StripAccents") and not step.get("strip_left")
        if not keeps or (kind(step) == "Replace" and len(text(step, "content")) != 1):
            raise NotProbed("its normalizer may move the beginning of a text, which Metaspace asks for")


def _model(parts: Mapping[str, TextFact], pieces: Iterable[str], added: Mapping[str, Added], work: Work) -> Made:
    settings = _value(parts, "model")
    merges, scores = (_text(parts, name) if name in parts else None for name in ("merges", "scores"))
    return make(
        Parts(settings if isinstance(settings, dict) else {}, _text(parts, "tokens"), merges, scores, work),
        pieces,
        {token: known.ident for token, known in added.items()},
    )


def _text(parts: Mapping[str, TextFact], name: str) -> str:
    text = parts[name].text if name in parts else ""
    if text is None:
        raise NotProbed("it is too large to be kept")
    return text


def _value(parts: Mapping[str, TextFact], name: str) -> object:
    text = _text(parts, name)
    value: object = json.loads(text) if text else None
    return value
