"""The main job over the fixture models: what each is to its base, and what the built-in policies say of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.command import provenance

UNCHANGED = {"base": ["identical"], "resharded": ["repacked"], "cast-f32": ["dtype-cast"], "hf-cache": ["identical"]}
CHANGED = ["abliterated", "fine-tuned", "lora-merged", "unrelated"]


def report_of(*arguments: object, folder: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON of a run."""
    path = folder / "report.json"
    done = provenance(*arguments, "-o", f"json={path}")
    assert path.exists(), done
    document: dict[str, Any] = json.loads(path.read_text())
    return done.code, document


@pytest.mark.parametrize("name", UNCHANGED)
def test_unchanged_weights_pass_the_lineage_policy(name: str, models: dict[str, Path], tmp_path: Path) -> None:
    code, document = report_of("check", models[name], "--base", models["base"], "--policy", "lineage", folder=tmp_path)
    assert code == 0, document["verdict"]
    assert document["report"]["relations"] == UNCHANGED[name]
    assert provenance("diff", models[name], "--base", models["base"], "--expect", UNCHANGED[name][0]).code == 0


@pytest.mark.parametrize("name", CHANGED)
def test_changed_weights_are_denied_by_the_lineage_policy_and_named(
    name: str, models: dict[str, Path], tmp_path: Path
) -> None:
    code, document = report_of("check", models[name], "--base", models["base"], "--policy", "lineage", folder=tmp_path)
    assert code == 1
    assert document["verdict"]["outcome"] == "denied"
    changed = [row["name"] for row in document["report"]["tensors"] if row["state"] == "changed"]
    assert changed
    page = provenance("check", models[name], "--base", models["base"], "--policy", "lineage").out
    assert sum(name in page for name in changed) >= min(6, len(changed))
    assert provenance("diff", models[name], "--base", models["base"], "--expect", "identical").code == 1


@pytest.mark.parametrize("name", CHANGED)
def test_a_change_that_cannot_be_named_is_undecided_by_default(
    name: str, models: dict[str, Path], tmp_path: Path
) -> None:
    code, document = report_of("check", models[name], "--base", models["base"], folder=tmp_path)
    assert (code, document["verdict"]["outcome"]) == (3, "undecided")
    assert document["report"]["relations"] == ["inconclusive"]


def test_abliteration_touches_only_what_writes_to_the_residual_stream(models: dict[str, Path], tmp_path: Path) -> None:
    _, document = report_of("diff", models["abliterated"], "--base", models["base"], folder=tmp_path)
    changed = {row["name"] for row in document["report"]["tensors"] if row["state"] == "changed"}
    assert changed
    assert all(name.endswith(("o_proj.weight", "down_proj.weight")) for name in changed)
    assert document["verdict"] is None


def test_without_a_base_everything_else_is_checked_and_the_gap_is_said(models: dict[str, Path], tmp_path: Path) -> None:
    code, document = report_of("check", models["base"], folder=tmp_path)
    assert code == 0
    assert "lineage" in {row["surface"] for row in document["report"]["skipped"]}
    code, document = report_of("check", models["base"], "--policy", "lineage", folder=tmp_path)
    assert (code, document["verdict"]["outcome"]) == (3, "undecided")


@pytest.mark.parametrize("name", ["gguf-bf16", "gguf-f16"])
def test_an_unquantized_gguf_is_compared_with_the_safetensors_base(
    name: str, models: dict[str, Path], tmp_path: Path
) -> None:
    if name not in models:
        pytest.skip(f"no fixture {name}")
    code, document = report_of("check", models[name], "--base", models["base"], "--policy", "lineage", folder=tmp_path)
    states = {row["state"] for row in document["report"]["tensors"]}
    assert states <= {"identical", "cast"}
    assert code == 0, document["verdict"]


@pytest.mark.parametrize("name", ["gguf-q8_0", "gguf-q4_0"])
def test_quantized_weights_are_never_fine_without_a_replay(name: str, models: dict[str, Path], tmp_path: Path) -> None:
    for policy in ("default", "lineage"):
        code, document = report_of("check", models[name], "--base", models["base"], "--policy", policy, folder=tmp_path)
        assert (code, document["verdict"]["outcome"]) == (3, "undecided")
    assert "unsupported" in {row["state"] for row in document["report"]["tensors"]}
    assert provenance("check", models[name]).code == 0


