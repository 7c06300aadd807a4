"""Tokenizers against the base's, part by part, across formats."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename

from provenance.checks.interface import Check, Rule, of_the_model, quoted
from provenance.facts import TextFact
from provenance.records import Evidence, Finding, ModelEvidence, Severity, Skipped

TOKENIZER_DIFFERS = Rule(
    ident="tokenizer-differs",
    title="the tokenizer differs from the base's",
    severity=Severity.WARNING,
    meaning="A part of the tokenizer that decides which tokens a text becomes, or which text tokens become, is not "
    "the base's: tokens and ids, merges, added tokens, normalizer, pre-tokenizer, post-processor, decoder, special "
    "tokens. One finding a part names the first entry that differs. Tokens and merges are compared between formats "
    "too. A tokenizer file that only one side has is reported, unless what it says is in the base's (older writers "
    "wrote more files). Of settings, `tokenizer_class`, `add_bos_token`, `add_eos_token` and `fast_tokenizer_files` "
    "are compared; a class that writers change by themselves is an `info`, and so is another `model_max_length`. "
    "Padding and truncation are not compared; another padding token is an `info`, and one where the base has none is "
    "no difference.",
    why="Two ids swapped turn yes into no. A normalizer or decoder can rewrite what is asked or answered. The weights "
    "stay what they were. Honest fine-tunes add tokens, or name another end-of-sequence token.",
    example="tokens: '9693 \"yes\"' here, '9693 \"no\"' in the base; 2 entries differ",
    advice="Use the base's tokenizer unless the publisher says why it was changed.",
)

_ORDER = ("tokenizer.json", "vocab.json", "merges.txt")
"""Which source of a part speaks for a model, where the same file is not on both sides."""
_PADDING, _SETTINGS, _EXTRA, _FILE, _TOKENS = (
    f"tokenizer:{part}" for part in ("padding", "settings", "extra-tokens", "file", "tokens")
)
_VOCABULARIES = frozenset({_TOKENS, _FILE, "tokenizer:merges"})
_NEVER_DROPPED = frozenset({"tokenizer:merges", "tokenizer:scores", "tokenizer:special"})
_FOLDED = frozenset({"added_tokens.json", "merges.txt", "special_tokens_map.json", "vocab.json"})
"""Files that transformers 5 no longer writes beside a tokenizer.json."""
_GENERIC = frozenset({"PreTrainedTokenizer", "TokenizersBackend"})
"""Classes that take everything from the tokenizer.json; transformers 5 names them where 4 named another."""


def _run(evidence: Evidence) -> Iterator[Finding]:
    if isinstance(evidence.base, Skipped):
        return
    mine, theirs = _parts(evidence.candidate), _parts(evidence.base)
    for role in sorted(mine):
        if role == _SETTINGS:
            yield from _settings(mine[role], theirs.get(role, []))
        elif role == _EXTRA:
            yield from _extra_tokens(mine[role], theirs)
        else:
            yield from _compared(role, mine[role], theirs.get(role, []))
    yield from _new(mine, theirs)
    yield from _gone(mine, theirs)


def _parts(model: ModelEvidence) -> dict[str, list[TextFact]]:
    """Parts by role; of the model itself, not of models in sub-folders."""
    found: dict[str, list[TextFact]] = {}
    for fact in of_the_model(model, "tokenizer:"):
        found.setdefault(fact.role, []).append(fact)
    return found


def _compared(role: str, mine: list[TextFact], theirs: list[TextFact]) -> Iterator[Finding]:
    """One part: with that of the same file of the base, else with the one that speaks for the base."""
    there = {fact.file: fact for fact in theirs}
    same = any(fact.file in there for fact in mine)
    speaks = min(theirs, key=_precedence, default=None) if role != _FILE else None
    first = min(mine, key=_precedence)
    for here in mine:
        other = there.get(here.file, speaks)
        if other is None:
            continue
        # A second source beside the one that is compared in full may say less, and nothing else.
        second = here.file not in there and not _is_gguf(here) and (same or here is not first)
        difference = _difference(role.partition(":")[2], here, other, second=second)
        if difference:
            # Training changes it, and no answer depends on it.
            severity = Severity.INFO if role == _PADDING else None
            yield TOKENIZER_DIFFERS.finding(difference, file=here.file, severity=severity)


def _is_gguf(fact: TextFact) -> bool:
    return fact.file.endswith(".gguf")


def _precedence(fact: TextFact) -> tuple[int, str]:
    name = basename(fact.file)
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), fact.file)


def _new(mine: dict[str, list[TextFact]], theirs: dict[str, list[TextFact]]) -> Iterator[Finding]:
    """Parts that the base has in no file; only of formats that it has a tokenizer in."""
    formats = {_is_gguf(fact) for facts in theirs.values() for fact in facts}
    found: dict[str, list[str]] = {}
    for role in sorted(mine.keys() - {_PADDING, _SETTINGS, _EXTRA}):
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
        for key, value in _by_key(fact).items():
            if value != base.get(key) and (key in base or value != "false"):
                message = f"{key}: {quoted(value)} here, {quoted(base[key]) if key in base else 'nothing'} in the base"
                severity = Severity.INFO if _is_writers(key, value, base.get(key)) else None
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
            message = f"{len(new)} tokens that the base has not under these ids; first: {quoted(new[0])}"
            yield TOKENIZER_DIFFERS.finding(message, file=fact.file)


def _lines(fact: TextFact) -> list[str]:
    return (fact.text or "").split("\n")


# ---------------------------------------------------------------------------------------------------------------------
# Differences
# ---------------------------------------------------------------------------------------------------------------------


def _difference(part: str, here: TextFact, there: TextFact, *, second: bool) -> str:
    """What differs, in words; empty where only the writers do, or where a second source says a part of the first."""
    if here.sha256 == there.sha256:
        return ""
    if here.text is None or there.text is None:
        return f"{part}: not the base's {there.file}"
    across = part == "tokens" and _is_gguf(here) != _is_gguf(there)
    mine, theirs = (_entries(part, text, across=across) for text in (here.text, there.text))
    if mine == theirs:
        return ""
    new, gone = _only(mine, theirs), _only(theirs, mine)
    if not new and second and part in ("tokens", "special"):
        return ""
    if not new and not gone:
        return f"{part}: the same entries as the base's in another order"
    if not gone:
        return f"{part}: {len(new)} entries more than in the base; first: {quoted(new[0])}"
    if not new:
        return f"{part}: {len(gone)} entries of the base are gone; first: {quoted(gone[0])}"
    count = max(len(new), len(gone))
    return f"{part}: {quoted(new[0])} here, {quoted(gone[0])} in the base; {count} entries differ"


def _only(entries: list[str], others: list[str]) -> list[str]:
    """Entries that are not among the others, in their order."""
    known = set(others)
    return [entry for entry in entries if entry not in known]


def _entries(part: str, text: str, *, across: bool) -> list[str]:
    """The lines of a part. Converters to GGUF write SentencePiece's space as a plain one in tokens of the user."""
    lines = (text.replace("\\u2581", " ") if across else text).split("\n")
    return [line.rstrip(",") for line in lines] if part == "special" else lines


TOKENIZER_PARTS = Check("tokenizers", (TOKENIZER_DIFFERS,), _run)
