"""skops: objects as JSON in a zip, each with the module and class that its reader imports. A pickle in other words."""

from __future__ import annotations

import json

from provenance.facts import Flaw, PickleFact, Reference

MAX_REFERENCES = 1000


def skops_references(file: str, member: str, raw: bytes) -> list[PickleFact]:
    """What `schema.json` imports, as a pickle's imports; nothing where it is no schema of skops."""
    if b'"__loader__"' not in raw:
        return []
    try:
        waiting: list[object] = [json.loads(raw)]
    except (ValueError, RecursionError):
        flaw = Flaw("broken-stream", "the schema of skops cannot be read")
        return [PickleFact(file, member, 0, len(raw), 0, (), (flaw,), complete=False)]
    found: set[tuple[str, str]] = set()
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            waiting += item.values()
            module, name = item.get("__module__"), item.get("__class__")
            if isinstance(module, str) and isinstance(name, str):
                found.add((module[:200], name[:200]))
    references = tuple(Reference(module, name, 0, called=True) for module, name in sorted(found)[:MAX_REFERENCES])
    return [PickleFact(file, member, 0, len(raw), 0, references)]
