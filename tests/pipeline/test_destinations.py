"""Nothing that is read is written over, and a run that cannot write all of its results writes none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.command import provenance


@pytest.fixture
def model(models: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(models["base"], tmp_path / "model"))


def test_inputs_are_not_written_over(
    model: Path, models: dict[str, Path], keys: dict[str, Path], tmp_path: Path
) -> None:
    gguf, key, policy = tmp_path / "m.gguf", tmp_path / "key.pem", tmp_path / "policy.toml"
    shutil.copy(models["gguf-f16"], gguf)
    shutil.copy(keys["p256"], key)
    policy.write_text('version = 1\nname = "ours"\nextends = "builtin:default"\n')
    bundle = tmp_path / "some.sigstore.jsonl"
    assert provenance("attest", model, "--key", key, "-o", f"bundle={bundle}").code == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    signer = ["--signer", keys["p256-public"], "--attestation", bundle]
    for arguments in (
        ["scan", gguf, "-o", f"json={gguf}"],
        ["scan", model, "-o", f"json={tmp_path / 'other.gguf'}"],
        ["scan", model, "--policy", policy, "-o", f"json={policy}"],
        ["scan", model, "-o", f"json={model / 'report.json'}"],
        ["scan", model, "-o", f"json={model / 'config.json'}"],
        ["attest", model, "--key", key, "-o", f"bundle={key}"],
        ["attest", model, "--key", key, "-o", f"bundle={model / 'config.json'}"],
        ["attest", model, "--key", key, "-o", f"bundle={model / 'sub.json'}"],
        ["verify", model, *signer, "-o", f"json={bundle}"],
        ["scan", model, "-o", f"json={tmp_path / 'same'}", "-o", f"table={tmp_path / 'same'}"],
        ["scan", model, "-o", f"json={tmp_path / 'one'}", "-o", f"sarif={tmp_path / 'no' / 'two'}"],
        ["scan", model, "-o", f"json={tmp_path}"],
    ):
        done = provenance(*arguments)
        assert done.code == 2, (arguments, done)
        assert done.complaint
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_link_in_a_cache_snapshot_is_not_replaced(models: dict[str, Path]) -> None:
    place = models["hf-cache"] / "README.md"
    assert provenance("scan", models["hf-cache"], "-o", f"json={place}").code == 2
    assert place.is_symlink()


def test_attestations_may_lie_in_the_folder_of_their_model(model: Path, keys: dict[str, Path]) -> None:
    bundle = model / "model.sigstore.jsonl"
    assert provenance("attest", model, "--key", keys["p256"], "-o", f"bundle={bundle}").code == 0
    done = provenance("verify", model, "--signer", keys["p256-public"], "--attestation", bundle)
    assert done.code == 0
    assert "model.sigstore.jsonl" in done.out


def test_a_full_disk_behind_standard_output_is_no_verdict(model: Path) -> None:
    import subprocess
    import sys

    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "provenance", "scan", str(model)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("provenance: standard output cannot be written")
