"""Facts in a GGUF header: declared base models, licence, chat templates, tokenizer.

No inspector: the header is read and validated before any file is pushed, so the pipeline calls `facts` on it.
Keys as in the GGUF specification, "Standardized key-value pairs".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from provenance.facts import CardFact, Fact
from provenance.records import Header, MetadataValue
from provenance.surfaces.template_text import template
from provenance.surfaces.tokenizer_parts import from_gguf

MAX_BASE_MODELS = 64

_HUB = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([^/?#]+/[^/?#]+)", re.ASCII)
_TEMPLATE = "tokenizer.chat_template"


def facts(header: Header) -> tuple[Fact, ...]:
    """All facts in the metadata of `header`; none where it is not a GGUF's."""
    if header.format != "gguf":
        return ()
    return (_card(header), *_templates(header), *from_gguf(header.file, header.metadata))


def _card(header: Header) -> CardFact:
    metadata = header.metadata
    count = metadata.get("general.base_model.count", 0)
    declared = min(count, MAX_BASE_MODELS) if isinstance(count, int) and count > 0 else 0
    names = (_base_model(metadata, f"general.base_model.{i}.") for i in range(declared))
    return CardFact(header.file, tuple(name for name in names if name), licence=_text(metadata, "general.license"))


def _base_model(metadata: Mapping[str, MetadataValue], prefix: str) -> str:
    """`organisation/name`: from the repository's address where there is one, for the name is written for people."""
    address = _HUB.match(_text(metadata, prefix + "repo_url"))
    if address:
        return address[1]
    organisation, name = _text(metadata, prefix + "organization"), _text(metadata, prefix + "name")
    return f"{organisation}/{name}" if organisation and name else name


def _text(metadata: Mapping[str, MetadataValue], key: str) -> str:
    value = metadata.get(key, "")
    return value if isinstance(value, str) else ""


def _templates(header: Header) -> Iterator[Fact]:
    for key, value in header.metadata.items():
        if isinstance(value, str) and (key == _TEMPLATE or key.startswith(_TEMPLATE + ".")):
            yield template(header.file, value, key.removeprefix(_TEMPLATE).lstrip(".") or "default")
