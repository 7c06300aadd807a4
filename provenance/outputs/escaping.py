"""How text that an attacker may have written is made harmless: one function for each place it may end up in.

All of them begin with `plain`: one line, nothing invisible, no command of a CI runner, no run of blanks, bounded.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from provenance.errors import one_line

MAX_TEXT = 600
"""Characters of a sentence that are shown; the JSON output holds all of it."""
MAX_NAME = 160
"""Characters of a path or a tensor name that are shown."""

_FORGERY = re.compile(r"(?<=:):|#(?=#\[)|(?<= ) ")
"""GitHub's runner obeys `::name::` at the start of any line it logs, and `##[name]` anywhere in one; a run of blanks
could push words to where the next line of a page starts."""
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|~&@$]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_NOT_PLAIN_JSON = re.compile(r"[^\n -~]|#(?=#\[)")
_ASCII = str.maketrans(
    {
        "…": "...",
        "\N{EN DASH}": "-",
        "—": "-",
        "\N{MULTIPLICATION SIGN}": "x",
        "±": "+/-",
        "≤": "<=",
        "≥": ">=",
        "Δ": "d",
    }
)


def plain(text: str, limit: int = MAX_TEXT) -> str:
    """`text` as one printable line of at most `limit` characters; what is too long loses its middle."""
    if len(text) > 2 * limit:
        text = text[:limit] + text[-limit:]
    text = _FORGERY.sub(lambda found: f"\\x{ord(found[0]):02x}", one_line(text))
    if len(text) <= limit:
        return text
    tail = limit // 3  # names and paths differ at both ends
    return f"{text[: limit - tail - 1]}…{text[-tail:]}"


def ascii_only(text: str) -> str:
    """`text` for a terminal that cannot show more: our own signs spelt out, everything else escaped."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def markdown(text: str, limit: int = MAX_TEXT) -> str:
    """`text` as words of GitHub's Markdown, also in a table cell: no markup, HTML, link or formula."""
    return _MARKDOWN.sub(r"\\\g<0>", plain(text, limit))


def command_data(text: str, limit: int = MAX_TEXT) -> str:
    """`text` as the message of a workflow command."""
    return plain(text, limit).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str, limit: int = MAX_NAME) -> str:
    """`text` as the value of a property of a workflow command."""
    return command_data(text, limit).replace(":", "%3A").replace(",", "%2C")


def sarif_message(text: str, limit: int = MAX_TEXT) -> str:
    """`text` as words of a SARIF message: no placeholder (3.11.5) and no embedded link (3.11.6)."""
    text = re.sub(r"[\\\[\]]", r"\\\g<0>", plain(text, limit))
    return text.replace("{", "{{").replace("}", "}}")


def uri(path: str) -> str | None:
    """The `/`-separated relative `path` as a URI reference; None where it is absolute or could leave its folder."""
    if any(part in ("", ".", "..") for part in path.split("/")):
        return None
    return quote(path, safe="/", errors="backslashreplace")


def json_text(document: str) -> str:
    """A finished JSON `document` in printable ASCII, so that showing it cannot steer a terminal or a CI runner."""
    return _NOT_PLAIN_JSON.sub(lambda found: _json_escape(found[0]), document)


@lru_cache(maxsize=4096)
def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
