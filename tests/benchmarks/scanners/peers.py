"""The other scanners, as their own documentation says to run them on a folder.

Versions are pinned, so that a table can be made again. Exit codes and reports were read from the tools' own output.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.scanners.interface import Answer, Done, Outcome, Scanner

DRIVERS = Path(__file__).with_name("drivers")
PICKLES = frozenset({".pkl", ".pickle", ".dill", ".joblib", ".pt", ".pth", ".bin", ".ckpt", ".npy", ".npz", ".zip"})
TEMPLATE_DOCUMENTS = ("tokenizer_config.json", "chat_template.json", "processor_config.json")
LEVELS = frozenset({"warn", "warning", "medium", "fail", "error", "high", "critical"})
MESSAGE = 160


def line(root: Path, *parts: object) -> str:
    """A finding as one line without the name of the folder that was scanned."""
    text = " ".join(str(part) for part in parts if part)
    return text.replace(f"{root}/", "").replace(str(root), ".").replace("\n", " ")[:MESSAGE]


def judged(findings: list[str], code: int, *, read: bool = True) -> Answer:
    """Flagged where there are findings; else clean, or unread where the tool says so."""
    outcome = Outcome.FLAGGED if findings else Outcome.CLEAN if read else Outcome.UNREAD
    return Answer(outcome, tuple(findings), code)


def failed(done: Done) -> Answer:
    """An answer that could not be read."""
    return Answer(Outcome.ERROR, code=-1 if done.code is None else done.code)


def parsed(done: Done) -> dict[str, object] | None:
    """The JSON object that a report is, whatever is printed before it."""
    start = done.out.find("{")
    try:
        value = json.loads(done.out[start:]) if start >= 0 else None
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def entries(report: dict[str, object], key: str) -> Iterator[dict[str, object]]:
    """The objects of a list in a report."""
    found = report.get(key)
    for entry in found if isinstance(found, list) else ():
        if isinstance(entry, dict):
            yield entry


def read_picklescan(done: Done, root: Path) -> Answer:
    """0 nothing dangerous (which includes nothing scanned), 1 dangerous, 2 an error while scanning."""
    if done.code not in (0, 1):
        return failed(done)
    found = [line(root, text) for text in done.out.splitlines() if text.endswith("FOUND")]
    if done.code == 0:
        return judged([], 0)
    return judged(found or ["exit code 1"], 1)


def read_modelscan(done: Done, root: Path) -> Answer:
    """0 no issue, 1 issues, 2 errors, 3 no supported file was passed."""
    report = parsed(Done(done.code, done.out.replace("\n", ""), ""))
    if done.code not in (0, 1, 3) or report is None:
        return failed(done)
    found = [
        line(root, entry.get("severity"), entry.get("source"), entry.get("description"))
        for entry in entries(report, "issues")
        if str(entry.get("severity")).lower() in LEVELS
    ]
    return judged(found, done.code, read=done.code != 3)


def read_modelaudit(done: Done, root: Path) -> Answer:
    """0 no issue, 1 issues, 2 errors or not everything was read."""
    report = parsed(done)
    if report is None:
        return failed(done)
    found = [
        line(root, entry.get("rule_code"), entry.get("location"), entry.get("message"))
        for entry in entries(report, "issues")
        if str(entry.get("severity")).lower() in LEVELS
    ]
    return judged(found, done.code or 0, read=done.code != 2)


def read_hayward(done: Done, root: Path) -> Answer:
    """0 nothing of high severity, 1 there is; what could not be read is listed as coverage gaps."""
    report = parsed(done)
    if done.code not in (0, 1) or report is None:
        return failed(done)
    found = [
        line(root, entry.get("rule_id"), entry.get("file"), entry.get("message"))
        for entry in entries(report, "findings")
        if str(entry.get("severity")).lower() in LEVELS
    ]
    return judged(found, done.code, read=not report.get("coverage_gaps"))


def read_c4nary(done: Done, root: Path) -> Answer:
    """0 nothing of level FAIL, 1 and 2 findings, 3 the file could not be read: it fails closed."""
    if done.code == 3:
        return Answer(Outcome.UNREAD, code=3)
    report = parsed(done)
    if done.code not in (0, 1, 2) or report is None:
        return failed(done)
    found = [
        line(root, entry.get("rule_id"), entry.get("location"), entry.get("title"))
        for entry in entries(report, "findings")
        if str(entry.get("severity")).lower() in LEVELS
    ]
    return judged(found, done.code)


def read_glyphhound(done: Done, root: Path) -> Answer:
    """0 no reachable sink, 1 there is, 2 the file could not be read: it fails closed."""
    if done.code == 2:
        return Answer(Outcome.UNREAD, code=2)
    report = parsed(done)
    if done.code not in (0, 1) or report is None:
        return failed(done)
    found = [
        line(root, entry.get("rule_id"), entry.get("source_line"), entry.get("evidence"))
        for entry in entries(report, "findings")
        if str(entry.get("severity")).lower() in LEVELS and entry.get("reachable")
    ]
    return judged(found, done.code)


def read_driver(done: Done, root: Path) -> Answer:
    """What the programs in `drivers/` print: findings, and whether everything was read."""
    report = parsed(done)
    if done.code != 0 or report is None:
        return failed(done)
    listed = report.get("findings")
    found = [line(root, finding) for finding in listed] if isinstance(listed, list) else []
    return judged(found, 0, read=bool(report.get("read")))


def ggufs(folder: Path, _scratch: Path) -> list[Path]:
    """Files that a GGUF scanner is run on, by name or magic."""
    return sorted(path for path in files(folder) if path.suffix == ".gguf" or starts_with(path, b"GGUF"))


def templates(folder: Path, scratch: Path) -> list[Path]:
    """GGUF files, template files, and the templates out of JSON documents, each in a file of its own."""
    found = ggufs(folder, scratch)
    for path in files(folder):
        if path.suffix in {".jinja", ".jinja2", ".j2"}:
            found.append(path)
        elif path.name in TEMPLATE_DOCUMENTS:
            found += written(path, scratch)
    return found


def written(document: Path, scratch: Path) -> list[Path]:
    """The templates of a JSON document, as files in `scratch`."""
    try:
        value = json.loads(document.read_bytes()).get("chat_template")
    except (OSError, ValueError, RecursionError, AttributeError):
        return []
    named = value if isinstance(value, list) else [{"template": value}]
    found = []
    for number, entry in enumerate(named):
        text = entry.get("template") if isinstance(entry, dict) else None
        if isinstance(text, str):
            found.append(scratch / f"{document.stem}-{number}.jinja")
            found[-1].write_text(text, encoding="utf-8", errors="replace", newline="")
    return found


def files(folder: Path) -> list[Path]:
    """Regular files below `folder`; links are not followed."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def starts_with(path: Path, magic: bytes) -> bool:
    """Whether a file begins with `magic`."""
    with path.open("rb") as stream:
        return stream.read(len(magic)) == magic


