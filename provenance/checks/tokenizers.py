"""Tokenizers against the base's, part by part, across formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from posixpath import basename

from provenance.checks.interface import Check, facts, of_the_model, quoted
from provenance.checks.tokenizer_changes import (
    Change,
    of_added_tokens,
    of_extra_tokens,
    of_gguf_settings,
    of_merges,
    of_model,
    of_scores,
    of_special,
    of_steps,
    of_tokens,
)
from provenance.checks.tokenizer_reading import ids_of, looked_up, value
from provenance.checks.tokenizer_rules import (
    IDS_DIFFER,
    MODEL_DIFFERS,
    SPECIAL_TOKENS_DIFFER,
    STEPS_DIFFER,
    TOKENIZER_DIFFERS,
)
from provenance.facts import JsonFact, TextFact
from provenance.records import Evidence, Finding, ModelEvidence, Severity, Skipped

_ORDER = ("tokenizer.json", "vocab.json", "merges.txt")
"""Which source of a part speaks for a model, where the same file is not on both sides."""
_PADDING, _SETTINGS, _EXTRA, _FILE, _TOKENS, _SPECIAL, _TRUNCATION = (
    f"tokenizer:{part}" for part in ("padding", "settings", "extra-tokens", "file", "tokens", "special", "truncation")
)
_VOCABULARIES = frozenset({_TOKENS, _FILE, "tokenizer:merges"})
_NEVER_DROPPED = frozenset({"tokenizer:merges", "tokenizer:scores", "tokenizer:special"})
_FOLDED = frozenset({"added_tokens.json", "merges.txt", "special_tokens_map.json", "vocab.json"})
"""Files that transformers 5 no longer writes beside a tokenizer.json."""
_GENERIC = frozenset({"PreTrainedTokenizer", "TokenizersBackend"})
"""Classes that take everything from the tokenizer.json; transformers 5 names them where 4 named another."""


_Parts = dict[str, list[TextFact]]


def _run(evidence: Evidence) -> Iterator[Finding]:
    if isinstance(evidence.base, Skipped):
        return
    mine, theirs = _parts(evidence.candidate), _parts(evidence.base)
    sides = _Sides(evidence.candidate, mine, theirs)
    for role in sorted(mine.keys() - {_TRUNCATION}):
        if role == _SETTINGS:
            yield from _settings(mine[role], theirs.get(role, []))
        elif role == _EXTRA:
            yield from _extra_tokens(mine[role], theirs)
        else:
            yield from _compared(role, mine[role], theirs.get(role, []), sides)
    yield from _new(mine, theirs)
    yield from _gone(mine, theirs)


class _Sides:
    """What comparing one part needs of the others."""

    def __init__(self, candidate: ModelEvidence, mine: _Parts, theirs: _Parts) -> None:
        self.mine, self.theirs = mine, theirs
        documents = {fact.file: fact.value for fact in facts(candidate, JsonFact) if isinstance(fact.value, dict)}
        named = [documents.get(name, {}) for name in ("config.json", "generation_config.json")]
        self.agreed = {
            f"{key}_token": {ident for document in named for ident in ids_of(document, f"{key}_token_id")}
            for key in ("bos", "eos")
        }
        """The ids that the candidate's configuration names."""
        known = [value(fact) for fact in theirs.get(_SPECIAL, [])]
        self.begins = {
            str(special["bos_token"]) for special in known if isinstance(special, dict) and "bos_token" in special
        }
        """The base's token of a beginning."""

    @staticmethod
    def lines(parts: _Parts, file: str) -> list[str]:
        """The vocabulary of one file of a side."""
        return next((_lines(fact) for fact in parts.get(_TOKENS, []) if fact.file == file), [])

    def ids(self, tokens: Iterable[object]) -> dict[str, int]:
        """Ids of these tokens in the candidate."""
        wanted = [token for token in tokens if isinstance(token, str)]
        fact = min(self.mine.get(_TOKENS, []), key=_precedence, default=None)
        return looked_up(fact, (), wanted)[1]


def _parts(model: ModelEvidence) -> dict[str, list[TextFact]]:
    """Parts by role; of the model itself, not of models in sub-folders."""
    found: dict[str, list[TextFact]] = {}
    for fact in of_the_model(model, "tokenizer:"):
        found.setdefault(fact.role, []).append(fact)
    return found


