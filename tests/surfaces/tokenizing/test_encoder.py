"""The encoder agrees with the `tokenizers` library, text for text: ids, and what they decode to."""

from __future__ import annotations

import contextlib
import json
import time
import zlib
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from fixtures.corpus import honest_tokenizers as honest
from fixtures.corpus.repositories import SPECIAL
from fixtures.corpus.repositories import tokenizer as tiny
from provenance.facts import TextFact
from provenance.surfaces import tokenizer_json
from provenance.surfaces.tokenizing.encoder import Encoding, encode
from provenance.surfaces.tokenizing.interface import NotProbed
from provenance.surfaces.tokenizing.texts import TEXTS
from tests.checks.test_charsmap import SENTENCEPIECE, table


def parts(document: str) -> dict[str, TextFact]:
    found = tokenizer_json.read("tokenizer.json", document.encode())
    return {fact.role.partition(":")[2]: fact for fact in found if isinstance(fact, TextFact)}


def agree(made: Any, texts: tuple[str, ...] = TEXTS) -> Encoding:
    """Ours and the library's, both from what the library writes."""
    document = made.to_str()
    made.no_padding()
    made.no_truncation()
    ours = encode(parts(document), texts)
    for text, mine in zip(texts, ours.texts, strict=True):
        theirs = made.encode(text, add_special_tokens=False)
        assert (text, list(mine.ids)) == (text, theirs.ids)
        assert list(mine.tokens) == [made.id_to_token(ident) for ident in theirs.ids]
        assert mine.decoded == made.decode(theirs.ids, skip_special_tokens=False)
    return ours


HONEST: dict[str, Callable[[], Any]] = {
    "bytes": honest._byte_level,
    "split": honest._split,
    "begin": honest._begin,
    "llama2": lambda: honest._sentence_pieces(prepend=True),
    "gemma": lambda: honest._sentence_pieces(prepend=False),
    "unigram": honest._unigram,
    "bert": lambda: honest._word_piece(lowercase=True),
    "bert-cased": lambda: honest._word_piece(lowercase=False),
    "words": honest._word_level,
    "letters": honest._letters,
    "roberta": honest._roberta,
    "tiny": lambda: Tokenizer.from_str(json.dumps(tiny())),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_tokenizers(name: str) -> None:
    made = HONEST[name]()
    made.add_special_tokens(list(SPECIAL))
    agree(made)


def trained(made: Any, trainer: str, **options: Any) -> Any:
    made.train_from_iterator(TEXTS * 3, getattr(trainers, trainer)(show_progress=False, **options))
    return made


def byte_level(*cuts: Any, **model: Any) -> Any:
    """BPE over bytes, trained on the texts themselves, so that most of them become long tokens."""
    made = Tokenizer(models.BPE(**model))
    made.pre_tokenizer = pre_tokenizers.Sequence([*cuts, pre_tokenizers.ByteLevel(False, use_regex=not cuts)])
    made.decoder = decoders.ByteLevel()
    return trained(made, "BpeTrainer", vocab_size=1200, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


_CASES = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_O200K = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_BEFORE = r"[^\r\n\p{L}\p{N}]?"
PATTERNS = {
    "gpt2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "llama3": rf"{_CASES}|{_BEFORE}\p{{L}}+|\p{{N}}{{1,3}}|{_REST}",
    "qwen2": rf"{_CASES}|{_BEFORE}\p{{L}}+|\p{{N}}|{_REST}",
    "qwen35": rf"{_CASES}|{_BEFORE}[\p{{L}}\p{{M}}]+|\p{{N}}"
    r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "o200k": rf"{_BEFORE}{_UPPER}*{_LOWER}+{_CASES}?|{_BEFORE}{_UPPER}+{_LOWER}*{_CASES}?|\p{{N}}{{1,3}}|{_O200K}",
    "tekken": rf"{_BEFORE}{_UPPER}*{_LOWER}+|{_BEFORE}{_UPPER}+{_LOWER}*|\p{{N}}|{_O200K}",
    "cl100k": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    "deepseek3": r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "deepseek-cjk": r"[一-龥\u3040-ゟ\u30a0-ヿ]+",
    "clip": r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    "falcon": r"[0-9][0-9][0-9]",
    "words": r"\w+|[^\w\s]+",
    "not": r"\S+|\D|\W",
    "lines": r"[^\n]+|[\n]+",
    "any": r".{2,}| {2,5}",
}


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_in_use(name: str) -> None:
    agree(byte_level(pre_tokenizers.Split(Regex(PATTERNS[name]), "isolated")))


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("behaviour", ["isolated", "removed", "contiguous", "merged_with_previous", "merged_with_next"])
def test_ways_to_cut(behaviour: str, invert: bool) -> None:
    for pattern in (" ", Regex(r"\s|[aeiou]"), "  "):
        agree(byte_level(pre_tokenizers.Split(pattern, behaviour, invert)))


CUTS: dict[str, list[Any]] = {
    "white": [pre_tokenizers.WhitespaceSplit()],
    "words": [pre_tokenizers.Whitespace()],
    "bert": [pre_tokenizers.BertPreTokenizer()],
    "marks": [pre_tokenizers.Punctuation("contiguous")],
    "digits": [pre_tokenizers.Digits(True), pre_tokenizers.Punctuation()],
    "number": [pre_tokenizers.Digits(False)],
    "delimiter": [pre_tokenizers.CharDelimiterSplit("a")],
    "falcon": [
        pre_tokenizers.Punctuation("contiguous"),
        pre_tokenizers.ByteLevel(True),
        pre_tokenizers.Digits(False),
    ],
}


@pytest.mark.parametrize("name", CUTS)
def test_pre_tokenizers(name: str) -> None:
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Sequence(CUTS[name])
    agree(trained(made, "BpeTrainer", vocab_size=900, special_tokens=["<unk>"]))


@pytest.mark.parametrize("scheme", ["always", "first", "never"])
@pytest.mark.parametrize("split", [False, True])
def test_metaspace(scheme: str, split: bool) -> None:
    for before in ([], [pre_tokenizers.WhitespaceSplit()]):
        made = Tokenizer(models.BPE(unk_token="<unk>"))
        metaspace = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split)
        made.pre_tokenizer = pre_tokenizers.Sequence([*before, metaspace])
        made.decoder = decoders.Metaspace(prepend_scheme=scheme)
        trained(made, "BpeTrainer", vocab_size=700, special_tokens=["<unk>"])
        made.add_tokens([AddedToken("Hi"), AddedToken("yes", normalized=False)])
        agree(made)


NORMALIZERS = {
    "nfc": normalizers.NFC(),
    "nfd": normalizers.NFD(),
    "nfkc": normalizers.NFKC(),
    "nfkd": normalizers.NFKD(),
    "lower": normalizers.Lowercase(),
    "accents": normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()]),
    "strip": normalizers.Strip(left=True, right=True),
    "left": normalizers.Strip(left=True, right=False),
    "replace": normalizers.Replace(Regex(" {2,}"), "▁"),
    "prepend": normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
    "nmt": normalizers.Nmt(),
    "bert": normalizers.BertNormalizer(),
    "bert-accents": normalizers.BertNormalizer(strip_accents=True, lowercase=False, clean_text=False),
    "bert-plain": normalizers.BertNormalizer(handle_chinese_chars=False, strip_accents=False),
    "bytes": normalizers.ByteLevel(),
}


