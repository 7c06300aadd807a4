"""Two proofs over whole runs: nothing of a model is executed, and nothing is sent or asked for.

The command runs in a process with an audit hook (PEP 578): Python tells it of every code that is executed, every file
that is compiled or imported, every pickle that looks for a function, every socket. The hook raises where any of it
comes from the model. Every file of the model would leave a mark if it ran.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from fixtures.corpus.repositories import edit_json, tiny

ROOT = Path(__file__).parents[1]
HOOK = """
import os, sys
model, allowed = sys.argv[1], ("", "<")
def hook(event, args):
    if event.startswith(("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "pty.")):
        raise SystemExit(f"FORBIDDEN {event} {args}")
    if event in ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "pickle.find_class", "marshal.load"):
        raise SystemExit(f"FORBIDDEN {event} {args}")
    if event == "subprocess.Popen" and os.path.realpath(args[0]) != os.path.realpath(sys.executable):
        raise SystemExit(f"FORBIDDEN {event} {args}")
    if event == "exec" and args[0].co_filename.startswith(model):
        raise SystemExit(f"FORBIDDEN {event} {args}")
    if event == "compile" and args[1] and str(args[1]).startswith(model):
        raise SystemExit(f"FORBIDDEN {event} {args}")
    if event == "import" and args[1] and str(args[1]).startswith(model):
        raise SystemExit(f"FORBIDDEN {event} {args}")
from provenance.cli import main
sys.addaudithook(hook)
sys.argv = ["provenance", *sys.argv[2:]]
main()
"""


class _Marks:
    """Unpickled, it makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.mark), "w")


def mined(folder: Path, mark: Path) -> Path:
    """A model every part of which would make the file `mark`."""
    folder.mkdir()
    tiny(folder)
    python = f"open({str(mark)!r}, 'w').close()\n"
    for name in ("json.py", "re.py", "blake3.py", "jinja2.py", "encodings.py", "sitecustomize.py", "conftest.py"):
        folder.joinpath(name).write_text(python)
    for name in ("modeling_tiny.py", "handler.py", "setup.py", "__init__.py", "provenance.py"):
        folder.joinpath(name).write_text(python)
    folder.joinpath("x.pth").write_text(f"import os; {python}")
    folder.joinpath("demo.ipynb").write_text(
        json.dumps(
            {"cells": [{"cell_type": "code", "source": python}, {"cell_type": "code", "source": f"!touch {mark}"}]}
        )
    )
    folder.joinpath("run.sh").write_text(f"#!/bin/sh\ntouch {mark}\n")
    pickled = pickle.dumps(_Marks(mark))
    for name in ("pytorch_model.bin", "optimizer.pt", "scaler.joblib", "x.pkl"):
        folder.joinpath(name).write_bytes(pickled)
    with zipfile.ZipFile(folder / "model.pt", "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/version", "3")
    folder.joinpath("array.npy").write_bytes(
        b"\x93NUMPY\x01\x00\x46\x00"
        + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(69)
        + b"\n"
        + pickled
    )
    template = "{{ cycler.__init__.__globals__.os.system('touch " + str(mark) + "') }}{{ messages[0].content }}"
    folder.joinpath("chat_template.jinja").write_text(template)
    edit_json(folder / "config.json", auto_map={"AutoModelForCausalLM": "modeling_tiny.Tiny", "AutoConfig": "json.X"})
    folder.joinpath("environment.yml").write_text(f"x: !!python/object/apply:os.system ['touch {mark}']\n")
    return folder


@pytest.mark.parametrize("verb", ["scan", "check", "scan --no-digests"])
def test_nothing_of_a_model_is_executed_and_nothing_is_sent(verb: str, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    model, base = mined(tmp_path / "model", mark), tmp_path / "base"
    base.mkdir()
    tiny(base)
    arguments = [*verb.split(), str(model), "--base", str(base)]
    done = subprocess.run(
        [sys.executable, "-c", HOOK, str(model), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=120,
    )
    assert "FORBIDDEN" not in done.stderr, done.stderr
    assert done.returncode == 1, done.stdout + done.stderr
    assert not mark.exists()


def test_the_hook_would_have_seen_it(tmp_path: Path) -> None:
    """The proof can fail: the same hook stops a program that imports from the model, and one that opens a socket."""
    mark = tmp_path / "ran"
    model = mined(tmp_path / "model", mark)
    for code in (
        "import sys; sys.path.insert(0, sys.argv[1]); import modeling_tiny",
        "import socket; socket.socket()",
        "import pickle; pickle.load(open(sys.argv[1] + '/x.pkl', 'rb'))",
        "exec(compile(open(sys.argv[1] + '/setup.py').read(), sys.argv[1] + '/setup.py', 'exec'))",
    ):
        hook = HOOK.partition("sys.argv = ")[0]
        done = subprocess.run(
            [sys.executable, "-c", f"{hook}\n{code}", str(model)], capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert "FORBIDDEN" in done.stderr, code
    assert not mark.exists()


@pytest.mark.parametrize("command", [["-m", "provenance"], ["-c", "from provenance.cli import main; main()"]])
def test_standing_in_the_model_changes_nothing(command: list[str], tmp_path: Path) -> None:
    """`cd model && provenance scan .`: Python looks for modules in the current folder, if it is let."""
    mark = tmp_path / "ran"
    model = mined(tmp_path / "model", mark)
    if command[0] == "-c":
        command = ["-P", *command]  # a console script has its own folder first on the path
    for name in ("provenance.py", "__init__.py"):
        model.joinpath(name).unlink()  # what is found before us cannot be ours to refuse
    done = subprocess.run(
        [sys.executable, *command, "scan", "."],
        capture_output=True,
        text=True,
        check=False,
        cwd=model,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        timeout=120,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert not mark.exists()
