"""Runs modelaudit-picklescan, which is a library, on every pickle and zip of a folder.

Run by the library's own Python, without the call graph that reads the host's packages, so that a result is the same
on every host.
"""

from __future__ import annotations

import importlib
import json
import sys
import zipfile
from pathlib import Path

RAW = {".pkl", ".pickle", ".dill", ".joblib", ".bin", ".pt", ".pth", ".ckpt", ".npy"}


def main() -> None:
    """Prints one JSON object."""
    scanner = importlib.import_module("modelaudit_picklescan").PickleScanner()
    root = Path(sys.argv[1])
    findings: list[str] = []
    complete: list[bool] = []
    for path in sorted(root.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as stream:
            pickled = stream.read(1) == b"\x80"
        if not pickled and path.suffix.lower() not in RAW and not zipfile.is_zipfile(path):
            continue
        report = scanner.scan_file(path, enrich_call_graph=False)
        complete.append(report.status.value == "complete")
        findings += [f"{finding.rule_code} {path} {finding.message}"[:300] for finding in report.findings]
    sys.stdout.write(json.dumps({"findings": findings, "read": bool(complete) and all(complete)}))


if __name__ == "__main__":
    main()
