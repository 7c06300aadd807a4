"""Whatever a model is called and holds, no output can be steered by it. One payload, one test, every output."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance import outputs
from provenance.outputs import table
from provenance.outputs.interface import Screen
from provenance.records import Outcome, RuleResult
from tests.outputs import samples

KINDS = [kind.name for kind in outputs.KINDS]


def forbidden(text: str) -> list[str]:
    """Characters that could steer a terminal: all that is not printable, but for newlines."""
    return sorted({repr(char) for char in text if char != "\n" and not char.isprintable()})


def commands(text: str) -> list[str]:
    """Lines that a CI runner would obey."""
    return [line for line in text.splitlines() if line.lstrip().startswith("::") or "##[" in line]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("payload", samples.PAYLOADS, ids=lambda text: repr(text[:12]))
def test_hostile_text_stays_text(kind: str, payload: str) -> None:
    text = outputs.render(kind, *samples.hostile(payload), samples.RULES)
    assert forbidden(text) == []
    if kind != "github":
        assert commands(text) == []


@pytest.mark.parametrize("payload", samples.PAYLOADS, ids=lambda text: repr(text[:12]))
def test_hostile_text_writes_no_annotation_of_its_own(payload: str) -> None:
    lines = outputs.render("github", *samples.hostile(payload), samples.RULES).splitlines()
    assert len(lines) == 4
    for line in lines:
        command = re.fullmatch(
            r"::(error|warning|notice) ((?:title|file|line)=[^:,]+(?:,(?:file|line)=[^:,]+)*)::(.*)", line
        )
        assert command is not None, line
        assert "::" not in command[3]


@pytest.mark.parametrize("payload", samples.PAYLOADS, ids=lambda text: repr(text[:12]))
def test_hostile_text_stays_text_in_colour_and_in_ascii(payload: str) -> None:
    report, denied = samples.hostile(payload)
    judged = samples.verdict(Outcome.DENIED, (payload, RuleResult.FAIL, payload), policy=payload)
    for screen in (Screen(color=True), Screen(unicode=False, width=60), Screen(width=200)):
        pages = (
            table.render(report, denied, samples.RULES, screen),
            table.render_verification(report.subject, report.attestations, judged, screen),
        )
        for text in pages:
            bare = re.sub(r"\x1b\[[0-9;]*m", "", text)
            assert forbidden(bare) == []
            assert commands(bare) == []
            assert screen.color or bare == text
            assert screen.unicode or text.isascii()


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=80), st.sampled_from(KINDS))
def test_no_control_character_ever_gets_out(payload: str, kind: str) -> None:
    text = outputs.render(kind, *samples.hostile(payload), samples.RULES)
    assert forbidden(text) == []
    assert kind == "github" or commands(text) == []


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=":#[]\n\r %x", min_size=1, max_size=30), st.sampled_from(KINDS), st.integers(40, 90))
def test_no_line_is_a_command_however_it_is_wrapped(payload: str, kind: str, width: int) -> None:
    done = samples.hostile(payload)
    text = (
        table.render(*done, samples.RULES, Screen(width=width))
        if kind == "table"
        else outputs.render(kind, *done, samples.RULES)
    )
    found = commands(text)
    assert len(found) == (4 if kind == "github" else 0), found


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_whose_bytes_are_not_utf8_can_be_shown(kind: str) -> None:
    """Such a name comes from the command line as half a surrogate pair; nothing may fail on it, or write it."""
    report, verdict = samples.abliterated()
    inputs = report.inputs.model_copy(update={"candidate": "m\udcff"})
    named = report.subject.model_copy(update={"name": "m\udcff"})
    changed = report.model_copy(update={"subject": named, "inputs": inputs})
    text = outputs.render(kind, changed, verdict, samples.RULES)
    assert "udcff" in text
    text.encode("utf-8")
