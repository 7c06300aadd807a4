"""The files of one tokenizer against each other: which of them is read depends on the loader."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from posixpath import dirname

from provenance.checks.interface import Check, Rule, quoted
from provenance.checks.tokenizer_reading import (
    NAMED,
    Tokenizer,
    content,
    is_placeholder,
    looked_up,
    plain,
    tokenizers,
)
from provenance.facts import TextFact
from provenance.records import Evidence, Finding, ModelEvidence, Severity

FILES_DISAGREE = Rule(
    ident="tokenizer-files-disagree",
    title="the files of one tokenizer say different things",
    severity=Severity.ERROR,
    meaning="Beside a `tokenizer.json` another file gives a token another id or an id another token: "
    "`tokenizer_config.json` (`added_tokens_decoder`), `added_tokens.json`, `vocab.json`, `*.tiktoken`, a "
    "`tokenizer.X.json` that newer loaders read in its place, or the tokenizer inside a GGUF file whose tokens are the "
    "same otherwise. So does a `merges.txt` with other merges, a `special_tokens_map.json` with another token for the "
    "beginning, the end or the unknown than `tokenizer_config.json`, and an `eos_token` that is nowhere in the "
    "vocabulary. It is a `warning` where a placeholder (`<unused0>`) has a new name in one of the files.",
    why="One loader reads one of them, another the other: what was reviewed is not what runs. Two ids swapped in the "
    "file that nobody opens turn yes into no.",
    example="vocab.json: id 265 is 'no', and 'yes' in tokenizer.json",
    advice="Use the base's files. If they are old, the publisher should remove those that no loader needs.",
)
FILE_ELSEWHERE = Rule(
    ident="tokenizer-file-elsewhere",
    title="a tokenizer is told to read a file that is not in the repository",
    severity=Severity.ERROR,
    meaning="A `tokenizer_config.json` names a file of the tokenizer (`tokenizer_file`, `vocab_file`, `merges_file` "
    "and the like) by an internet address, or by a path that leads out of the folder with `..`. Absolute paths, which "
    "older writers left behind from the machine of the training, are no finding.",
    why="The tokenizer that was looked at is not the one that is used, and whoever holds the other file may change it "
    "at any time.",
    example="tokenizer_file: '../../other/tokenizer.json'",
    advice="Remove the key: loaders find the files beside it.",
)

_DECIDING = ("bos_token", "eos_token", "unk_token")
_FILE_KEY = re.compile(r"[a-z_]{0,40}_file", re.ASCII)
_OUTSIDE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://.*|(?:.*[/\\])?\.\.(?:[/\\].*)?", re.DOTALL)
_COMPARED = ("merges", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model")


def _run(evidence: Evidence) -> Iterator[Finding]:
    found = tokenizers(evidence.candidate)
    for tokenizer in found:
        yield from _elsewhere(tokenizer)
        parts = tokenizer.parts.get(tokenizer.path("tokenizer.json"))
        if parts is not None and "tokens" in parts:
            yield from _listed(tokenizer, parts)
            yield from _beside(tokenizer, parts)
            yield from _named(tokenizer, parts)
    yield from _ggufs(evidence.candidate, found)


def _elsewhere(tokenizer: Tokenizer) -> Iterator[Finding]:
    name = "tokenizer_config.json"
    for key, said in tokenizer.documents.get(name, {}).items():
        if isinstance(said, str) and _FILE_KEY.fullmatch(key) and _OUTSIDE.fullmatch(said):
            yield FILE_ELSEWHERE.finding(f"{key}: {quoted(said)}", file=tokenizer.path(name), json_path=f"$.{key}")


def _listed(tokenizer: Tokenizer, parts: Mapping[str, TextFact]) -> Iterator[Finding]:
    """Tokens that settings list with their ids."""
    listed = [
        token
        for token in tokenizer.special()
        if token.ident is not None and token.file not in tokenizer_jsons(tokenizer)
    ]
    ids = {token.ident for token in listed if token.ident is not None}
    by_id, by_token = looked_up(parts["tokens"], ids, {token.content for token in listed})
    for file in dict.fromkeys(token.file for token in listed):
        pairs = [(token.ident, token.content) for token in listed if token.file == file and token.ident is not None]
        yield from _clashes(file, pairs, by_id, by_token)


def tokenizer_jsons(tokenizer: Tokenizer) -> set[str]:
    """The `tokenizer.json`, and what newer loaders read in its place."""
    return {file for file, _ in tokenizer.whole()}


def _clashes(
    file: str, pairs: list[tuple[int, str]], by_id: Mapping[int, str], by_token: Mapping[str, int]
) -> Iterator[Finding]:
    """What `pairs` of one file say, and tokenizer.json otherwise; one finding a severity."""
    found: dict[Severity, list[str]] = {}
    for ident, token in pairs:
        there = by_id.get(ident, token)
        if there != token:
            renamed = is_placeholder(there) or is_placeholder(token)
            said = f"id {ident} is {quoted(token)}, and {quoted(there)} in tokenizer.json"
        elif by_token.get(token, ident) != ident:
            renamed, said = False, f"{quoted(token)} has the id {ident}, and {by_token[token]} in tokenizer.json"
        else:
            continue
        found.setdefault(Severity.WARNING if renamed else Severity.ERROR, []).append(said)
    for severity, alike in found.items():
        more = f"; {len(alike)} such in all" if len(alike) > 1 else ""
        yield FILES_DISAGREE.finding(alike[0] + more, file=file, severity=severity)


def _beside(tokenizer: Tokenizer, parts: Mapping[str, TextFact]) -> Iterator[Finding]:
    """Other files that hold a vocabulary, or merges."""
    own = tokenizer.path("tokenizer.json")
    for file, other in tokenizer.parts.items():
        if file == own:
            continue
        if "tokens" in other:
            yield from _vocabularies(file, other["tokens"], parts["tokens"])
        for name in _COMPARED:
            here, there = other.get(name), parts.get(name)
            if here is not None and there is not None and here.sha256 != there.sha256:
                yield FILES_DISAGREE.finding(f"{name}: not what tokenizer.json says", file=file)


def _vocabularies(file: str, here: TextFact, there: TextFact) -> Iterator[Finding]:
    if here.sha256 == there.sha256:
        return
    if here.text is None or there.text is None:
        yield FILES_DISAGREE.finding("tokens: not those of tokenizer.json", file=file)
        return
    known = set(there.text.split("\n"))
    odd = [line.partition(" ") for line in here.text.split("\n") if line and line not in known]
    pairs = [(int(ident), plain(token)) for ident, _, token in odd]
    by_id, by_token = looked_up(there, {ident for ident, _ in pairs}, {token for _, token in pairs})
    yield from _clashes(file, pairs, by_id, by_token)


def _named(tokenizer: Tokenizer, parts: Mapping[str, TextFact]) -> Iterator[Finding]:
    """Special tokens by name, in the two files that name them."""
    config, mapped = (
        tokenizer.documents.get(f"{name}.json", {}) for name in ("tokenizer_config", "special_tokens_map")
    )
    for key in NAMED:
        here, there = content(mapped.get(key)), content(config.get(key))
        if isinstance(here, str) and isinstance(there, str) and here != there:
            severity = None if key in _DECIDING else Severity.INFO
            message = f"{key} is {quoted(here)}, and {quoted(there)} in tokenizer_config.json"
            file = tokenizer.path("special_tokens_map.json")
            yield FILES_DISAGREE.finding(message, file=file, json_path=f"$.{key}", severity=severity)
    for name, document in (("tokenizer_config.json", config), ("special_tokens_map.json", mapped)):
        token = content(document.get("eos_token"))
        listed = {special.content for special in tokenizer.special() if not special.role}
        if isinstance(token, str) and token not in listed and not looked_up(parts["tokens"], (), {token})[1]:
            message = f"eos_token is {quoted(token)}, which tokenizer.json does not have"
            yield FILES_DISAGREE.finding(message, file=tokenizer.path(name), json_path="$.eos_token")


def _ggufs(model: ModelEvidence, found: list[Tokenizer]) -> Iterator[Finding]:
    """The tokenizers inside GGUF files against the tokenizer.json that lies with them."""
    folders = {tokenizer.folder: tokenizer.parts.get(tokenizer.path("tokenizer.json"), {}) for tokenizer in found}
    headers = {header.file: header.metadata for header in model.headers if header.format == "gguf"}
    for tokenizer in found:
        file = tokenizer.folder
        here = tokenizer.parts.get(file, {}).get("tokens")
        # WordPiece is written with other signs in GGUF; these two as they are.
        if here is None or headers.get(file, {}).get("tokenizer.ggml.model") not in ("gpt2", "llama"):
            continue
        there = folders.get(dirname(file), folders.get("", {})).get("tokens")
        if there is not None and there.sha256 != here.sha256:
            yield from _gguf(file, here, there)


def _gguf(file: str, here: TextFact, there: TextFact) -> Iterator[Finding]:
    if here.text is None or there.text is None:
        return
    mine, theirs = ({*text.replace("\\u2581", " ").split("\n")} for text in (here.text, there.text))
    ours = dict(_pairs(theirs))
    odd = [(ident, token) for ident, token in _pairs(mine - theirs) if ident in ours]
    # Fewer than half alike is another model's tokenizer.
    if len(mine & theirs) > len(odd):
        yield from _clashes(file, sorted(odd), ours, {})


def _pairs(lines: set[str]) -> Iterator[tuple[int, str]]:
    for line in lines:
        ident, space, token = line.partition(" ")
        if space:
            yield int(ident), plain(token)


TOKENIZER_FILES = Check("tokenizer-files", (FILES_DISAGREE, FILE_ELSEWHERE), _run)
