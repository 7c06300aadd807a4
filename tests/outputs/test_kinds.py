"""The visible tuple of outputs: every kind loads, renders every story, and costs nothing until it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provenance import outputs
from provenance.errors import Exit, UsageError
from provenance.outputs.interface import Output, Screen
from tests.outputs import samples

GOLDENS = Path(__file__).parent / "goldens"
KINDS = [kind.name for kind in outputs.KINDS]
WHOLE = ("scanned", "abliterated", "refused")
"""Stories whose machine-read outputs are kept too: they repeat the report, so a few are enough."""


def golden_cases() -> list[tuple[str, str]]:
    """(story, kind) of every golden file."""
    stories = [story.__name__ for story in samples.STORIES]
    return [(story, kind) for story in stories for kind in KINDS if kind not in ("json", "sarif") or story in WHOLE]


@pytest.mark.parametrize(("story", "kind"), golden_cases())
def test_output_is_the_golden_file(story: str, kind: str) -> None:
    """`PROVENANCE_GOLDENS=write pytest tests/outputs` writes them anew; read the difference before it is committed."""
    report, verdict = getattr(samples, story)()
    text = outputs.render(kind, report, verdict, samples.RULES)
    golden = GOLDENS / f"{story}-{kind}{outputs.load(kind).suffix}"
    if os.environ.get("PROVENANCE_GOLDENS") == "write":
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    expected = {f"{story}-{kind}{outputs.load(kind).suffix}" for story, kind in golden_cases()}
    assert {path.name for path in GOLDENS.iterdir()} == expected


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_one_module_that_ends_in_its_constant(kind: str) -> None:
    output = outputs.load(kind)
    assert isinstance(output, Output)
    assert output.kind == kind
    assert output.suffix.startswith(".")
    source = Path(outputs.__file__).with_name(f"{kind}.py").read_text(encoding="utf-8")
    assert source.rstrip().splitlines()[-1].startswith("OUTPUT = Output(")


def test_every_kind_has_a_line_for_help() -> None:
    for kind in outputs.KINDS:
        assert kind.summary
        assert "\n" not in kind.summary
        assert len(f"{kind.name}  {kind.summary}") < 80
    assert len(set(KINDS)) == len(KINDS)


@pytest.mark.parametrize("kind", ["html", "", "Table", "../table", "interface"])
def test_an_unknown_kind_lists_the_known_ones(kind: str) -> None:
    with pytest.raises(UsageError) as caught:
        outputs.load(kind)
    assert caught.value.exit is Exit.USAGE
    for name in KINDS:
        assert name in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_report_gives_the_same_text_that_ends_in_one_newline(kind: str) -> None:
    for story in samples.STORIES:
        first, second = (outputs.render(kind, *story(), samples.RULES) for _ in range(2))
        assert first == second
        assert first.endswith("\n")
        assert not first.endswith("\n\n")


@pytest.mark.parametrize("kind", KINDS)
def test_rules_that_the_mapping_does_not_know_are_shown_by_their_id(kind: str) -> None:
    text = outputs.render(kind, *samples.abliterated(), {})
    assert "pickle-in-weights" in text


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "table"])
def test_only_the_table_asks_what_the_terminal_can_show(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "44")
    story = samples.abliterated()
    assert outputs.render(kind, *story, samples.RULES, terminal=True) == outputs.render(kind, *story, samples.RULES)


def test_a_table_on_a_terminal_takes_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    text = outputs.render("table", *samples.abliterated(), samples.RULES, terminal=True)
    assert max(map(len, text.splitlines())) <= 50


@pytest.mark.parametrize(
    ("environment", "color"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": ""}, True)],
)
def test_colour_is_for_terminals_that_want_it(
    environment: dict[str, str], color: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert outputs.here().color is color
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert outputs.here().color is False


def test_the_default_screen_fits_a_file() -> None:
    assert Screen() == Screen(width=80, color=False, unicode=True)


def test_listing_the_kinds_loads_nothing_heavy() -> None:
    program = (
        "import sys; from provenance import outputs; outputs.KINDS; "
        "print([m for m in ('rich', 'pydantic', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_output_without_a_page_does_not_load_rich() -> None:
    program = (
        "import sys; from provenance import outputs; "
        "[outputs.load(kind.name) for kind in outputs.KINDS if kind.name != 'table']; print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
