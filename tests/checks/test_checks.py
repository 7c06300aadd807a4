"""The folder of checks: every file an entry, every rule a case and a page; findings in one order on every host."""

from __future__ import annotations

import dataclasses
import importlib
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from provenance import checks
from provenance.checks import CHECKS, RULES, Check, Rule, page, run_all
from provenance.checks.pages import index, write
from provenance.facts import Fact
from provenance.records import Evidence, Skipped
from tests.checks.cases import CASES
from tests.checks.models import contents, everything, evidence

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs/checks"
NO_CHECKS = {
    "__init__",
    "__main__",
    "base_names",
    "behaviour_settings",
    "charsmap",
    "file_kinds",
    "gguf_settings",
    "interface",
    "json_places",
    "lookalikes",
    "pages",
    "pickle_globals",
    "settings",
    "tensor_names",
    "token_names",
    "tokenizer_changes",
    "tokenizer_reading",
    "tokenizer_rules",
    "tokenizer_steps",
    "torch_globals",
}


def test_every_file_is_one_entry() -> None:
    modules = {path.stem for path in Path(checks.__file__ or "").parent.glob("*.py")} - NO_CHECKS
    owners = {}
    for module in modules:
        found = importlib.import_module(f"provenance.checks.{module}")
        own = [value for value in vars(found).values() if isinstance(value, Check)]
        assert len(own) == 1, module
        assert own[0].ident == module.replace("_", "-")
        owners[module] = own[0]
        named = {value.ident for value in vars(found).values() if isinstance(value, Rule)}
        assert named == {rule.ident for rule in own[0].rules}, module
    assert sorted(check.ident for check in CHECKS) == sorted(check.ident for check in owners.values())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.ident)
def test_every_check_has_a_test_of_its_own(check: Check) -> None:
    assert (Path(__file__).parent / f"test_{check.ident.replace('-', '_')}.py").is_file()


def test_every_rule_has_one_owner() -> None:
    idents = [rule.ident for check in CHECKS for rule in check.rules]
    assert len(idents) == len(set(idents)) == len(RULES)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", ident) for ident in idents)


def test_every_rule_has_a_case_and_no_case_is_without_rule() -> None:
    assert set(CASES) == set(RULES)


@pytest.mark.parametrize("ident", RULES)
def test_the_violating_case_is_found_and_the_clean_one_is_not(ident: str) -> None:
    violating, clean = CASES[ident]
    found = [finding for finding in run_all(violating) if finding.rule == ident]
    assert len(found) == 1
    assert found[0].severity is RULES[ident].severity
    assert found[0].advice == RULES[ident].advice
    assert not [finding for finding in run_all(clean) if finding.rule == ident]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.ident)
def test_a_check_reports_its_own_rules_alone(check: Check) -> None:
    own = {rule.ident for rule in check.rules}
    for case in CASES.values():
        for subject in case:
            assert {finding.rule for finding in check.run(subject)} <= own


def shuffled(subject: Evidence, seed: int) -> Evidence:
    facts: list[Fact] = list(subject.candidate.facts)
    random.Random(seed).shuffle(facts)
    return dataclasses.replace(subject, candidate=dataclasses.replace(subject.candidate, facts=tuple(facts)))


@pytest.mark.parametrize("ident", RULES)
def test_findings_do_not_depend_on_the_order_of_facts(ident: str) -> None:
    for subject in CASES[ident]:
        expected = run_all(subject)
        assert run_all(subject) == expected
        assert run_all(shuffled(subject, 1)) == expected


def test_the_worst_comes_first() -> None:
    found = run_all(everything())
    ranks = [finding.severity.rank for finding in found]
    assert ranks == sorted(ranks, reverse=True)
    assert len({finding.severity for finding in found}) == 4
    keys = [(-finding.severity.rank, finding.rule, finding.location.file) for finding in found]
    assert keys == sorted(keys)


def test_equal_on_every_host() -> None:
    code = "from tests.checks.models import everything; import provenance.checks as c; print(c.run_all(everything()))"
    outputs = set()
    for seed in ("0", "1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1


def test_a_hostile_name_stays_on_one_line() -> None:
    hostile = "evil\x1b[2J\u202e\n.py"
    for finding in run_all(evidence(contents({hostile: b"import os\n", "config\u2028.json": b"{"}))):
        assert finding.message.isprintable()
    assert finding.location.file in (hostile, "config\u2028.json")


def test_nothing_measured_is_nothing_found() -> None:
    empty = contents({"README.md": b"# A model\n"})
    assert run_all(Evidence(empty, Skipped("base", "none"), Skipped("lineage", "none"))) == ()


# Pages.


@pytest.mark.parametrize("ident", RULES)
def test_the_page_is_current(ident: str) -> None:
    assert (PAGES / f"{ident}.md").read_text(encoding="utf-8") == page(RULES[ident]), "run python -m provenance.checks"


def test_there_is_no_other_page_and_the_index_is_current() -> None:
    assert {path.name for path in PAGES.iterdir()} == {f"{ident}.md" for ident in RULES} | {"README.md"}
    assert (PAGES / "README.md").read_text(encoding="utf-8") == index(CHECKS)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.ident)
def test_a_page_says_everything(rule: Rule) -> None:
    text = page(rule)
    assert text.startswith(f"# {rule.ident}\n")
    for part in (rule.meaning, rule.why, rule.advice, rule.accept, rule.example):
        assert part.split()[0] in text
        assert part.strip() == part
        assert part
    for part in (rule.meaning, rule.why, rule.advice, rule.accept):
        assert part.endswith((".", ")")) or rule.ident == "executable-mode"
    assert all(len(line) <= 130 for line in text.splitlines())
    assert not rule.title.endswith(".")
    assert rule.title[0].islower()


def test_writing_removes_pages_of_rules_that_are_no_more(tmp_path: Path) -> None:
    (tmp_path / "old-rule.md").write_text("gone")
    (tmp_path / "notes.txt").write_text("kept")
    write(CHECKS, tmp_path)
    assert not (tmp_path / "old-rule.md").exists()
    assert (tmp_path / "notes.txt").exists()
    assert {path.name for path in tmp_path.glob("*.md")} == {path.name for path in PAGES.iterdir()}


def test_the_command_writes_the_pages(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "provenance.checks", str(tmp_path)], check=True, cwd=ROOT)
    assert (tmp_path / "pickle-file.md").read_text(encoding="utf-8") == page(RULES["pickle-file"])


def test_nothing_heavy_is_imported() -> None:
    heavy = ["yaml", "jinja2", "numpy", "torch", "pydantic", "rich"]
    code = f"import sys, provenance.checks; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
