"""What a run without digests passes over, and that it reads the rest as any other run does."""

from __future__ import annotations

from pathlib import Path

import pytest

from provenance.errors import CouldNotLook
from provenance.reading import ends
from provenance.reading.digests import list_file, list_tensor, manifest, tensor_root
from provenance.reading.engine import open_model, read
from provenance.reading.sources import resolve
from provenance.records import FileDigest, ModelKind, TensorDigest
from tests.reading import layouts
from tests.reading.consumers import keep

MEBIBYTE = 1 << 20
END = ends.END_BYTES


def test_weights_documents_and_other_files(tmp_path: Path) -> None:
    weights = layouts.safetensors({"w": layouts.bf16(MEBIBYTE)})
    contents = {
        "model.safetensors": weights,
        "small.safetensors": layouts.safetensors({"w": layouts.bf16(16)}),
        "tokenizer.json": bytes(2 * MEBIBYTE),
        "notes.txt": bytes(2 * MEBIBYTE),
        "short.txt": bytes(MEBIBYTE),
    }
    with open_model(resolve(str(layouts.write(tmp_path, contents)))) as model:
        found = ends.gaps(model, {"tokenizer.json"})
    assert found == {
        "model.safetensors": range(END, len(weights) - END),
        "notes.txt": range(END, 2 * MEBIBYTE - END),
    }


def test_a_document_has_a_limit_too(tmp_path: Path) -> None:
    path = tmp_path / "m" / "vocab.txt"
    layouts.write(tmp_path / "m", {"vocab.txt": b""})
    with path.open("r+b") as file:
        file.truncate(ends.DOCUMENT_BYTES + 1)
    with open_model(resolve(str(tmp_path / "m"))) as model:
        assert list(ends.gaps(model, {"vocab.txt"})) == ["vocab.txt"]


def test_a_header_is_read_to_its_end(tmp_path: Path) -> None:
    stored = layouts.safetensors({"w": layouts.bf16(MEBIBYTE)}, {"long": "x" * MEBIBYTE})
    layouts.write(tmp_path, {"m.safetensors": stored})
    with open_model(resolve(str(tmp_path))) as model:
        gap = ends.gaps(model, ())["m.safetensors"]
        assert gap.start == model.headers[0].nbytes > MEBIBYTE


@pytest.mark.parametrize("threads", [1, 2])
def test_consumers_get_both_ends_in_order(tmp_path: Path, threads: int) -> None:
    content = layouts.safetensors({"w": layouts.bf16(2 * MEBIBYTE)})
    path = layouts.write(tmp_path, {"m.safetensors": content}) / "m.safetensors"
    with open_model(resolve(str(path))) as model:
        gaps = ends.gaps(model, ())
        reading = read(model, [keep], [keep], gaps=gaps, threads=threads)
        (listed,) = read(model, [list_file], gaps=gaps, threads=threads).files
    (fed,) = reading.files
    gap = gaps["m.safetensors"]
    assert fed.content == content[:END] + content[-END:]
    assert fed.unit.gap == len(gap)
    assert listed == FileDigest("m.safetensors", len(content), None)
    assert reading.tensors == ()
    assert len(fed.content) == len(content) - len(gap) == 2 * END


def test_a_header_that_is_not_the_one_parsed_is_an_error(tmp_path: Path) -> None:
    path = layouts.write(tmp_path, {"m.safetensors": layouts.safetensors({"w": layouts.bf16(MEBIBYTE)})})
    file = path / "m.safetensors"
    with open_model(resolve(str(file))) as model:
        with file.open("r+b") as changed:
            changed.seek(12)
            changed.write(b"z")
        with pytest.raises(CouldNotLook, match="changed while it was read"):
            read(model, [list_file], gaps=ends.gaps(model, ()))


def test_a_model_without_digests_has_no_name() -> None:
    tensor = TensorDigest("w", "U8", (1,), "m", 1, None)
    made = manifest(ModelKind.FILE, [FileDigest("m", 9, None)], [tensor])
    assert (made.subject_sha256, made.tensor_root) == (None, None)
    mixed = [FileDigest("a", 1, "0" * 64), FileDigest("m", 9, None)]
    assert manifest(ModelKind.DIRECTORY, mixed, []).subject_sha256 is None
    assert tensor_root([tensor]) is None


def test_tensors_are_listed_as_declared(tmp_path: Path) -> None:
    path = layouts.write(tmp_path, {"m.safetensors": layouts.safetensors({"w": layouts.bf16(4)})})
    with open_model(resolve(str(path))) as model:
        (tensor,) = model.headers[0].tensors
    assert list_tensor(tensor) == TensorDigest("w", "BF16", (4,), "m.safetensors", 8, None)
