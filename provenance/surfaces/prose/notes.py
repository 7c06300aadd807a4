"""The features of one text for people, or for their agents."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice
from posixpath import basename

from provenance.facts import Feature
from provenance.surfaces.code.requirement_lines import KNOWN_HOSTS
from provenance.surfaces.prose import letters, markdown, orders

_AGENTS = re.compile(
    r"(?:agents?|claude|gemini|qwen|copilot-instructions|skill|cursorrules|windsurfrules|clinerules|roorules)"
    r"(?:\.local|\.override)?(?:\.mdx?|\.txt)?",
    re.IGNORECASE,
)
_FOR_AGENTS = re.compile(
    r"(?:^|/)\.(?:cursor|windsurf|clinerules|roo|claude|continue|github/(?:instructions|prompts))/"
)
_WIDGET = re.compile(r"^(?:widget|model-index|extra_gated_\w+):[^\n]*\n(?:(?:[ \t\-#][^\n]*)?\n)*", re.MULTILINE)
_SCRIPT = re.compile(r"<script\b[^<>]{0,200}", re.IGNORECASE)
_HANDLER = re.compile(
    r"<[a-z][^<>]{0,400}\son[a-z]{3,20}\s*=\s*[\"']?[^\s\"'>]{1,100}|[(\"'=]\s*javascript:[^\s)\"']{1,100}",
    re.IGNORECASE,
)
_INSTALLS = re.compile(r"\b(?:pip3?|uv|poetry|conda)\b[^\n]{0,200}\s(?:install|add|sync)\b[^\n]{0,2000}", re.IGNORECASE)
_INDEX = re.compile(
    r"(?:--index-url|--extra-index-url|--default-index|--index|-i)[\s=]+[\"']?(https?://[^\s\"'`]{1,500})"
)
_UNVERIFIED = re.compile(r"--trusted-host[\s=]+[\"']?([^\s\"'`]{1,200})")
_MIRRORS = KNOWN_HOSTS | {
    "pypi.tuna.tsinghua.edu.cn", "mirrors.aliyun.com", "mirrors.cloud.tencent.com", "pypi.mirrors.ustc.edu.cn",
    "mirror.sjtu.edu.cn", "repo.huaweicloud.com", "pypi.doubanio.com", "test.pypi.org", "pypi.python.org",
    "localhost", "127.0.0.1",
}  # fmt: skip
_MAX_SHOWN = 10
_NEAR = 400
"""Characters between a mark of another speaker and an order, in a text that is seen."""


def is_for_agents(path: str) -> bool:
    """Whether coding agents read the file by its name, and take what it says for their user's word."""
    return _AGENTS.fullmatch(basename(path).lstrip(".")) is not None or _FOR_AGENTS.search(path) is not None


def features(path: str, text: str, *, marked_up: bool) -> tuple[Feature, ...]:
    """What `text` hides, has machines do, or has readers install; `marked_up` where it is Markdown."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return tuple(_features(path, text, marked_up=marked_up))


def _features(path: str, text: str, *, marked_up: bool) -> Iterator[Feature]:
    if is_for_agents(path):
        said = orders.in_rules(text)
        yield Feature("agent-order", said) if said else Feature("agent-file", "coding agents read it unasked")
    if not marked_up:
        yield from (feature for feature in letters.features(text) if feature.kind == "tag-letters")
        return
    yield from letters.features(text)
    document = markdown.parse(text)
    yield from islice(_hidden(document, text), _MAX_SHOWN)
    said = orders.in_values(_WIDGET.sub("", document.front + "\n"))
    if said:
        yield Feature("hidden-order", f"in the front matter: {said}", 1)
    yield from _speakers(document.prose)
    yield from _active(document.prose)
    yield from _installs(text)


def _hidden(document: markdown.Document, text: str) -> Iterator[Feature]:
    for passage in document.hidden:
        quoted = passage.kind == markdown.COMMENT_IN_CODE
        said = orders.in_values(passage.text) if quoted else orders.in_hidden(passage.text)
        if said:
            kind = "quoted-order" if quoted else "hidden-order"
            yield Feature(kind, f"in {passage.kind}: {said}", text.count("\n", 0, passage.place) + 1)


def _speakers(prose: str) -> Iterator[Feature]:
    """An order right after a mark with which somebody else begins to speak."""
    marks = [found.end() for found in orders.ROLES.finditer(prose)]
    for found in orders.FORGETTING.finditer(prose) if marks else ():
        before = bisect_right(marks, found.start())
        if before and found.start() - marks[before - 1] < _NEAR:
            last = marks[before - 1]
            said = orders.shown(prose, last, found.end())
            yield Feature("hidden-order", f"after a mark of another speaker: {said}", prose.count("\n", 0, last) + 1)
            return


def _active(prose: str) -> Iterator[Feature]:
    for kind, pattern in (("script", _SCRIPT), ("event-handler", _HANDLER)):
        found = pattern.search(prose)
        if found:
            yield Feature(kind, orders.shown(found[0], 0, 120), prose.count("\n", 0, found.start()) + 1)


def _installs(text: str) -> Iterator[Feature]:
    """Commands that install from an index that is not one of the usual."""
    seen: set[str] = set()
    for command in _INSTALLS.finditer(text):
        hosts = {_host(found[1]) for found in _INDEX.finditer(command[0])} - _MIRRORS
        unverified = {_host(found[1]) for found in _UNVERIFIED.finditer(command[0])} - _MIRRORS
        for kind, named in (("unverified-index", unverified), ("other-index", hosts - unverified)):
            for host in sorted(named - seen):
                seen.add(host)
                yield Feature(kind, host, text.count("\n", 0, command.start()) + 1)


def _host(address: str) -> str:
    return re.sub(r"^\w+://(?:[^@/]*@)?", "", address).partition("/")[0].partition(":")[0].lower()
