"""The folder of inspectors: every file an entry, every entry a test and a section of the documentation."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.records import Unit
from provenance.surfaces import inspectors
from provenance.surfaces.inspectors import EXAMINERS, INSPECTORS, Examiner, InspectionContext, Inspector, consumers
from tests.surfaces.feeding import inspect

ROOT = Path(__file__).parents[3]
NO_INSPECTORS = {"__init__", "interface", "gguf_metadata"}
FILES = [
    "README.md",
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
    "a.py",
    "x.bin",
]


def _names() -> set[str]:
    return {inspector.name for inspector in INSPECTORS} | {examiner.name for examiner in EXAMINERS}


def test_every_file_is_one_entry() -> None:
    modules = {path.stem for path in Path(inspectors.__file__ or "").parent.glob("*.py")} - NO_INSPECTORS
    owners = {}
    for module in modules:
        found = importlib.import_module(f"provenance.surfaces.inspectors.{module}")
        own = [value for value in vars(found).values() if isinstance(value, Inspector | Examiner)]
        assert len(own) == 1, module
        owners[own[0].name] = module
        assert own[0].name == module.replace("_", "-")
    assert sorted(owners) == sorted(_names())


@pytest.mark.parametrize("inspector", [*INSPECTORS, *EXAMINERS], ids=lambda inspector: inspector.name)
def test_every_entry_has_a_test_and_a_section(inspector: Inspector | Examiner) -> None:
    assert (Path(__file__).parent / f"test_{inspector.name.replace('-', '_')}.py").is_file()
    sections = (ROOT / "docs/surfaces.md").read_text(encoding="utf-8")
    assert f"\n## {inspector.name}\n" in sections


def test_the_documentation_has_no_other_sections() -> None:
    lines = (ROOT / "docs/surfaces.md").read_text(encoding="utf-8").splitlines()
    named = {line[3:] for line in lines if line.startswith("## ")}
    assert named == _names() | {"gguf-metadata", "headers", "second forms", "tensors", "what git obeys"}


@pytest.mark.parametrize("file", ["a", "model.safetensors", "README.md", "x/config.json", "\u202e.bin"])
def test_every_file_is_inspected(file: str) -> None:
    assert consumers(Unit(file, 0, 10), InspectionContext())


def test_consumers_are_fresh() -> None:
    unit = Unit("README.md", 0, 3)
    assert not set(consumers(unit, InspectionContext())) & set(consumers(unit, InspectionContext()))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(FILES), st.binary(max_size=200), st.integers(1, 50))
def test_any_bytes_under_any_name_are_borne_and_the_cut_never_matters(file: str, data: bytes, chunk: int) -> None:
    facts = inspect(file, data)
    assert facts
    assert inspect(file, data, chunk=chunk) == facts
    assert all(fact.file == file for fact in facts)


def test_nothing_heavy_is_imported() -> None:
    import subprocess

    heavy = ["yaml", "jinja2", "numpy", "torch", "pydantic"]
    code = f"import sys, provenance.surfaces.inspectors; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
