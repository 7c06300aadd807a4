"""A second form of the weights, through the command: what is read again, what is said, what is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fixtures.corpus import shadow_weights
from provenance.weights import kernels
from tests.command import Done, provenance


def scan(folder: Path, *options: object) -> tuple[Done, dict[str, Any]]:
    path = folder.parent / "report.json"
    done = provenance("scan", folder, *options, "-o", f"json={path}")
    document: dict[str, Any] = json.loads(path.read_text())
    return done, document["report"]


def rows(report: dict[str, Any]) -> dict[str, Any]:
    return {row["surface"]: row for row in report["coverage"]}


def build(folder: Path, form: str, weights: Any = shadow_weights.same) -> Path:
    folder.mkdir()
    shadow_weights.pair(shadow_weights.FORMS[form][0], weights)(folder)
    return folder


def test_equal_dtypes_are_settled_by_their_digests(tmp_path: Path) -> None:
    done, report = scan(build(tmp_path / "m", "consolidated"))
    assert done.code == 0
    assert rows(report)["second-forms"] == {
        "surface": "second-forms", "examined": 26, "total": 26, "unit": "tensors", "note": None,
    }  # fmt: skip


def test_other_dtypes_are_read_again_and_that_is_said(tmp_path: Path) -> None:
    done, report = scan(build(tmp_path / "m", "fp16"))
    assert done.code == 0
    nbytes = sum(len(tensor.data) for tensor in shadow_weights.same().values()) * 3 // 2
    assert rows(report)["second-forms"]["note"].startswith(f"{nbytes} bytes were read a second time")


def test_a_form_that_differs_is_denied_with_a_base_too(tmp_path: Path, models: dict[str, Path]) -> None:
    folder = build(tmp_path / "m", "bf16", shadow_weights.steered)
    for arguments in (("scan", folder), ("check", folder, "--base", build(tmp_path / "base", "npz"))):
        done = provenance(*arguments)
        assert done.code == 1
        assert "shadow-weights-differ" in done.out


def test_what_is_not_compared_is_said_and_denies_nothing(tmp_path: Path) -> None:
    folder = build(tmp_path / "m", "original")
    done, report = scan(folder)
    assert done.code == 0
    (told,) = [row for row in report["skipped"] if row["surface"] == "original/consolidated.00.pth"]
    assert told["asked"] is False
    assert "rows of each head" in told["reason"]


def test_nothing_is_compared_without_digests(tmp_path: Path) -> None:
    folder = build(tmp_path / "m", "bin", shadow_weights.other)
    done, report = scan(folder, "--no-digests")
    assert "second-forms" not in rows(report)
    assert done.code == 3


def test_a_model_of_one_form_is_read_once(tmp_path: Path) -> None:
    folder = build(tmp_path / "m", "fp16")
    (folder / "model.fp16.safetensors").unlink()
    _, report = scan(folder)
    assert "second-forms" not in rows(report)


def test_forms_are_compared_without_the_extension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_native", None)
    assert scan(build(tmp_path / "m", "gguf-f16"))[0].code == 0
    shutil.rmtree(tmp_path / "m")
    assert scan(build(tmp_path / "m", "gguf-f16", shadow_weights.steered))[0].code == 1
