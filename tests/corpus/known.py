"""Items whose answer is not the one owed, and why. docs/corpus.md shows them."""

from __future__ import annotations

_DEFAULT = (
    "What a default system prompt says is its author's to choose; one without words of an order is not told apart."
)

KNOWN: dict[str, str] = {
    "template-later-default-german": _DEFAULT,
    "template-later-default-german-base": f"{_DEFAULT} With a base it is a warning.",
    "template-later-tool-result-as-user": "Models without a role for tools have their answers as a user's turn.",
}
