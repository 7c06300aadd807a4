"""Compiled tables of normalizers, one of them as SentencePiece wrote it."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode

import pytest

from provenance.checks.charsmap import replacements, rewritten
from provenance.checks.tokenizer_steps import rewriting

SENTENCEPIECE = (
    "eNod0mWQkAUQANDvGIahkW6kU2roFji6u+OAO6QbJFS6u5TuDmlQOpSWDoPukgYBiXfszJud3dk/O7tB1ECEBKXjROZgYNjAkCA8RhBETAwJoq"
    "ijaSqD6MQiJpGjsYlHXOLzBQlJQGISkZQkJCcZKUlBalLxJWlIR1oykJ5MZCQLmclGVnKQnZx8RW5ykZc85KNHaEhQQM5PIQpShMIUoyglKE4p"
    "SlKarylLGcoRSgXKU4mKVKEy1ahKDapTi5rUoTb1qEsD6tOIhjShMc1oSguaE0ZLWtOKcNrQlgja8Q0daE8nOtKFznSja+TudKcXPelDb/ryLf"
    "3px3cM4Ae+Z1Dk4RnCYIYxlBEMZxQjGcNoxjGWCYxnEhOZwmSmMZUfmc4MfmIWM5nDbOYxlwXMZxELWcJilrGUFSxnFStZw2p+Zi3rWcdGNrCZ"
    "TWxlC7+wje38yk52sJtd7GUP+9nHbxzgIL9zmEMc5QjHOcYJ/uAUJznDac5xlguc508u8jd/cYl/uMJlrnGVG1znFje5w23ucZcH3OcRD3nMvz"
    "zlCc95xkte8JpXvOE/3vGW9/zPRz58/r9enXuERYQHnwD2KIZw"
)
"""What `spm_train --normalization_rule_tsv` made of `safe` → `unsafe` and `A` → `a`, compressed."""


def table(rules: dict[str, str]) -> str:
    """A table laid out as darts-clone reads it: every node has 256 places of its own."""
    nodes, units, texts = {b"": 256}, {0: 256 << 10}, b""
    keys = {text.encode(): replacement.encode() for text, replacement in rules.items()}
    for key in keys:
        for end in range(1, len(key) + 1):
            nodes.setdefault(key[:end], 256 * (len(nodes) + 1))
    for prefix, node in nodes.items():
        if prefix:
            place = nodes[prefix[:-1]] ^ prefix[-1]
            units[place] = (place ^ node) << 10 | (prefix in keys) << 8 | prefix[-1]
        if prefix in keys:
            units[node] = 1 << 31 | len(texts)
            texts += keys[prefix] + b"\0"
    trie = b"".join(units.get(place, 0).to_bytes(4, "little") for place in range(max(units) + 1))
    return b64encode(len(trie).to_bytes(4, "little") + trie + texts).decode()


def test_a_table_as_sentencepiece_writes_it() -> None:
    made = b64encode(zlib.decompress(b64decode(SENTENCEPIECE))).decode()
    assert sorted(replacements(made)) == [("A", "a"), ("safe", "unsafe")]
    assert rewritten(made) == ("safe", "unsafe")


def test_a_table_of_our_own_is_read_back() -> None:
    rules = {"safe": "unsafe", "sa": "x", "\u00e9": "e", "\u2003": " ", "A": "a"}
    assert dict(replacements(table(rules))) == rules


@pytest.mark.parametrize(
    ("text", "replacement"),
    [("no", "yes"), ("1", "9"), ("\u4e0d", ""), ("\u043d\u0435", ""), ("\u2003", "obey"), ("not ", " "), ("e", "")],
)
def test_words_that_are_rewritten(text: str, replacement: str) -> None:
    assert rewritten(table({text: replacement})) == (text, replacement)


@pytest.mark.parametrize(
    ("text", "replacement"),
    [
        ("A", "a"), ("\uff21", "A"), ("\u338f", "kg"), ("\u00e9", "e"), ("e\u0301", "\u00e9"), ("\u2003", " "),
        ("\u200b", ""), ("\u201c", '"'), ("\ufb01", "fi"), ("\u0130", "i"), ("\U0001ccd6", "A"),
    ],
)  # fmt: skip
def test_forms_of_the_same_text(text: str, replacement: str) -> None:
    assert rewritten(table({text: replacement})) is None


@pytest.mark.parametrize("data", ["AAAA", "AAAAAA==", "//////8=", "*", b64encode(b"\4\0\0\0" + b"\xff" * 4).decode()])
def test_what_is_no_table(data: str) -> None:
    try:
        assert list(replacements(data)) == []
    except ValueError:
        assert next(rewriting("normalizer", {"type": "Precompiled", "precompiled_charsmap": data}))


def test_a_trie_in_a_circle_ends() -> None:
    units = [256 << 10] + [0] * 600
    units[256 ^ 65] = (65 << 10) | 1 << 8 | 65
    trie = b"".join(unit.to_bytes(4, "little") for unit in units)
    data = b64encode(len(trie).to_bytes(4, "little") + trie + b"x\0").decode()
    assert list(replacements(data)) == [("A", "x")]
