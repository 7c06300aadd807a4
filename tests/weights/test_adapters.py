"""Adapters as peft writes them, which is the oracle, and near misses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provenance.records import Tensor
from provenance.weights.adapters import fit
from provenance.weights.naming import adapter_part

BASE = {"model.up.weight": (12, 8), "model.embed.weight": (32, 8), "model.norm.weight": (8,)}
UP, EMBED = "base_model.model.model.up", "base_model.model.model.embed"
GOOD = {f"{UP}.lora_A.weight": (4, 8), f"{UP}.lora_B.weight": (12, 4)}


def tensor(name: str, shape: tuple[int, ...], file: str = "adapter_model.safetensors") -> Tensor:
    return Tensor(name, "F32", shape, file, 0, 0)


def fitting(parts: dict[str, tuple[int, ...]]) -> list[bool]:
    return [fits for fits, _ in fit((tensor(n, s) for n, s in parts.items()), BASE.get).values()]


@pytest.mark.parametrize("options", [{}, {"use_dora": True}], ids=["lora", "dora"])
def test_what_peft_writes_fits_the_model_it_was_made_for(options: dict[str, Any], tmp_path: Path) -> None:
    import peft
    import safetensors
    import torch

    class Tiny(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.embed = torch.nn.Embedding(32, 8)
            self.up = torch.nn.Linear(8, 12, bias=False)

        def forward(self, ids: Any) -> Any:
            return self.up(self.embed(ids))

    modules = ["up"] if options else ["up", "embed"]
    model = Tiny()
    shapes = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    config = peft.LoraConfig(r=4, target_modules=modules, **options)
    peft.get_peft_model(model, config).save_pretrained(str(tmp_path), save_embedding_layers=False)
    with safetensors.safe_open(tmp_path / "adapter_model.safetensors", "np") as file:
        written = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    assert len(written) == 3 if options else 4
    result = fit((tensor(name, shape) for name, shape in written.items()), shapes.get)
    assert [fits for fits, _ in result.values()] == [True] * len(written), result


@pytest.mark.parametrize(
    "parts",
    [
        GOOD,
        {f"{UP}.lora_A.weight": (4, 12), f"{UP}.lora_B.weight": (8, 4)},
        {f"{EMBED}.lora_embedding_A": (4, 32), f"{EMBED}.lora_embedding_B": (8, 4)},
        {**GOOD, f"{UP}.lora_magnitude_vector": (12,)},
    ],
    ids=["linear", "stored-transposed", "embedding", "dora"],
)
def test_shapes_that_fit(parts: dict[str, tuple[int, ...]]) -> None:
    assert fitting(parts) == [True] * len(parts)


@pytest.mark.parametrize(
    "parts",
    [
        {f"{UP}.lora_A.weight": (4, 8)},
        {f"{UP}.lora_magnitude_vector": (12,)},
        {f"{UP}.lora_A.weight": (4, 9), f"{UP}.lora_B.weight": (12, 4)},
        {f"{UP}.lora_A.weight": (4, 8), f"{UP}.lora_B.weight": (12, 5)},
        {f"{UP}.lora_A.weight": (0, 8), f"{UP}.lora_B.weight": (12, 0)},
        {f"{UP}.lora_A.weight": (4, 8, 1), f"{UP}.lora_B.weight": (12, 4, 1)},
        {f"{EMBED}.lora_embedding_A": (4, 8), f"{EMBED}.lora_embedding_B": (32, 4)},
        {**GOOD, f"{UP}.lora_magnitude_vector": (7,)},
        {**GOOD, f"{UP}.lora_A": (4, 8)},
        {**GOOD, f"{UP}.lora_embedding_A": (4, 8)},
        {"base_model.model.model.norm.lora_A.weight": (4, 8), "base_model.model.model.norm.lora_B.weight": (8, 4)},
        {"base_model.model.other.lora_A.weight": (4, 8), "base_model.model.other.lora_B.weight": (8, 4)},
    ],
)
def test_shapes_that_do_not_fit(parts: dict[str, tuple[int, ...]]) -> None:
    assert fitting(parts) == [False] * len(parts)


def test_shards_are_one_adapter_and_two_adapters_are_two() -> None:
    names = list(GOOD.items())
    cut = [tensor(*named, file=f"adapter_model-0000{i}-of-00002.safetensors") for i, named in enumerate(names, 1)]
    assert all(fits for fits, _ in fit(cut, BASE.get).values())
    apart = [tensor(*named, file=f"{i}/adapter_model.safetensors") for i, named in enumerate(names)]
    assert not any(fits for fits, _ in fit(apart, BASE.get).values())


@pytest.mark.parametrize(
    "name", ["", "lora_A", ".lora_A", "model.up.weight", "model.up.lora_C", "model.up.lora_A.bias", "x.lora_A.weight.y"]
)
def test_other_names_are_no_parts(name: str) -> None:
    assert adapter_part(name) is None
    assert fit([tensor(name, (4, 8))], BASE.get) == {}


def test_a_hostile_module_stays_on_its_line() -> None:
    ((fits, note),) = fit([tensor("\x1b[2J\n" + "x" * 10**6 + ".lora_A", (4, 8))], BASE.get).values()
    assert not fits
    assert note.isprintable()
    assert len(note) < 250
