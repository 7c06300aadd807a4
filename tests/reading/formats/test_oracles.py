"""Files of others' writers, read by us and by the reference readers: names, dtypes, shapes and bytes are equal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from provenance.errors import MalformedFile
from provenance.reading.formats import read_header
from provenance.reading.formats.shards import check_split, read_index, split_sets
from provenance.records import Header

from .forge import OnDisk, assert_sound

np = pytest.importorskip("numpy")
gguf = pytest.importorskip("gguf")

TORCH_DTYPES = [
    "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "bfloat16", "float32",
    "float64", "complex64", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu",
]  # fmt: skip
SMOLLM2 = os.environ.get("PROVENANCE_SMOLLM2", "")


def read(file: Path) -> Header:
    header = read_header(OnDisk(file))
    assert header is not None
    assert_sound(header, file.stat().st_size)
    return header


def same_as_safe_open(file: Path) -> Header:
    """Our header, after every tensor of it was found equal to the reference reader's."""
    from safetensors import safe_open

    header, disk = read(file), OnDisk(file)
    with safe_open(file, "pt") as reference:
        assert sorted(reference.keys()) == sorted(tensor.name for tensor in header.tensors)
        assert header.metadata == (reference.metadata() or {})
        for tensor in header.tensors:
            view = reference.get_slice(tensor.name)
            assert (view.get_dtype(), tuple(view.get_shape())) == (tensor.dtype, tensor.shape)
            theirs = reference.get_tensor(tensor.name).contiguous().reshape(-1)
            if tensor.nbytes:
                theirs = theirs.view(__import__("torch").uint8)
            assert disk.pread(tensor.nbytes, tensor.offset) == theirs.numpy().tobytes()
    return header


def same_as_gguf_reader(file: Path) -> Header:
    """Our header, after its tensors and metadata were found equal to the reference reader's."""
    header, disk = read(file), OnDisk(file)
    reference = gguf.GGUFReader(file)
    theirs = {tensor.name: tensor for tensor in reference.tensors}
    assert sorted(theirs) == sorted(tensor.name for tensor in header.tensors)
    assert header.nbytes == (reference.data_offset if theirs else file.stat().st_size)
    for tensor in header.tensors:
        their = theirs[tensor.name]
        assert (their.tensor_type.name, tuple(reversed(their.shape.tolist()))) == (tensor.dtype, tensor.shape)
        assert (int(their.data_offset), their.n_bytes, their.n_elements) == (
            tensor.offset,
            tensor.nbytes,
            tensor.elements,
        )
        assert disk.pread(tensor.nbytes, tensor.offset) == their.data.tobytes()
    fields = {name: field for name, field in reference.fields.items() if not name.startswith("GGUF.")}
    assert list(fields) == list(header.metadata)
    for name, field in fields.items():
        ours, contents = header.metadata[name], field.contents()
        assert (list(ours) if isinstance(ours, tuple) else ours) == contents, name
    return header


