"""Each way of escaping, on the text it is there for."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provenance.outputs import escaping

ANY_TEXT = st.text(alphabet=st.characters(), max_size=60)
"""Every character, halves of surrogate pairs included."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("model.safetensors", "model.safetensors"),
        ("a\nb", r"a\nb"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\udcff", r"\udcff"),
        ("::error::x", r":\x3aerror:\x3ax"),
        (":::", r":\x3a\x3a"),
        ("##[error]", r"\x23#[error]"),
        ("###[a]", r"#\x23#[a]"),
        ("a::b", r"a:\x3ab"),
        ("a b", "a b"),
        ("a   b", r"a \x20\x20b"),
        ("中文", "中文"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert escaping.plain(text) == shown


@given(ANY_TEXT, st.integers(20, 80))
def test_plain_is_printable_short_and_no_command(text: str, limit: int) -> None:
    shown = escaping.plain(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit
    assert "::" not in shown
    assert "##[" not in shown
    assert "  " not in shown


def test_a_long_name_keeps_both_ends() -> None:
    shown = escaping.plain("model.layers." + "9" * 500 + ".weight", 60)
    assert shown.startswith("model.layers.999")
    assert shown.endswith("999.weight")
    assert shown.count("…") == 1
    assert len(shown) == 60


def test_a_huge_text_costs_no_more_than_its_limit() -> None:
    assert len(escaping.plain("\x1b" * 50_000_000, 100)) == 100


@given(ANY_TEXT)
def test_ascii_only(text: str) -> None:
    assert escaping.ascii_only(text).isascii()


def test_ascii_spells_our_own_signs_out() -> None:
    signs = "max |Δ| ≤ 3 \N{MULTIPLICATION SIGN} 2 … ±1 \N{EN DASH} x — y 中"
    assert escaping.ascii_only(signs) == r"max |d| <= 3 x 2 ... +/-1 - x - y \u4e2d"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a|b", r"a\|b"),
        ("<img>", r"\<img\>"),
        ("`x`", r"\`x\`"),
        ("[a](http://b)", r"\[a\](http\://b)"),
        ("self_attn", r"self\_attn"),
        ("a\\b", r"a\\b"),
        ("www.evil.example", r"www\.evil.example"),
        ("WWW.evil.example", r"WWW\.evil.example"),
        ("@user &lt; $x$ ~~y~~", r"\@user \&lt; \$x\$ \~\~y\~\~"),
        ("a\r\nb", r"a\\r\\nb"),
    ],
)
def test_markdown(text: str, written: str) -> None:
    assert escaping.markdown(text) == written


def test_workflow_commands() -> None:
    assert escaping.command_data("50% of a: b, c\r\nd") == r"50%25 of a: b, c\r\nd"
    assert escaping.command_property("a:b,c%\n") == r"a%3Ab%2Cc%25\n"


@given(ANY_TEXT)
def test_a_property_cannot_end_itself(text: str) -> None:
    written = escaping.command_property(text)
    assert not set(written) & set(":,\r\n")
    assert re.search(r"%(?!25|3A|2C)", written) is None


@given(ANY_TEXT)
def test_a_sarif_message_has_no_placeholder_and_no_link(text: str) -> None:
    written = escaping.sarif_message(text)
    assert re.search(r"(?<!\{)(\{\{)*\{(?!\{)", written) is None
    assert re.search(r"(?<!\\)(\\\\)*[\[\]]", written) is None


def test_sarif_message() -> None:
    assert escaping.sarif_message(r"{{ x }} [a](0) \ ") == r"{{{{ x }}}} \[a\](0) \\ "


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("config.json", "config.json"),
        ("a b/c#d?.json", "a%20b/c%23d%3F.json"),
        ("é/中.gguf", "%C3%A9/%E4%B8%AD.gguf"),
        ("100%", "100%25"),
        ("https://x", None),
        ("c:evil", "c%3Aevil"),
        ("../x", None),
        ("a/../x", None),
        ("/etc/passwd", None),
        ("a//b", None),
        ("./a", None),
        ("a/", None),
        ("", None),
        ("a\udcff", "a%5Cudcff"),
        ("a\nb", "a%0Ab"),
    ],
)
def test_uri(path: str, uri: str | None) -> None:
    assert escaping.uri(path) == uri


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_a_uri_is_relative_and_says_the_same_path(path: str) -> None:
    uri = escaping.uri(path)
    if uri is None:
        assert set(path.split("/")) & {"", ".", ".."}
    else:
        assert unquote(uri) == path
        assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", uri)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_json_text_reads_back_and_is_printable_ascii(text: str) -> None:
    written = escaping.json_text(json.dumps({text: [text]}, ensure_ascii=False, indent=2))
    assert json.loads(written) == {text: [text]}
    assert written.isascii()
    assert all(char == "\n" or char.isprintable() for char in written)
    assert "##[" not in written
