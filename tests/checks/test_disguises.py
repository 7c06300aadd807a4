"""Names that promise something else, and files that are two things."""

from __future__ import annotations

import pytest

from provenance.checks.disguises import DISGUISES
from provenance.records import Severity
from tests.checks.models import contents, evidence
from tests.surfaces import samples
from tests.surfaces.samples import SAMPLES


def found(file: str, data: bytes) -> list[tuple[str, Severity]]:
    return [(finding.rule, finding.severity) for finding in DISGUISES.run(evidence(contents({file: data})))]


CODE = [
    "pickle 0",
    "calling pickle 2",
    "torch zip",
    "torch legacy",
    "npy of objects",
    "zip",
    "gzip",
    "elf",
    "pe",
    "script",
]
DATA = [
    "model.safetensors",
    "model.gguf",
    "config.json",
    "picture.png",
    "vocab.jsonl",
    "tokenizer.JSON",
    ".gitattributes",
]


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("sample", CODE)
def test_code_under_the_name_of_data_is_critical(name: str, sample: str) -> None:
    assert found(name, SAMPLES[sample][1]()) == [("content-name-mismatch", Severity.CRITICAL)]


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("model.safetensors", "text"),
        ("model.gguf", "json object"),
        ("model.safetensors", "gguf"),
        ("README.md", "noise"),
        ("config.json", "png"),
        ("model.pth", "text"),
        ("pytorch_model.bin", "text"),
        ("pytorch_model.bin", "json object"),
        ("pytorch_model.bin", "noise"),
        ("pytorch_model.bin", "zeros"),
        ("pytorch_model.bin", "gguf"),
        ("pytorch_model.bin", "safetensors"),
        ("pytorch_model.bin", "png"),
        ("pytorch_model.bin", "sentencepiece"),
        ("weights.pt", "noise"),
        ("picture.png", "text"),
        ("model_info.json", "page"),
    ],
)
def test_other_contradictions_are_errors(name: str, sample: str) -> None:
    assert found(name, SAMPLES[sample][1]()) == [("content-name-mismatch", Severity.ERROR)]


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("model.safetensors", "safetensors"),
        ("model.safetensors", "lfs pointer"),
        ("model.safetensors", "empty"),
        ("picture.png", "jpeg"),
        ("README.md", "json object"),
        ("notes.txt", "latin-1 text"),
        ("merges.txt", "word list"),
        ("config.json", "text"),
        ("chat_template.jinja", "template"),
        ("model.pth", "torch zip"),
        ("model.pkl", "pickle 4"),
        ("model.bin", "empty"),
        ("model.bin", "ctranslate2"),
        ("lid.176.bin", "fasttext"),
        ("vocabulary.bin", "noise"),
        ("model.bin", "torch zip"),
        ("model.bin", "pickle 2"),
        ("model.bin", "gzip"),
        ("model.bin", "lfs pointer"),
        ("tokenizer.model", "sentencepiece"),
        ("run.sh", "script"),
        ("convert.py", "python script"),
        ("index.html", "script"),
        ("array.npy", "npy"),
        ("LICENSE", "text"),
        (".gitattributes", "text"),
        ("no_suffix", "elf"),
    ],
)
def test_honest_names_are_quiet(name: str, sample: str) -> None:
    assert found(name, SAMPLES[sample][1]()) == []


@pytest.mark.parametrize("front", ["safetensors", "gguf", "png", "text", "elf", "script"])
def test_a_zip_at_the_end_makes_two_things(front: str) -> None:
    data = SAMPLES[front][1]() + samples.archive()
    assert found("file", data) == [("polyglot-file", Severity.CRITICAL)]


def test_attributes_of_macos() -> None:
    data = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "
    for name in ("._README.md", "sub/._model.safetensors", "._config.json"):
        assert found(name, data) == []
    assert found("README.md", data) == [("content-name-mismatch", Severity.ERROR)]
    assert found("._README.md", SAMPLES["calling pickle 2"][1]()) == [("content-name-mismatch", Severity.CRITICAL)]


def test_both_things_are_told() -> None:
    data = samples.safetensors() + samples.archive()
    (finding,) = DISGUISES.run(evidence(contents({"m.safetensors": data})))
    assert finding.message == "safetensors and zip archive, read from its end"
