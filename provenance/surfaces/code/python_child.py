"""What a Python source would reach for, from its syntax tree.

Runs in a sandbox's child, because even parsing hostile source can take a process down. Nothing is compiled to code,
imported or run.
"""

from __future__ import annotations

import ast
import codecs
import re
import unicodedata
import warnings
from collections import Counter
from contextlib import suppress

from provenance.surfaces.code.reaching import Analysis, Seen

MAX_FEATURES = 40
"""Features of one kind in one source; the first ones, by line. None crowds out those of another kind."""
_JOINED = r"\u0600-\u06ff\u0900-\u0dff\u2190-\u3299\ufe0f\U0001f000-\U0001faff"
"""Arabic, the scripts of India, symbols and emoji are joined, or kept apart, by U+200C and U+200D."""
_HIDDEN = re.compile(
    r"[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u2060-\u2064\ufeff\U000e0000-\U000e007f]"
    rf"|(?<![{_JOINED}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINED}])"
)
_FAR_RIGHT = re.compile(r"[^\n]*?[ \t]{120,}(?!\s|\\$|#)")

_ENCODING = re.compile(r"(?:[^\n]*\n)?[ \t\f]*#[^\n]{0,200}?coding[:=][ \t]*([-\w.]+)")
_PLAIN_ENCODINGS = frozenset({"utf-8", "utf8", "ascii", "us-ascii", "latin-1", "iso-8859-1", "utf-8-unix", "cp1252"})
_SPELT_OUT = re.compile(
    r"^[^#]{0,200}?(?:\b__import__\b|\b(?:eval|exec|compile)\s*\(|\bos\s*\.\s*(?:system|popen|exec|spawn)|\bsubprocess\b"
    r"|\bsocket\b|\bpickle\b|\bctypes\b|\bmarshal\b|\bimportlib\b)"
)

for _codec in ("rot13", "hex", "base64", "zlib", "unicode_escape", "utf-16", "punycode"):
    with suppress(LookupError):
        codecs.lookup(_codec)  # the child can open no file once it is asked


def handle(request: object) -> object:
    """`{"text": …}` to `{"features": [[kind, detail, line], …], "error": …}`."""
    text = request["text"] if isinstance(request, dict) else ""
    return analyse(str(text))


def analyse(text: str) -> dict[str, object]:
    """The features of one source, and why it could not be parsed, where it could not."""
    error, tree = "", None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as failure:
        line = getattr(failure, "lineno", None)
        error = f"it is no Python of this version{f', line {line}' if line else ''}"
    found = [*_of_the_text(text, tree), *(_unparsed(text) if tree is None else Analysis(tree).features(0))]
    unique = sorted(set(found), key=lambda feature: (feature[2], feature[0], feature[1]))
    return {"features": [list(feature) for feature in _first(unique)], "error": error}


def _unparsed(text: str) -> list[Seen]:
    """What is spelt out in a source that only another version of Python reads."""
    found = ((number, _SPELT_OUT.search(line)) for number, line in enumerate(text.split("\n"), 1))
    return [("executes", f"{seen[0]!r} stands in it", number) for number, seen in found if seen]


def _first(found: list[Seen]) -> list[Seen]:
    counts: Counter[str] = Counter()
    kept = []
    for feature in found:
        counts[feature[0]] += 1
        if counts[feature[0]] <= MAX_FEATURES:
            kept.append(feature)
    return kept


def _of_the_text(text: str, tree: ast.AST | None) -> list[Seen]:
    """What shows in the characters, whatever they parse to."""
    names = None if tree is None else _identifiers(tree)
    found: list[Seen] = []
    if (encoding := _ENCODING.match(text)) and encoding[1].lower().replace("_", "-") not in _PLAIN_ENCODINGS:
        found.append(("odd-encoding", f"the source says that it is written in {encoding[1][:40]!r}", 1))
    for number, line in enumerate(text.split("\n"), 1):
        if hidden := _HIDDEN.search(line.removeprefix("\ufeff") if number == 1 else line):
            found.append(("invisible-character", f"U+{ord(hidden[0]):04X} in the source", number))
        if len(line) > 120 and _FAR_RIGHT.match(line):
            found.append(("code-out-of-sight", "code behind more than 120 spaces", number))
        if not line.isascii():
            words = [word for word in re.findall(r"\w+", line) if not word.isascii() and _looks_ascii(word)]
            # Comments and docstrings have formulas: a disguise is one where it is the name of something.
            disguised = [word for word in words if names is None or _plain(word) in names]
            if disguised:
                found.append(("disguised-identifier", f"{disguised[0]!r} reads {_plain(disguised[0])!r}", number))
    return found


def _identifiers(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        names.update(value for _, value in ast.iter_fields(node) if isinstance(value, str) and value.isidentifier())
    return names


def _looks_ascii(word: str) -> bool:
    plain = _plain(word)
    return plain.isascii() and plain.isidentifier() and len(plain) > 2


def _plain(word: str) -> str:
    """As Python reads an identifier."""
    return unicodedata.normalize("NFKC", word)
