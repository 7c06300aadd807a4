"""The kinds of output, one module each, loaded when they are asked for: rich and pydantic are not free.

To add a kind: one module that ends in `OUTPUT`, one entry here, one sample in the tests, one line in docs/outputs.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from provenance.errors import UsageError
from provenance.outputs.interface import Kind, Output, RuleText, Screen

if TYPE_CHECKING:
    from provenance.documents.report import Report, VerdictDocument

KINDS: tuple[Kind, ...] = (
    Kind("table", "a page for a person at a terminal"),
    Kind("json", "the whole report and its verdict, for programs and for `attest --report`"),
    Kind("sarif", "findings for code scanning, SARIF 2.1.0"),
    Kind("summary", "Markdown for the summary of a GitHub job"),
    Kind("github", "annotations, as workflow commands of GitHub Actions"),
)


def load(kind: str) -> Output:
    """The output called `kind`. An unknown one raises `UsageError` that lists them all."""
    names = [known.name for known in KINDS]
    if kind not in names:
        raise UsageError(f"there is no output called {kind!r}", where="-o", todo=f"use one of {', '.join(names)}")
    output: Output = import_module(f"{__name__}.{kind}").OUTPUT
    return output


def render(
    kind: str,
    report: Report,
    verdict: VerdictDocument | None,
    rules: Mapping[str, RuleText],
    *,
    terminal: bool = False,
) -> str:
    """`report` as text of one kind. With `terminal`, a table takes the width and the colours of standard output."""
    output = load(kind)
    if terminal and kind == "table":
        from provenance.outputs import table

        return table.render(report, verdict, rules, here())
    return output.render(report, verdict, rules)


def here() -> Screen:
    """What standard output can show; `NO_COLOR` and `TERM=dumb` are heard."""
    import os
    import shutil
    import sys

    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    encoding = (sys.stdout.encoding or "ascii").lower().replace("_", "-")
    return Screen(
        width=shutil.get_terminal_size().columns,
        color=sys.stdout.isatty() and not plain,
        unicode=encoding in ("utf-8", "utf8"),
    )
