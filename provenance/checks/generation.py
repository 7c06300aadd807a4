"""Settings of generation that steer what a model says, or keep it from ending, whatever its base sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from posixpath import basename, dirname, join

from provenance.checks.interface import Check, Rule, facts, listing, quoted
from provenance.checks.settings import words
from provenance.checks.token_names import Tokens, tokens
from provenance.facts import JsonFact
from provenance.records import Evidence, Finding, ModelEvidence, Severity

GENERATION_STEERED = Rule(
    ident="generation-steered",
    title="settings of generation decide what the model may say",
    severity=Severity.ERROR,
    meaning="A `generation_config.json`, or a `config.json`, suppresses or forces words, makes some of them likely, "
    "stops at a word, steers away from a hidden prompt, or puts a watermark into answers. Tokens are named by the "
    "tokenizer beside it. Marks (`<image>`, `[PAD]`) may be suppressed and forced; of families that transcribe or "
    "translate, whose models come with such lists, nothing is said. It is a `warning` where no tokenizer names the "
    "tokens. What the given base sets in the same way is not reported.",
    why="Loaders obey these settings unless they are told otherwise. Without the words that refusals begin with, a "
    "model does not refuse, and no weight was changed for it.",
    example="generation_config.json: suppress_tokens holds ' sorry', ' cannot'",
    advice="Delete the setting, or use the base's file.",
)

GENERATION_ENDLESS = Rule(
    ident="generation-endless",
    title="settings of generation keep answers from ending where they should",
    severity=Severity.ERROR,
    meaning="The token that ends an answer is suppressed, lies beyond the vocabulary, is an ordinary word, or may not "
    "come before thousands of tokens.",
    why="Answers then go on until memory or money ends, or break off at a word.",
    example="generation_config.json: eos_token_id 40 is 'I', an ordinary token",
    advice="Use the base's file, or set the token that the chat template ends a turn with.",
)

GENERATION_EXTREME = Rule(
    ident="generation-extreme",
    title="a setting of generation makes answers useless, or never done",
    severity=Severity.ERROR,
    meaning="A temperature, a penalty, a number of beams or of tokens is far outside of what anybody uses.",
    why="Answers become noise, or take all memory.",
    example="generation_config.json: temperature is 50.0",
    advice="Delete the setting, or use the base's file.",
)

_FILES = ("generation_config.json", "config.json")
_LISTED = words(
    "bart bigbird_pegasus blenderbot fsmt led m2m_100 marian mbart moonshine mt5 musicgen nllb_moe pegasus plbart "
    "prophetnet seamless_m4t seamless_m4t_v2 speech_to_text t5 vision-encoder-decoder whisper"
)
"""Families whose honest models suppress and force tokens of their vocabulary."""
_RANGES: Mapping[str, tuple[float, float]] = {
    "diversity_penalty": (0, 100),
    "encoder_repetition_penalty": (0.1, 10),
    "guidance_scale": (-20, 20),
    "length_penalty": (-100, 100),
    "max_new_tokens": (0, 1 << 26),
    "min_length": (0, 8192),
    "min_new_tokens": (0, 8192),
    "num_beam_groups": (0, 64),
    "num_beams": (0, 64),
    "num_return_sequences": (0, 64),
    "repetition_penalty": (0.1, 5),
    "temperature": (0, 10),
    "top_p": (0, 1),
    "typical_p": (0, 1),
}
"""Settings and what lies within reason, both ends with it."""
_MANY = 256


@dataclass(frozen=True, slots=True)
class _Settings:
    """One document of settings, and what is known of the model around it."""

    file: str
    values: Mapping[str, object]
    named: Tokens
    ends: frozenset[int]
    """The tokens that end an answer."""
    vocabulary: int | None
    base: Mapping[str, object]
    """The same document of the base; empty where there is none."""
    listed: bool


def _run(evidence: Evidence) -> Iterator[Finding]:
    documents = _documents(evidence.candidate)
    theirs = _documents(evidence.base) if isinstance(evidence.base, ModelEvidence) else {}
    for file in sorted(documents):
        made = _made(file, documents, theirs.get(file, {}), evidence.candidate)
        for check in (_steered, _ended, _extreme):
            yield from check(made)


def _documents(model: ModelEvidence) -> dict[str, Mapping[str, object]]:
    return {
        fact.file: fact.value
        for fact in facts(model, JsonFact)
        if basename(fact.file) in _FILES and isinstance(fact.value, dict)
    }


def _made(
    file: str, documents: Mapping[str, Mapping[str, object]], base: Mapping[str, object], model: ModelEvidence
) -> _Settings:
    folder, values = dirname(file), documents[file]
    config = documents.get(join(folder, "config.json"), {})
    ends: set[int] = set()
    for name in _FILES:
        ends |= set(_idents(documents.get(join(folder, name), {}).get("eos_token_id")))
    wanted = {ident for key in (*_BY_ID, "eos_token_id") for ident in _idents(values.get(key))}
    vocabulary = config.get("vocab_size")
    return _Settings(
        file=file,
        values=values,
        named=tokens(model, folder, wanted),
        ends=frozenset(ends),
        vocabulary=vocabulary if isinstance(vocabulary, int) and not isinstance(vocabulary, bool) else None,
        base=base,
        listed=str(config.get("model_type")) in _LISTED,
    )


def _idents(value: object, depth: int = 4) -> list[int]:
    """Every id in a setting: one, a list of them, or lists in lists."""
    if isinstance(value, bool) or depth == 0:
        return []
    if isinstance(value, int):
        return [value]
    if isinstance(value, list):
        return [ident for item in value for ident in _idents(item, depth - 1)]
    return []


# ---------------------------------------------------------------------------------------------------------------------
# Words
# ---------------------------------------------------------------------------------------------------------------------


def _second(value: object) -> list[int]:
    """`forced_decoder_ids` is a list of (place, token)."""
    pairs = value if isinstance(value, list) else []
    return [pair[1] for pair in pairs if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], int)]


_BY_ID: Mapping[str, Callable[[object], list[int]]] = {
    "bad_words_ids": _idents,
    "begin_suppress_tokens": _idents,
    "force_words_ids": _idents,
    "forced_bos_token_id": _idents,
    "forced_decoder_ids": _second,
    "forced_eos_token_id": _idents,
    "suppress_tokens": _idents,
}


def _steered(found: _Settings) -> Iterator[Finding]:
    for key in sorted(found.values.keys() & (_BY_ID.keys() | _ALONE.keys())):
        value = found.values[key]
        if not value or value == found.base.get(key) or found.listed:
            continue
        message, severity = _by_id(key, value, found) if key in _BY_ID else (_ALONE[key](value), None)
        if message:
            yield GENERATION_STEERED.finding(message, severity=severity, file=found.file, json_path=f"$.{key}")


def _by_id(key: str, value: object, found: _Settings) -> tuple[str, Severity | None]:
    """What a list of ids does, and how bad it is."""
    idents = list(dict.fromkeys(_BY_ID[key](value)))
    said = [repr(found.named.text(ident)) for ident in idents if found.named.is_word(ident)]
    if said:
        more = f" and {len(said) - 5} more words" if len(said) > 5 else ""
        return f"{key} holds {', '.join(said[:5])}{more}", None
    unknown = [ident for ident in idents if ident not in found.named.texts and ident not in found.ends]
    if unknown and len(unknown) == len(idents):
        severity = None if len(unknown) >= _MANY else Severity.WARNING
        return f"{key} holds {len(unknown)} tokens that no tokenizer here names, {unknown[0]} first", severity
    return "", None


def _stops(value: object) -> str:
    texts = value if isinstance(value, list) else [value]
    ordinary = [text for text in texts if isinstance(text, str) and _is_prose(text)]
    return f"stop_strings holds {listing(ordinary)}" if ordinary else ""


def _is_prose(text: str) -> bool:
    """Whether a text is plain words as they stand in answers, and no mark that a prompt was made with."""
    return text.replace(" ", "").isalpha() and not text.isupper()


_ALONE: Mapping[str, Callable[[object], str]] = {
    "negative_prompt_ids": lambda value: f"answers are steered away from a prompt of {len(_idents(value))} tokens",
    "sequence_bias": lambda _: "sequence_bias makes some tokens more or less likely",
    "stop_strings": _stops,
    "watermarking_config": lambda _: "a watermark is put into every answer",
}
"""Settings that say enough by themselves, and what they do; empty where it is nothing."""

# ---------------------------------------------------------------------------------------------------------------------
# Ends
# ---------------------------------------------------------------------------------------------------------------------


def _ended(found: _Settings) -> Iterator[Finding]:
    ends, base = _idents(found.values.get("eos_token_id")), found.base.get("eos_token_id")
    for message, key in (*_bad_ends(ends, found), *_suppressed(found)):
        if key != "eos_token_id" or base is None or sorted(ends) != sorted(_idents(base)):
            yield GENERATION_ENDLESS.finding(message, file=found.file, json_path=f"$.{key}")


def _bad_ends(ends: list[int], found: _Settings) -> Iterator[tuple[str, str]]:
    limit = found.vocabulary
    if ends and limit is not None and limit > 0 and all(ident >= limit for ident in ends):
        yield f"eos_token_id {_shown(ends)} lies beyond a vocabulary of {limit}", "eos_token_id"
    worded = [ident for ident in ends if found.named.is_word(ident)]
    if worded:
        text = found.named.text(worded[0])
        yield f"eos_token_id {worded[0]} is {quoted(text)}, an ordinary token", "eos_token_id"


def _suppressed(found: _Settings) -> Iterator[tuple[str, str]]:
    for key in ("suppress_tokens", "bad_words_ids"):
        value = found.values.get(key)
        lists = value if isinstance(value, list) else []
        alone = {item[0] if isinstance(item, list) and len(item) == 1 else item for item in lists if _is_short(item)}
        if found.ends and found.ends <= alone and value != found.base.get(key):
            yield f"{key} holds {_shown(sorted(found.ends))}, which ends an answer", key


def _is_short(item: object) -> bool:
    return isinstance(item, int) or (isinstance(item, list) and len(item) == 1 and isinstance(item[0], int))


def _shown(idents: Iterable[int]) -> str:
    return quoted(", ".join(str(ident) if abs(ident) < 1 << 63 else "…" for ident in list(idents)[:5]))


# ---------------------------------------------------------------------------------------------------------------------
# Numbers
# ---------------------------------------------------------------------------------------------------------------------


def _extreme(found: _Settings) -> Iterator[Finding]:
    for key, (least, most) in _RANGES.items():
        value = found.values.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or value == found.base.get(key):
            continue
        if not least <= value <= most:
            shown = value if isinstance(value, float) or abs(value) < 1 << 63 else "larger than 64 bits"
            yield GENERATION_EXTREME.finding(f"{key} is {shown}", file=found.file, json_path=f"$.{key}")


GENERATION = Check("generation", (GENERATION_STEERED, GENERATION_ENDLESS, GENERATION_EXTREME), _run)
