"""A policy by its name or path: what it extends, the keys it names, and one digest over all of that.

**Policy digest.** The plain SHA-256 of the policy file where that is all there is: `sha256sum policy.toml`. Where a
policy also rests on a built-in one (`extends`) or on key files (`public-key` as a path), it is the SHA-256 of lines as
`sha256sum` writes them, `<sha256>  builtin:NAME`, `<sha256>  policy` and `<sha256>  signer:NAME`, in this order,
signers sorted by name. So whatever decides a verdict is in the digest that the verdict shows.

Nothing is read but what the caller and the policy name: no configuration in the working folder, none beside the model.
"""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from provenance.documents.complaint import did_you_mean
from provenance.documents.files import read_bytes
from provenance.documents.policy import MAX_BYTES, PRESETS, Policy, read, validate
from provenance.errors import LimitExceeded, UsageError

BUILTIN = "builtin:"
MAX_KEY_BYTES = 64 * 1024
_PEM = "-----BEGIN "


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """A policy as it will be applied."""

    policy: Policy
    """Complete: tables that the file leaves out are filled in."""
    name: str
    """As verdicts call it."""
    sha256: str
    """The policy digest."""
    source: str
    """`builtin:NAME`, or the path it was read from."""
    keys: Mapping[str, bytes]
    """Signer's name to the PEM of its public key, not yet parsed."""


def load(name_or_path: str) -> LoadedPolicy:
    """The built-in policy of this name (`strict`, `builtin:strict`), or the policy file at this path.

    A file that is called like a built-in policy is meant by `./strict`. Raises `UsageError` with the path of the key
    that is wrong.
    """
    name = name_or_path.removeprefix(BUILTIN)
    if name in PRESETS:
        raw = preset(name)
        source = BUILTIN + name
        return LoadedPolicy(validate(read(raw, where=source), where=source), name, _digest([(source, raw)]), source, {})
    if name_or_path.startswith(BUILTIN):
        hint = did_you_mean(name, PRESETS) or f"use one of {', '.join(PRESETS)}"
        raise UsageError(f"there is no built-in policy {name!r}", todo=hint)
    return _load_file(name_or_path)


def preset(name: str) -> bytes:
    """The TOML of a built-in policy, as it lies in the package."""
    return (resources.files("provenance.trust.policy") / "presets" / f"{name}.toml").read_bytes()


def refuse_unknown_rules(loaded: LoadedPolicy, known: Collection[str]) -> None:
    """Raise `UsageError` where the policy speaks of a rule id that is not among `known`: a rule that never applies."""
    for rule in sorted(loaded.policy.rule_ids - {*known}):
        hint = did_you_mean(rule, known) or "provenance explain lists all rules"
        raise UsageError(f"there is no rule `{rule}`", where=loaded.source, todo=hint)


def _load_file(source: str) -> LoadedPolicy:
    path = Path(source)
    raw = _read(path, source)
    tree = read(raw, where=source)
    policy = validate(tree, where=source)  # on its own first, so that an error is about the user's file
    parts = [("policy", raw)]
    if (extends := policy.extends) is not None:
        base = preset(extends.removeprefix(BUILTIN))
        inherited = {key: value for key, value in read(base, where=extends).items() if key != "name"}
        policy = validate({**inherited, **tree}, where=source)
        parts.insert(0, (extends, base))
    keys: dict[str, bytes] = {}
    for name, signer in sorted(policy.signer.items()):
        if signer.public_key.lstrip().startswith(_PEM):
            keys[name] = signer.public_key.encode()
        else:
            keys[name] = _read_key(path.parent / signer.public_key, f"{source}: signer.{name}.public-key")
            parts.append((f"signer:{name}", keys[name]))
    return LoadedPolicy(policy, policy.name or path.name, _digest(parts), source, keys)


def _read(path: Path, source: str) -> bytes:
    try:
        return read_bytes(path, max_bytes=MAX_BYTES)
    except LimitExceeded as error:
        raise UsageError(f"{error.what}, too large for a policy", where=source, todo="check the path") from None
    except UsageError as error:
        near = difflib.get_close_matches(source, PRESETS, n=1)
        hint = f"did you mean the built-in policy {near[0]}?" if near else error.todo
        raise UsageError(f"{error.what} (wanted: a policy)", where=source, todo=hint) from None


def _read_key(path: Path, where: str) -> bytes:
    try:
        return read_bytes(path, max_bytes=MAX_KEY_BYTES)
    except (LimitExceeded, UsageError) as error:
        todo = "write the path as seen from the policy file, or the PEM text itself"
        raise UsageError(f"{path}: {error.what}", where=where, todo=todo) from None


def _digest(parts: list[tuple[str, bytes]]) -> str:
    if len(parts) == 1:
        return hashlib.sha256(parts[0][1]).hexdigest()
    lines = "".join(f"{hashlib.sha256(data).hexdigest()}  {label}\n" for label, data in parts)
    return hashlib.sha256(lines.encode()).hexdigest()