@pytest.mark.parametrize("name", NORMALIZERS)
def test_normalizers(name: str) -> None:
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.normalizer = NORMALIZERS[name]
    trained(made, "BpeTrainer", vocab_size=700, special_tokens=["<unk>"])
    made.add_tokens(["Hi", "Z\u00fcrich", "user", "<|end|>", AddedToken("<mask>", lstrip=True, rstrip=True)])
    agree(made)


FLAGS = [
    {"lstrip": True},
    {"rstrip": True},
    {"single_word": True},
    {"normalized": False},
    {"lstrip": True, "rstrip": True},
]


@pytest.mark.parametrize("flags", FLAGS, ids=str)
def test_added_tokens(flags: dict[str, bool]) -> None:
    made = byte_level()
    made.add_tokens(
        [AddedToken(token, **flags) for token in ("no", "<|im_end|>", "<|im", "user\n", "a", "\u00e9", "ab")]
    )
    made.add_special_tokens([AddedToken("<think>", **flags), "</think>"])
    agree(made, (*TEXTS, "a no  no know no.no abab  ab", "no", " no ", "no no", "<|im_end|><|im_end|>"))


def test_the_vocabulary_says_which_id_an_added_token_has() -> None:
    value: Any = tiny()
    plain = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)
    value["added_tokens"] = [{"id": 999, "content": "yes", **plain}]
    theirs = Tokenizer.from_str(json.dumps(value))
    ours = encode(parts(json.dumps(value)), TEXTS[:2])
    assert [list(text.ids) for text in ours.texts] == [theirs.encode(text).ids for text in TEXTS[:2]]


