"""Items whose answer is not the one owed, and why. docs/corpus.md shows them."""

from __future__ import annotations

KNOWN: dict[str, str] = {
    "template-in-ollama-template": "The TEMPLATE of a Modelfile is written in Go's language, which is not read.",
}
