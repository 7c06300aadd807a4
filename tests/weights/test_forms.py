"""Which files are forms of one model, by their names, and which of them most loaders take."""

from __future__ import annotations

import pytest

from provenance.records import Header, MetadataValue, Tensor
from provenance.weights.forms import twins


def header(file: str, nbytes: int = 8, metadata: dict[str, MetadataValue] | None = None) -> Header:
    suffix = file.rpartition(".")[2]
    file_format = suffix if suffix in ("safetensors", "gguf", "npz", "onnx") else "torch"
    return Header(file, file_format, 0, (Tensor("w", "F32", (2,), file, 64, nbytes),), metadata or {}, 64, "0" * 64)


def pairs(*files: str | Header) -> list[tuple[str, str]]:
    headers = [file if isinstance(file, Header) else header(file) for file in files]
    return [(one.first.name, one.second.name) for one in twins(headers)]


@pytest.mark.parametrize(
    "second",
    [
        "pytorch_model.bin",
        "model.fp16.safetensors",
        "model-fp16.safetensors",
        "consolidated.safetensors",
        "original/consolidated.00.pth",
        "fp32/model.safetensors",
        "weights.npz",
        "tiny-f32.gguf",
        "Some-Model-7B-Q4_K_M.gguf",
        "BF16/Tiny-BF16.gguf",
        "UD-Q2_K_XL/tiny-UD-Q2_K_XL.gguf",
    ],
)
def test_forms_of_the_main_weights(second: str) -> None:
    assert pairs("model.safetensors", second) == [("model.safetensors", second)]
    assert pairs(second, "model.safetensors") == [("model.safetensors", second)]


@pytest.mark.parametrize(
    "other",
    [
        "adapter_model.safetensors",
        "checkpoint-500/model.safetensors",
        "unet/diffusion_pytorch_model.safetensors",
        "model.non_ema.safetensors",
        "another.safetensors",
        "text_encoder/model.safetensors",
        "v2/model.safetensors",
    ],
)
def test_what_is_another_model(other: str) -> None:
    assert pairs("model.safetensors", other) == []


def test_other_names_have_forms_of_their_own() -> None:
    assert pairs("style.safetensors", "style.pt", "style.fp16.safetensors", "other.pt") == [
        ("style.safetensors", "style.fp16.safetensors"),
        ("style.safetensors", "style.pt"),
    ]
    assert pairs("unet/diffusion_pytorch_model.fp16.safetensors", "unet/diffusion_pytorch_model.safetensors")
    assert pairs("adapter_model.safetensors", "adapter_model.bin") == [
        ("adapter_model.safetensors", "adapter_model.bin")
    ]


def test_shards_are_one_form_and_one_file_another() -> None:
    shards = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    assert pairs(*shards) == []
    assert pairs(*shards, "model.safetensors") == [("model.safetensors", "model.safetensors")]
    (one,) = twins([header(file) for file in (*shards, "model.safetensors")])
    assert [len(form.files) for form in (one.first, one.second)] == [1, 2]
    assert pairs(*shards, *(file.replace("model-", "model.fp32-") for file in shards)) == [
        ("model.safetensors", "model.fp32.safetensors")
    ]


def test_parts_of_a_tensor_are_no_form() -> None:
    assert pairs("model.safetensors", "original/consolidated.00.pth", "original/consolidated.01.pth") == []


def test_ggufs_are_forms_of_each_other_by_their_stem() -> None:
    wide = header("a-f16.gguf", nbytes=16)
    assert pairs("a-Q4_K_M.gguf", wide, "a-Q8_0.gguf", "b-Q8_0.gguf") == [
        ("a-f16.gguf", "a-Q4_K_M.gguf"),
        ("a-f16.gguf", "a-Q8_0.gguf"),
    ]


def test_projectors_adapters_and_columns_are_no_forms() -> None:
    assert pairs("model.safetensors", header("x.gguf", metadata={"general.type": "adapter"})) == []
    assert pairs("model.safetensors", header("mmproj.gguf", metadata={"clip.has_vision_encoder": True})) == []
    assert pairs("model.safetensors", header("weights.npz", metadata={"fortran_order": True})) == []
    assert pairs("model.safetensors", header("model.onnx")) == []


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("a.gguf", "llama.cpp"), ("consolidated.safetensors", "vLLM"), ("weights.npz", "MLX"),
        ("pytorch_model.bin", "without safetensors"), ("fp32/model.safetensors", "folder"),
        ("model.fp16.safetensors", "variant"), ("weights.safetensors", "other loaders"),
    ],
)  # fmt: skip
def test_who_loads_the_second(file: str, words: str) -> None:
    (one,) = twins([header("model.safetensors"), header(file)])
    assert words in one.loaded


def test_a_file_that_the_configuration_names_is_a_form_of_the_main_weights() -> None:
    headers = [header("model.safetensors"), header("other.safetensors")]
    assert twins(headers) == ()
    (one,) = twins(headers, "other.safetensors")
    assert (one.first.name, one.second.name) == ("model.safetensors", "other.safetensors")
    assert "config.json" in one.loaded
