"""Scan the corpus and print the table of docs/corpus.md, with exact bounds.

python -m tests.corpus [--surface NAME …] [--label NAME] [--write docs/corpus.md] [IDENT …]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fixtures.corpus import ITEMS, SURFACES, Label
from tests.benchmarks.scanners.intervals import bounds
from tests.corpus.known import KNOWN
from tests.corpus.scans import Answer, answers, is_wrong

BEGIN, END = "<!-- begin: python -m tests.corpus -->", "<!-- end -->"


def table(found: list[Answer]) -> str:
    """One row a surface, one for all, in Markdown."""
    rows = [
        "| surface | attacks denied | undecided | passed | clean without alarm | undecided | review: 1, 3, 0 |",
        "|---|---|---|---|---|---|---|",
    ]
    present = [surface for surface in SURFACES if any(a.item.surface == surface for a in found)]
    for surface in (*present, ""):
        those = [a for a in found if surface in ("", a.item.surface)]
        attacks, clean, review = (
            [a for a in those if a.item.label is label] for label in (Label.ATTACK, Label.CLEAN, Label.REVIEW)
        )
        codes = [sum(a.code == code for a in attacks) for code in (1, 3, 0)]
        judged = ", ".join(str(sum(a.code == code for a in review)) for code in (1, 3, 0))
        quiet = sum(not a.alarm for a in clean)
        rows.append(
            f"| {surface or '**all**'} | {_share(codes[0], len(attacks))} | {codes[1]} | {codes[2]} | "
            f"{_share(quiet, len(clean))} | {sum(a.code == 3 for a in clean)} | {judged} |"
        )
    return "\n".join(rows)


def _share(part: int, whole: int) -> str:
    if not whole:
        return "none"
    low, high = bounds(part, whole)
    return f"{part} of {whole} ({100 * low:.1f} to {100 * high:.1f} %)"


def misses(found: list[Answer]) -> str:
    """Every answer that is not the one owed, with its reason."""
    lines = [
        f"* `{a.item.ident}` ({a.item.surface}, {a.item.label}, exit {a.code}): {a.item.title}. "
        f"{KNOWN.get(a.item.ident, 'No reason is known.')}"
        for a in found
        if is_wrong(a)
    ]
    return "\n".join(lines) or "None."


def main() -> int:
    """1 where an answer is wrong and has no reason."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("--surface", nargs="*", choices=SURFACES)
    parser.add_argument("--label", choices=[label.value for label in Label])
    parser.add_argument("--write", type=Path, help="a page whose generated part is made anew")
    parser.add_argument("idents", nargs="*")
    options = parser.parse_args()
    chosen = [
        item
        for item in ITEMS
        if (not options.surface or item.surface in options.surface)
        and (not options.label or item.label == options.label)
        and (not options.idents or item.ident in options.idents)
    ]
    found = []
    for answer in answers(chosen):
        found.append(answer)
        if is_wrong(answer):
            sys.stdout.write(
                f"[{answer.code}] {answer.item.label} {answer.item.surface}/{answer.item.ident}: {answer.item.title}\n"
            )
            sys.stdout.writelines(f"      {finding[:200]}\n" for finding in answer.findings[:5])
            sys.stdout.flush()
    text = f"{table(found)}\n\n## What is missed\n\n{misses(found)}"
    sys.stdout.write(f"\n{text}\n")
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        after = rest.partition(END)[2]
        options.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
    return int(any(is_wrong(answer) and answer.item.ident not in KNOWN for answer in found))


if __name__ == "__main__":
    sys.exit(main())
