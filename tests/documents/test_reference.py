"""docs/policy.md: its tables are the schema's, its presets the package's, and its examples work."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from provenance.checks import RULES
from provenance.documents.__main__ import main
from provenance.documents.policy import PRESETS, TABLES, Policy, Table
from provenance.documents.reference import BEGIN, END, keys, splice
from provenance.trust.policy.loading import load, preset, refuse_unknown_rules

PAGE = Path(__file__).parent.parent.parent / "docs" / "policy.md"
TEXT = PAGE.read_text("utf-8")
BLOCKS = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
PEM = "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"


def test_the_generated_part_is_current() -> None:
    assert splice(TEXT) == TEXT, "run: python -m provenance.documents --reference docs/policy.md schemas"


def test_every_key_has_a_row_with_a_meaning() -> None:
    generated = keys()
    tables: list[type[Table]] = [Policy, *TABLES.values()]
    for table in tables:
        for name, field in table.model_fields.items():
            if name in TABLES:
                continue
            row = next(line for line in generated.splitlines() if line.startswith(f"| `{field.alias or name}` |"))
            assert all(cell.strip() for cell in row.strip("|").split(" | ")), row
    for heading in ("`[signer.NAME]`", "`[lineage]`", "`[[attestations]]`", "`[[exception]]`"):
        assert f"### {heading}" in generated


def test_rows_tell_values_and_defaults() -> None:
    rows = keys().splitlines()
    assert any(row.startswith('| `other-files` | `"any"` `"no-code"` `"known-only"` | **required** |') for row in rows)
    assert any(row.startswith('| `assurance` | `"bytes"` `"sampled"`') and '| `"bytes"` |' in row for row in rows)
    assert any(row.startswith("| `expires` | date | **required** |") for row in rows)
    assert any(row.startswith("| `version` | `1` | **required** |") for row in rows)
    assert not any('inconclusive`"' in row for row in rows)


@pytest.mark.parametrize("name", PRESETS)
def test_the_built_in_policies_are_shown_as_they_are(name: str) -> None:
    assert preset(name).decode() in BLOCKS


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_example_is_a_policy(block: str, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    for name in ("release", "ci"):
        (tmp_path / "keys" / f"{name}.pub").write_text(PEM)
    source = tmp_path / "policy.toml"
    source.write_text(block, "utf-8")
    loaded = load(str(source))
    refuse_unknown_rules(loaded, RULES)
    assert loaded.policy.version == 1


def test_the_key_that_is_shown_is_a_key(tmp_path: Path) -> None:
    (block,) = [block for block in BLOCKS if "BEGIN PUBLIC KEY" in block]
    (tmp_path / "p.toml").write_text(block)
    assert load_pem_public_key(load(str(tmp_path / "p.toml")).keys["lab"])


def test_there_is_an_example_beside_the_presets() -> None:
    assert len(BLOCKS) >= len(PRESETS) + 4


def test_a_page_without_markers_is_refused() -> None:
    for page in ("", BEGIN, END, f"{END}{BEGIN}"):
        with pytest.raises(ValueError, match="markers"):
            splice(page)


def test_the_command_writes_and_checks_the_page(tmp_path: Path) -> None:
    page, schemas = tmp_path / "policy.md", str(tmp_path / "schemas")
    shutil.copyfile(PAGE, page)
    main(["--reference", str(page), schemas])
    assert page.read_text("utf-8") == TEXT
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    assert main(["--check", "--reference", str(page), schemas]) == 1
    assert main(["--reference", str(page), schemas]) == 0
    assert page.read_text("utf-8") == f"before\n{BEGIN}\n{keys()}\n{END}after\n"
    assert main(["--check", "--reference", str(page), schemas]) == 0
