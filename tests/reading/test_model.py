"""Opening a model: which files are weights, what is rejected, and what cannot be looked at."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from provenance.errors import CouldNotLook, LimitExceeded
from provenance.reading.digests import digest_file
from provenance.reading.engine import open_model, read
from provenance.reading.formats import bounded_json
from provenance.reading.sources import resolve
from tests.reading import layouts
from tests.reading.formats.other_forge import initializer, message, number, onnx

WEIGHTS = layouts.safetensors({"a": layouts.bf16(4)})
OTHERS = layouts.safetensors({"b": layouts.bf16(4)})


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_weights_are_found_by_content_and_by_name(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"renamed.bin": WEIGHTS, "x/model.safetensors": OTHERS, "config.json": b"{}", "empty": b""})
    with open_model(resolve(str(tmp_path))) as model:
        assert [header.file for header in model.headers] == ["renamed.bin", "x/model.safetensors"]
        assert list(model.files) == ["config.json", "empty", "renamed.bin", "x/model.safetensors"]
        assert not model.rejections
        assert not model.indexes


def test_a_model_without_weights_opens(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"README.md": b"# nothing here"})
    with open_model(resolve(str(tmp_path))) as model:
        assert not model.headers
        assert not model.rejections
        assert len(read(model, [digest_file]).files) == 1


def test_broken_headers_are_data(tmp_path: Path) -> None:
    layouts.write(tmp_path, {
        "cut.safetensors": WEIGHTS[:20], "fake.safetensors": b"not weights", "fake.gguf": b"", "good.bin": WEIGHTS,
    })  # fmt: skip
    with open_model(resolve(str(tmp_path))) as model:
        assert [header.file for header in model.headers] == ["good.bin"]
        found = {rejection.file: rejection for rejection in model.rejections}
        assert found["cut.safetensors"].rule == "truncated"
        assert found["fake.gguf"].rule == "not-gguf"
        assert {rejection.format for rejection in model.rejections} == {"safetensors", "gguf"}
        assert "[" not in found["fake.gguf"].message
        assert len(read(model, [digest_file]).files) == 4


@pytest.mark.parametrize(("location", "offset", "rejected"), [("weights.bin", "8", True), ("./weights.bin", "9", True),
    ("weights.bin", "0", False), ("missing.bin", "8", False), ("../weights.bin", "8", False)])  # fmt: skip
def test_values_beyond_the_end_of_another_file_are_a_rejection(
    tmp_path: Path, location: str, offset: str, rejected: bool
) -> None:
    entries = (
        message(1, b"location") + message(2, location.encode()),
        message(1, b"offset") + message(2, offset.encode()),
    )
    tensor = initializer("w", (4,), None, more=number(14, 1) + b"".join(message(13, entry) for entry in entries))
    layouts.write(tmp_path, {"sub/model.onnx": onnx(tensor), "sub/weights.bin": bytes(16)})
    with open_model(resolve(str(tmp_path))) as model:
        assert [(found.file, found.rule) for found in model.rejections] == [
            ("sub/model.onnx", "tensor-past-end")
        ] * rejected
        assert [header.file for header in model.headers] == ["sub/model.onnx"] * (not rejected)


def test_indexes_are_read_as_declared(tmp_path: Path) -> None:
    index = {"metadata": {"total_size": 16}, "weight_map": {"a": "../../etc/passwd"}}
    layouts.write(tmp_path, {
        "model.safetensors.index.json": json.dumps(index).encode(),
        "broken.safetensors.index.json": b"{}",
        "search.index.json": b"[not an index]",
    })  # fmt: skip
    with open_model(resolve(str(tmp_path))) as model:
        (found,) = model.indexes
        assert (found.file, found.total_size) == ("model.safetensors.index.json", 16)
        assert found.weight_map == {"a": "../../etc/passwd"}
        (rejection,) = model.rejections
        assert (rejection.file, rejection.format, rejection.rule) == (
            "broken.safetensors.index.json", "shard-index", "bad-index",
        )  # fmt: skip


def test_split_sets_must_agree(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"m-00001-of-00002.safetensors": WEIGHTS, "m-00002-of-00002.safetensors": WEIGHTS})
    with open_model(resolve(str(tmp_path))) as model:
        assert len(model.headers) == 2
        assert {rejection.rule for rejection in model.rejections} == {"duplicate-tensor"}
    layouts.write(tmp_path, {"m-00002-of-00002.safetensors": OTHERS})
    with open_model(resolve(str(tmp_path))) as model:
        assert model.rejections == ()


def test_messages_name_the_file_as_the_user_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("m-00001-of-00001.gguf", "x.bin")
    layouts.write(tmp_path / "d", dict.fromkeys(names, b""))
    monkeypatch.chdir(tmp_path)
    expected = {"d": ["d/m-00001-of-00001.gguf", "d/x.bin"], "d/x.bin": ["d/x.bin"], f"d/{names[0]}": [f"d/{names[0]}"]}
    for name, wheres in expected.items():
        with open_model(resolve(name)) as model:
            assert [file.where for file in model.files.values()] == wheres


def test_descriptors_are_closed_afterwards(tmp_path: Path) -> None:
    layouts.write(tmp_path, {f"{number}": b"x" for number in range(20)})
    before = descriptors()
    with open_model(resolve(str(tmp_path))) as model:
        assert descriptors() == before + 20
        read(model, [digest_file])
    assert descriptors() == before


def test_descriptors_are_closed_after_a_failure(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"a": b"x", "b": b"y", "c": b"z"})
    listing = resolve(str(tmp_path))
    (tmp_path / "c").unlink()
    before = descriptors()
    with pytest.raises(CouldNotLook, match="c: cannot be opened: No such file"):
        open_model(listing)
    assert descriptors() == before


def test_over_a_limit_is_an_error_and_no_rejection(tmp_path: Path) -> None:
    layouts.write(tmp_path, {"model.safetensors.index.json": b""})
    os.truncate(tmp_path / "model.safetensors.index.json", bounded_json.MAX_TEXT_BYTES + 1)
    with pytest.raises(LimitExceeded):
        open_model(resolve(str(tmp_path)))


def test_an_unreadable_file(tmp_path: Path) -> None:
    with layouts.unprivileged() as root:
        layouts.write(root, {"config.json": b"{}", "model.safetensors": WEIGHTS})
        (root / "model.safetensors").chmod(0o000)
        with pytest.raises(CouldNotLook, match=r"model\.safetensors: cannot be opened: Permission denied"):
            open_model(resolve(str(root)))
