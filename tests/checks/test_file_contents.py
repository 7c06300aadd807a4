"""Unknown, unopened and unread files."""

from __future__ import annotations

import gzip

import pytest

from provenance.checks.file_contents import FILE_CONTENTS
from provenance.records import Severity
from provenance.surfaces.inspectors import tokenizers
from provenance.surfaces.inspectors.templates import MAX_TEMPLATE
from provenance.surfaces.template_text import MAX_SHOWN
from tests.checks.models import contents, evidence
from tests.surfaces import samples
from tests.surfaces.samples import SAMPLES


def found(file: str, data: bytes) -> list[tuple[str, Severity]]:
    return [(finding.rule, finding.severity) for finding in FILE_CONTENTS.run(evidence(contents({file: data})))]


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "weights.pt", "pytorch_model.bin", "a.CKPT"])
def test_what_was_not_looked_into_and_loaders_unpickle_is_an_error(name: str) -> None:
    assert found(name, SAMPLES["7z"][1]()) == [("archive-not-opened", Severity.ERROR)]
    assert found(name, samples.archive("w", bytes(200))) == [("archive-not-opened", Severity.ERROR)]
    assert found(name, gzip.compress(b"text")) == []


def test_an_archive_that_no_loader_opens_is_an_error() -> None:
    assert found("extras.7z", SAMPLES["7z"][1]()) == [("archive-not-opened", Severity.ERROR)]
    assert found("a.rar", b"Rar!\x1a\x07\x01\x00") == [("archive-not-opened", Severity.ERROR)]
    assert found("a.zip", samples.archive("a.7z", SAMPLES["7z"][1]())) == [("archive-not-opened", Severity.ERROR)]


def test_any_other_archive_is_a_warning() -> None:
    (finding,) = FILE_CONTENTS.run(evidence(contents({"a.zip": samples.archive("w/x.bin", bytes(200))})))
    assert finding.message == ("zip archive, in which 'w/x.bin' (binary data of no known format) was not read")


def test_a_program_in_an_archive_is_not_for_this_check() -> None:
    assert found("tool.jar", samples.archive()) == []


@pytest.mark.parametrize("sample", ["hdf5", "onnx", "executorch", "tensorrt", "tensorrt behind JSON", "flax"])
def test_weights_that_are_not_read(sample: str) -> None:
    assert found("file", SAMPLES[sample][1]()) == [("format-not-read", Severity.WARNING)]


def test_an_array_of_plain_numbers_is_said_and_no_more() -> None:
    assert found("a.npy", SAMPLES["npy"][1]()) == [("format-not-read", Severity.INFO)]


def test_raw_weights_of_openvino_are_weights() -> None:
    assert found("openvino/openvino_model.bin", SAMPLES["zeros"][1]()) == [("format-not-read", Severity.WARNING)]
    assert found("model.bin", SAMPLES["zeros"][1]()) == [("unknown-file", Severity.WARNING)]


QUIET = [
    "safetensors", "gguf", "sentencepiece", "png", "jpeg", "pdf", "text", "utf-16 text", "latin-1 text", "json object",
    "template", "bundle", "empty", "python script", "script", "elf", "torch zip", "word list",
    "truetype", "opentype", "imatrix", "apple double",
]  # fmt: skip


@pytest.mark.parametrize("sample", QUIET)
def test_what_is_understood_or_judged_elsewhere_is_quiet(sample: str) -> None:
    assert found("file", SAMPLES[sample][1]()) == []


def test_binary_data_says_what_it_is_not() -> None:
    assert found("imatrix.dat", b"\x01\x00\x00\x00") == [("unknown-file", Severity.WARNING)]
    assert found("README.md", b"text " * 20_000 + b"\x00") == [("unknown-file", Severity.WARNING)]


@pytest.mark.parametrize("file", ["chat_template.jinja", "additional_chat_templates/rag.jinja"])
@pytest.mark.parametrize("size", [MAX_SHOWN + 1, MAX_TEMPLATE + 1])
def test_a_template_that_is_too_large_is_an_error(file: str, size: int) -> None:
    assert ("text-too-large", Severity.ERROR) in found(file, b"x" * size)


def test_merges_that_are_too_large_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizers, "MAX_BYTES", 5)
    assert found("merges.txt", b"a b\nc d\n") == [("text-too-large", Severity.ERROR)]


def test_a_binary_tokenizer_has_no_text_and_is_quiet() -> None:
    assert found("tokenizer.model", samples.sentencepiece()) == []
