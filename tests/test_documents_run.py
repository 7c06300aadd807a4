"""README and the quickstart, executed: every ```console command, in order, in one folder, with its exit code."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.command import provenance

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "docs/quickstart.md"]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_EXIT = re.compile(r"\s+# exit (\d)$")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_page_runs(
    page: str, models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").symlink_to(models["base"].parent)
    denied = {"provenance check models/abliterated --base models/base --policy lineage"}
    ran = 0
    for kind, text in _BLOCK.findall((ROOT / page).read_text()):
        if kind == "toml":
            (tmp_path / "models.toml").write_text(text)
        elif kind == "sh" and "openssl" in text:
            subprocess.run(["sh", "-ec", text], check=True, capture_output=True)
        elif kind == "console":
            for line in text.splitlines():
                if not line.startswith("$ provenance "):
                    continue
                command = _EXIT.sub("", line.removeprefix("$ "))
                marked = _EXIT.search(line)
                wanted = int(marked[1]) if marked else int(command in denied)
                done = provenance(*shlex.split(command)[1:])
                assert done.code == wanted, (command, done)
                ran += 1
    assert ran >= 7


def test_the_readme_shows_real_output(models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rewritten, like the goldens of the outputs, by `PROVENANCE_GOLDENS=write`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").symlink_to(models["base"].parent)
    readme = ROOT / "README.md"
    head, rest = readme.read_text().split("```text\n", 1)
    shown, tail = rest.split("```", 1)
    done = provenance("check", "models/abliterated", "--base", "models/base", "--policy", "lineage")
    if os.environ.get("PROVENANCE_GOLDENS") == "write":
        readme.write_text(f"{head}```text\n{done.out}```{tail}")
        shown = done.out
    assert shown == done.out


def test_links_between_pages_lead_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            if not re.match(r"[a-z]+:", target):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_make_targets_named_in_the_pages_exist() -> None:
    targets = set(re.findall(r"[a-z-]+(?=[a-z -]*:)", (ROOT / "Makefile").read_text()))
    for page in [ROOT / "README.md", ROOT / ".github/CONTRIBUTING.md"]:
        for target in re.findall(r"`?make ([a-z-]+)", page.read_text()):
            assert target in targets, f"{page.name}: make {target}"
