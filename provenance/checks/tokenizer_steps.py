"""The steps of a tokenizer.json around its model, and what each of them does to words.

Steps and their members as the `tokenizers` library names them. Honest ones change spaces, Unicode forms, case and
accents; they cut text, and put special tokens around it. What else a step does is said in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from provenance.checks import charsmap
from provenance.checks.interface import quoted
from provenance.checks.settings import words

Step = Mapping[str, object]

_INNER = ("normalizers", "pretokenizers", "decoders", "processors")
_TEXT = words("NFC NFD NFKC NFKD Nmt Precompiled Lowercase StripAccents BertNormalizer Strip ByteLevel Replace Prepend")
_CUTS = words(
    "ByteLevel Metaspace Split Whitespace WhitespaceSplit BertPreTokenizer Digits Punctuation CharDelimiterSplit "
    "UnicodeScripts FixedLength"
)
_ANSWERS = words("ByteLevel WordPiece ByteFallback Fuse Metaspace BPEDecoder CTC Strip Replace")
_KNOWN = {"normalizer": _TEXT, "pre_tokenizer": _CUTS, "decoder": _ANSWERS}

_BLANK = re.compile("[\\s\u2581\u0120\u010a|`'\"\u201c\u201d\u2018\u2019]*")
"""What text may lose, gain or swap without another meaning: spaces, their signs, quotes."""
_BLANK_REGEX = re.compile(
    r"(?:\\[snrtvfh]|\\x[01][0-9a-fA-F](?:-\\x[01][0-9a-fA-F])?|\\u20[0-2][0-9a-fA-F](?:-\\u20[0-2][0-9a-fA-F])?"
    r"|\\uFEFF|\\p\{(?:Z[slp]?|C[cf]?|M[nce]?)\}|\[(?!\^)|[\])+*?^$ \t\n\r\u2581`'\"|]|\{\d{0,4},?\d{0,4}\}|\("
    r"(?:\?<?[:=!])?)*"
)
"""A pattern that finds nothing else: classes of spaces, controls and accents, their repetition, what stands around."""
_PIECES = frozenset({"</w>", "##", " ##", "@@", "@@ ", "<n>"})
"""Signs that vocabularies of old write at the edges of words, and for a line end."""


def steps(value: object) -> list[Step]:
    """The steps of a part one after another, out of the sequences that they stand in."""
    if not isinstance(value, dict):
        return []
    if value.get("type") != "Sequence":
        return [value]
    inner: list[object] = next((value[key] for key in _INNER if isinstance(value.get(key), list)), [])
    return [step for part in inner for step in steps(part)]


def rewriting(part: str, value: object) -> Iterator[str]:
    """What the steps of `part` do to words, in plain words; nothing where they leave them alone."""
    for step in steps(value):
        kind = step.get("type")
        if kind not in _KNOWN[part]:
            yield f"a step of a kind that is not known, {quoted(kind)}"
        elif kind == "Replace" and not _is_blank_replacement(step):
            yield f"{quoted(_pattern(step))} becomes {quoted(step.get('content'))}"
        elif kind == "Prepend" and not _is_blank(step.get("prepend")):
            yield f"{quoted(step.get('prepend'))} is put before every text"
        elif kind == "Precompiled":
            yield from _compiled(step)
        elif part == "pre_tokenizer":
            yield from _dropped(step)
        elif part == "decoder":
            yield from _taken_off(step)


def _compiled(step: Step) -> Iterator[str]:
    table = step.get("precompiled_charsmap")
    if not table:
        return
    try:
        found = charsmap.rewritten(str(table))
    except ValueError as error:
        yield f"a compiled table that cannot be read: {quoted(error)}"
        return
    if found is not None:
        yield f"{quoted(found[0])} becomes {quoted(found[1])}"


def _dropped(step: Step) -> Iterator[str]:
    if step.get("type") == "Split" and step.get("behavior") == "Removed":
        pattern = _pattern(step)
        if step.get("invert") is True:
            kept = all(
                any(sign in pattern for sign in signs) for signs in (("\\p{L}", "\\w"), ("\\p{N}", "\\w"), ("[^",))
            )
        else:
            kept = _is_blank_pattern(step)
        if not kept:
            yield f"what {'does not match' if step.get('invert') is True else 'matches'} {quoted(pattern)} is dropped"
    if step.get("type") == "Punctuation" and step.get("behavior") == "Removed":
        yield "punctuation is dropped"
    if step.get("type") == "CharDelimiterSplit" and not _is_blank(step.get("delimiter")):
        yield f"{quoted(step.get('delimiter'))} is dropped"


def _taken_off(step: Step) -> Iterator[str]:
    kind = step.get("type")
    if kind == "Strip" and not _is_blank(step.get("content")):
        yield f"{quoted(step.get('content'))} is taken off"
    sign = {"WordPiece": "prefix", "BPEDecoder": "suffix", "CTC": "pad_token"}.get(str(kind))
    if sign is not None and str(step.get(sign, "")).isalnum():
        yield f"{quoted(step.get(sign))} is taken out of words"


def _pattern(step: Step) -> str:
    """The text or regular expression that a step looks for."""
    pattern = step.get("pattern")
    return str(next(iter(pattern.values()), "")) if isinstance(pattern, dict) else str(pattern)


def _is_blank_replacement(step: Step) -> bool:
    """Spaces and their signs for one another; signs of word pieces for a space, or for nothing."""
    content = step.get("content")
    if _pattern(step) in _PIECES:
        return _is_blank(content)
    return _is_blank_pattern(step) and (_is_blank(content) or content in _PIECES)


def _is_blank_pattern(step: Step) -> bool:
    pattern = step.get("pattern")
    blank = _BLANK_REGEX if isinstance(pattern, dict) and "Regex" in pattern else _BLANK
    return blank.fullmatch(_pattern(step)) is not None


def _is_blank(text: object) -> bool:
    return isinstance(text, str) and _BLANK.fullmatch(text) is not None and len(text) <= 8


# ---------------------------------------------------------------------------------------------------------------------
# Post-processors
# ---------------------------------------------------------------------------------------------------------------------


def inserted(value: object) -> Iterator[tuple[str, int]]:
    """(token, id) of everything that a post-processor puts around texts."""
    for step in steps(value):
        if step.get("type") == "TemplateProcessing":
            yield from _from_template(step)
        for key in ("sep", "cls"):
            pair = step.get(key)
            if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], int):
                yield str(pair[0]), pair[1]


def forgets_text(value: object) -> bool:
    """Whether a template has no place for the text that it goes around."""
    for step in steps(value):
        single = step.get("single")
        if step.get("type") == "TemplateProcessing" and isinstance(single, list):
            texts = [piece.get("Sequence") for piece in single if isinstance(piece, dict)]
            if not any(isinstance(text, dict) and text.get("id") == "A" for text in texts):
                return True
    return False


def _from_template(step: Step) -> Iterator[tuple[str, int]]:
    """As often as each of them is put into one text."""
    named = step.get("special_tokens")
    single = step.get("single")
    for piece in single if isinstance(single, list) else []:
        token = piece.get("SpecialToken") if isinstance(piece, dict) else None
        entry = named.get(token.get("id")) if isinstance(token, dict) and isinstance(named, dict) else None
        if isinstance(entry, dict):
            ids, tokens = entry.get("ids"), entry.get("tokens")
            if isinstance(ids, list) and isinstance(tokens, list):
                yield from ((str(t), i) for t, i in zip(tokens, ids, strict=False) if isinstance(i, int))


# ---------------------------------------------------------------------------------------------------------------------
# The same in effect
# ---------------------------------------------------------------------------------------------------------------------


def effect(part: str, value: object) -> list[dict[str, object]]:
    """The steps without what changes no token and no text: writers differ in it."""
    found: list[dict[str, object]] = []
    for step in steps(value):
        kind = step.get("type")
        if part == "post_processor" and kind == "ByteLevel":
            continue  # it moves offsets alone
        kept = {key: item for key, item in step.items() if key != "trim_offsets"}
        if part == "decoder" and kind == "ByteLevel":
            kept = {"type": kind}
        if kind == "Metaspace":
            kept = _metaspace(step)
        found.append(kept)
    return found


def _metaspace(step: Step) -> dict[str, object]:
    """Older writers said whether a space is put in front, newer ones when."""
    scheme = step.get("prepend_scheme") or ("never" if step.get("add_prefix_space") is False else "always")
    replacement, split = step.get("replacement"), step.get("split", True)
    return {"type": "Metaspace", "replacement": replacement, "prepend_scheme": scheme, "split": split}
