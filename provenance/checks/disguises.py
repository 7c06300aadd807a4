"""Files that are not what their name says, and files that are two things at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import basename

from provenance.checks.file_kinds import CODE, LEFT_BEHIND, PICKLE_NAMES, PICKLES, TEXTS, TORCH_BIN, suffix
from provenance.checks.interface import Check, Rule, facts
from provenance.facts import ContentFact
from provenance.records import Evidence, Finding, Severity

CONTENT_NAME_MISMATCH = Rule(
    ident="content-name-mismatch",
    title="a file's content is not what its name says",
    severity=Severity.CRITICAL,
    meaning="A file whose name promises data (`.safetensors`, `.gguf`, `.json`, `.md`, `.png`, …) holds a pickle, an "
    "archive, a program or a script. Other contradictions (text under the name of weights, binary data under the name "
    "of text, and anything but known kinds under names that loaders unpickle: `pytorch_model.bin`, `.pt`, `.pkl`, …) "
    "are an `error`. Kinds of pictures among each other, kinds of text, and the `._NAME` files that macOS leaves on "
    "other file systems are not meant.",
    why="Filters and people go by the name; loaders go by the content. A pickle called `.safetensors` is made to pass "
    "a filter. What is called `pytorch_model.bin` will be unpickled, whether it was recognised as a pickle or not.",
    example="model.safetensors: Python pickle, protocol 4, by its content",
    advice="Do not load this file. If it came from a broken download, fetch it again.",
)

POLYGLOT_FILE = Rule(
    ident="polyglot-file",
    title="a file is two things at once",
    severity=Severity.CRITICAL,
    meaning="A file is of one format when read from its front, and of another when read from its end (a zip) or by "
    "its opcodes (a pickle).",
    why="Two programs see two files in the same bytes: what is checked is not what is loaded. No writer of models "
    "makes such files; attackers and self-extracting programs do.",
    example="model.safetensors: safetensors and zip archive, read from its end",
    advice="Do not load this file.",
)

_DOCUMENTS = TEXTS | {"lfs-pointer"}
_PICTURES = frozenset({"image", "lfs-pointer"})
_PROMISES: Mapping[str, frozenset[str]] = {
    ".safetensors": frozenset({"safetensors", "lfs-pointer", "empty"}),
    ".gguf": frozenset({"gguf", "lfs-pointer", "empty"}),
    ".onnx": frozenset({"onnx", "unknown", "lfs-pointer"}),
    ".h5": frozenset({"hdf5", "lfs-pointer"}),
    ".msgpack": frozenset({"msgpack", "unknown", "lfs-pointer"}),
    ".npy": frozenset({"npy", "npy-pickle", "lfs-pointer"}),
    ".npz": frozenset({"zip", "lfs-pointer"}),
    ".pdf": frozenset({"pdf", "lfs-pointer"}),
    **dict.fromkeys((".ttf", ".otf", ".woff", ".woff2"), frozenset({"font", "lfs-pointer"})),
    **dict.fromkeys((".json", ".jsonl", ".yaml", ".yml", ".toml", ".csv", ".ipynb"), _DOCUMENTS - {"html"}),
    **dict.fromkeys(
        (".jinja", ".md", ".txt", ".html", ".py", ".sh", ".cfg", ".ini", ".xml", ".gitattributes", ".gitignore"),
        _DOCUMENTS,
    ),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".ico"), _PICTURES),
    **dict.fromkeys(
        PICKLE_NAMES,
        PICKLES
        | {"zip", "tar", "gzip", "bzip2", "xz", "zlib", "lzma", "lz4", "zstd"}
        | {"ctranslate2", "empty", "fasttext", "ggml", "imatrix", "openvino", "lfs-pointer"},
    ),
}
"""What a file may be, by its name. A name that is not here promises nothing."""
_SCRIPTS = frozenset({".py", ".sh", ".txt", ".md", ".html"})
"""Names under which a first line of `#!` is no disguise; code-files has its own word on the others."""


def _run(evidence: Evidence) -> Iterator[Finding]:
    kinds: dict[str, list[ContentFact]] = {}
    for fact in facts(evidence.candidate, ContentFact):
        kinds.setdefault(fact.file, []).append(fact)
    for file, found in kinds.items():
        if len(found) > 1:
            message = " and ".join(sorted(fact.detail for fact in found))
            yield POLYGLOT_FILE.finding(message, file=file)
            continue
        fact = found[0]
        promised = _PROMISES.get(suffix(file) or _dotfile(file))
        if fact.kind == "unknown" and _may_be_anything(file):
            continue
        if promised is None or (fact.kind == "apple-double" and file.rpartition("/")[2].startswith("._")):
            continue
        disguised = fact.kind == "script" and suffix(file) not in _SCRIPTS
        if fact.kind not in promised or disguised:
            severity = None if fact.kind in CODE else Severity.ERROR
            yield CONTENT_NAME_MISMATCH.finding(f"{fact.detail}, by its content", file=file, severity=severity)


def _may_be_anything(path: str) -> bool:
    """A `.bin` that no library of torch's asks for; `unknown-file` says that nobody knows what it is."""
    return suffix(path) == ".bin" and not (TORCH_BIN.fullmatch(basename(path)) or LEFT_BEHIND.fullmatch(basename(path)))


def _dotfile(path: str) -> str:
    name = path.rpartition("/")[2]
    return name if name.startswith(".") else ""


DISGUISES = Check("disguises", (CONTENT_NAME_MISMATCH, POLYGLOT_FILE), _run)