def test_every_torch_dtype(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    raw = torch.arange(128, dtype=torch.uint8)
    tensors = {name: raw.clone().view(getattr(torch, name)).reshape(-1, 2) for name in TORCH_DTYPES}
    tensors["bool"] = torch.tensor([[True, False]])
    tensors["scalar"] = torch.tensor(1.5)
    tensors["empty"] = torch.zeros(0, 7)
    file = tmp_path / "model.safetensors"
    save_file(tensors, file, metadata={"format": "pt", "naïve": "ünicode"})
    header = same_as_safe_open(file)
    assert len(header.tensors) == len(tensors)
    assert {tensor.dtype for tensor in header.tensors} >= {"BOOL", "BF16", "C64", "F8_E8M0", "F8_E4M3FNUZ", "U64"}


def test_a_model_sharded_by_transformers(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(tmp_path, max_shard_size="20KB")
    headers = [same_as_safe_open(file) for file in sorted(tmp_path.glob("*.safetensors"))]
    assert len(headers) > 2
    (parts,) = split_sets(headers)
    assert check_split(parts) == ()
    index = read_index(OnDisk(tmp_path / "model.safetensors.index.json"))
    assert index.weight_map == {tensor.name: tensor.file for header in headers for tensor in header.tensors}
    assert index.total_size == sum(tensor.nbytes for header in headers for tensor in header.tensors)


def writer(file: Path, **options: Any) -> Any:
    """A GGUF writer with metadata of every type."""
    found = gguf.GGUFWriter(file, "llama", **options)
    found.add_name("tiny ünïcode")
    found.add_uint8("n.u8", 255)
    found.add_int8("n.i8", -128)
    found.add_uint16("n.u16", 65535)
    found.add_int16("n.i16", -32768)
    found.add_uint32("n.u32", 2**32 - 1)
    found.add_int32("n.i32", -(2**31))
    found.add_uint64("n.u64", 2**64 - 1)
    found.add_int64("n.i64", -(2**63))
    found.add_float32("n.f32", 0.5)
    found.add_float64("n.f64", 0.1)
    found.add_bool("n.bool", True)
    found.add_array("tokenizer.ggml.tokens", ["<s>", "ä", "Ġthe", "\n", ""])
    found.add_array("tokenizer.ggml.scores", [0.0, -1.5, 1.0])
    found.add_array("tokenizer.ggml.token_type", [1, 2, 3])
    found.add_array("flags", [True, False])
    return found


def write(found: Any) -> None:
    found.write_header_to_file()
    found.write_kv_data_to_file()
    found.write_tensors_to_file()
    found.close()


@pytest.mark.parametrize("alignment", [None, 64])
def test_every_ggml_type_and_value_type(tmp_path: Path, alignment: int | None) -> None:
    file = tmp_path / "model.gguf"
    found = writer(file)
    if alignment:
        found.add_custom_alignment(alignment)
    generator = np.random.default_rng(0)
    for kind, (elements, nbytes) in gguf.GGML_QUANT_SIZES.items():
        blocks = generator.integers(0, 256, (3, elements // elements * nbytes), dtype=np.uint8)
        found.add_tensor(kind.name, blocks, raw_dtype=kind)
    for number in range(1, 5):
        found.add_tensor(f"rank.{number}", np.ones((2, 3, 1, 5)[:number], dtype=np.float32))
    write(found)
    header = same_as_gguf_reader(file)
    assert header.version == 3
    assert len(header.tensors) == len(gguf.GGML_QUANT_SIZES) + 4
    assert header.metadata.get("general.alignment") == alignment


def test_a_model_split_by_the_gguf_package(tmp_path: Path) -> None:
    found = writer(tmp_path / "model.gguf", split_max_tensors=2)
    for number in range(5):
        found.add_tensor(f"t.{number}", np.full((4, number + 1), number, dtype=np.float16))
    write(found)
    headers = [same_as_gguf_reader(file) for file in sorted(tmp_path.glob("*.gguf"))]
    assert [header.file for header in headers] == [f"model-0000{part}-of-00003.gguf" for part in (1, 2, 3)]
    (parts,) = split_sets(headers)
    assert check_split(parts) == ()
    assert [found.rule for found in check_split(parts[:2])] == ["split-count", "split-count"]


def test_a_vocabulary_alone(tmp_path: Path) -> None:
    found = writer(tmp_path / "vocab.gguf")
    write(found)
    header = same_as_gguf_reader(tmp_path / "vocab.gguf")
    assert header.tensors == ()


def test_a_big_endian_file_is_rejected_by_name(tmp_path: Path) -> None:
    found = writer(tmp_path / "model.gguf", endianess=gguf.GGUFEndian.BIG)
    found.add_tensor("a", np.ones(8, dtype=np.float32))
    write(found)
    assert len(gguf.GGUFReader(tmp_path / "model.gguf").tensors) == 1
    with pytest.raises(MalformedFile, match="gguf-big-endian"):
        read_header(OnDisk(tmp_path / "model.gguf"))


@pytest.mark.skipif(not SMOLLM2, reason="PROVENANCE_SMOLLM2 does not name the GGUF of SmolLM2-135M-Instruct")
def test_smollm2() -> None:
    header = same_as_gguf_reader(Path(SMOLLM2))
    assert len(header.tensors) == 272
    tokens = header.metadata["tokenizer.ggml.tokens"]
    assert isinstance(tokens, tuple)
    assert len(tokens) == 49152