def _compared(role: str, mine: list[TextFact], theirs: list[TextFact], sides: _Sides) -> Iterator[Finding]:
    """One part: with that of the same file of the base, else with the one that speaks for the base."""
    there = {fact.file: fact for fact in theirs}
    same = any(fact.file in there for fact in mine)
    speaks = min(theirs, key=_precedence, default=None) if role != _FILE else None
    first = min(mine, key=_precedence)
    for here in mine:
        other = there.get(here.file, speaks)
        if other is None or here.sha256 == other.sha256:
            continue
        # A second source beside the one that is compared in full may say less, and nothing else.
        second = here.file not in there and not _is_gguf(here) and (same or here is not first)
        for change in _changes(role.partition(":")[2], here, other, sides, second=second):
            yield change.rule.finding(change.message, file=here.file, severity=change.severity)


def _is_gguf(fact: TextFact) -> bool:
    return fact.file.endswith(".gguf")


def _precedence(fact: TextFact) -> tuple[int, str]:
    name = basename(fact.file)
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), fact.file)


def _new(mine: dict[str, list[TextFact]], theirs: dict[str, list[TextFact]]) -> Iterator[Finding]:
    """Parts that the base has in no file; only of formats that it has a tokenizer in."""
    formats = {_is_gguf(fact) for facts in theirs.values() for fact in facts}
    found: dict[str, list[str]] = {}
    for role in sorted(mine.keys() - {_PADDING, _SETTINGS, _EXTRA, _TRUNCATION}):
        known = {fact.file for fact in theirs[role]} if role == _FILE and role in theirs else set()
        for fact in mine[role]:
            if (role not in theirs or (role == _FILE and fact.file not in known)) and _is_gguf(fact) in formats:
                found.setdefault(fact.file, []).append(role.partition(":")[2])
    for file, parts in found.items():
        yield TOKENIZER_DIFFERS.finding(f"{', '.join(parts)}: in no file of the base", file=file)


def _gone(mine: dict[str, list[TextFact]], theirs: dict[str, list[TextFact]]) -> Iterator[Finding]:
    """Files of the base that are not here. A model that brings no vocabulary is used with the base's tokenizer."""
    here = {fact.file for facts in mine.values() for fact in facts if not _is_gguf(fact)}
    there = {fact.file for facts in theirs.values() for fact in facts if not _is_gguf(fact)}
    brings = any(not _is_gguf(fact) for role in _VOCABULARIES for fact in mine.get(role, []))
    for file in sorted(there - here) if brings else []:
        if "tokenizer.json" not in here or (file not in _FOLDED and not _is_whole(file, theirs)):
            yield TOKENIZER_DIFFERS.finding(f"what the base's {file} says is gone")
    for role in sorted(_NEVER_DROPPED & theirs.keys() - mine.keys()) if brings else []:
        if theirs[role][0].file in here:
            yield TOKENIZER_DIFFERS.finding(f"{role.partition(':')[2]}: gone", file=theirs[role][0].file)


def _is_whole(file: str, theirs: dict[str, list[TextFact]]) -> bool:
    return any(fact.file == file for fact in theirs.get(_FILE, []))


# ---------------------------------------------------------------------------------------------------------------------
# Settings
# ---------------------------------------------------------------------------------------------------------------------


def _settings(mine: list[TextFact], theirs: list[TextFact]) -> Iterator[Finding]:
    there = {fact.file: _by_key(fact) for fact in theirs}
    for fact in mine:
        base = there.get(fact.file, {})
        for key, said in _by_key(fact).items():
            if said != base.get(key) and (key in base or said != "false"):
                message = f"{key}: {quoted(said)} here, {quoted(base[key]) if key in base else 'nothing'} in the base"
                severity = Severity.INFO if _is_writers(key, said, base.get(key)) else None
                yield TOKENIZER_DIFFERS.finding(message, file=fact.file, json_path=f"$.{key}", severity=severity)


def _by_key(fact: TextFact) -> dict[str, str]:
    """Values by key, as JSON; classes without the suffix that tells a fast one from a slow one."""
    lines = (line.partition(" ") for line in (fact.text or "").split("\n"))
    return {key: value.replace('Fast"', '"') if key == "tokenizer_class" else value for key, _, value in lines}


