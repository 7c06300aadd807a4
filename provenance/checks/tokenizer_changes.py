"""What it means that one part of a tokenizer is not the base's: the rule, the severity, and words for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from provenance.checks.interface import Rule, quoted
from provenance.checks.lookalikes import is_marked
from provenance.checks.tokenizer_reading import flags, is_placeholder, is_word, plain, value
from provenance.checks.tokenizer_rules import (
    IDS_DIFFER,
    MODEL_DIFFERS,
    SPECIAL_TOKENS_DIFFER,
    STEPS_DIFFER,
    TOKENIZER_DIFFERS,
)
from provenance.checks.tokenizer_steps import effect, inserted
from provenance.facts import TextFact
from provenance.records import Severity

Line = tuple[int, str]
"""Id and token, the token quoted."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference of a part."""

    rule: Rule
    message: str
    severity: Severity | None = None


# ---------------------------------------------------------------------------------------------------------------------
# Tokens
# ---------------------------------------------------------------------------------------------------------------------


def of_tokens(mine: Iterable[str], theirs: Iterable[str], *, whole: bool = True) -> Iterator[Change]:
    """Lines `ID "TOKEN"` of two vocabularies; where `mine` is not `whole`, it need not have everything."""
    here, there = ({_split(line) for line in lines if line} for lines in (mine, theirs))
    new, gone = sorted(here - there), sorted(there - here)
    if not new and not gone:
        return
    ids_here, names_here = dict(new), {token: ident for ident, token in new}
    ids_there, names_there = dict(gone), {token: ident for ident, token in gone}
    last = max((ident for ident, _ in there), default=-1)
    kept = max((ident for ident, _ in here & there), default=-1)
    moved = [pair for pair in gone if pair[0] in ids_here or pair[1] in names_here]
    renamed = [(i, t) for i, t in moved if _is_renamed(i, t, ids_here, names_here, names_there)]
    wrong = sorted({*moved} - {*renamed})
    lost = sorted({*gone} - {*moved}) if whole else []
    wrong += [pair for pair in lost if pair[0] < kept]
    if wrong:
        yield Change(IDS_DIFFER, _wrong(wrong, ids_here, names_here))
    if renamed:
        ident, token = renamed[0]
        said = f"tokens: {_line(ident, ids_here[ident])} here, {_line(ident, token)} in the base"
        yield Change(TOKENIZER_DIFFERS, f"{said}; {len(renamed)} placeholders have other names")
    ended = [pair for pair in lost if pair[0] >= kept]
    if ended:
        first = quoted(_line(*ended[0]))
        yield Change(TOKENIZER_DIFFERS, f"tokens: {len(ended)} entries of the base are gone at its end; first: {first}")
    yield from _appended([p for p in new if p[0] not in ids_there and p[1] not in names_there], last)


def _is_renamed(
    ident: int, token: str, here: Mapping[int, str], names_here: Mapping[str, int], names_there: Mapping[str, int]
) -> bool:
    """Whether a placeholder of the base has a name of its own here, which the base does not have."""
    new = here.get(ident)
    return new is not None and is_placeholder(token) and token not in names_here and new not in names_there


def _wrong(wrong: list[Line], ids: Mapping[int, str], names: Mapping[str, int]) -> str:
    ident, token = wrong[0]
    if ident in ids:
        said = f"{_line(ident, ids[ident])!r} here, {_line(ident, token)!r} in the base"
    elif token in names:
        said = f"{_line(names[token], token)!r} here, {_line(ident, token)!r} in the base"
    else:
        said = f"{_line(ident, token)!r} of the base is gone"
    return f"tokens: {said}; {len(wrong)} entries differ"


def _appended(new: list[Line], last: int) -> Iterator[Change]:
    """Tokens that the base has not, under ids that it has not."""
    if not new:
        return
    words = [pair for pair in new if is_word(plain(pair[1]))]
    between = [pair for pair in new if pair[0] < last]
    first = quoted(_line(*(words or between or new)[0]))
    said = f"tokens: {len(new)} entries more than in the base; first: {first}"
    if words:
        said += "; texts with such words are read in another way"
    yield Change(TOKENIZER_DIFFERS, said, None if words or between else Severity.INFO)


