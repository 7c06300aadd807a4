"""The models of tokenizers: how a piece of text becomes tokens."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from provenance.surfaces.tokenizing import vocabularies
from provenance.surfaces.tokenizing.interface import A_LOOK, NotProbed, Work, flag, number, text

Ids = list[int]
Model = Callable[[str], Ids]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a model is made of, as lines and as settings."""

    settings: Mapping[str, object]
    tokens: str
    merges: str | None
    scores: str | None
    work: Work


@dataclass(slots=True)
class Made:
    """A model for some pieces of text, and what they need of its vocabulary."""

    tokenize: Model
    ids: dict[str, int]
    unknown: set[int]
    """Ids that stand for text that the vocabulary does not have."""
    suffix: str = ""
    """What ends a word in its tokens."""
    lost: bool = False
    """A character was passed over, for it is not in the vocabulary and there is no token for that."""


def make(parts: Parts, pieces: Iterable[str], added: dict[str, int]) -> Made:
    """The model of a tokenizer for `pieces`. Raises `NotProbed`, as its `tokenize` does."""
    kind = parts.settings.get("type")
    if kind is None:
        kind = "Unigram" if parts.scores is not None else "BPE" if parts.merges is not None else None
    builder = _BUILDERS.get(str(kind))
    if builder is None:
        raise NotProbed("the kind of its model is not known")
    made = builder(parts, list(dict.fromkeys(pieces)), added)
    known: dict[str, Ids] = {}

    def tokenize(piece: str) -> Ids:
        if piece not in known:
            known[piece] = inner(piece)
        return known[piece]

    inner, made.tokenize = made.tokenize, tokenize
    return made


def _bytes_of(piece: str, ids: Mapping[str, int]) -> Ids | None:
    """A character as tokens for its bytes; None where one of them is missing."""
    found = [ids.get(f"<0x{byte:02X}>") for byte in piece.encode("utf-8", "replace")]
    return [ident for ident in found if ident is not None] if None not in found else None


_ALL_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


# ---------------------------------------------------------------------------------------------------------------------
# Byte pair encoding
# ---------------------------------------------------------------------------------------------------------------------


def _bpe(parts: Parts, pieces: list[str], added: dict[str, int]) -> Made:
    said = parts.settings
    if said.get("dropout") or said.get("continuing_subword_prefix"):
        raise NotProbed("its merges are dropped by chance, or its tokens have a prefix")
    suffix, unknown = text(said, "end_of_word_suffix", ""), said.get("unk_token")
    falls_back = flag(said, "byte_fallback", default=False)
    others = [*(_ALL_BYTES if falls_back else ()), *([unknown] if isinstance(unknown, str) else ())]
    spelt = [piece + suffix for piece in pieces]
    ids = vocabularies.tokens(parts.tokens, vocabularies.Needed(spelt, others), added)
    if unknown is None and not {*"".join(pieces)} <= ids.keys():
        # What is passed over lets its neighbours meet.
        spelt += ["".join(character for character in piece if character in ids) for piece in spelt]
        ids = vocabularies.tokens(parts.tokens, vocabularies.Needed(spelt, others), added)
    bpe = _Bpe(ids, vocabularies.ranks(parts.merges or "", ids), suffix, ids.get(str(unknown)))
    bpe.falls_back, bpe.fuses = falls_back, flag(said, "fuse_unk", default=False)
    bpe.whole, bpe.work = flag(said, "ignore_merges", default=False), parts.work
    made = Made(bpe.tokenize, ids, set() if bpe.unknown is None else {bpe.unknown}, suffix)
    bpe.made = made
    return made


class _Bpe:
    def __init__(
        self, ids: dict[str, int], ranks: dict[tuple[str, str], int], suffix: str, unknown: int | None
    ) -> None:
        self._ids, self._ranks, self._suffix, self.unknown = ids, ranks, suffix, unknown
        self.falls_back = self.fuses = self.whole = False
        self.made: Made | None = None
        self.work = Work()

    def tokenize(self, piece: str) -> Ids:
        if self.whole and piece in self._ids:
            return [self._ids[piece]]
        word = list(self._characters(piece))
        while (place := self._lowest(word)) is not None:
            joined = word[place][0] + word[place + 1][0]
            if joined not in self._ids:
                raise NotProbed("a merge makes a token that is not in its vocabulary")
            word[place : place + 2] = [(joined, self._ids[joined])]
        return [ident for _, ident in word]

    def _lowest(self, word: list[tuple[str, int]]) -> int | None:
        """Where the next merge is: that of the lowest rank, the leftmost of these."""
        best, place = -1, None
        self.work.add(A_LOOK * len(word))
        for i in range(len(word) - 1):
            rank = self._ranks.get((word[i][0], word[i + 1][0]))
            if rank is not None and (place is None or rank < best):
                best, place = rank, i
        return place

    def _characters(self, piece: str) -> Iterator[tuple[str, int]]:
        """Tokens of one character, of bytes, or for what is unknown."""
        pending = 0
        for i, character in enumerate(piece):
            character += self._suffix if i + 1 == len(piece) else ""
            if (ident := self._ids.get(character)) is not None:
                yield from self._unknown(pending)
                pending = 0
                yield character, ident
            elif self.falls_back and (data := _bytes_of(character, self._ids)) is not None:
                # What was unknown before stays behind the bytes, as in the library.
                yield from ((f"<0x{byte:02X}>", ident) for byte, ident in zip(character.encode(), data, strict=True))
            elif self.unknown is None:
                assert self.made is not None, "it is given when it is made"
                self.made.lost = True
            else:
                # Bytes may have come between.
                yield from self._unknown(0 if self.fuses else pending)
                pending = 1
        yield from self._unknown(pending)

    def _unknown(self, times: int) -> Iterator[tuple[str, int]]:
        if self.unknown is not None:
            # No merge has a half that is empty.
            yield from (("", self.unknown) for _ in range(times))


