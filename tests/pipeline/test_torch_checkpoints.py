"""Checkpoints of torch beside, and against, the same weights in safetensors."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.command import provenance


def document(*arguments: object, folder: Path) -> dict[str, object]:
    """The report that a command makes."""
    path = folder / "report.json"
    provenance(*arguments, "-o", f"json={path}")
    loaded: dict[str, object] = json.loads(path.read_text())["report"]
    return loaded


def skipped(report: dict[str, object]) -> dict[str, str]:
    rows = report["skipped"]
    assert isinstance(rows, list)
    return {row["surface"]: row["reason"] for row in rows if row["asked"]}


def relations(report: dict[str, object]) -> object:
    lineage = report["lineage"]
    assert isinstance(lineage, dict)
    return lineage["relations"]


@pytest.fixture
def weights(models: dict[str, Path]) -> dict[str, object]:
    from safetensors.torch import load_file

    return dict(load_file(models["base"] / "model.safetensors"))


@pytest.fixture
def written(models: dict[str, Path], tmp_path: Path) -> Callable[..., Path]:
    """Writes a folder of the base model's documents and checkpoints of torch."""
    import torch

    def write(name: str, files: dict[str, object], *, safetensors: bool = False, zipped: bool = True) -> Path:
        folder = tmp_path / name
        shutil.copytree(models["base"], folder)
        if not safetensors:
            (folder / "model.safetensors").unlink()
        for path, value in files.items():
            torch.save(value, folder / path, _use_new_zipfile_serialization=zipped)
        return folder

    return write


@pytest.mark.parametrize("zipped", [True, False])
def test_the_same_weights_in_another_format_are_repacked(
    zipped: bool, models: dict[str, Path], weights: dict[str, object], written: Callable[..., Path], tmp_path: Path
) -> None:
    candidate = written("torch", {"pytorch_model.bin": weights}, zipped=zipped)
    report = document("diff", candidate, "--base", models["base"], folder=tmp_path)
    assert relations(report) == ["repacked"]
    assert skipped(report) == {}
    assert relations(document("diff", models["base"], "--base", candidate, folder=tmp_path)) == ["repacked"]
    assert relations(document("diff", candidate, "--base", candidate, folder=tmp_path)) == ["identical"]


def test_a_cast_and_a_change_are_seen_through_the_format(
    models: dict[str, Path], weights: dict[str, object], written: Callable[..., Path], tmp_path: Path
) -> None:
    import torch

    cast, changed = dict(weights), dict(weights)
    for name, tensor in weights.items():
        assert isinstance(tensor, torch.Tensor)
        cast[name] = tensor.to(torch.float16 if tensor.dtype is torch.bfloat16 else torch.bfloat16)
    name = next(iter(changed))
    assert isinstance(changed[name], torch.Tensor)
    changed[name] = changed[name] * 2  # type: ignore[operator]
    one = document("diff", written("cast", {"model.bin": cast}), "--base", models["base"], folder=tmp_path)
    assert relations(one) in (["repacked", "dtype-cast"], ["dtype-cast"], ["inconclusive"])
    other = document("diff", written("changed", {"model.bin": changed}), "--base", models["base"], folder=tmp_path)
    lineage = other["lineage"]
    assert isinstance(lineage, dict)
    assert relations(other) == ["inconclusive"]
    assert lineage["basis"].count("1 changed") == 1


def test_both_formats_in_one_repository(
    models: dict[str, Path], weights: dict[str, object], written: Callable[..., Path], tmp_path: Path
) -> None:
    both = written("both", {"pytorch_model.bin": weights}, safetensors=True)
    for candidate, base in ((both, models["base"]), (models["base"], both), (both, both)):
        report = document("diff", candidate, "--base", base, folder=tmp_path)
        assert relations(report) in (["repacked"], ["identical"])


def test_what_a_trainer_left_behind_is_no_part_of_the_comparison(
    models: dict[str, Path], weights: dict[str, object], written: Callable[..., Path], tmp_path: Path
) -> None:
    import torch

    state = {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 0.1, "params": [0]}]}
    left = {"optimizer.pt": state, "scheduler.pt": {"last_epoch": 3}}
    candidate = written("trained", left, safetensors=True)
    report = document("diff", candidate, "--base", models["base"], folder=tmp_path)
    assert relations(report) in (["repacked"], ["identical"])
    assert skipped(report) == {}
    assert "weights-empty" not in provenance("scan", candidate).out
    named = written("empty", {"pytorch_model.bin": {}}, safetensors=True)
    assert "weights-empty" in provenance("scan", named).out


def test_a_tensor_that_is_no_range_of_bytes_leaves_the_verdict_open(
    models: dict[str, Path], weights: dict[str, object], written: Callable[..., Path], tmp_path: Path
) -> None:
    import torch

    turned = dict(weights) | {"turned": torch.ones(2, 3).t()}
    candidate = written("gap", {"pytorch_model.bin": turned})
    why = skipped(document("scan", candidate, folder=tmp_path))["pytorch_model.bin"]
    assert why.startswith("is a torch checkpoint, 1 of whose tensors were not read: 'turned', whose elements")
    done = provenance("diff", candidate, "--base", models["base"])
    assert (done.code, "some tensors of pytorch_model.bin were not read" in done.err) == (3, True)


def test_a_checkpoint_that_is_not_understood_is_said_and_the_rest_is_read(
    models: dict[str, Path], written: Callable[..., Path], tmp_path: Path
) -> None:
    import torch

    candidate = written("code", {"extra.pt": torch.nn.Linear(1, 1)}, safetensors=True)
    why = skipped(document("scan", candidate, folder=tmp_path))["extra.pt"]
    assert why.startswith("is a torch checkpoint, whose pickle imports 'torch.nn.modules.linear.Linear'")
    assert relations(document("diff", candidate, "--base", models["base"], folder=tmp_path)) == ["identical"]


def test_shards_of_torch_with_their_index(
    models: dict[str, Path], weights: dict[str, object], written: Callable[..., Path], tmp_path: Path
) -> None:
    names = sorted(weights)
    parts = [names[::2], names[1::2]]
    files = [f"pytorch_model-0000{number}-of-00002.bin" for number in (1, 2)]
    candidate = written(
        "shards", {file: {name: weights[name] for name in part} for file, part in zip(files, parts, strict=True)}
    )
    index = {"metadata": {}, "weight_map": {n: f for f, part in zip(files, parts, strict=True) for n in part}}
    (candidate / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    report = document("diff", candidate, "--base", models["base"], folder=tmp_path)
    assert relations(report) == ["repacked"]
    findings = document("scan", candidate, folder=tmp_path)["findings"]
    assert isinstance(findings, list)
    assert {finding["rule"] for finding in findings} <= {"pickle-file"}
    lone = document("diff", candidate / files[0], "--base", models["base"], folder=tmp_path)
    assert relations(lone) == ["repacked"]
    (candidate / files[1]).unlink()
    assert provenance("scan", candidate / files[0]).code == 3
