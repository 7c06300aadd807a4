"""The arithmetic and the readers of the scanners' benchmark, without running any other scanner."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.benchmarks.scanners import confined, peers
from tests.benchmarks.scanners.interface import Answer, Done, Outcome, worst
from tests.benchmarks.scanners.intervals import bounds

ROOT = Path("/models/m")


@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    [(0, 10, 0.0, 0.30850), (10, 10, 0.69150, 1.0), (5, 10, 0.18709, 0.81291), (297, 300, 0.97106, 0.99793)],
)
def test_bounds_are_the_published_ones(successes: int, trials: int, lower: float, upper: float) -> None:
    assert bounds(successes, trials) == pytest.approx((lower, upper), abs=1e-5)


def test_nothing_tried_says_nothing() -> None:
    assert bounds(0, 0) == (0.0, 1.0)


def test_a_finding_wins_over_an_error_and_an_error_over_silence() -> None:
    silent, broken = Answer(Outcome.CLEAN), Answer(Outcome.ERROR)
    assert worst([silent, broken]).outcome is Outcome.ERROR
    assert worst([silent, Answer(Outcome.FLAGGED, ("a",), 1), broken]) == Answer(Outcome.FLAGGED, ("a",), 1)
    assert worst([]).outcome is Outcome.UNREAD


def test_what_a_scanner_did_not_read_is_neither_clean_nor_flagged() -> None:
    report = json.dumps({"issues": [], "errors": []})
    assert peers.read_modelscan(Done(3, report, ""), ROOT).outcome is Outcome.UNREAD
    assert peers.read_modelscan(Done(0, report, ""), ROOT).outcome is Outcome.CLEAN


@pytest.mark.parametrize("reader", [peers.read_modelscan, peers.read_modelaudit, peers.read_hayward, peers.read_driver])
def test_a_killed_or_garbled_run_is_an_error(reader: object) -> None:
    assert callable(reader)
    assert reader(Done(None, "", ""), ROOT).outcome is Outcome.ERROR
    assert reader(Done(0, "no report", ""), ROOT).outcome is Outcome.ERROR


def test_low_findings_do_not_count_and_places_are_below_the_folder() -> None:
    findings = [
        {"rule_id": "A", "file": "/models/m/x.bin", "message": "bad", "severity": "high"},
        {"rule_id": "B", "file": "/models/m/x.bin", "message": "odd", "severity": "low"},
    ]
    answer = peers.read_hayward(Done(1, json.dumps({"findings": findings}), ""), ROOT)
    assert answer == Answer(Outcome.FLAGGED, ("A x.bin bad",), 1)


def test_templates_are_taken_out_of_documents(tmp_path: Path) -> None:
    folder, scratch = tmp_path / "m", tmp_path / "s"
    folder.mkdir()
    scratch.mkdir()
    named = [{"name": "default", "template": "{{ a }}"}, {"name": "tool", "template": "{{ b }}"}]
    folder.joinpath("tokenizer_config.json").write_text(json.dumps({"chat_template": named}))
    folder.joinpath("chat_template.jinja").write_text("{{ c }}")
    texts = [path.read_text() for path in peers.templates(folder, scratch)]
    assert texts == ["{{ c }}", "{{ a }}", "{{ b }}"]


def test_the_clock_kills_what_runs_too_long(tmp_path: Path) -> None:
    assert confined.run(["sleep", "30"], tmp_path, seconds=1).code is None


def test_there_is_no_network_where_the_host_can_do_without(tmp_path: Path) -> None:
    if not confined.without_network():
        pytest.skip("no network namespaces on this host")
    done = confined.run(["cat", "/proc/net/route"], tmp_path)
    assert len(done.out.splitlines()) <= 1


def test_recorded_samples_are_kept_once_and_nothing_resolves_a_global(tmp_path: Path) -> None:
    """The plugin in a process of its own: its audit hook cannot be taken off."""
    program = (
        "import io, json, os, pickle, sys, types\n"
        "sys.path.insert(0, os.environ['DRIVERS'])\n"
        "import record_samples\n"
        "scanner = sys.modules['scanner'] = types.ModuleType('scanner')\n"
        "scanner.scan = lambda data: len(data)\n"
        "record_samples.pytest_configure()\n"
        "assert [scanner.scan(b'abc'), scanner.scan(b'abc')] == [3, 3]\n"
        "for attempt in (lambda: pickle.loads(b'cposix\\nsystem\\n.'), lambda: os.system('true')):\n"
        "    try:\n"
        "        attempt()\n"
        "    except PermissionError:\n"
        "        print('refused')\n"
    )
    record = json.dumps({"home": str(tmp_path / "samples"), "functions": [["scanner:scan", 0, "data.pkl"]]})
    done = confined.run([sys.executable, "-c", program], tmp_path, DRIVERS=str(peers.DRIVERS), RECORD=record)
    assert (done.code, done.out.split()) == (0, ["refused", "refused"]), done.err
    assert [path.read_bytes() for path in tmp_path.glob("samples/*/data.pkl")] == [b"abc"]
