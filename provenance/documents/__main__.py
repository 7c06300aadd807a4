"""Write the schemas of all documents, and the generated part of the policy reference; or check that they are current.

python -m provenance.documents [--check] [--reference docs/policy.md] [DIR]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from provenance.documents import reference, schemas


def main(arguments: list[str] | None = None) -> int:
    """Write, or with `--check` name every file that differs; 1 where one does."""
    parser = argparse.ArgumentParser(prog="python -m provenance.documents", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a file is not current")
    parser.add_argument(
        "--reference", type=Path, metavar="PAGE", help="the policy reference, to be made anew in its place"
    )
    parser.add_argument("directory", nargs="?", type=Path, default=Path("schemas"), metavar="DIR")
    options = parser.parse_args(arguments)

    wanted = {options.directory / path: text for path, text in schemas.files().items()}
    if options.reference is not None:
        wanted[options.reference] = reference.splice(options.reference.read_text("utf-8"))
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text]
    unknown = [path for path in sorted(options.directory.rglob("*.schema.json")) if path not in wanted]
    if options.check:
        sys.stdout.writelines(f"not current: {path}\n" for path in stale)
        sys.stdout.writelines(f"of no document: {path}\n" for path in unknown)
        return 1 if stale or unknown else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], "utf-8")
        sys.stdout.write(f"wrote {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