# ---------------------------------------------------------------------------------------------------------------------
# Unigram
# ---------------------------------------------------------------------------------------------------------------------


def _unigram(parts: Parts, pieces: list[str], added: dict[str, int]) -> Made:
    if ' ""\n' in f"{parts.tokens}\n":
        raise NotProbed("one of its tokens is empty")
    scores = vocabularies.scores(parts.scores or "")
    falls_back = flag(parts.settings, "byte_fallback", default=False)
    unknown = None if parts.settings.get("unk_id") is None else number(parts.settings, "unk_id")
    needed = vocabularies.Needed(pieces, _ALL_BYTES if falls_back else ())
    ids = vocabularies.tokens(parts.tokens, needed, added, unknown)
    own = {token: ident for token, ident in ids.items() if 0 <= ident < len(scores)}
    lowest = min(scores, default=0.0) - 10.0
    longest = max(map(len, own), default=1)

    def tokenize(piece: str) -> Ids:
        found: Ids = []
        parts.work.add(A_LOOK * len(piece) * min(len(piece), longest))
        for part, known in _best(piece, own, scores, lowest, longest):
            data = _bytes_of(part, own) if falls_back and not known and part not in own else None
            if data is not None:
                found += data
            elif (ident := own.get(part, unknown)) is not None:
                found.append(ident)
            else:
                raise NotProbed("a text is not in its vocabulary, which has no token for that")
        return found

    return Made(tokenize, ids, set() if unknown is None else {unknown})


def _best(
    piece: str, ids: Mapping[str, int], scores: list[float], lowest: float, longest: int
) -> list[tuple[str, bool]]:
    """The best way to cut `piece`, and which parts are tokens; what is not is one part together (Viterbi)."""
    best = [0.0] + [-math.inf] * len(piece)
    begins: list[tuple[int, bool] | None] = [None] * (len(piece) + 1)
    for start in range(len(piece)):
        for end in range(start + 1, min(len(piece), start + longest) + 1):
            ident = ids.get(piece[start:end])
            if ident is not None and (begins[end] is None or best[start] + scores[ident] > best[end]):
                best[end], begins[end] = best[start] + scores[ident], (start, True)
        end = start + 1
        if piece[start:end] not in ids and (begins[end] is None or best[start] + lowest > best[end]):
            best[end], begins[end] = best[start] + lowest, (start, False)
    out: list[tuple[str, bool]] = []
    end = len(piece)
    while end > 0:
        start, known = begins[end] or (end - 1, False)
        if not known and out and not out[-1][1]:
            out[-1] = (piece[start:end] + out[-1][0], False)
        else:
            out.append((piece[start:end], known))
        end = start
    return out[::-1]


# ---------------------------------------------------------------------------------------------------------------------
# Words
# ---------------------------------------------------------------------------------------------------------------------


def _word_piece(parts: Parts, pieces: list[str], added: dict[str, int]) -> Made:
    unknown = text(parts.settings, "unk_token", "[UNK]")
    prefix = text(parts.settings, "continuing_subword_prefix", "##")
    most = number(parts.settings, "max_input_chars_per_word", 100)
    ids = vocabularies.tokens(parts.tokens, vocabularies.Needed(pieces, [unknown], prefix=prefix), added)

    def tokenize(piece: str) -> Ids:
        found: Ids = []
        start = 0 if len(piece) <= most else -1
        while 0 <= start < len(piece):
            parts.work.add(A_LOOK * (len(piece) - start))
            before = prefix if start else ""
            ends = (end for end in range(len(piece), start, -1) if before + piece[start:end] in ids)
            end = next(ends, -1)
            found.append(ids[before + piece[start:end]] if end > 0 else -1)
            start = end
        return found if start > 0 else [_unknown(ids, unknown)]

    return Made(tokenize, ids, {ids[unknown]} if unknown in ids else set())


def _word_level(parts: Parts, pieces: list[str], added: dict[str, int]) -> Made:
    unknown = text(parts.settings, "unk_token", "<unk>")
    ids = vocabularies.tokens(parts.tokens, vocabularies.Needed(pieces, [unknown]), added)

    def tokenize(piece: str) -> Ids:
        return [ids[piece] if piece in ids else _unknown(ids, unknown)]

    return Made(tokenize, ids, {ids[unknown]} if unknown in ids else set())


def _unknown(ids: Mapping[str, int], token: str) -> int:
    if token not in ids:
        raise NotProbed("a text is not in its vocabulary, which has no token for that")
    return ids[token]


_BUILDERS = {"BPE": _bpe, "Unigram": _unigram, "WordPiece": _word_piece, "WordLevel": _word_level}
