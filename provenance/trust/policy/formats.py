"""`[formats]`: which kinds of files the model consists of, by their names.

A name is a claim. That a file's content is what its name says is for checks to look at, and what they find is judged
by `[findings]`; this table is for what nobody disputes, such as "no pickle, and no Python beside the weights".
"""

from __future__ import annotations

from pathlib import PurePosixPath

from provenance.records import RuleOutcome, RuleResult
from provenance.trust.policy.interface import THIS_RUN, Case, brief, counted, enumerated, ruled


def _endings(text: str) -> frozenset[str]:
    return frozenset(text.split())


WEIGHTS: dict[str, frozenset[str]] = {
    "safetensors": _endings(".safetensors"),
    "gguf": _endings(".gguf"),
    "ggml": _endings(".ggml .ggjt"),
    "pickle": _endings(".bin .pt .pt2 .pth .ckpt .pkl .pickle .joblib .dill .mar .nemo"),
    "numpy": _endings(".npy .npz"),
    "onnx": _endings(".onnx .onnx_data .ort"),
    "keras": _endings(".h5 .hdf5 .keras"),
    "tensorflow": _endings(".pb .meta .index"),
    "tflite": _endings(".tflite"),
    "flax": _endings(".msgpack"),
    "executorch": _endings(".pte .ptd"),
}
"""Weight format to the endings that claim it. `.bin` counts as pickle, the most dangerous thing it can be."""

CODE = _endings(
    ".py .pyc .pyo .pyd .pyx .ipynb .so .dll .dylib .exe .com .msi .elf .o .a .sh .bash .zsh .fish .bat .cmd .ps1 .vbs "
    ".js .mjs .cjs .ts .wasm .jar .class .dex .apk .rb .pl .php .lua .r .jl .go .rs .c .cc .cpp .cu .h .hpp .cs .java "
    ".swift .applescript .llamafile .appimage .deb .rpm .pkg .dmg .desktop .lnk .service .scr .hta .reg"
)
ARCHIVES = _endings(".zip .tar .tgz .gz .bz2 .xz .zst .lz4 .7z .rar .whl .egg .cab .iso .img .squashfs")
KNOWN = _endings(
    ".json .jsonl .txt .md .rst .yaml .yml .toml .jinja .jinja2 .j2 .model .spm .tiktoken .vocab .bpe .csv .tsv "
    ".imatrix .png .jpg .jpeg .gif .svg .webp .avif .pdf .bib .cff .sig .asc .pem .gitattributes .gitignore"
)
KNOWN_NAMES = _endings("license licence copying notice readme use_policy authors changelog")


def judge(case: Case) -> tuple[RuleOutcome, ...]:
    """`formats.allow` and `formats.other-files`."""
    return (_weights(case), _others(case))


def weight_formats(path: str) -> frozenset[str]:
    """Every weight format that the name of the file claims; none for a file that claims to hold no weights."""
    suffix = _suffix(path)
    return frozenset(name for name, suffixes in WEIGHTS.items() if suffix in suffixes)


def _weights(case: Case) -> RuleOutcome:
    rule, allowed = "formats.allow", case.policy.formats.allow
    if allowed == "any":
        return ruled(rule, RuleResult.PASS, "weights may be of any format")
    stored = brief(" or ".join(allowed), 30)
    weights = [path for path in case.files if weight_formats(path)]
    wrong = [path for path in weights if not weight_formats(path) <= {*allowed}]
    if wrong:
        message = f"not stored as {stored}: {_named(wrong)}; get the model in that form"
        return ruled(rule, RuleResult.FAIL, message)
    if not weights:
        message = f"no file is named as {stored} weights are; name the folder or file that holds them"
        return ruled(rule, RuleResult.UNKNOWN, message)
    return ruled(rule, RuleResult.PASS, f"{counted(len(weights), 'weight file')}, stored as {stored}")


def _others(case: Case) -> RuleOutcome:
    rule, level = "formats.other-files", case.policy.formats.other_files
    others = [path for path in case.files if not weight_formats(path)]
    if level == "any":
        return ruled(rule, RuleResult.PASS, "other files may be of any kind")
    if level == "no-code":
        wrong, kind = [path for path in others if _suffix(path) in CODE | ARCHIVES], "code or archive"
    else:
        wrong, kind = [path for path in others if not _known(path)], "unknown kind of file"
    if wrong:
        message = f"{kind} beside the weights: {_named(wrong)}; read it, then use a copy of the model without it"
        return ruled(rule, RuleResult.FAIL, message)
    return ruled(rule, RuleResult.PASS, f"no {kind} among {counted(len(others), 'other file')}")


def _named(paths: list[str]) -> str:
    return enumerated(((path, THIS_RUN) for path in paths), 60)


def _known(path: str) -> bool:
    suffix = _suffix(path)
    return suffix in KNOWN or (not suffix and PurePosixPath(path).name.lower() in KNOWN_NAMES)


def _suffix(path: str) -> str:
    """The last ending in lower case; the whole name for one such as `.gitattributes`."""
    name = PurePosixPath(path).name.lower()
    return PurePosixPath(name).suffix or (name if name.startswith(".") else "")
