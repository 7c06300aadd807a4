"""The honest items are what their labels say, by the judgement of the libraries that load them."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.corpus import ITEMS, SURFACES, Item, Label
from fixtures.corpus.repositories import TEMPLATE

HONEST = [item for item in ITEMS if item.ident.startswith("honest-")]
CLEAN = [item for item in HONEST if item.label is Label.CLEAN]
TORCH = {".pt", ".pth", ".bin", ".ckpt", ".pkl"}

CALL = {"type": "function", "id": "abcdef123", "function": {"name": "add", "arguments": {"a": 1, "b": "x"}}}
PROPERTIES = {"a": {"type": "integer", "description": "The first"}, "b": {"type": "string"}}
PARAMETERS = {"type": "object", "properties": PROPERTIES, "required": ["a"]}
TOOLS = [{"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": PARAMETERS}}]
ASK = [
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hi"},
    {"role": "user", "content": "Add one."},
]
CALLING = [
    *ASK,
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "content": "2", "tool_call_id": "abcdef123"},
]


def build(item: Item, into: Path) -> Path:
    folder = into / item.ident
    folder.mkdir()
    item.build(folder)
    return folder


def named(*surfaces: str, among: list[Item] = CLEAN) -> pytest.MarkDecorator:
    chosen = [item for item in among if item.surface in surfaces]
    assert chosen
    return pytest.mark.parametrize("item", chosen, ids=lambda item: item.ident)


def templates(folder: Path) -> Iterator[str]:
    yield from (path.read_text() for path in sorted(folder.rglob("*.jinja")))
    stored = json.loads(folder.joinpath("tokenizer_config.json").read_text()).get("chat_template")
    if isinstance(stored, str):
        yield stored
    elif stored:
        yield from (entry["template"] for entry in stored)


def render(template: str, **context: Any) -> str:
    """As Transformers renders it, in its own sandbox."""
    from transformers.utils.chat_template_utils import _compile_jinja_template

    text = _compile_jinja_template(template).render(bos_token="<s>", eos_token="</s>", **context)
    assert isinstance(text, str)
    return text


def test_there_are_enough_and_each_has_its_name() -> None:
    assert len(CLEAN) >= 200
    assert len({item.ident for item in ITEMS}) == len(ITEMS)
    assert {item.surface for item in HONEST} <= set(SURFACES)


@named("pickles")
def test_torch_loads_it_without_trust(item: Item, tmp_path: Path) -> None:
    import torch

    folder = build(item, tmp_path)
    files = [path for path in folder.iterdir() if path.suffix in TORCH or path.name == "checkpoint"]
    assert files
    for file in files:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.load(file, weights_only=True)


@named("pickles", among=[item for item in HONEST if item.label is Label.REVIEW])
def test_torch_asks_for_trust(item: Item, tmp_path: Path) -> None:
    import pickle

    import torch

    folder = build(item, tmp_path)
    (file,) = (path for path in folder.iterdir() if path.suffix in TORCH)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(file, weights_only=True)


@named("other-formats")
def test_numpy_loads_it_without_pickle(item: Item, tmp_path: Path) -> None:
    import numpy as np

    for file in build(item, tmp_path).glob("*.np[yz]"):
        loaded = np.load(file, allow_pickle=False)
        assert isinstance(loaded, np.ndarray) or [loaded[name] for name in loaded.files]


@named("safetensors", "shadow-weights", "tokenizers", "templates")
def test_safetensors_loads_it(item: Item, tmp_path: Path) -> None:
    from safetensors import safe_open

    for file in build(item, tmp_path).rglob("*.safetensors"):
        with safe_open(file, "np") as opened:
            for name in opened.keys():  # noqa: SIM118 - it is no dict
                assert opened.get_slice(name).get_dtype()


@named("gguf", "shadow-weights", among=[item for item in CLEAN if "gguf" in item.ident])
def test_gguf_loads_it(item: Item, tmp_path: Path) -> None:
    from gguf import GGUFReader

    files = list(build(item, tmp_path).glob("*.gguf"))
    assert files
    for file in files:
        assert GGUFReader(file).tensors


@named("tokenizers")
def test_tokenizers_loads_it(item: Item, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    folder = build(item, tmp_path)
    loaded = Tokenizer.from_file(str(folder / "tokenizer.json"))
    config = json.loads(folder.joinpath("config.json").read_text())
    assert loaded.get_vocab_size() <= config["vocab_size"]
    assert loaded.id_to_token(config["eos_token_id"]) == "<|im_end|>"
    assert "".join(loaded.decode(loaded.encode("the dog").ids).split()) == "thedog"


@named("code", among=HONEST)
def test_python_parses_it(item: Item, tmp_path: Path) -> None:
    folder = build(item, tmp_path)
    for file in folder.rglob("*.py"):
        ast.parse(file.read_text())
    for file in folder.rglob("*.ipynb"):
        assert json.loads(file.read_text())["cells"]


@named("templates", among=HONEST)
def test_transformers_renders_it(item: Item, tmp_path: Path) -> None:
    found = list(templates(build(item, tmp_path)))
    assert found
    for template in found:
        text = render(template, messages=ASK, add_generation_prompt=True)
        assert "Hello" in text
        assert "Add one." in text


@named("templates", among=[item for item in CLEAN if "rewrite" in item.ident])
def test_a_rewrite_renders_the_same(item: Item, tmp_path: Path) -> None:
    system = {"role": "system", "content": "Be brief."}
    for template in templates(build(item, tmp_path)):
        for messages in (ASK, [system, *ASK], CALLING, [system, *CALLING], [*ASK, system]):
            for tools in (None, TOOLS):
                for prompt in (True, False):
                    context = {"messages": messages, "tools": tools, "add_generation_prompt": prompt}
                    assert render(template, **context) == render(TEMPLATE, **context)