MODELS: dict[str, Callable[[], Any]] = {
    "fallback": lambda: trained(
        Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>")), "BpeTrainer", vocab_size=400,
        special_tokens=["<unk>", *(f"<0x{byte:02X}>" for byte in range(250))], limit_alphabet=60,
    ),
    "no-unknown": lambda: trained(Tokenizer(models.BPE()), "BpeTrainer", vocab_size=200, limit_alphabet=40),
    "unknown": lambda: trained(
        Tokenizer(models.BPE(unk_token="[U]")), "BpeTrainer", vocab_size=200, limit_alphabet=40, special_tokens=["[U]"]
    ),
    "fused": lambda: trained(
        Tokenizer(models.BPE(unk_token="[U]", fuse_unk=True)), "BpeTrainer", vocab_size=200, limit_alphabet=40,
        special_tokens=["[U]"],
    ),
    "whole": lambda: byte_level(ignore_merges=True),
    "suffix": lambda: trained(
        Tokenizer(models.BPE(unk_token="[U]", end_of_word_suffix="</w>")), "BpeTrainer", vocab_size=900,
        end_of_word_suffix="</w>", special_tokens=["[U]"],
    ),
    "unigram": lambda: trained(
        Tokenizer(models.Unigram()), "UnigramTrainer", vocab_size=900, unk_token="<unk>", special_tokens=["<unk>"]
    ),
}  # fmt: skip
DECODERS = {
    "none": None,
    "bytes": decoders.ByteLevel(),
    "pieces": decoders.WordPiece(),
    "fallback": decoders.Sequence([decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]),
    "replace": decoders.Sequence([decoders.Replace("e", "<e>"), decoders.Replace(Regex(r"\d+"), "#")]),
    "suffix": decoders.BPEDecoder("</w>"),
    "speech": decoders.CTC("a", " ", True),
    "metaspace": decoders.Metaspace("e", "always", False),
}


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("model", MODELS)
def test_models_and_decoders(model: str, decoder: str) -> None:
    made = MODELS[model]()
    if DECODERS[decoder] is not None:
        made.decoder = DECODERS[decoder]
    agree(made)


def test_unigram_with_bytes_to_fall_back_on() -> None:
    pieces = [
        ("<unk>", 0.0),
        *((f"<0x{byte:02X}>", -9.0) for byte in range(256)),
        ("yes", -1.5),
        ("e", -2.0),
        ("s", -2.5),
    ]
    made = Tokenizer(models.Unigram([*pieces, ("no no", -1.0), (" ", -3.0)], 0, byte_fallback=True))
    made.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    agree(made)


def test_unigram_whose_unknown_token_no_text_holds() -> None:
    made = Tokenizer(models.Unigram([("a", -1.0), ("\u2047nothing", 0.0)], 1))
    made.decoder = decoders.Fuse()
    assert "\u2047nothing" in agree(made).texts[0].decoded


def test_words_too_long() -> None:
    vocabulary = {"[UNK]": 0, "a": 1, "##b": 2, "##ab": 3, "abab": 4}
    made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=6))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    agree(made, ("ab abab aab ababab abababab b c ac",))


def test_what_is_unknown_stays_behind_bytes_one_at_a_time() -> None:
    vocabulary = {"<unk>": 0, "<0x61>": 1, "b": 2}
    for fuses in (False, True):
        made = Tokenizer(models.BPE(vocabulary, [], unk_token="<unk>", byte_fallback=True, fuse_unk=fuses))
        agree(made, ("xaxab", "xxaaxxab", "axa"))


def test_words_without_fractions() -> None:
    made = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    agree(trained(made, "BpeTrainer", vocab_size=900, end_of_word_suffix="</w>", special_tokens=["<unk>"]))