def pickles(folder: Path, _scratch: Path) -> list[Path]:
    """The folder, where it holds anything that a pickle scanner would be run on."""
    hits = (
        path.suffix.lower() in PICKLES or starts_with(path, b"\x80") or starts_with(path, b"PK")
        for path in files(folder)
    )
    return [folder] if any(hits) else []


PEERS: tuple[Scanner, ...] = (
    Scanner(
        name="picklescan",
        requirements=("picklescan==1.0.5",),
        surfaces="pickles, torch, NumPy, zip",
        command=lambda programs, target: [str(programs / "picklescan"), "--path", str(target)],
        read=read_picklescan,
    ),
    Scanner(
        name="picklescan --strict",
        requirements=("picklescan==1.0.5",),
        surfaces="the same, unknown globals denied",
        command=lambda programs, target: [str(programs / "picklescan"), "--strict", "--path", str(target)],
        read=read_picklescan,
    ),
    Scanner(
        name="modelscan",
        requirements=("modelscan==0.8.8",),
        surfaces="pickles, torch, NumPy, Keras",
        command=lambda programs, target: [str(programs / "modelscan"), "scan", "-r", "json", "--path", str(target)],
        read=read_modelscan,
    ),
    Scanner(
        name="fickling",
        requirements=("fickling==0.1.12", "typing_extensions==4.15.0"),
        surfaces="pickles, torch zip",
        command=lambda programs, target: [str(programs / "python"), str(DRIVERS / "fickling_folder.py"), str(target)],
        read=read_driver,
        targets=pickles,
    ),
    Scanner(
        name="modelaudit",
        requirements=("modelaudit==0.2.54",),
        surfaces="45 formats, templates, cards",
        command=lambda programs, target: [
            str(programs / "modelaudit"),
            "scan",
            "--format",
            "json",
            "--no-cache",
            str(target),
        ],
        read=read_modelaudit,
        slow=True,
    ),
    Scanner(
        name="modelaudit-picklescan",
        requirements=("modelaudit-picklescan==0.1.12",),
        surfaces="pickles, torch zip",
        command=lambda programs, target: [
            str(programs / "python"),
            str(DRIVERS / "modelaudit_picklescan_folder.py"),
            str(target),
        ],
        read=read_driver,
        targets=pickles,
    ),
    Scanner(
        name="hayward",
        requirements=("hayward==1.4.1",),
        surfaces="26 formats, configs, templates",
        command=lambda programs, target: [str(programs / "hayward"), "scan", "--format", "json", str(target)],
        read=read_hayward,
    ),
    Scanner(
        name="c4nary",
        requirements=("c4nary==0.3.1",),
        surfaces="GGUF and what lies beside it",
        command=lambda programs, target: [str(programs / "canary"), "scan", "--json", "--bundle", str(target)],
        read=read_c4nary,
        targets=ggufs,
    ),
    Scanner(
        name="glyphhound",
        requirements=("glyphhound==0.1.0",),
        surfaces="chat templates",
        command=lambda programs, target: [str(programs / "glyphhound"), "scan", "--format", "json", str(target)],
        read=read_glyphhound,
        targets=templates,
    ),
)
