"""The texts, tried on a tokenizer: beside the base's, and alone.

Where two tokenizers differ, a text that becomes other ids without a token that only one of them has, or that is found
in another way, is told from one in which an appended token stands. Alone, a text must come back in its letters and
digits; case, accents, spaces and signs are what many honest tokenizers do not keep.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from posixpath import basename

from provenance.errors import one_line
from provenance.facts import Feature, RoundTripFact, TextFact
from provenance.surfaces.tokenizing import vocabularies
from provenance.surfaces.tokenizing.added_tokens import Added
from provenance.surfaces.tokenizing.encoder import RELEVANT, Encoded, Encoding, encode
from provenance.surfaces.tokenizing.interface import BYTES, NotProbed
from provenance.surfaces.tokenizing.texts import TEXTS

MAX_FILES = 4
"""Tokenizers of one model that are tried; those near the root first."""
_NAME = "tokenizer.json"

_Tokenizer = Mapping[str, TextFact]


def round_trips(mine: Iterable[TextFact], theirs: Iterable[TextFact]) -> tuple[RoundTripFact, ...]:
    """What the texts become with every `tokenizer.json` of a model, and with the same file of the base, if it has one.

    Of a tokenizer whose parts are the base's there is one fact, with no texts: the same parts make the same of them.
    """
    ours, base = _tokenizers(mine), _tokenizers(theirs)
    found: list[RoundTripFact] = []
    for number, file in enumerate(sorted(ours, key=lambda file: (file.count("/"), file))):
        reference = f"base: {file}" if file in base else ""
        if file in base and _digests(ours[file]) == _digests(base[file]):
            found.append(RoundTripFact(file, reference, 0))
        elif number >= MAX_FILES:
            found.append(RoundTripFact(file, "", 0, error=f"the model has more than {MAX_FILES} of them"))
        else:
            found += _tried(file, ours[file], base.get(file))
    return tuple(found)


def _tokenizers(texts: Iterable[TextFact]) -> dict[str, dict[str, TextFact]]:
    """Parts by file, then by name."""
    found: dict[str, dict[str, TextFact]] = {}
    for fact in texts:
        role, _, name = fact.role.partition(":")
        if role == "tokenizer" and basename(fact.file) == _NAME and name in RELEVANT:
            found.setdefault(fact.file, {})[name] = fact
    return {file: parts for file, parts in found.items() if "tokens" in parts}


def _digests(parts: _Tokenizer) -> dict[str, str]:
    return {name: fact.sha256 for name, fact in parts.items()}


def _tried(file: str, mine: _Tokenizer, theirs: _Tokenizer | None) -> Iterator[RoundTripFact]:
    try:
        here = encode(mine, TEXTS)
    except NotProbed as error:
        yield RoundTripFact(file, "", 0, error=one_line(str(error)))
        return
    yield RoundTripFact(file, "", len(TEXTS), tuple(_not_reversed(here)))
    if theirs is None:
        return
    reference = f"base: {file}"
    try:
        there = encode(theirs, TEXTS)
    except NotProbed as error:
        yield RoundTripFact(file, reference, 0, error=one_line(f"of the base's, {error}"))
        return
    yield RoundTripFact(file, reference, len(TEXTS), tuple(_differing(here, there, mine, theirs)))


# ---------------------------------------------------------------------------------------------------------------------
# Alone
# ---------------------------------------------------------------------------------------------------------------------


def _not_reversed(here: Encoding) -> Iterator[Feature]:
    """Texts that come back with other letters or digits."""
    for text, encoded in zip(TEXTS, here.texts, strict=True):
        if not here.decodes or encoded.unknown or any(map(_spells_bytes, here.added.keys() & {*encoded.tokens})):
            continue
        decoded = encoded.decoded.replace(here.suffix, " ") if here.suffix else encoded.decoded
        if _letters(decoded) != _letters(text):
            yield Feature("not-reversed", f"{_quoted(text)} comes back as {_quoted(decoded)}")


def _spells_bytes(token: str) -> bool:
    """Whether decoders take the letters of an added token for the bytes they stand for, as in `Å`."""
    return not token.isascii() and max(token) <= max(BYTES.values())


def _letters(text: str) -> str:
    """Letters and digits, without case, accents and other forms of the same."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(character for character in plain if character.isalnum())


# ---------------------------------------------------------------------------------------------------------------------
# Beside the base's
# ---------------------------------------------------------------------------------------------------------------------


def _differing(here: Encoding, there: Encoding, mine: _Tokenizer, theirs: _Tokenizer) -> Iterator[Feature]:
    pairs = [
        (text, one, other)
        for text, one, other in zip(TEXTS, here.texts, there.texts, strict=True)
        if one.ids != other.ids or one.decoded != other.decoded
    ]
    if not pairs:
        return
    used = {token for _, one, other in pairs for token in (*one.tokens, *other.tokens)}
    known = [vocabularies.lookup(parts["tokens"].text or "", used) for parts in (mine, theirs)]
    for text, one, other in pairs:
        new = next(_apart(one, here.added, there.added, known[1]), None)
        gone = next(_apart(other, there.added, here.added, known[0]), None)
        said = f"{_quoted(text)} {_first_difference(one, other)}"
        if new is not None or gone is not None:
            why = f"{_quoted(new or gone or '')} is found {'here' if new is not None else 'in the base'}"
            same = _letters(one.decoded) == _letters(other.decoded)
            yield Feature("cut-apart" if same else "other-text", f"{said}: {why}")
        else:
            yield Feature("other-ids" if one.ids != other.ids else "other-text", said)


def _apart(
    encoded: Encoded, mine: Mapping[str, Added], theirs: Mapping[str, Added], known: Mapping[str, int]
) -> Iterator[str]:
    """Tokens of a text that the other side does not have, or looks for in another way."""
    for token, ident in zip(encoded.tokens, encoded.ids, strict=True):
        one, other = mine.get(token), theirs.get(token)
        otherwise = known.get(token) == ident and (one and one.flags) != (other and other.flags)
        if token not in known or otherwise:
            yield token


def _first_difference(one: Encoded, other: Encoded) -> str:
    """Where ids or decoded texts part, in words."""
    if one.ids == other.ids:
        return f"comes back as {_quoted(one.decoded)}, and as {_quoted(other.decoded)} with the base's"
    places = zip_longest(zip(one.ids, one.tokens, strict=True), zip(other.ids, other.tokens, strict=True))
    mine, theirs = next((a, b) for a, b in places if a != b)
    return f"becomes {_token(mine)} here, and {_token(theirs)} in the base"


def _token(token: tuple[int, str] | None) -> str:
    return "nothing more" if token is None else f"{token[0]} {_quoted(token[1])}"


def _quoted(text: str, limit: int = 48) -> str:
    """As Python writes it, characters that are not seen escaped."""
    return repr(text if len(text) <= limit else f"{text[: limit - 1]}…")
