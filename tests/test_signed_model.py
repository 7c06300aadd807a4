"""A signed model, changed in any way, no longer verifies, and the message names the file."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from tests.command import Done, provenance


@pytest.fixture(scope="module")
def signed(models: dict[str, Path], keys: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Attestations of the re-sharded model, scan and lineage."""
    bundle = tmp_path_factory.mktemp("signed") / "model.sigstore.jsonl"
    done = provenance(
        "attest", models["resharded"], "--base", models["base"], "--key", keys["p256"], "-o", f"bundle={bundle}"
    )
    assert done.code == 0, done
    return bundle


@pytest.fixture
def model(models: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(models["resharded"], tmp_path / "model"))


def verified(model: Path, bundle: Path, key: Path) -> Done:
    return provenance("verify", model, "--attestation", bundle, "--signer", key)


def test_the_untouched_model_verifies_wherever_it_lies(model: Path, signed: Path, keys: dict[str, Path]) -> None:
    done = verified(model, signed, keys["p256-public"])
    assert done.code == 0, done
    lines = signed.read_text().splitlines()
    assert len(lines) == 2
    assert all(json.loads(line)["mediaType"].startswith("application/vnd.dev.sigstore.bundle") for line in lines)


def test_one_changed_bit_anywhere_is_named(model: Path, signed: Path, keys: dict[str, Path]) -> None:
    source = random.Random(20261121)
    files = sorted(path for path in model.rglob("*") if path.is_file())
    for path in [*files, *source.choices(files, k=15)]:
        original = path.read_bytes()
        data = bytearray(original)
        data[source.randrange(len(data))] ^= 1 << source.randrange(8)
        path.write_bytes(data)
        done = verified(model, signed, keys["p256-public"])
        assert done.code == 1, (path, done)
        assert path.name in done.out + done.err, (path, done)
        path.write_bytes(original)
    assert verified(model, signed, keys["p256-public"]).code == 0


@pytest.mark.parametrize(
    "added", ["modeling_evil.py", "extra.safetensors", "a/deep/file.json", ".hidden", "README.md.bak"]
)
def test_one_added_file_is_named(added: str, model: Path, signed: Path, keys: dict[str, Path]) -> None:
    path = model / added
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"{}")
    done = verified(model, signed, keys["p256-public"])
    assert done.code == 1
    assert added in done.out + done.err


@pytest.mark.parametrize("added", [".git/hooks/evil.py", ".cache/huggingface/evil.py", "evil.sigstore.jsonl"])
def test_a_file_in_an_excluded_place_is_at_least_listed(
    added: str, model: Path, signed: Path, keys: dict[str, Path]
) -> None:
    path = model / added
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"import os\n")
    done = verified(model, signed, keys["p256-public"])
    assert added in done.out + done.err


def test_every_removed_file_is_named(model: Path, signed: Path, keys: dict[str, Path]) -> None:
    for path in sorted(path for path in model.rglob("*") if path.is_file()):
        data = path.read_bytes()
        path.unlink()
        done = verified(model, signed, keys["p256-public"])
        assert done.code == 1, (path, done)
        assert path.name in done.out + done.err
        path.write_bytes(data)


def test_every_renamed_file_is_named(model: Path, signed: Path, keys: dict[str, Path]) -> None:
    for path in sorted(path for path in model.rglob("*") if path.is_file()):
        other = path.with_name("renamed-" + path.name)
        path.rename(other)
        done = verified(model, signed, keys["p256-public"])
        assert done.code == 1, (path, done)
        assert other.name in done.out + done.err
        other.rename(path)


def test_two_files_that_swap_their_content_are_named(model: Path, signed: Path, keys: dict[str, Path]) -> None:
    first, second = model / "config.json", model / "generation_config.json"
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)
    done = verified(model, signed, keys["p256-public"])
    assert done.code == 1
    assert "config.json" in done.out + done.err


def test_a_single_file_model_is_signed_by_its_own_digest(
    models: dict[str, Path], keys: dict[str, Path], tmp_path: Path
) -> None:
    model, bundle = tmp_path / "model.gguf", tmp_path / "out.sigstore.jsonl"
    shutil.copy(models["gguf-f16"], model)
    done = provenance("attest", model, "--key", keys["ed25519"], "-o", f"bundle={bundle}")
    assert done.code == 0, done
    assert verified(model, bundle, keys["ed25519-public"]).code == 0
    with model.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 0x80]))
    done = verified(model, bundle, keys["ed25519-public"])
    assert done.code == 1
    assert "model.gguf" in done.out + done.err


def test_a_cache_snapshot_verifies_like_the_folder_it_shows(
    models: dict[str, Path], keys: dict[str, Path], tmp_path: Path
) -> None:
    bundle = tmp_path / "out.sigstore.jsonl"
    assert provenance("attest", models["base"], "--key", keys["p256"], "-o", f"bundle={bundle}").code == 0
    assert verified(models["hf-cache"], bundle, keys["p256-public"]).code == 0
    assert verified(models["abliterated"], bundle, keys["p256-public"]).code == 1
