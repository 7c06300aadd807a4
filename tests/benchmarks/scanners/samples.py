"""The other scanners' own test data: what their source distributions hold, and what their tests make.

Files are taken as they are. Most tests build their samples in code, so the tests of a distribution are run where
nothing can be executed and there is no network (`drivers/record_samples.py`), and what they hand to their scanner is
kept. Samples stay below the cache folder; none is committed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from fixtures.corpus.gguf_bytes import model
from tests.benchmarks.scanners import confined, environments
from tests.benchmarks.scanners.subjects import SAMPLE, Subject, subject

TEMPLATE = "chat_template.jinja"
CODE = frozenset({".py", ".pyi", ".md", ".rst", ".toml", ".yml", ".cfg", ".ini", ".sh"})
FILE = "file-"
SUITE_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The tests of one source distribution."""

    owner: str
    requirement: str
    tests: tuple[str, ...]
    """Folders of tests inside the distribution."""
    functions: tuple[tuple[str, int, str], ...]
    """What to record: place of a function, number of its argument, and the file name of a content (empty: a path)."""
    needs: tuple[str, ...] = ("pytest==9.0.2",)
    data: str = ""
    """Folder of data files inside the distribution."""
    skipped: tuple[str, ...] = ("*sandbox*", "*guard*", "*confirm*")
    """Test modules that are there to run payloads or to render templates."""


SUITES = (
    Suite(
        owner="picklescan",
        requirement="picklescan==1.0.5",
        tests=("tests",),
        functions=(
            ("picklescan.scanner:scan_pickle_bytes", 0, "data.pkl"),
            ("picklescan.scanner:scan_zip_bytes", 0, "data.zip"),
            ("picklescan.scanner:scan_numpy", 0, "data.npy"),
            ("picklescan.scanner:scan_pytorch", 0, "pytorch_model.bin"),
            ("picklescan.scanner:scan_file_path", 0, ""),
        ),
    ),
    Suite(
        owner="modelaudit",
        requirement="modelaudit==0.2.54",
        tests=("tests/scanners", "packages/modelaudit-picklescan/tests"),
        functions=(
            ("modelaudit.scanners:*.scan", 1, ""),
            ("modelaudit_picklescan.api:PickleScanner.scan_bytes", 1, "data.pkl"),
            ("modelaudit_picklescan.api:PickleScanner.scan_file", 1, ""),
        ),
        needs=("pytest==9.0.2", "pytest-asyncio==1.3.0", "typing_extensions==4.15.0"),
        data="tests/assets",
    ),
    Suite(
        owner="hayward",
        requirement="hayward==1.4.1",
        tests=("tests",),
        functions=(
            ("hayward.scanner:ModelFileScanner.scan_file", 1, ""),
            ("hayward.scanner:ModelFileScanner.scan_directory", 1, ""),
        ),
    ),
    Suite(
        owner="c4nary",
        requirement="c4nary==0.3.1",
        tests=("tests",),
        functions=(
            ("c4nary.rules.template:analyze_template", 0, TEMPLATE),
            ("c4nary.parser:parse_gguf", 0, ""),
            ("c4nary.parser:parse_gguf_bytes", 0, "model.gguf"),
        ),
        data="tests/fixtures",
    ),
    Suite(
        owner="glyphhound",
        requirement="glyphhound==0.1.0",
        tests=("tests",),
        functions=(
            ("glyphhound.analyze:analyze_template", 0, TEMPLATE),
            ("glyphhound.scan:scan_template_string", 0, TEMPLATE),
            ("glyphhound.acquire:read_gguf_template", 0, ""),
        ),
    ),
)
"""fickling's and modelscan's distributions hold no tests; modelaudit's holds those of modelaudit-picklescan."""


def harvest(cache: Path, limit: int | None, owners: Collection[str]) -> list[Subject]:
    """Samples as folders to scan: `limit` of each owner's, first data files, then others by digest."""
    found = []
    for suite in SUITES:
        if suite.owner not in owners:
            continue
        home = cache / "samples" / suite.owner
        if not home.joinpath("complete").is_file():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            collect(suite, cache, home)
            home.joinpath("complete").touch()
        made = sorted(path for path in home.iterdir() if path.is_dir())
        folders = sorted(made, key=lambda path: (not path.name.startswith(FILE), path.name))[:limit]
        found += [subject(f"{suite.owner}-{folder.name}", SAMPLE, suite.owner, folder, None) for folder in folders]
        sys.stderr.write(f"{suite.owner}: {len(folders)} of {len(made)} samples\n")
    return found


def collect(suite: Suite, cache: Path, home: Path) -> None:
    """The data files of a distribution, then what its tests make."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        source = unpacked(suite.requirement, scratch)
        if source is None:
            return
        for number, path in enumerate(sorted(source.joinpath(suite.data).rglob("*")) if suite.data else ()):
            if path.is_file() and not path.is_symlink() and path.suffix not in CODE:
                folder = home / f"{FILE}{number:03}"
                folder.mkdir()
                shutil.copyfile(path, folder / (TEMPLATE if path.suffix == ".jinja" else path.name))
        record(suite, cache, home, source, scratch)
    for path in sorted(home.glob(f"*/{TEMPLATE}")):
        path.with_name("model.gguf").write_bytes(model(template=path.read_text(encoding="utf-8", errors="replace")))
        path.unlink()


def unpacked(requirement: str, scratch: Path) -> Path | None:
    """The source distribution, from PyPI."""
    name = requirement.partition("=")[0]
    command = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--no-binary", name, requirement]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True, check=False)
    archives = sorted(scratch.glob("*.tar.gz"))
    if done.returncode != 0 or not archives:
        sys.stderr.write(f"{requirement}: no source distribution: {done.stderr[-400:]}\n")
        return None
    with tarfile.open(archives[0]) as archive:
        archive.extractall(scratch / "source", filter="data")
    return next(scratch.joinpath("source").iterdir())


def record(suite: Suite, cache: Path, home: Path, source: Path, scratch: Path) -> None:
    """Runs the tests in an environment of their own and keeps what they scan."""
    python = environments.made(f"{suite.owner}-tests", (suite.requirement, *suite.needs), cache)
    if python is None:
        return
    ignored = [f"--ignore-glob={pattern}" for pattern in suite.skipped]
    asked = json.dumps({"home": str(home), "functions": suite.functions})
    for folder in suite.tests:
        command = [str(python / "python"), "-m", "pytest", "-p", "record_samples", "-q", "--tb=no", "-o", "addopts="]
        command += ["--continue-on-collection-errors", "-p", "no:cacheprovider", f"--rootdir={source}", *ignored]
        paths = [source, source / folder, Path(__file__).with_name("drivers")]
        done = confined.run(
            [*command, str(source / folder)],
            scratch,
            seconds=SUITE_SECONDS,
            RECORD=asked,
            PYTHONPATH=":".join(str(path) for path in paths),
        )
        sys.stderr.write(f"{suite.owner}/{folder}: {done.out.strip().splitlines()[-1:]}\n")
