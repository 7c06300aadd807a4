from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from fixtures.corpus import BASES, ITEMS, SURFACES, Item, Label
from fixtures.corpus.frozen import attacks, built, digest, read

BINARY_SURFACES = {
    "pickles": 140,
    "containers": 60,
    "safetensors": 45,
    "gguf": 65,
    "other-formats": 20,
    "disguises": 25,
    "contents": 10,
    "shadow-weights": 18,
    "walk": 7,
}


def test_idents_are_unique_and_kebab_case() -> None:
    counts = Counter(item.ident for item in ITEMS)
    assert [ident for ident, count in counts.items() if count > 1] == []
    assert [ident for ident in counts if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", ident)] == []


def test_every_item_names_a_known_surface_and_base_and_says_what_it_is() -> None:
    assert {item.surface for item in ITEMS} <= set(SURFACES)
    assert {item.base for item in ITEMS if item.base} <= set(BASES)
    assert all(item.title and "\n" not in item.title for item in ITEMS)


@pytest.mark.parametrize(("surface", "least"), BINARY_SURFACES.items())
def test_there_are_attacks_on_every_binary_surface(surface: str, least: int) -> None:
    assert sum(item.surface == surface for item in attacks()) >= least


def test_the_frozen_digests_are_those_of_the_attacks() -> None:
    assert list(read()) == [item.ident for item in attacks()]


@pytest.mark.parametrize("item", attacks(), ids=lambda item: item.ident)
def test_an_attack_is_the_bytes_that_were_frozen(item: Item) -> None:
    assert built(item) == read()[item.ident]


def test_no_two_attacks_are_the_same_and_none_is_the_repository_that_it_starts_from(tmp_path: Path) -> None:
    BASES["tiny"](tmp_path)
    frozen = read()
    assert digest(tmp_path) not in frozen.values()
    seen = Counter((frozen[item.ident], item.base) for item in attacks())
    assert [pair for pair, count in seen.items() if count > 1] == []


def test_items_that_are_not_attacks_can_be_built() -> None:
    others = [item for item in ITEMS if item.label is not Label.ATTACK]
    assert all(len(built(item)) == 64 for item in others)


def test_the_command_builds_what_is_asked_for(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fixtures.corpus", str(tmp_path / "out"), "shadow-bin", "pickle-os-system"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [line.split()[:3] for line in done.stdout.splitlines()] == [
        ["pickle-os-system", "attack", "pickles"],
        ["shadow-bin", "attack", "shadow-weights"],
    ]
    assert (tmp_path / "out/items/shadow-bin/pytorch_model.bin").is_file()
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "exists" in again.stderr
