"""`provenance policy`: what a policy says, and whether it is valid."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date

from provenance.errors import one_line


def show(name: str) -> str:
    """The policy as it will be judged, complete and with its digest, as TOML that can be used as a policy file."""
    from provenance.checks import RULES
    from provenance.trust.policy import load, refuse_unknown_rules

    loaded = load(name)
    refuse_unknown_rules(loaded, RULES)
    head = f"# {one_line(loaded.source)}, policy digest sha256:{loaded.sha256}\n"
    tree = loaded.policy.model_dump(by_alias=True, exclude_none=True, exclude={"extends"})
    return head + "\n".join(_toml(tree)) + "\n"


def describe(name: str) -> str:
    """One line about a valid policy; raises `UsageError` for any other."""
    from provenance.pipeline.trusted import trust

    trusted = trust(name, (), ())
    signers = ", ".join(signer.name for signer in trusted.signers) or "none named"
    return one_line(f"{trusted.policy.name}: valid; signers: {signers}; policy digest sha256:{trusted.policy.sha256}")


def _toml(table: Mapping[str, object], path: str = "") -> Iterator[str]:
    """The lines of a table: its own values first, as TOML asks, then the tables within."""
    for key, value in table.items():
        if not _is_table(value):
            yield f"{key} = {_value(value)}"
    for key, value in table.items():
        place = f"{path}{key}"
        if isinstance(value, Mapping):
            if any(not _is_table(inner) for inner in value.values()):
                yield f"\n[{place}]"
            yield from _toml(value, place + ".")
        elif _is_table(value) and isinstance(value, list | tuple):
            for row in value:
                yield f"\n[[{place}]]"
                yield from _toml(row, place + ".")


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(row, Mapping) for row in value)
    )


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return _string(value) if isinstance(value, str) else str(value)


def _string(text: str) -> str:
    """A TOML basic string; what a terminal would not show as it is, is escaped."""
    quoted = json.dumps(str(text), ensure_ascii=False)
    return "".join(c if one_line(c) == c else f"\\U{ord(c):08x}" for c in quoted)