REFUSED = [
    {"added_tokens": [{"id": 999, "content": "\u00df", "single_word": True}], "model": {
        "type": "BPE", "vocab": {"a": 0, "<unk>": 1}, "merges": [], "unk_token": "<unk>",
    }, "pre_tokenizer": None},
    {"normalizer": {"type": "Prepend", "prepend": "x"},
     "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first"}},
    {"pre_tokenizer": {"type": "UnicodeScripts"}},
    {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a+)+b"}, "behavior": "Isolated", "invert": False}},
    {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": r"\p{Han}+"}, "behavior": "Isolated", "invert": False}},
    {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[a&&b]"}, "behavior": "Isolated", "invert": False}},
    {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": ".*.*.*x"}, "behavior": "Isolated", "invert": False}},
    {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(?<=a)b"}, "behavior": "Isolated", "invert": False}},
    {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Sideways", "invert": False}},
    {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits"}] * 99}},
    {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": "yes"}},
    {"normalizer": {"type": "Elsewhere"}},
    {"normalizer": {"type": "Replace", "pattern": {"String": "e"}, "content": "e" * 600}},
    {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "////"}},
    {"normalizer": [1]},
    {"decoder": {"type": "Elsewhere"}},
    {"added_tokens": [{"id": "1", "content": "a"}]},
    {"added_tokens": [{"id": n, "content": "a" * 600 + str(n)} for n in range(999, 1099)]},
    {"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]}},
    {"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b c"]}},
    {"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": 0.1}},
    {"model": {"type": "WordLevel", "vocab": {"a": 0}}},
    {"model": {"vocab": {"a": 0}}},
    {"model": {"type": "Unigram", "vocab": [["a", -1.0]], "unk_id": 7}, "added_tokens": []},
    {"model": {"type": "Unigram", "vocab": [["a", -1.0], ["", -2.0]], "unk_id": 0}, "added_tokens": []},
]  # fmt: skip


@pytest.mark.parametrize("change", REFUSED, ids=lambda change: str(change)[:70])
def test_what_is_not_known_is_said(change: dict[str, Any]) -> None:
    with pytest.raises(NotProbed):
        encode(parts(json.dumps({**tiny(), **change})), (*TEXTS, "ab"))


def test_merges_with_quotes_and_spaces() -> None:
    tokens = ['"', " ", "a", "\\", '" ', '" "', ' "', '\\"', '" "a']
    merges = [('"', " "), ('" ', '"'), (" ", '"'), ("\\", '"'), ('" "', "a")]
    made = Tokenizer(models.BPE({token: ident for ident, token in enumerate(tokens)}, merges))
    agree(made, ('" "a', '\\" "', '"" " a "'))


def test_a_compiled_table() -> None:
    rules = {
        "A": "a",
        "\u00c5": "a",
        "e\u0301": "e",
        "\ufb01": "fi",
        "\u3000": " ",
        "\u200b": "",
        "\r\n": "\n",
        "sa": "x",
    }
    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.normalizer = normalizers.Sequence([normalizers.Precompiled(b64decode(table(rules)))])
    agree(trained(made, "BpeTrainer", vocab_size=600, special_tokens=["<unk>"]))
    written = zlib.decompress(b64decode(SENTENCEPIECE))
    made.normalizer = normalizers.Precompiled(written)
    agree(made, (*TEXTS, "safe And sa"))


def _step(kind: str, pattern: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "pattern": {"Regex": pattern}, "content": "", "behavior": "Isolated", **more}


_PLAIN = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": False}
_LONG = {"type": "Prepend", "prepend": "a" * 500}
_CHAIN = [("a" * 2**i, "a" * 2**i) for i in range(9)]
COSTLY: dict[str, dict[str, Any]] = {
    "classes": {
        "pre_tokenizer": {
            "type": "Sequence", "pretokenizers": [_step("Split", r"[^\p{L}]" * 400 + str(i)) for i in range(32)],
        },
    },
    "added tokens": {
        "added_tokens": [{"id": i, "content": chr(0x4E00 + i), **_PLAIN} for i in range(20_000)],
        "normalizer": {"type": "Sequence", "normalizers": [_LONG, *[{"type": "BertNormalizer"}] * 31]},
    },
    "lengths": {"added_tokens": [{"id": i, "content": "a" * i, **_PLAIN, "normalized": False} for i in range(1, 2000)]},
    "merges": {
        "normalizer": _LONG, "pre_tokenizer": None,
        "model": {
            "type": "BPE", "merges": _CHAIN,
            "vocab": {**{"a" * 2**i: i for i in range(10)}, **{chr(i): i for i in range(32, 127) if chr(i) != "a"}},
        },
    },
    "pieces": {
        "normalizer": _LONG, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
        "model": {"type": "Unigram", "unk_id": 0, "vocab": [["a" * i, -1.0] for i in range(1, 640)]},
    },
    "words": {
        "normalizer": _LONG, "pre_tokenizer": None,
        "model": {
            "type": "WordPiece", "unk_token": "a", "continuing_subword_prefix": "", "max_input_chars_per_word": 10**9,
            "vocab": {"a": 0, "aa": 1},
        },
    },
    "decoder": {
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "e"}, "content": "e" * 600}, *[{"type": "ByteLevel"}] * 31,
        ]},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", COSTLY)
def test_what_costs_much_is_given_up(name: str) -> None:
    given = parts(json.dumps({**tiny(), **COSTLY[name]}))
    start = time.process_time()
    with contextlib.suppress(NotProbed):
        encode(given, TEXTS)
    assert time.process_time() - start < 15
