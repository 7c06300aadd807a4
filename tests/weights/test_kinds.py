"""A kind is one file, one entry in its tuple and one place in the documentation; nothing is half there."""

from __future__ import annotations

from pathlib import Path

import pytest

import provenance
from provenance.records import TensorState
from provenance.weights import architectures, relations

PACKAGE = Path(provenance.__file__).parent / "weights"
PAGE = (PACKAGE.parent.parent / "docs" / "lineage.md").read_text()


def constants(folder: str, *others: str) -> set[str]:
    """The constant that each file of kinds ends in, by the file's name."""
    files = {path.stem for path in (PACKAGE / folder).glob("*.py")} - {"__init__", "interface", *others}
    for name in files:
        text = (PACKAGE / folder / f"{name}.py").read_text().rstrip()
        assert f"\n{name.upper()} = " in text, f"{folder}/{name}.py does not end in its constant"
        assert text.endswith(")"), f"{folder}/{name}.py does not end in its constant"
    return files


def test_every_architecture_is_listed_and_documented() -> None:
    assert constants("architectures", "dense") == {a.name.replace("-", "_") for a in architectures.ARCHITECTURES}
    for architecture in architectures.ARCHITECTURES:
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{architecture.name}` |"))
        for claim in architecture.classes | architecture.model_types | architecture.gguf:
            assert f"`{claim}`" in row, claim


def test_every_relation_that_is_proved_is_listed_and_documented() -> None:
    proved = [kind.relation.value for kind in relations.RELATIONS]
    assert constants("relations", "basis", "compare", "untested") == {name.replace("-", "_") for name in proved}
    rows = [line.split("`")[1] for line in PAGE.split("## Relations that are proved")[1].splitlines() if "| `" in line]
    assert rows == proved


@pytest.mark.parametrize("state", list(TensorState))
def test_every_state_is_documented(state: TensorState) -> None:
    assert f"`{state}`" in PAGE.split("## States of a tensor")[1].split("## Statistics")[0]
