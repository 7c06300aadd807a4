"""`python -m provenance.checks [FOLDER]` writes the rule pages, by default into docs/checks."""

from __future__ import annotations

import sys
from pathlib import Path

from provenance.checks import CHECKS
from provenance.checks.pages import write

if __name__ == "__main__":
    write(CHECKS, Path(sys.argv[1] if len(sys.argv) > 1 else "docs/checks"))