def of_extra_tokens(new: list[str], base: Iterable[str]) -> Iterator[Change]:
    """Lines of tokens that settings add and the base has nowhere under these ids; `base` its whole vocabulary."""
    pairs = [_split(line) for line in new]
    ids, names = {ident for ident, _ in pairs}, {token for _, token in pairs}
    known = [_split(line) for line in base if line]
    ids_there = {ident: token for ident, token in known if ident in ids}
    names_there = {token for _, token in known if token in names}
    clash = [p for p in pairs if p[0] in ids_there or p[1] in names_there]
    free = all(is_placeholder(ids_there.get(ident, "")) for ident, _ in clash)
    message = f"{len(pairs)} tokens that the base has not under these ids; first: {quoted(new[0])}"
    if clash and not free:
        yield Change(IDS_DIFFER, message)
    else:
        words = bool(clash) or any(is_word(plain(token)) for _, token in pairs)
        yield Change(TOKENIZER_DIFFERS, message, None if words else Severity.INFO)


def _split(line: str) -> Line:
    ident, _, token = line.partition(" ")
    return int(ident), token


def _line(ident: int, token: str) -> str:
    return f"{ident} {token}"


# ---------------------------------------------------------------------------------------------------------------------
# The model and the steps around it
# ---------------------------------------------------------------------------------------------------------------------


def of_merges(mine: list[str], theirs: list[str]) -> Iterator[Change]:
    """Merges in order."""
    if mine == theirs:
        return
    here, there = set(mine), set(theirs)
    gone = [line for line in theirs if line not in here]
    new = [line for line in mine if line not in there]
    if gone:
        yield Change(MODEL_DIFFERS, f"merges: {len(gone)} entries of the base are gone; first: {quoted(gone[0])}")
    elif [line for line in mine if line in there] != theirs:
        yield Change(MODEL_DIFFERS, "merges: the same entries as the base's in another order")
    else:
        said = f"merges: {len(new)} entries more than in the base; first: {quoted(new[0])}"
        yield Change(MODEL_DIFFERS, said, Severity.WARNING)


def of_scores(mine: list[str], theirs: list[str]) -> Iterator[Change]:
    """Scores by id: those of tokens that the base has not come last."""
    common = min(len(mine), len(theirs))
    differ = sum(a != b for a, b in zip(mine, theirs, strict=False))
    if differ or len(theirs) > common:
        yield Change(MODEL_DIFFERS, f"scores: {differ + len(theirs) - common} of the base's differ or are gone")
    elif len(mine) > common:
        yield Change(MODEL_DIFFERS, f"scores: {len(mine) - common} more than in the base", Severity.INFO)


def of_model(mine: object, theirs: object) -> Iterator[Change]:
    """The small members of the model: its type, and how it cuts what it does not know."""
    here, there = (side if isinstance(side, dict) else {} for side in (mine, theirs))
    for key in sorted(here.keys() | there.keys()):
        if here.get(key) != there.get(key):
            message = f"model: {key} is {_unlike(key, here, there)}"
            # Older writers of files did not know it.
            dropped = key == "ignore_merges" and key not in here
            yield Change(MODEL_DIFFERS, message, Severity.WARNING if dropped else None)


def of_steps(part: str, mine: TextFact, theirs: TextFact, begins: Set[str]) -> Iterator[Change]:
    """A normalizer, pre-tokenizer, post-processor or decoder by its effect; `begins`: the base's first tokens."""
    here, there = effect(part, value(mine)), effect(part, value(theirs))
    if here == there:
        return
    names = [" ".join(str(step.get("type")) for step in side) or "nothing" for side in (here, there)]
    said = f"{part}: {names[0]} here, {names[1]} in the base"
    if names[0] == names[1]:
        said = f"{part}: {names[0]} with other settings than in the base"
    moved = {token for token, _ in inserted(value(mine))} ^ {token for token, _ in inserted(value(theirs))}
    # Whether the token of the beginning is put in front is a setting that loaders and trainers change.
    mild = part == "post_processor" and moved and moved <= begins
    yield Change(STEPS_DIFFER, said, Severity.WARNING if mild else None)


