"""The JSON output reads back as the same report, by our own reader and by any other."""

from __future__ import annotations

import json
import time

import pytest

from provenance import outputs
from provenance.documents import strict_json
from provenance.documents.report import ReportFile
from tests.outputs import samples


@pytest.mark.parametrize("story", samples.STORIES, ids=lambda story: story.__name__)
def test_it_reads_back_as_the_same_values(story: object) -> None:
    assert callable(story)
    report, verdict = story()
    text = outputs.render("json", report, verdict, {})
    assert ReportFile.model_validate_json(text) == ReportFile(report=report, verdict=verdict)


@pytest.mark.parametrize("payload", samples.PAYLOADS, ids=lambda text: repr(text[:12]))
def test_hostile_values_read_back_as_they_were(payload: str) -> None:
    report, verdict = samples.hostile(payload)
    text = outputs.render("json", report, verdict, {})
    assert text.isascii()
    assert ReportFile.model_validate_json(text) == ReportFile(report=report, verdict=verdict)
    assert strict_json.loads(text.encode()) == json.loads(text)


def test_names_are_those_of_the_schema_in_the_order_of_the_document() -> None:
    parsed = json.loads(outputs.render("json", *samples.abliterated(), {}))
    assert list(parsed) == ["report", "verdict"]
    assert list(parsed["report"])[:4] == ["schemaVersion", "tool", "inputs", "subject"]
    assert parsed["report"]["schemaVersion"] == parsed["verdict"]["schemaVersion"] == "v0"
    assert parsed["report"]["tensors"][0]["delta"]["relativeNorm"] == 0.031
    assert parsed["report"]["findings"][1]["location"]["jsonPath"] == "$.auto_map"


def test_without_a_policy_the_verdict_is_null() -> None:
    assert json.loads(outputs.render("json", *samples.diffed(), {}))["verdict"] is None


def test_two_spaces_and_one_newline() -> None:
    text = outputs.render("json", *samples.scanned(), {})
    assert text.startswith('{\n  "report": {\n    "schemaVersion": "v0",\n')
    assert text.endswith("\n  }\n}\n")


def test_nothing_is_left_out_or_shortened() -> None:
    report, verdict = samples.crowded(1_000, "x" * 1_000)
    parsed = json.loads(outputs.render("json", report, verdict, {}))
    assert len(parsed["report"]["findings"]) == 1_000
    assert parsed["report"]["findings"][999]["message"] == "x" * 1_000


def test_a_name_whose_bytes_are_not_utf8_is_written_so_that_strict_readers_take_it() -> None:
    report, verdict = samples.scanned()
    named = report.inputs.model_copy(update={"candidate": "m\udcff", "options": {"policy": "é\udcff"}})
    text = outputs.render("json", report.model_copy(update={"inputs": named}), verdict, {})
    parsed = strict_json.loads(text.encode())
    assert isinstance(parsed, dict)
    assert parsed["report"]["inputs"]["candidate"] == r"m\udcff"
    assert parsed["report"]["inputs"]["options"] == {"policy": r"é\udcff"}
    assert ReportFile.model_validate_json(text).verdict == verdict


def test_escaping_much_does_not_take_long() -> None:
    report, verdict = samples.crowded(100, "|\x9b" * 1_000)
    started = time.perf_counter()
    outputs.render("json", report, verdict, {})
    assert time.perf_counter() - started < 10
