"""The cells of a Jupyter notebook (nbformat 3 and 4) as Python, shell lines and pages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from provenance.surfaces import lenient_json

MAX_CELLS = 2000
_ASSIGNED = r"(?:[\w, \t]{1,100}=\s*)?"
_MAGIC = re.compile(rf"^\s*(?:\?|[;,/](?=\w)|{_ASSIGNED}[!%])")
_TIMED = re.compile(r"^\s*%(?:timeit|time|prun|memit|lprun|debug)\s+(?:-\w+\s*\d*\s+){0,5}")
"""Line magics whose argument is Python."""
_PYTHON_CELL = re.compile(r"^\s*%%(?:script\s+(?:\S*/)?)?(?:python|pypy)[\d.]*\b")
_SHELL_CELL = re.compile(r"^\s*%%(?:bash|sh|script|system|sx|!|cmd|powershell)")
_SCRIPT_CELL = re.compile(r"^\s*%%(?:script\s+(?:\S*/)?)?(?:perl|ruby|php|Rscript|R|julia)\b")
_RUN = re.compile(r"^\s*%(?:run|load|loadpy)\s+(?:-\S+\s+){0,5}(?!(?:\./)?\w[\w/-]{0,200}\.(?:py|ipynb)\b)\S")
"""What is run, or put into a cell, is no source of the model that is looked at by itself, such as an address."""
_PAGE_CELL = re.compile(r"^\s*%%(?:html|HTML|javascript|js|svg)")


@dataclass(frozen=True, slots=True)
class Cell:
    """One code cell, split by who would run what; lines stay where they are."""

    number: int
    """Counted from 1, over all cells."""
    python: str
    shell: str
    script: str
    """Of other languages: Perl, Ruby, R."""
    page: str
    """What a browser would run: cells of HTML, and saved output."""


def cells(text: str) -> tuple[tuple[Cell, ...], str]:
    """The code cells of a notebook, and why it could not be read, where it could not."""
    value = lenient_json.read("", text.encode("utf-8", "surrogateescape")).value
    listed = _listed(value)
    if not isinstance(listed, list):
        return (), "it is no notebook of format 3 or 4"
    if len(listed) > MAX_CELLS:
        return (), f"it has more than {MAX_CELLS} cells"
    return tuple(_cell(number, cell) for number, cell in enumerate(listed, 1) if isinstance(cell, dict)), ""


def _listed(document: object) -> object:
    """The cells: of format 4 in the document, of format 3 in its worksheets."""
    if not isinstance(document, dict):
        return None
    sheets = document.get("worksheets")
    if not isinstance(sheets, list):
        return document.get("cells")
    parts = [document.get("cells"), *(sheet.get("cells") for sheet in sheets[:MAX_CELLS] if isinstance(sheet, dict))]
    return [cell for part in parts if isinstance(part, list) for cell in part]


def _cell(number: int, cell: dict[str, object]) -> Cell:
    source, page = _text(cell.get("source", cell.get("input"))), _output(cell.get("outputs"))
    if cell.get("cell_type") != "code":
        return Cell(number, "", "", "", page)
    if _PYTHON_CELL.match(source):
        return Cell(number, source.partition("\n")[2], "", "", page)
    if _SCRIPT_CELL.match(source):
        return Cell(number, "", "", source.partition("\n")[2], page)
    if _SHELL_CELL.match(source):
        return Cell(number, "", source.partition("\n")[2], "", page)
    if _PAGE_CELL.match(source):
        return Cell(number, "", "", "", f"<script>{source}" if "script" in source[:80] else source + page)
    python, shell = [], []
    for line in source.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        if timed := _TIMED.match(line):
            python.append(indent + line[timed.end() :])
            shell.append("")
            continue
        if _RUN.match(line):
            python.append(f"{indent}get_ipython()")
            shell.append("")
            continue
        magic = _MAGIC.match(line) is not None
        python.append(f"{indent}pass" if magic else line)
        shell.append(re.sub(rf"^\s*{_ASSIGNED}[!%;,/]+", "", line) if magic else "")
    return Cell(number, "\n".join(python), "\n".join(shell), "", page)


def _text(value: object) -> str:
    """A multi-line string of the format: one text, or a list of lines."""
    if isinstance(value, list):
        return "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _output(value: object) -> str:
    """HTML, SVG and JavaScript among the saved outputs."""
    pages = []
    for output in value if isinstance(value, list) else []:
        data = output.get("data") if isinstance(output, dict) else None
        for kind, content in data.items() if isinstance(data, dict) else []:
            if kind in ("text/html", "image/svg+xml"):
                pages.append(_text(content))
            elif kind == "application/javascript":
                pages.append(f"<script>{_text(content)}")
    return "\n".join(pages)
