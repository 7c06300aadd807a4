"""What is said not to have been looked at."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.command import provenance
from tests.reading import layouts
from tests.surfaces import samples


def skipped(*arguments: object, folder: Path) -> dict[str, bool]:
    """Surface to whether it was asked for, as a report lists what was not looked at."""
    path = folder / "report.json"
    provenance(*arguments, "-o", f"json={path}")
    return {row["surface"]: row["asked"] for row in json.loads(path.read_text())["report"]["skipped"]}


def test_settings_that_were_not_compared_are_named(models: dict[str, Path], tmp_path: Path) -> None:
    lone = tmp_path / "model.safetensors"
    shutil.copy(models["base"] / "model.safetensors", lone)
    assert skipped("check", lone, "--base", models["base"], folder=tmp_path)["configuration"] is False
    for name in ("resharded", "gguf-f16"):
        assert "configuration" not in skipped("check", models[name], "--base", models["base"], folder=tmp_path)
    assert "configuration" not in skipped("check", models["base"], folder=tmp_path)


@pytest.mark.parametrize("name", ["pytorch_model.onnx.zip", "extra.h5", "weights.npy", "saved_model.pb"])
def test_what_may_hold_weights_and_is_not_read_leaves_the_verdict_open(
    name: str, models: dict[str, Path], tmp_path: Path
) -> None:
    model = tmp_path / "model"
    shutil.copytree(models["base"], model)
    content = {
        "pytorch_model.onnx.zip": samples.archive("weights", bytes(200)),
        "saved_model.pb": bytes(range(1, 256)) * 9,
        "extra.h5": b"\x89HDF\r\n\x1a\n" + bytes(100),
        "weights.npy": b"\x93NUMPY\x01\x00v\x00"
        + b"{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }".ljust(117)
        + b"\n"
        + bytes(4),
    }
    (model / name).write_bytes(content[name])
    assert provenance("check", model).code == 3
    assert skipped("check", model, folder=tmp_path)[name] is True
    assert provenance("diff", model, "--base", models["base"], "--expect", "identical").code in (1, 3)


def test_a_type_of_tomorrow_is_not_looked_at_rather_than_bad(models: dict[str, Path], tmp_path: Path) -> None:
    import struct

    name = b"blk.0.attn_q.weight"
    tensor = struct.pack("<Q", len(name)) + name + struct.pack("<IQIQ", 1, 32, 471, 0)
    header = b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + tensor
    model = tmp_path / "new.gguf"
    model.write_bytes(header.ljust(-(-len(header) // 32) * 32, b"\0") + bytes(64))
    done = provenance("check", model)
    assert done.code == 3, done
    assert "471" in done.out
    assert "header-rejected" not in done.out
    assert provenance("diff", model, "--base", models["base"]).code == 3


def test_a_base_that_holds_more_than_was_read_is_said(models: dict[str, Path], tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(models["base"], base)
    (base / "flax_model.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert skipped("check", models["base"], "--base", base, folder=tmp_path)["base: flax_model.h5"] is False


def test_what_macos_leaves_beside_a_file_does_not_hide_the_weights(models: dict[str, Path], tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(models["base"], model)
    (model / "._model.safetensors").write_bytes(bytes.fromhex("0005160700020000") + bytes(100))
    done = provenance("check", model, "--base", models["base"], "--policy", "lineage")
    assert done.code == 0, done.out
    (model / "._model.safetensors").write_bytes(b"something else")
    assert provenance("check", model, "--base", models["base"]).code == 1


def test_what_goes_wrong_with_the_candidate_is_not_put_on_the_base(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A candidate that changes while both are read ends the run, and is named."""
    from provenance.reading.files import OpenFile

    model = tmp_path / "candidate"
    shutil.copytree(models["base"], model)
    read_into = OpenFile.read_into

    def meddle(self: OpenFile, buffer: memoryview, offset: int) -> None:
        read_into(self, buffer, offset)
        if self.where.startswith(str(model)) and self.path == "model.safetensors" and offset:
            (model / "model.safetensors").touch()

    monkeypatch.setattr(OpenFile, "read_into", meddle)
    done = provenance("check", model, "--base", models["base"], "--policy", "lineage")
    assert done.code == 3
    assert str(model / "model.safetensors") in done.complaint
    assert not done.out


def test_the_facts_of_many_documents_stay_in_their_budget(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model"
    shutil.copytree(models["base"], model)
    document = json.dumps({"a": [{"k": [number]} for number in range(5000)]})
    for number in range(4):
        (model / f"d{number}").mkdir()
        (model / f"d{number}/config.json").write_text(document)
    assert provenance("check", model).code == 0
    root = sum(24 * path.stat().st_size for path in model.glob("*.json")) * 2
    monkeypatch.setattr("provenance.pipeline.gather.BUDGET_BYTES", root + 24 * 2 * len(document))
    assert provenance("check", model).code == 3
    for arguments in (["check", model], ["check", model, "--base", models["base"]]):
        left_out = skipped(*arguments, folder=tmp_path)
        assert left_out["d3/config.json"] is True
        assert "d0/config.json" not in left_out
        assert "config.json" not in left_out


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("modeling_x.py", b"print 'hello'\n", 3),
        ("run.sh", b"#!/bin/sh\n" + b"echo hello\n" * 100_000, 3),
        ("demo.ipynb", b'{"cells": 1}', 3),
        ("demo.ipynb", b'{"cells": [{"cell_type": "code", "source": "x ="}], "nbformat": 4}', 0),
        ("tiny.py", b"x = 1\n", 0),
    ],
)
def test_source_code_that_cannot_be_read_leaves_the_verdict_open(
    tmp_path: Path, name: str, content: bytes, code: int
) -> None:
    layouts.write(tmp_path, {"model.safetensors": layouts.safetensors({"a": layouts.bf16(4)}), name: content})
    assert provenance("scan", tmp_path).code == code
