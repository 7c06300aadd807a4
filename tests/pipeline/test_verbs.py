"""The smaller verbs, and what the command promises of itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from provenance import __version__
from provenance.checks import RULES
from provenance.trust.policy import load
from tests.command import provenance


def test_version_and_help() -> None:
    assert provenance("--version").out.strip() == f"provenance {__version__}"
    done = provenance("--help")
    assert done.code == 0
    for verb in ("check", "scan", "diff", "attest", "verify", "report", "policy", "explain", "doctor"):
        assert verb in done.out
        page = provenance(verb, "--help")
        assert page.code == 0
        assert len(page.out.splitlines()) > 4


def test_explain_lists_and_explains_every_rule() -> None:
    page = provenance("explain").out
    for ident, rule in RULES.items():
        assert ident in page
        one = provenance("explain", ident)
        assert one.code == 0
        assert rule.title.lower() in one.out.lower()


def test_explain_suggests_what_was_meant() -> None:
    ident = next(iter(RULES))
    done = provenance("explain", ident[:-1])
    assert done.code == 2
    assert ident in done.complaint


def test_doctor_says_what_is_there_and_what_is_not() -> None:
    done = provenance("doctor")
    assert done.code == 0
    assert __version__ in done.out
    assert "native kernel" in done.out


@pytest.mark.parametrize("name", ["default", "integrity", "lineage", "strict"])
def test_policy_show_prints_a_policy_that_means_the_same(name: str, tmp_path: Path) -> None:
    shown = provenance("policy", "show", name)
    assert shown.code == 0
    path = tmp_path / "shown.toml"
    path.write_text(shown.out)
    assert load(str(path)).policy == load(name).policy
    assert provenance("policy", "check", path).code == 0


def test_policy_show_keeps_signers_exceptions_and_dates(keys: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(
        f"""
version = 1
name = "ours"
extends = "builtin:strict"
[signer.release]
public-key = {json.dumps(keys["p256-public"].read_text())}
not-after = 2031-01-01
[[attestations]]
type = "model-scan"
from = ["release"]
max-age = "30d"
[[exception]]
rule = "pickle-file"
subject = "{"ab" * 32}"
reason = "reviewed by hand \\"twice\\""
expires = 2030-01-01
approved-by = "security"
"""
    )
    shown = provenance("policy", "show", path)
    assert shown.code == 0, shown
    again = tmp_path / "again.toml"
    again.write_text(shown.out)
    assert load(str(again)).policy == load(str(path)).policy.model_copy(update={"extends": None})


def test_report_renders_and_judges_again(models: dict[str, Path], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    code = provenance(
        "check", models["abliterated"], "--base", models["base"], "--policy", "lineage", "-o", f"json={report}"
    ).code
    assert code == 1
    document = json.loads(report.read_text())
    document["verdict"]["outcome"] = "pass"
    report.write_text(json.dumps(document))
    assert provenance("report", report, "--policy", "lineage").code == 1
    outputs = [tmp_path / name for name in ("r.sarif", "r.md", "r.txt")]
    kinds = ("sarif", "summary", "table")
    arguments = [word for kind, path in zip(kinds, outputs, strict=True) for word in ("-o", f"{kind}={path}")]
    assert provenance("report", report, "--policy", "lineage", *arguments).code == 1
    assert all(path.stat().st_size > 100 for path in outputs)


def test_outputs_may_go_to_standard_output(models: dict[str, Path]) -> None:
    done = provenance("scan", models["base"], "-o", "json")
    assert json.loads(done.out)["report"]["schemaVersion"] == "v0"
    assert (
        json.loads(provenance("scan", models["base"], "-o", "json=-").out)["report"] == json.loads(done.out)["report"]
    )


def test_a_crash_of_ours_is_not_a_verdict(models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object, **__: object) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr("provenance.pipeline.check.scan", crash)
    done = provenance("scan", models["base"])
    assert done.code == 70
    assert "bug" in done.complaint


def test_no_socket_is_opened(models: dict[str, Path], keys: dict[str, Path], tmp_path: Path) -> None:
    """Law 9, held by a guard that forbids sockets in the whole process."""
    program = """
import socket, sys
def refuse(*arguments, **options):
    raise AssertionError("a socket was opened")
socket.socket.__init__ = refuse
socket.getaddrinfo = refuse
from provenance.cli import run
model, base, key, public, bundle = sys.argv[1:]
assert run(["check", model, "--base", base]) == 0
assert run(["attest", model, "--base", base, "--key", key, "-o", "bundle=" + bundle]) == 0
assert run(["verify", model, "--attestation", bundle, "--signer", public]) == 0
"""
    paths = [models["resharded"], models["base"], keys["p256"], keys["p256-public"], tmp_path / "b"]
    done = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_colour_only_on_a_terminal(models: dict[str, Path]) -> None:
    command = [sys.executable, "-m", "provenance", "scan", str(models["base"])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "FORCE_COLOR": ""})
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert not done.stderr


def test_output_survives_a_terminal_without_unicode(models: dict[str, Path]) -> None:
    command = [sys.executable, "-m", "provenance", "diff", str(models["abliterated"]), "--base", str(models["base"])]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert "o_proj" in done.stdout


def test_a_reader_that_goes_away_is_no_crash(models: dict[str, Path]) -> None:
    command = f"{sys.executable} -m provenance scan {models['base']} | true"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
