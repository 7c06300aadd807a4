"""`scan --no-digests`: the weights' data is not read, everything else is, and nothing passes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from provenance.pipeline.gather import gather
from provenance.reading.ends import END_BYTES, WHOLE_BYTES
from tests.command import Done, provenance
from tests.reading import layouts

ACCEPTS_ALL = """
version = 1
name = "accepts-all"
extends = "builtin:default"
[coverage]
not-asked = "pass"
assurance = "none"
"""


class Count:
    """Bytes announced, and bytes read."""

    announced = 0
    read = 0

    def begin(self, total: int) -> None:
        self.announced += total

    def __call__(self, nbytes: int) -> None:
        self.read += nbytes


@pytest.fixture
def large(models: dict[str, Path], tmp_path: Path) -> Path:
    """The honest base, with weights of 8 MiB."""
    model = tmp_path / "large"
    shutil.copytree(models["base"], model)
    (model / "model.safetensors").write_bytes(
        layouts.safetensors({"table.weight": ("BF16", [4 << 20], b"\x80\x3f" * (4 << 20))})
    )
    return model


def scan(model: Path, *options: object) -> tuple[Done, dict[str, Any]]:
    path = model.parent / "report.json"
    done = provenance("scan", model, "--no-digests", *options, "-o", "table", "-o", f"json={path}")
    document: dict[str, Any] = json.loads(path.read_text())
    return done, document["report"]


def test_an_honest_model_does_not_pass_and_the_page_says_why(large: Path) -> None:
    assert provenance("scan", large).code == 0
    done, report = scan(large)
    assert done.code == 3
    page = " ".join(done.out.split())
    assert "nothing was digested, and the weights' data was not read." in page
    assert "sha256 none: nothing was digested" in page
    assert "which reads and digests all of it" in page
    assert report["findings"] == []
    assert "digests" in {row["surface"] for row in report["skipped"]}


def test_no_digest_is_reported_for_anything(large: Path) -> None:
    _, report = scan(large)
    subject = report["subject"]
    assert (subject["sha256"], subject["tensorRoot"], subject["assurance"]) == (None, None, "none")
    assert subject["tensorCount"] == 1
    assert {file["sha256"] for file in subject["files"]} == {None}
    assert [(row["name"], row["blake3"]) for row in report["tensors"]] == [("table.weight", None)]


def test_coverage_counts_what_was_passed_over(large: Path) -> None:
    _, report = scan(large)
    rows = {row["surface"]: row for row in report["coverage"]}
    assert rows["files"]["examined"] == rows["files"]["total"] - 1
    assert 0 < rows["bytes"]["total"] - rows["bytes"]["examined"] <= 8 << 20
    assert rows["bytes"]["examined"] < 1 << 20
    assert (rows["tensor-digests"]["examined"], rows["tensor-digests"]["total"]) == (0, 1)


def test_the_bytes_read_are_those_announced_and_no_weights_are_among_them(large: Path) -> None:
    watch = Count()
    gather(str(large), None, weights=False, digests=False, watch=watch)
    size = sum(path.stat().st_size for path in large.iterdir())
    assert watch.read == watch.announced <= size - (8 << 20) + 2 * END_BYTES


def test_no_policy_passes_it(large: Path) -> None:
    policy = large.parent / "policy.toml"
    policy.write_text(ACCEPTS_ALL)
    done, _ = scan(large, "--policy", policy)
    assert done.code == 3, done.out
    assert "coverage.digests" in done.out
    again = provenance("report", large.parent / "report.json", "--policy", policy)
    assert again.code == 3


@pytest.mark.parametrize("name", ["hostile/auto-map", "hostile/truncated-header"])
def test_what_is_found_is_denied_all_the_same(name: str, models: dict[str, Path], tmp_path: Path) -> None:
    whole, report = provenance("scan", models[name]), tmp_path / "r.json"
    assert whole.code == 1
    assert provenance("scan", models[name], "--no-digests", "-o", f"json={report}").code == 1


def test_the_findings_are_those_of_a_whole_scan(models: dict[str, Path], tmp_path: Path) -> None:
    for name, model in models.items():
        found = []
        for options in ((), ("--no-digests",)):
            report = tmp_path / "r.json"
            report.unlink(missing_ok=True)
            provenance("scan", model, *options, "-o", f"json={report}")
            found.append(json.loads(report.read_text())["report"]["findings"] if report.exists() else None)
        whole, ends = found
        assert ends == whole, name


def test_a_large_file_of_no_known_kind_is_named(large: Path) -> None:
    (large / "notes.txt").write_bytes(b"words and words\n" * (WHOLE_BYTES // 8))
    _, report = scan(large)
    row = next(row for row in report["skipped"] if row["surface"] == "notes.txt")
    assert row["asked"] is True
    assert "ends" in row["reason"]


def test_a_document_is_read_in_full_where_a_program_of_that_size_is_not(large: Path) -> None:
    text = json.dumps({"model": {"vocab": {f"token {n}": n for n in range(100_000)}}}).encode()
    assert len(text) > WHOLE_BYTES
    (large / "tokenizer.json").write_bytes(text[:-2])
    _, report = scan(large)
    assert any(row["rule"] == "json-invalid" for row in report["findings"])


def test_the_report_is_not_signed(large: Path, keys: dict[str, Path], tmp_path: Path) -> None:
    scan(large)
    bundle = tmp_path / "b.sigstore.jsonl"
    report = large.parent / "report.json"
    done = provenance("attest", large, "--report", report, "--key", keys["p256"], "-o", f"bundle={bundle}")
    assert done.code == 2
    assert "without digests" in done.complaint
    assert not bundle.exists()


def test_a_report_with_one_digest_missing_is_not_signed(large: Path, keys: dict[str, Path], tmp_path: Path) -> None:
    path, bundle = tmp_path / "whole.json", tmp_path / "b.sigstore.jsonl"
    provenance("scan", large, "-o", f"json={path}")
    document = json.loads(path.read_text())
    document["report"]["subject"]["files"][0]["sha256"] = None
    path.write_text(json.dumps(document))
    done = provenance("attest", large, "--report", path, "--key", keys["p256"], "-o", f"bundle={bundle}")
    assert done.code == 2
    assert not bundle.exists()


@pytest.mark.parametrize("kind", ["sarif", "summary", "github", "json", "table"])
def test_every_output_says_it(kind: str, large: Path) -> None:
    done = provenance("scan", large, "--no-digests", "-o", kind)
    assert done.code == 3
    assert "digest" in done.out
