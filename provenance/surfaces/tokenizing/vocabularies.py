"""Of a vocabulary and its merges, what a handful of texts can need: the largest have a million entries.

A token can only be met where it is a part of a piece of text, and a merge where both its halves can. So the pieces are
cut first, and what does not occur in them is passed over without being unquoted.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from json.encoder import encode_basestring_ascii as quoted

from provenance.surfaces.tokenizing.interface import NotProbed

_WINDOW = 12
"""Characters that tokens are first looked up by."""


class Needed:
    """Which tokens the pieces can need; asked in quoted form, without the quotes."""

    def __init__(self, pieces: Iterable[str], others: Collection[str], *, prefix: str = "") -> None:
        """`others` are needed whatever the pieces are; `prefix` stands before tokens that do not begin a piece."""
        self._text = "\n".join(quoted(piece)[1:-1] for piece in pieces)
        self._others = {quoted(other)[1:-1] for other in others}
        self._prefix = quoted(prefix)[1:-1]
        self._windows = {
            self._text[start : start + length] for length in range(1, _WINDOW + 1) for start in range(len(self._text))
        }

    def near(self, lines: Iterable[str], always: Iterable[str]) -> list[str]:
        """The lines `ID TOKEN` whose token begins as one that is needed, or one of these."""
        begins = self._windows | {other[:_WINDOW] for other in (*self._others, *always)}
        if self._prefix:
            begins |= {(self._prefix + window)[:_WINDOW] for window in self._windows}
        return [line for line in lines if line[line.find('"') + 1 : -1][:_WINDOW] in begins]

    def __contains__(self, token: str) -> bool:
        if token[:_WINDOW] in self._windows and (len(token) <= _WINDOW or token in self._text):
            return True
        if token in self._others:
            return True
        prefix = self._prefix
        return bool(prefix) and token.startswith(prefix) and token[len(prefix) :] in self._text


def tokens(part: str, needed: Needed, added: dict[str, int], unknown: int | None = None) -> dict[str, int]:
    """Ids by token, from the lines of the part `tokens`: of the tokens needed or added, and of the one of this id.

    Where the list of added tokens says another id than the vocabulary, loaders go by the vocabulary.
    """
    found: dict[str, int] = {}
    number_of_unknown = str(unknown)
    always = {quoted(token) for token in added}
    lines = part.split("\n")
    near = needed.near(lines, [token[1:-1] for token in always])
    if unknown is not None:
        near += [line for line in lines if line.startswith(f"{number_of_unknown} ")]
    for line in near:
        ident, _, token = line.partition(" ")
        if token[1:-1] in needed or token in always or ident == number_of_unknown:
            name, number = plain(token), int(ident)
            if name not in found or added.get(name) != number:
                found[name] = number
    return found


def ranks(part: str, known: Collection[str]) -> dict[tuple[str, str], int]:
    """Ranks of the merges whose halves are `known` tokens, from the lines of the part `merges`."""
    spelt = {quoted(token): token for token in known}
    lines = part.split("\n") if part else []
    # In a line with quotes that are escaped, one of them may look like the end of a half.
    odd = [(rank, line) for rank, line in enumerate(lines) if '\\"' in line] if '\\"' in part else []
    if part.count('"') - sum(line.count('"') for _, line in odd) != 4 * (len(lines) - len(odd)):
        raise NotProbed("one of its merges is not of two tokens")
    found = {
        (spelt[left], spelt[line[middle + 1 :]]): rank
        for rank, line in enumerate(lines)
        # The first quote opens the left half, which may be a space.
        if (left := line[: (middle := line.find('" "', 1) + 1)]) in spelt and line[middle + 1 :] in spelt
    }
    for rank, line in odd:
        middle = _middle(line)
        if middle <= 0:
            raise NotProbed("one of its merges is not of two tokens")
        one, other = spelt.get(line[:middle]), spelt.get(line[middle + 1 :])
        if one is not None and other is not None:
            found[one, other] = rank
    return found


def lookup(part: str, wanted: Collection[str]) -> dict[str, int]:
    """Ids of the `wanted` tokens that the part `tokens` has."""
    spelt = {quoted(token): token for token in wanted}
    lines = (line.partition(" ") for line in part.split("\n"))
    return {spelt[token]: int(ident) for ident, _, token in lines if token in spelt}


def scores(part: str) -> list[float]:
    """The part `scores`, by id."""
    try:
        return [float(line) for line in part.split("\n")] if part else []
    except ValueError:
        raise NotProbed("one of its scores is no number") from None


def plain(token: str) -> str:
    """A quoted token as the text it is."""
    return token[1:-1] if "\\" not in token else str(json.loads(token))


def _middle(line: str) -> int:
    """Where the left half ends, in a line whose escaped quotes may look like that end; 0 where there are not two."""
    ends = list(_ends(line))
    return ends[0] if len(ends) == 2 and line[ends[0] : ends[0] + 2] == ' "' and ends[1] == len(line) else 0


def _ends(line: str) -> Iterator[int]:
    """Where the quoted texts of a line end."""
    inside = escaped = False
    for place, character in enumerate(line):
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            if inside:
                yield place + 1
            inside = not inside