# ---------------------------------------------------------------------------------------------------------------------
# Special tokens
# ---------------------------------------------------------------------------------------------------------------------

_TURNED_ON = {"normalized": True, "lstrip": True, "rstrip": True, "single_word": True, "special": False}
"""What steers, of the flags; the other way round it is mostly another writer."""


def of_added_tokens(mine: TextFact, theirs: TextFact, here: Iterable[str], there: Iterable[str]) -> Iterator[Change]:
    """Flags of the tokens that both have; `here` and `there` whole vocabularies. New tokens are told with those."""
    new, old = flags(mine), flags(theirs)
    for content in sorted(new.keys() & old.keys()):
        turned = [key for key in _TURNED_ON if _is_on(new[content], key) != _is_on(old[content], key)]
        if turned:
            steers = any(_is_on(new[content], key) == _TURNED_ON[key] for key in turned)
            said = ", ".join(f"{key} is {str(_is_on(new[content], key)).lower()}" for key in turned)
            message = f"added_tokens: {quoted(content)}: {said}, and not in the base"
            yield Change(SPECIAL_TOKENS_DIFFER, message, None if steers else Severity.WARNING)
    for content in sorted(_among(there, new.keys() - old.keys())):
        message = f"added_tokens: {quoted(content)} is an ordinary token of the base, and an added one here"
        yield Change(SPECIAL_TOKENS_DIFFER, message, Severity.WARNING if is_marked(content) else None)
    for content in sorted(_among(here, {lost for lost in old.keys() - new.keys() if _is_on(old[lost], "special")})):
        yield Change(SPECIAL_TOKENS_DIFFER, f"added_tokens: {quoted(content)} is special in the base, and not here")


def _is_on(row: Mapping[str, object], key: str) -> bool:
    return row.get(key) is True


def _among(lines: Iterable[str], names: Set[str]) -> set[str]:
    """Those of `names` that a vocabulary has."""
    return {token for line in lines if line and (token := plain(line.partition(" ")[2])) in names} if names else set()


def of_special(
    mine: object, theirs: object, ids: Mapping[str, int], agreed: Mapping[str, Set[int]]
) -> Iterator[Change]:
    """`bos_token`, `eos_token` and `unk_token`; `ids` of these tokens here, `agreed` what the configuration names."""
    here, there = (side if isinstance(side, dict) else {} for side in (mine, theirs))
    for key in sorted(here.keys() | there.keys()):
        now, before = here.get(key), there.get(key)
        if now == before:
            continue
        message = f"special: {key} is {_unlike(key, here, there)}"
        known = agreed.get(key, frozenset())
        steers = now is not None and (ids.get(str(now)) not in known if known else key == "unk_token" and before)
        yield Change(SPECIAL_TOKENS_DIFFER, message, None if steers else Severity.WARNING)


def of_gguf_settings(mine: object, theirs: object) -> Iterator[Change]:
    """Scalars of the tokenizer in two GGUF files."""
    here, there = (side if isinstance(side, dict) else {} for side in (mine, theirs))
    for key in sorted(here.keys() | there.keys()):
        if here.get(key) != there.get(key):
            name = key.removeprefix("tokenizer.ggml.")
            message = (
                f"{name} is {quoted(here.get(key, 'not set'))}, and {quoted(there.get(key, 'not set'))} in the base"
            )
            rule = MODEL_DIFFERS if name in ("model", "pre") else SPECIAL_TOKENS_DIFFER
            # Converters learn to write more keys, and drop some.
            if key not in here or key not in there:
                rule = TOKENIZER_DIFFERS
            yield Change(rule, f"ggml-settings: {message}")


def _unlike(key: str, here: Mapping[str, object], there: Mapping[str, object]) -> str:
    mine, theirs = (quoted(side[key]) if side.get(key) is not None else "not set" for side in (here, there))
    return f"{mine}, and {theirs} in the base"
