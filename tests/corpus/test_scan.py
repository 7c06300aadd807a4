"""Attacks are denied and honest repositories left alone: every one by hand, every ninth in each run."""

from __future__ import annotations

import pytest

from fixtures.corpus import ITEMS, Item, Label
from tests.corpus.known import KNOWN
from tests.corpus.scans import answers, is_wrong

SAMPLE = 9
"""Every so-many-th item is scanned in each run of the tests; `make test-slow` scans them all."""


def wrong(items: list[Item]) -> list[str]:
    return [
        f"{a.item.ident}: exit {a.code} {a.findings}"
        for a in answers(items)
        if is_wrong(a) and a.item.ident not in KNOWN
    ]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("label", [Label.ATTACK, Label.CLEAN], ids=str)
def test_a_sample_gets_what_it_is_owed(label: Label) -> None:
    assert wrong([item for item in ITEMS if item.label is label][::SAMPLE]) == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_whole_corpus_gets_what_it_is_owed() -> None:
    found = list(answers([item for item in ITEMS if item.label is not Label.REVIEW]))
    attacks = [a for a in found if a.item.label is Label.ATTACK]
    clean = [a for a in found if a.item.label is Label.CLEAN]
    assert len(attacks) >= 300
    assert len(clean) >= 200
    assert sum(a.blocked for a in attacks) >= 0.99 * len(attacks)
    assert [a.item.ident for a in clean if a.alarm] == []
    assert [a.item.ident for a in found if is_wrong(a) and a.item.ident not in KNOWN] == []
    assert [ident for ident in KNOWN if not any(a.item.ident == ident and is_wrong(a) for a in found)] == []
