"""NumPy and ONNX files beside the weights: digested, and neither taken for the weights nor passed over in silence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.command import provenance
from tests.reading.formats.other_forge import node, npy, onnx, small_npz, small_onnx


def report(*arguments: object, folder: Path) -> dict[str, object]:
    path = folder / "report.json"
    provenance(*arguments, "-o", f"json={path}")
    loaded: dict[str, object] = json.loads(path.read_text())["report"]
    return loaded


def skipped(found: dict[str, object]) -> dict[str, str]:
    rows = found["skipped"]
    assert isinstance(rows, list)
    return {row["surface"]: row["reason"] for row in rows if row["asked"]}


EXPORTS = {"weights.npy": npy(), "arrays.npz": small_npz(), "onnx/model.onnx": small_onnx()}


@pytest.fixture
def exported(models: dict[str, Path], tmp_path: Path) -> Path:
    model = tmp_path / "exported"
    shutil.copytree(models["base"], model)
    for path, data in EXPORTS.items():
        (model / path).parent.mkdir(exist_ok=True)
        (model / path).write_bytes(data)
    return model


def test_they_are_read_and_nothing_is_said_against_them(exported: Path, tmp_path: Path) -> None:
    found = report("scan", exported, folder=tmp_path)
    assert skipped(found) == {}
    assert not [row for row in found["findings"] if row["severity"] != "info"]  # type: ignore[attr-defined]
    assert provenance("scan", exported).code == 0


def test_they_are_not_compared_with_a_base_and_that_is_said(
    exported: Path, models: dict[str, Path], tmp_path: Path
) -> None:
    found = report("check", exported, "--base", models["base"], folder=tmp_path)
    lineage = found["lineage"]
    assert isinstance(lineage, dict)
    assert lineage["relations"] == ["identical"]
    assert skipped(found).keys() == EXPORTS.keys()
    assert "digested and not compared" in skipped(found)["weights.npy"]
    turned = report("diff", models["base"], "--base", exported, folder=tmp_path)
    assert turned["lineage"]["relations"] == ["identical"]  # type: ignore[index]


def test_alone_they_are_compared(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.onnx").write_bytes(small_onnx())
    found = report("diff", tmp_path / "a", "--base", tmp_path / "b", folder=tmp_path)
    assert found["lineage"]["relations"] == ["identical"]  # type: ignore[index]


def test_a_constant_without_values_leaves_the_verdict_open(exported: Path, tmp_path: Path) -> None:
    (exported / "onnx" / "model.onnx").write_bytes(onnx(node(b"\x2a\x00")))
    why = skipped(report("scan", exported, folder=tmp_path))["onnx/model.onnx"]
    assert why.startswith("is an ONNX model, 1 of whose tensors were not read: 'name.'")
