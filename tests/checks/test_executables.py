"""Programs by content, by name and by mode."""

from __future__ import annotations

import pytest

from provenance.checks.executables import EXECUTABLES
from provenance.checks.file_kinds import PROGRAMS
from provenance.records import Severity
from tests.checks.models import content, contents, evidence, model
from tests.surfaces.samples import SAMPLES


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("name", ["data.bin", "README.md", "lib"])
def test_programs_are_critical_under_any_name(sample: str, name: str) -> None:
    kind, make = SAMPLES[sample]
    found = [f for f in EXECUTABLES.run(evidence(contents({name: make()}))) if f.rule == "executable-file"]
    assert [finding.severity for finding in found] == [Severity.CRITICAL] * (kind in PROGRAMS)


@pytest.mark.parametrize("name", ["tool.exe", "kernels.so", "x.jar", "x.whl", "x.dylib", "a.DLL"])
def test_the_name_of_a_program_is_an_error_without_its_content(name: str) -> None:
    for sample in ("zip", "text", "noise"):
        (found,) = EXECUTABLES.run(evidence(contents({name: SAMPLES[sample][1]()})))
        assert (found.rule, found.severity) == ("executable-file", Severity.ERROR)
    assert list(EXECUTABLES.run(evidence(contents({name: b""})))) == []


def test_marked_data_files_are_one_finding() -> None:
    facts = [content(f"f{i}.json", "json", executable=True) for i in range(8)]
    (found,) = EXECUTABLES.run(evidence(model(facts=[*facts, content("g", "text")])))
    assert found.message == "'f0.json', 'f1.json', 'f2.json', 'f3.json', 'f4.json' and 3 more are marked executable"
    assert found.severity is Severity.INFO
    (found,) = EXECUTABLES.run(evidence(model(facts=facts[:1])))
    assert found.message == "'f0.json' is marked executable"


def test_what_is_run_may_be_marked() -> None:
    facts = [content("run.sh", "script", executable=True), content("a.py", "python", executable=True)]
    assert list(EXECUTABLES.run(evidence(model(facts=facts)))) == []
