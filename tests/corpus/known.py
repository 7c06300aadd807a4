"""Items whose answer is not the one owed, and why. docs/corpus.md shows them."""

from __future__ import annotations

KNOWN: dict[str, str] = {}