def _is_writers(key: str, here: str, there: str | None) -> bool:
    """Whether writers change it by themselves, or training does."""
    generic = any(value is None or value.strip('"') in _GENERIC for value in (here, there))
    return key == "model_max_length" or (key == "tokenizer_class" and generic)


def _extra_tokens(mine: list[TextFact], theirs: dict[str, list[TextFact]]) -> Iterator[Finding]:
    """Tokens of added_tokens.json and the like: all of them must be somewhere in the base."""
    known = {line for role in (_TOKENS, _EXTRA) for fact in theirs.get(role, []) for line in _lines(fact)}
    for fact in mine:
        new = [line for line in _lines(fact) if line not in known]
        if new and fact.sha256 not in {other.sha256 for other in theirs.get(_EXTRA, [])}:
            for change in of_extra_tokens(new, known):
                yield change.rule.finding(change.message, file=fact.file, severity=change.severity)


def _lines(fact: TextFact) -> list[str]:
    return (fact.text or "").split("\n")


# ---------------------------------------------------------------------------------------------------------------------
# Differences
# ---------------------------------------------------------------------------------------------------------------------


_RULES = {
    "tokens": IDS_DIFFER,
    "merges": MODEL_DIFFERS,
    "scores": MODEL_DIFFERS,
    "model": MODEL_DIFFERS,
    "special": SPECIAL_TOKENS_DIFFER,
    "added_tokens": SPECIAL_TOKENS_DIFFER,
    **dict.fromkeys(("normalizer", "pre_tokenizer", "post_processor", "decoder"), STEPS_DIFFER),
}
"""What a part that is too large to be kept is, where it differs."""


def _changes(part: str, here: TextFact, there: TextFact, sides: _Sides, *, second: bool) -> Iterator[Change]:
    """What differs; nothing where only the writers do, or where a second source says a part of the first."""
    if here.text is None or there.text is None:
        yield Change(_RULES.get(part, TOKENIZER_DIFFERS), f"{part}: not the base's {there.file}")
    elif part == "tokens":
        across = _is_gguf(here) != _is_gguf(there)
        mine, theirs = (_tokens(text, across=across) for text in (here.text, there.text))
        yield from of_tokens(mine, theirs, whole=not second)
    elif part == "merges":
        yield from of_merges(here.text.split("\n"), there.text.split("\n"))
    elif part == "scores":
        yield from of_scores(here.text.split("\n"), there.text.split("\n"))
    elif part == "model":
        yield from of_model(value(here), value(there))
    elif part == "added_tokens":
        yield from of_added_tokens(
            here, there, sides.lines(sides.mine, here.file), sides.lines(sides.theirs, there.file)
        )
    elif part == "special":
        yield from _special(here, there, sides, second=second)
    elif part == "ggml-settings":
        yield from of_gguf_settings(value(here), value(there))
    elif part in _RULES:
        yield from of_steps(part, here, there, sides.begins)
    else:
        yield _otherwise(part, here.text, there.text)


def _special(here: TextFact, there: TextFact, sides: _Sides, *, second: bool) -> Iterator[Change]:
    mine, theirs = value(here), value(there)
    named = mine if isinstance(mine, dict) else {}
    if second and isinstance(theirs, dict):
        theirs = {key: item for key, item in theirs.items() if key in named}
    return of_special(named, theirs, sides.ids(named.values()), sides.agreed)


def _otherwise(part: str, here: str, there: str) -> Change:
    """A part that no more is known of than its lines."""
    mine, theirs = here.split("\n"), there.split("\n")
    new, gone = (sum(1 for line in side if line not in known) for side, known in ((mine, {*theirs}), (theirs, {*mine})))
    # Training changes the padding, and no answer depends on it.
    severity = Severity.INFO if part == "padding" else None
    return Change(TOKENIZER_DIFFERS, f"{part}: {max(new, gone)} entries differ from the base's", severity)


def _tokens(text: str, *, across: bool) -> list[str]:
    """Lines of tokens. Converters to GGUF write SentencePiece's space as a plain one in tokens of the user."""
    return (text.replace("\\u2581", " ") if across else text).split("\n")


TOKENIZER_PARTS = Check(
    "tokenizers", (TOKENIZER_DIFFERS, IDS_DIFFER, MODEL_DIFFERS, STEPS_DIFFER, SPECIAL_TOKENS_DIFFER), _run
)
