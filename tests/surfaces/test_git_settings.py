"""Settings of git, read as git reads them."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from provenance.surfaces.code.git_settings import MAX_FEATURES, elsewhere, features, settings

WRITTEN = r"""[core] hooksPath = tools ; a comment
[Remote "or\"igin"]
	URL = "a;b" c \
  d # another
	fetch=x"y"z\tq
[branch.Main]
	merge
[sub "x"] key = \"v\" "
[core]
	last = 1
"""


def test_settings_are_read_as_git_reads_them(tmp_path: Path) -> None:
    text = WRITTEN.replace('[sub "x"] key = \\"v\\" "\n', "")
    path = tmp_path / "config"
    path.write_text(text)
    listed = subprocess.run(["git", "config", "-z", "-f", path, "--list"], capture_output=True, check=True).stdout
    theirs = [entry.partition("\n") for entry in listed.decode().split("\0")[:-1]]
    ours = [".".join(filter(None, (s.section, s.part, s.key))) for s in settings(text)]
    assert [name.lower() for name, _, _ in theirs] == [name.lower() for name in ours]
    assert [value or "true" for _, _, value in theirs] == [s.value for s in settings(text)]


def test_lines_are_counted_and_a_broken_one_is_passed_over() -> None:
    seen = [(s.line, s.key) for s in settings("\ufeff" + WRITTEN)]
    assert seen == [(1, "hookspath"), (3, "url"), (5, "fetch"), (7, "merge"), (8, "key"), (10, "last")]
    assert [s.key for s in settings("[a]\n= x\n[b c]\n*\nk = v\n[")] == ["k"]


@pytest.mark.parametrize(
    "text",
    [
        "[core] hooksPath = tools",
        "[CORE]\nHOOKSPATH=tools",
        '[core]\nfsmonitor = "./x"',
        "[core]\nfsmonitor = \\\n./x",
        "[core]\neditor = sh x",
        '[core]\npager = "less; x"',
        "[pager]\nlog = ./x",
        '[remote "o"]\nurl = e"xt::sh -c true"',
        '[remote "o"]\nurl = -u./x',
        '[url "ext::sh -c true"]\ninsteadOf = https://',
        "[include]\npath = ../x",
        '[includeIf "gitdir:/"]\npath = ../x',
        '[filter "lfs"]\nprocess = "git-lfs filter-process; x"',
        '[filter "x"]\nsmudge = sh -c true',
        '[diff "x"]\ntextconv = ./x',
        '[merge "x"]\ndriver = ./x',
        '[gpg "ssh"]\nprogram = ./x',
        "[credential]\nhelper = !./x",
        '[submodule "x"]\nupdate = !./x',
        '[lfs "customtransfer.x"]\npath = ./x',
        '[lfs "extension.x"]\nsmudge = ./x',
    ],
)
def test_settings_that_run_a_program(text: str) -> None:
    assert [feature.kind for feature in features(text)] == ["git-setting"]


@pytest.mark.parametrize(
    "text",
    [
        "[core]\n\trepositoryformatversion = 0\n\tfsmonitor = true\n\teditor = code --wait\n\tpager = less -R\n",
        '[remote "origin"]\n\turl = git@hf.co:org/name\n\tpushurl = ssh://[::1]/x\n\tpromisor = true\n',
        '[filter "lfs"]\n\tclean = git-lfs clean -- %f\n\tsmudge = "git-lfs smudge --skip -- %f"\n',
        '[filter "lfs"]\n\tprocess = git-lfs filter-process --skip\n\trequired = true\n',
        '[lfs "customtransfer.multipart"]\n\tpath = huggingface-cli\n\targs = lfs-multipart-upload\n',
        '[lfs "customtransfer.xet"]\n\tpath = git-xet\n\targs = transfer\n',
        '[submodule "x"]\n\tactive = true\n\turl = https://github.com/a/b\n[credential]\n\thelper = store\n',
        "# hooksPath = x\n[core]\n; fsmonitor = x\nbare = false # sshCommand = x\n",
        "host: x\npath: y\n[core\nhooksPath = tools\n",
    ],
)
def test_what_git_and_its_companions_write_is_quiet(text: str) -> None:
    assert features(text) == ()


def test_a_file_that_leads_git_into_the_model() -> None:
    assert elsewhere(".git", "gitdir: tools\n")
    assert elsewhere("a/.git", "gitdir: ../tools/x\n")
    assert elsewhere(".git/commondir", "../x\n")
    for file, text in ((".git", "gitdir: ../.git/modules/x\n"), (".git", "gitdir: /home/a/.git/worktrees/b\n")):
        assert not elsewhere(file, text)
    assert not elsewhere("sub/.git", "gitdir: ../.git/modules/sub\n")
    assert not elsewhere(".git", "something else")


@pytest.mark.parametrize("piece", ["[a]", "[", '[a "', "[a]k=", "[a]\nk = \\\n", '[a]\nk = "', "x" * 50 + "\n"])
def test_time_is_linear(piece: str) -> None:
    begun = time.process_time()
    list(settings(piece * (500_000 // len(piece))))
    assert time.process_time() - begun < 5


def test_features_are_bounded() -> None:
    assert len(features("[core]\n" + "hooksPath = x\n" * 1000)) == MAX_FEATURES
