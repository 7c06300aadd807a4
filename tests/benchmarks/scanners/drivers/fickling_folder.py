"""Runs fickling on every pickle and zip of a folder, routed as its own scan of a Hub repository routes them.

Run by fickling's own Python. Nothing is unpickled: fickling interprets symbolically.
"""

from __future__ import annotations

import importlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

RAW = {".pkl", ".pickle", ".dill", ".joblib", ".bin", ".pt", ".pth", ".ckpt"}


def results(loader: Any, path: Path) -> list[Any]:
    """What fickling says of the members of a zip, or of a raw pickle."""
    if zipfile.is_zipfile(path):
        return list(loader.scan_zip_archive(str(path), graceful=True).values())
    return [loader.scan_file(str(path), graceful=True)]


def main() -> None:
    """Prints one JSON object."""
    loader = importlib.import_module("fickling.loader")
    severity = importlib.import_module("fickling.analysis").Severity
    root = Path(sys.argv[1])
    findings, read = [], False
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as stream:
            pickled = stream.read(1) == b"\x80"
        if not pickled and path.suffix.lower() not in RAW and not zipfile.is_zipfile(path):
            continue
        for result in results(loader, path):
            read = True
            if result.severity > severity.LIKELY_SAFE:
                findings.append(f"{result.severity.name} {path} {' '.join(result.errors)}"[:300])
    sys.stdout.write(json.dumps({"findings": findings, "read": read}))


if __name__ == "__main__":
    main()
