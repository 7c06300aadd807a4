"""Items whose answer is not the one owed, and why. docs/corpus.md shows them."""

from __future__ import annotations

_UNREAD = "The file is broken, and taken for one that this version does not read: undecided."

KNOWN: dict[str, str] = {
    "other-npy-shape": _UNREAD,
    "other-onnx-length": _UNREAD,
    "other-onnx-offset": _UNREAD,
    "template-in-ollama-template": "The TEMPLATE of a Modelfile is written in Go's language, which is not read.",
}
