"""The summary as a reader of Markdown sees it: what it holds, that it stays small, that a model adds no markup."""

from __future__ import annotations

import re
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from provenance import outputs
from provenance.outputs.summary import MAX_FINDINGS, MAX_TENSORS
from tests.outputs import samples

LIMIT = 1024 * 1024
OURS = {"<code>", "</code>", "<br>"}
"""All HTML that the summary writes itself."""


def render(story: samples.Judged) -> str:
    return outputs.render("summary", *story, samples.RULES)


def tokens(text: str) -> list[Token]:
    """Block and inline tokens of CommonMark with GitHub's tables and strike-through, links recognised."""
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [token for block in parsed for token in (block, *(block.children or ()))]


def structure(text: str) -> Counter[str]:
    """How many of each kind of token, text left aside: what a reader's page is built of."""
    return Counter(token.type for token in tokens(text) if token.type not in ("text", "text_special", "softbreak"))


def rows(text: str, heading: str) -> list[str]:
    """The rows of the table under a heading."""
    part = text.partition(heading)[2].partition("\n#### ")[0]
    return [line for line in part.splitlines() if line.startswith("| ")][2:]


def test_the_verdict_stands_first() -> None:
    text = render(samples.abliterated())
    assert text.startswith("### DENIED\n\nby policy default, 2 of 4 rules: 3 findings of severity error or above")
    assert text.index("#### To its base") < text.index("#### Findings") < text.index("#### Attestations")
    assert text.index("#### Attestations") < text.index("#### Not looked at") < text.index("#### Rules of policy")
    assert text.rstrip().splitlines()[-1].startswith("**Next:** ")


def test_digests_are_whole() -> None:
    report, verdict = samples.abliterated()
    text = render((report, verdict))
    assert report.subject.tensor_root is not None
    for digest in (report.subject.sha256, report.subject.tensor_root, samples.digest("base")):
        assert f"<code>{digest}</code>" in text


def test_findings_worst_first_with_advice() -> None:
    found = rows(render(samples.abliterated()), "#### Findings")
    assert [row.split(" ")[1] for row in found] == ["critical", "error", "error", "warning", "info"]
    assert "optimizer.pt, byte 132" in found[0]
    assert "a pickle that calls os.system<br>Use the safetensors files; delete the pickle." in found[0]


def test_what_was_not_looked_at_is_always_said() -> None:
    assert "| <code>lineage</code> | no --base was given |" in render(samples.scanned())
    assert "#### Not looked at: nothing\n\nRead in full: files 5 of 5, tensors 14 of 14." in render(samples.honest())


def test_every_table_has_the_cells_of_its_header() -> None:
    for story in (*(story() for story in samples.STORIES), *(samples.hostile(text) for text in samples.PAYLOADS)):
        for line in render(story).splitlines():
            if line.startswith("|"):
                assert len(re.findall(r"(?<!\\)\|", line)) in (3, 4, 5, 6), line


@pytest.mark.parametrize("payload", samples.PAYLOADS, ids=lambda text: repr(text[:12]))
def test_hostile_text_adds_no_markup(payload: str) -> None:
    hostile, tame = render(samples.hostile(payload)), render(samples.hostile("tame"))
    assert structure(hostile) == structure(tame)
    assert {token.content for token in tokens(hostile) if token.type == "html_inline"} == OURS


@settings(max_examples=80, deadline=None)
@given(
    st.text(
        alphabet=st.one_of(st.sampled_from("|<>[]()`*_~#\\!&;:$@-+=1. \n"), st.characters(codec="utf-8")), max_size=40
    )
)
def test_no_text_adds_markup(payload: str) -> None:
    assert structure(render(samples.hostile(f"x{payload}x"))) == structure(render(samples.hostile("tame")))


def test_hostile_text_reads_as_it_was_written() -> None:
    text = render(samples.hostile(r"<b>*a*</b> | `c` [d](e) \f &lt; __init__"))
    shown = {"".join(t.content for t in token.children or () if t.type.startswith("text")) for token in tokens(text)}
    assert r"<b>*a*</b> | `c` [d](e) \f &lt; __init__" in shown


def test_lists_are_cut_and_say_so() -> None:
    text = render(samples.crowded(1_000))
    assert len(rows(text, "#### To its base")) == MAX_TENSORS == 50
    assert "and 950 more changed tensors; the JSON output lists all of them." in text
    assert len(rows(text, "#### Findings")) == MAX_FINDINGS
    assert "and 950 more findings; the JSON output lists all of them." in text
    assert "and 1,950 more attestations; the JSON output lists all of them." in text
    assert "and 951 more gaps; the JSON output lists all of them." in text


@pytest.mark.parametrize(
    "text", ["\U0001f600|" * 2_000, "\x9b" * 4_000, "|" * 4_000, "\\" * 4_000, "\U000e0001" * 2_000]
)
def test_it_stays_below_the_limit_of_github_whatever_the_names(text: str) -> None:
    assert len(render(samples.crowded(300, text)).encode()) < LIMIT


def test_a_hundred_thousand_findings_stay_below_the_limit() -> None:
    story = samples.crowded(100_000)
    started = time.perf_counter()
    text = render(story)
    assert time.perf_counter() - started < 15
    assert len(text.encode()) < LIMIT // 8
    assert "100,000 errors" in text
