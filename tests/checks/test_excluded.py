"""What lies among the files that no digest covers."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.checks.excluded import EXCLUDED
from provenance.facts import TextFact
from provenance.records import Severity
from tests.checks.models import evidence, model

LFS = '#!/bin/sh\ncommand -v git-lfs >/dev/null 2>&1 || { echo >&2 "\\nno git-lfs\\n"; exit 2; }\ngit lfs {} "$@"\n'


def found(*paths: str, text: str | None = None) -> list[tuple[str, Severity]]:
    facts = [TextFact(path, "shell", "0" * 64, text) for path in paths if text is not None]
    findings = EXCLUDED.run(evidence(model(excluded=paths, facts=facts)))
    return [(finding.rule, finding.severity) for finding in findings]


@pytest.mark.parametrize(
    "path",
    [
        ".git/model.safetensors",
        ".git/x/y.gguf",
        ".git/payload.py",
        ".git/lfs/evil.pkl",
        ".git/info/tool.so",
        ".cache/huggingface/download/pytorch_model.bin",
        ".cache/huggingface/setup.sh",
        "sub/.git/model.SAFETENSORS",
        ".git/hooks/pre-commit",
        ".git/hooks/fsmonitor-watchman",
        ".git/modules/sub/hooks/pre-receive",
        ".git/hooks/run.py",
    ],
)
def test_loadable_names_are_errors(path: str) -> None:
    assert found(path) == [("excluded-loadable", Severity.ERROR)]


@pytest.mark.parametrize("hook", ["post-checkout", "post-commit", "post-merge", "pre-push"])
def test_hooks_of_git_lfs_are_named_and_no_more(hook: str) -> None:
    text = LFS.replace('{} "', f'{hook} "')
    assert found(f".git/hooks/{hook}", text=text) == [("git-hook", Severity.INFO)]
    assert found(f".git/hooks/{hook}", text=f'#!/bin/sh\ngit lfs {hook} "$@"\n') == [("git-hook", Severity.INFO)]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "#!/bin/sh\ntrue\n",
        LFS.replace('{} "', 'pre-push "'),
        LFS.replace('{} "', 'post-merge "') + "true\n",
        LFS.replace('{} "', 'post-merge "').replace("no git-lfs", "$(true)"),
    ],
)
def test_hooks_that_do_anything_else_are_errors(text: str | None) -> None:
    assert found(".git/hooks/post-merge", text=text) == [("excluded-loadable", Severity.ERROR)]


def test_what_git_and_the_hub_write_is_quiet() -> None:
    digest = "ab" * 32
    assert found(
        ".cache/huggingface/.gitignore",
        ".cache/huggingface/CACHEDIR.TAG",
        ".cache/huggingface/download/model.safetensors.lock",
        ".cache/huggingface/download/model.safetensors.metadata",
        f".cache/huggingface/download/x.{digest}.incomplete",
        f".git/lfs/objects/ab/ab/{digest}",
        ".git/logs/refs/heads/fix.py",
        ".git/objects/pack/pack-1234.idx",
        ".git/objects/pack/pack-1234.pack",
        ".git/refs/heads/release.bin",
        "run-1.sigstore.jsonl",
    ) == []  # fmt: skip


def test_a_repository_that_git_made(tmp_path: Path) -> None:
    import shutil
    import subprocess

    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed")
    (tmp_path / "model.safetensors").write_bytes(b"x")
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM": "1"}
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (
        ["init", "-q", "-b", "fix.py"],
        ["add", "."],
        [*who, "commit", "-qm", "x"],
        ["tag", "v1.bin"],
        ["gc", "-q"],
    ):
        subprocess.run([git, *words], cwd=tmp_path, check=True, env=environment)
    paths = [file.relative_to(tmp_path).as_posix() for file in (tmp_path / ".git").rglob("*") if file.is_file()]
    assert len(paths) > 10
    assert found(*paths) == []
