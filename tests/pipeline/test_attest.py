"""What may be signed: what was looked at now, or a report that says all of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.command import Done, provenance
from tests.surfaces import samples

Edit = Callable[[dict[str, Any]], None]


def signed(model: Path, report: Path, keys: dict[str, Path]) -> Done:
    bundle = report.with_suffix(".sigstore.jsonl")
    done = provenance("attest", model, "--report", report, "--key", keys["p256"], "-o", f"bundle={bundle}")
    assert bundle.exists() == (done.code == 0)
    return done


def test_an_honest_report_is_signed(models: dict[str, Path], keys: dict[str, Path], tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    for verb in ("check", "diff", "scan"):
        assert provenance(verb, models["resharded"], "--base", models["base"], "-o", f"json={report}").code == 0
        assert signed(models["resharded"], report, keys).code == 0


def _no_findings(report: dict[str, Any]) -> None:
    report["findings"] = []


def _milder(report: dict[str, Any]) -> None:
    for row in report["findings"]:
        row["severity"] = "info"


def _another_version(report: dict[str, Any]) -> None:
    report["tool"]["version"] = "0.0.1"


def _another_digest(report: dict[str, Any]) -> None:
    report["subject"]["files"][0]["sha256"] = "0" * 64


def _another_root(report: dict[str, Any]) -> None:
    report["subject"]["tensorRoot"] = "0" * 64


@pytest.mark.parametrize(
    ("edit", "code"), [(_no_findings, 1), (_milder, 1), (_another_version, 2), (_another_digest, 1), (_another_root, 1)]
)
def test_an_edited_report_is_not_signed(
    edit: Edit, code: int, models: dict[str, Path], keys: dict[str, Path], tmp_path: Path
) -> None:
    model, report = models["hostile/auto-map"], tmp_path / "report.json"
    assert provenance("check", model, "-o", f"json={report}").code == 1
    assert signed(model, report, keys).code == 0, "the truth about a bad model may be signed"
    (tmp_path / "report.sigstore.jsonl").unlink()
    document = json.loads(report.read_text())
    edit(document["report"])
    report.write_text(json.dumps(document))
    assert signed(model, report, keys).code == code


def test_what_was_not_read_cannot_be_left_out(models: dict[str, Path], keys: dict[str, Path], tmp_path: Path) -> None:
    model, report = tmp_path / "model", tmp_path / "report.json"
    shutil.copytree(models["base"], model)
    (model / "model.onnx.zip").write_bytes(samples.archive("weights", bytes(200)))
    assert provenance("check", model, "-o", f"json={report}").code == 3
    assert signed(model, report, keys).code == 0
    (tmp_path / "report.sigstore.jsonl").unlink()
    document = json.loads(report.read_text())
    document["report"]["skipped"] = []
    report.write_text(json.dumps(document))
    done = signed(model, report, keys)
    assert done.code == 1
    assert "model.onnx.zip" in done.complaint


def test_a_report_of_verify_is_no_evidence(models: dict[str, Path], keys: dict[str, Path], tmp_path: Path) -> None:
    """The verdict of `verify` rests on attestations; without them nothing is known."""
    model, bundle, report = models["hostile/auto-map"], tmp_path / "b.sigstore.jsonl", tmp_path / "v.json"
    assert provenance("attest", model, "--key", keys["p256"], "-o", f"bundle={bundle}").code == 0
    signer = ["--signer", keys["p256-public"], "--attestation", bundle]
    assert provenance("verify", model, *signer, "-o", f"json={report}").code == 1
    assert provenance("report", report).code == 3
    assert signed(model, report, keys).code == 2


def test_an_encrypted_key_takes_its_password_from_the_environment(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

    key = tmp_path / "key.pem"
    encryption = BestAvailableEncryption(b"correct horse")
    private = ed25519.Ed25519PrivateKey.generate()
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    arguments = ["attest", models["base"], "--key", key, "-o", f"bundle={tmp_path / 'b'}"]
    monkeypatch.delenv("PROVENANCE_KEY_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert provenance(*arguments).code == 2
    monkeypatch.setenv("PROVENANCE_KEY_PASSWORD", "wrong")
    assert provenance(*arguments).code == 2
    monkeypatch.setenv("PROVENANCE_KEY_PASSWORD", "correct horse")
    assert provenance(*arguments).code == 0
