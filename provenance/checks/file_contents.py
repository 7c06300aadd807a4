"""Files that could not be understood, or were only recognised."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from posixpath import basename, dirname, join, normpath

from provenance.checks.file_kinds import ARCHIVES, CLOSED, OTHER_WEIGHTS, PICKLE_NAMES, PROGRAM_NAMES, suffix
from provenance.checks.interface import ACCEPT_UNREAD, Check, Rule, facts, quoted
from provenance.facts import ContentFact, ExaminationFact, MemberFact, TextFact
from provenance.records import Evidence, Finding, Header, Severity

UNKNOWN_FILE = Rule(
    ident="unknown-file",
    title="a binary file of no known format",
    severity=Severity.WARNING,
    meaning="The content of a file is neither text nor any format known here. It is digested like every file; nothing "
    "more is known of it.",
    why="What is not understood was not checked, and does not count as harmless.",
    example="data.dat: binary data of no known format",
    advice="Ask the publisher what it is, or leave it out of what you deploy.",
)

ARCHIVE_NOT_OPENED = Rule(
    ident="archive-not-opened",
    title="an archive or compressed file was not looked into, or not wholly",
    severity=Severity.WARNING,
    meaning="A file is an archive or a compressed stream by its content, of a kind that this version does not open, "
    "or holds something that it does not read: weights, binary data of no known format, a method of compression, more "
    "than the limits (8 deep, 100,000 members, 1 GiB expanded). It is an `error` where the name is one that loaders "
    "unpickle (`.pkl`, `.joblib`, `.pt`, `.bin`, …): they unpack such files by themselves. And it is an `error` for "
    "7z and RAR: no loader of models opens these, so no model needs them, and scanners cannot look into them, which is "
    "why malicious models have come packed in them.",
    why="What is inside was not checked.",
    example="extras.zip: zip archive, in which 'w/x.bin' (binary data of no known format) was not read",
    advice="Unpack it in a place of its own and scan the folder, or leave it out of what you deploy.",
    accept=ACCEPT_UNREAD,
)

FORMAT_NOT_READ = Rule(
    ident="format-not-read",
    title="weights in a format that is recognised and not read",
    severity=Severity.WARNING,
    meaning="A file is of a format that holds weights or may hold them (HDF5, TensorFlow Lite, MessagePack, "
    "ExecuTorch, OpenVINO, TensorRT, old GGML), or a variant of ONNX or NumPy that this version does not know. Its "
    "digest was taken; its tensors were not read, and not compared with a base. For a NumPy array of plain numbers "
    "that is an `info`, and for raw values that an ONNX file describes, which leave the verdict open all the same.",
    why="A loader may prefer this file to the ones that were compared. Some of these formats can hold code as well.",
    example="tf_model.h5: HDF5: its tensors were not read",
    advice="Deploy the safetensors or GGUF files alone.",
    accept=ACCEPT_UNREAD,
)

LFS_POINTER = Rule(
    ident="lfs-pointer",
    title="a git-lfs pointer in place of the file",
    severity=Severity.ERROR,
    meaning="A file holds three lines of text that say where git-lfs keeps the real content.",
    why="The real file was not fetched, so nothing of it was looked at.",
    example="model.safetensors: only a pointer to the file, which git-lfs did not fetch",
    advice="Run `git lfs pull` in the repository, then check again.",
)

TEXT_TOO_LARGE = Rule(
    ident="text-too-large",
    title="a chat template or part of a tokenizer is too large to look at",
    severity=Severity.ERROR,
    meaning="A chat template is longer than 1 MiB, or the tokens or merges of a tokenizer are longer than 24 MiB. "
    "There is a digest of it, and nothing more was looked at.",
    why="No honest model in use comes near. A loader reads the whole of it, and a limit is a place to hide behind.",
    example="chat_template.jinja: a chat template that is too large to look at",
    advice="Use the base's file, or ask the publisher what makes it so large.",
)

_BOUNDED = {
    "chat-template": "a chat template that is",
    "tokenizer:tokens": "tokens that are",
    "tokenizer:merges": "merges that are",
}
"""Texts that are kept unless they are too large, by role."""


def _described(headers: Iterable[Header]) -> dict[str, str]:
    """Files that hold nothing but the values of tensors of another, as ONNX leaves them, by the file that says so."""
    return {
        normpath(join(dirname(header.file), value.file)): header.file
        for header in headers
        for value in header.external
        if value.file != basename(header.file)
    }


def _run(evidence: Evidence) -> Iterator[Finding]:
    examined = {fact.file: fact for fact in facts(evidence.candidate, ExaminationFact)}
    holding = {member.file for member in facts(evidence.candidate, MemberFact) if member.kind in CLOSED}
    read = {header.file for header in evidence.candidate.headers}
    described = _described(evidence.candidate.headers)
    for fact in facts(evidence.candidate, ContentFact):
        seen = examined.get(fact.file)
        name = suffix(fact.file)
        if fact.kind == "unknown" and fact.file not in read:
            if fact.file in described:
                message = f"raw weights that {quoted(described[fact.file])} describes: they were not read"
                yield FORMAT_NOT_READ.finding(message, file=fact.file, severity=Severity.INFO)
            else:
                yield UNKNOWN_FILE.finding(fact.detail, file=fact.file)
        elif fact.kind == "lfs-pointer":
            yield LFS_POINTER.finding("only a pointer to the file, which git-lfs did not fetch", file=fact.file)
        elif fact.kind in ARCHIVES | {"torch-zip"} and name not in PROGRAM_NAMES and not (seen and seen.complete):
            severity = Severity.ERROR if name in PICKLE_NAMES or fact.kind in CLOSED or fact.file in holding else None
            message = f"{fact.detail}, {seen.reason if seen else 'not opened'}"
            yield ARCHIVE_NOT_OPENED.finding(message, file=fact.file, severity=severity)
        elif fact.kind in OTHER_WEIGHTS and fact.file not in read:
            severity = Severity.INFO if seen and seen.complete else None
            message = f"{fact.detail}: its tensors were not read"
            yield FORMAT_NOT_READ.finding(message, file=fact.file, severity=severity)
    for text in facts(evidence.candidate, TextFact):
        part = _BOUNDED.get(text.role.partition(":")[0] if text.role.startswith("chat-template") else text.role)
        if part and text.text is None:
            yield TEXT_TOO_LARGE.finding(f"{part} too large to look at", file=text.file)


FILE_CONTENTS = Check(
    "file-contents", (UNKNOWN_FILE, ARCHIVE_NOT_OPENED, FORMAT_NOT_READ, LFS_POINTER, TEXT_TOO_LARGE), _run
)