def test_a_template_is_judged_against_a_base_and_said_to_be_unjudged_without(models: dict[str, Path]) -> None:
    done = provenance("check", models["hostile/template"], "--base", models["base"])
    assert "chat-template-differs" in done.out
    done = provenance("check", models["hostile/template"])
    assert "chat-template" in done.out.partition("Not looked at")[2]


def test_every_hostile_model_is_denied_or_undecided(models: dict[str, Path]) -> None:
    judged_by_comparison = {"hostile/template"}
    hostile = {
        name: path for name, path in models.items() if name.startswith("hostile/") and name not in judged_by_comparison
    }
    assert len(hostile) >= 10
    for name, path in hostile.items():
        for verb in ("check", "scan"):
            done = provenance(verb, path)
            assert done.code in (1, 3), (name, done)


def test_the_report_is_the_same_on_every_run(models: dict[str, Path], tmp_path: Path) -> None:
    runs = [
        report_of(
            "check", models["abliterated"], "--base", models["base"], "--at", "2026-11-21T12:00:00Z", folder=tmp_path
        )
        for _ in range(3)
    ]
    assert runs[0] == runs[1] == runs[2]


def test_a_base_that_cannot_be_read_does_not_hide_what_is_wrong_with_the_model(
    models: dict[str, Path], tmp_path: Path
) -> None:
    broken = models["hostile/truncated-header"]
    done = provenance("check", models["base"], "--base", broken)
    assert done.code == 3
    assert provenance("diff", models["base"], "--base", broken).code == 3
    assert provenance("diff", broken, "--base", models["base"]).code == 3
    assert provenance("check", broken, "--base", models["base"]).code == 1
    assert provenance("check", models["hostile/auto-map"], "--base", broken).code == 1


def test_scan_compares_the_surfaces_and_not_the_weights(models: dict[str, Path], tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(models["base"], model)
    config = model / "tokenizer_config.json"
    document = json.loads(config.read_text())
    template = (
        next(path for path in (model / "chat_template.jinja",) if path.exists())
        if "chat_template" not in document
        else None
    )
    if template is not None:
        template.write_text(template.read_text().replace("assistant", "assistant "))
    else:
        document["chat_template"] = document["chat_template"].replace("assistant", "assistant ")
        config.write_text(json.dumps(document))
    code, seen = report_of("scan", model, "--base", models["base"], folder=tmp_path)
    assert code == 0
    assert "chat-template-differs" in {row["rule"] for row in seen["report"]["findings"]}
    assert seen["report"]["lineage"] is None


def test_attestations_count_in_check(models: dict[str, Path], keys: dict[str, Path], tmp_path: Path) -> None:
    bundle = tmp_path / "b.sigstore.jsonl"
    arguments = ["--key", keys["p256"], "-o", f"bundle={bundle}"]
    assert provenance("attest", models["base"], *arguments).code == 0
    signer = ["--attestation", bundle, "--signer", keys["p256-public"]]
    assert provenance("check", models["base"], "--policy", "integrity", *signer).code == 0
    assert provenance("check", models["base"], "--policy", "integrity").code == 3
    assert provenance("check", models["abliterated"], *signer).code == 1


def test_strict_takes_signed_scan_and_lineage(models: dict[str, Path], keys: dict[str, Path], tmp_path: Path) -> None:
    bundle = tmp_path / "b.sigstore.jsonl"
    sign = ["--key", keys["ed25519"], "-o", f"bundle={bundle}"]
    signer = ["--attestation", bundle, "--signer", keys["ed25519-public"], "--policy", "strict"]
    model, base = models["resharded"], models["base"]
    assert provenance("attest", model, "--base", base, *sign).code == 0
    done = provenance("verify", model, *signer)
    assert done.code == 0, done.out
    assert provenance("attest", model, *sign).code == 0
    assert provenance("verify", model, *signer).code == 3
    assert provenance("attest", models["abliterated"], "--base", base, *sign).code == 0
    assert provenance("verify", models["abliterated"], *signer).code == 1
