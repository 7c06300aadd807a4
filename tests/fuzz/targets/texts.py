"""Documents of a model: JSON of both tempers, tokenizers, the card."""

from __future__ import annotations

import json

from provenance.documents import strict_json
from provenance.errors import CouldNotLook
from provenance.reading.formats import bounded_json
from provenance.surfaces import lenient_json, template_text, tokenizer_json
from provenance.surfaces.inspectors.card import front_matter
from tests.fuzz.targets.interface import Target


def read_strict_json(data: bytes) -> None:
    """JSON that only one reading is possible of."""
    try:
        strict_json.loads(data)
    except strict_json.StrictJsonError:
        return


def read_bounded_json(data: bytes) -> None:
    """JSON of weight files."""
    try:
        bounded_json.parse(data, "m.safetensors")
    except CouldNotLook:
        return


def read_lenient_json(data: bytes) -> None:
    """JSON as loaders see it, and the templates in it."""
    fact = lenient_json.read("tokenizer_config.json", data)
    value = fact.value.get("chat_template") if isinstance(fact.value, dict) else None
    list(template_text.templates_in(fact.file, value))


def read_tokenizer(data: bytes) -> None:
    """`tokenizer.json`, in one pass and without a tree of all of it."""
    tokenizer_json.read("tokenizer.json", data)


def read_card(data: bytes) -> None:
    """The front matter of `README.md`."""
    front_matter("README.md", data)


_CONFIG = {
    "chat_template": [{"name": "default", "template": "{{ messages }}"}, {"name": "tool", "template": "x"}],
    "a": [1, -2.5, 1e10, None, True, "ä\u0001", {"b": {}}], "added_tokens_decoder": {"0": {"content": "<s>"}},
}  # fmt: skip
_TOKENIZER = {
    "version": "1.0",
    "added_tokens": [{"id": 0, "content": "<s>", "special": True}, {"id": 1, "content": "ä"}],
    "normalizer": {"type": "NFC"}, "pre_tokenizer": None,
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b", ["a", "b"]]},
    "decoder": {"type": "ByteLevel"},
}  # fmt: skip
_UNIGRAM = {"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.5]]}, "added_tokens": []}
_CARD = b"---\nlicense: mit\nbase_model:\n- a/b\n- c/d\nbase_model_relation: merge\ntags: [x, 'y']\n---\n# A\n"


def _json() -> tuple[bytes, ...]:
    return json.dumps(_CONFIG).encode(), json.dumps(_CONFIG, indent=2, ensure_ascii=False).encode()


def _tokenizers() -> tuple[bytes, ...]:
    return json.dumps(_TOKENIZER).encode(), json.dumps(_TOKENIZER, indent=1).encode(), json.dumps(_UNIGRAM).encode()


TEXTS = (
    Target("strict-json", read_strict_json, _json),
    Target("bounded-json", read_bounded_json, _json),
    Target("lenient-json", read_lenient_json, _json),
    Target("tokenizer-json", read_tokenizer, _tokenizers),
    Target("card", read_card, lambda: (_CARD,)),
)
