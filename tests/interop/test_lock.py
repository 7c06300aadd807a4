"""The lock file of what `make interop` installs."""

from __future__ import annotations

import json
from pathlib import Path


def test_the_lock_names_no_other_registry() -> None:
    """Where a package comes from is the reader's business; its digest is in the lock."""
    lock = json.loads((Path(__file__).parent / "package-lock.json").read_bytes())["packages"]
    assert lock.pop("")
    for package in lock.values():
        assert "resolved" not in package
        assert package["integrity"].startswith("sha512-")
    assert lock["node_modules/@sigstore/verify"]["version"] == "4.1.3"
