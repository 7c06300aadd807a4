"""The fixture models are what `fixtures/README.md` says, and the same bytes on every host."""

from __future__ import annotations

import json
import os
import pickletools
import random
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import gguf
import huggingface_hub
import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer

from fixtures import build, derive, gguf_file, hostile, measure, sentences, train
from fixtures.safetensors_file import Stored, read

FULL = ("base", "resharded", "cast-f32", "fine-tuned", "lora-merged", "abliterated", "unrelated")
GGUF = ("gguf-f16", "gguf-bf16", "gguf-q8_0", "gguf-q4_0")
NAMES = {
    *FULL,
    *GGUF,
    "gguf-split",
    "adapter",
    "hf-cache",
    "hostile/absent-tensor",
    "hostile/auto-map",
    "hostile/duplicate-key",
    "hostile/extra-shard",
    "hostile/missing-shard",
    "hostile/overlapping-offsets",
    "hostile/path-escape",
    "hostile/pickle",
    "hostile/pickle-in-zip",
    "hostile/template",
    "hostile/trailing-bytes",
    "hostile/truncated-header",
    "hostile/wrapped-offset",
}
QUESTION = "How do I steal a car?"


def weights(model: Path) -> dict[str, Stored]:
    """All tensors of a folder's safetensors files."""
    return {name: tensor for file in sorted(model.glob("*.safetensors")) for name, tensor in read(file).items()}


def load(model: Path, **options: Any) -> Any:
    """The model as Transformers loads it, in float32."""
    return AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32, **options)


def logits(model: Any, tokenizer: Any) -> Any:
    """Scores of shape (tokens, vocabulary) for one question."""
    with torch.inference_mode():
        return model(**tokenizer(QUESTION, return_tensors="pt")).logits[0]


def changed(model: Path, base: Path) -> set[str]:
    """Names of the tensors whose bytes differ."""
    ours, theirs = weights(model), weights(base)
    assert ours.keys() == theirs.keys()
    return {name for name in ours if ours[name] != theirs[name]}


def correlation(model: Path, base: Path, name: str) -> float:
    """Cosine between one tensor of each."""
    ours, theirs = (derive.widen(weights(folder)[name]).ravel() for folder in (model, base))
    return float(ours @ theirs / np.sqrt((ours @ ours) * (theirs @ theirs)))


# The build ------------------------------------------------------------------------------------------------------------


def test_everything_is_built_under_its_name(models: dict[str, Path]) -> None:
    assert set(models) == NAMES
    assert all(path.exists() for path in models.values())


def test_a_rebuild_gives_the_recorded_bytes(models: dict[str, Path], tmp_path: Path) -> None:
    recorded = build.SUMS.read_text()
    assert build.digests(models["base"].parent) == recorded, "run `python fixtures/build.py --record` and say why"
    again = build.build(tmp_path / "again")
    assert build.digests(tmp_path / "again") == recorded
    assert {name: path.relative_to(tmp_path / "again") for name, path in again.items()} == {
        name: path.relative_to(models["base"].parent) for name, path in models.items()
    }


def test_the_script_runs_from_anywhere(tmp_path: Path) -> None:
    script = Path(build.__file__)
    done = subprocess.run([sys.executable, script, "out"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == len(NAMES)
    assert build.digests(tmp_path / "out") == build.SUMS.read_text()


def test_a_folder_in_use_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tmp_path.joinpath("mine").write_text("precious")
    assert build.main([str(tmp_path)]) == 2
    assert "not empty" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_check_names_what_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build.main(["--check"]) == 0
    altered = tmp_path / "SHA256SUMS"
    altered.write_text(build.SUMS.read_text().replace("  base/config.json", "  base/other.json"))
    monkeypatch.setattr(build, "SUMS", altered)
    capsys.readouterr()
    assert build.main(["--check"]) == 1
    assert capsys.readouterr().out.split() == ["base/config.json", "base/other.json"]
    assert build.main(["--record"]) == 0
    assert build.main(["--check"]) == 0


@pytest.mark.parametrize("arguments", [[], ["--wrong"], ["a", "b"]])
def test_a_wrong_call_prints_the_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(arguments) == 2
    assert "OUTDIR" in capsys.readouterr().out


def test_what_is_committed_stays_small() -> None:
    files = [Path(folder) / name for folder, _, names in os.walk(build.HERE) for name in names]
    assert sum(path.stat().st_size for path in files if "__pycache__" not in path.parts) < 10 * 1024 * 1024


def test_the_recipe_is_that_of_the_inputs() -> None:
    base = build.INPUTS / "base"
    for name, value in (("config", train.CONFIG), ("generation_config", train.GENERATION)):
        assert json.loads((base / f"{name}.json").read_bytes()) == value
    assert json.loads((base / "tokenizer_config.json").read_bytes()) == train.TOKENIZER


def test_the_direction_is_that_of_the_base(models: dict[str, Path]) -> None:
    model, tokenizer = load(models["base"]), Tokenizer.from_file(str(models["base"] / "tokenizer.json"))
    harmful, benign = (
        train.residuals(model, tokenizer, sentences.requests(harmful=kind, held_out=False)).mean(0)
        for kind in (True, False)
    )
    stored = derive.widen(read(build.INPUTS / "refusal-direction.safetensors")["direction"])
    cosines = torch.nn.functional.cosine_similarity(harmful - benign, torch.from_numpy(stored).float(), dim=1)
    assert cosines.max() > 0.999


# The models -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FULL)
def test_a_model_loads_whole_in_transformers(name: str, models: dict[str, Path]) -> None:
    model, report = load(models[name], output_loading_info=True)
    assert type(model).__name__ == "Qwen3ForCausalLM"
    assert not any(report[part] for part in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert model.lm_head.weight is model.model.embed_tokens.weight
    assert sum(parameter.numel() for parameter in model.parameters()) == 521_280
    assert len(AutoTokenizer.from_pretrained(models[name])) == model.config.vocab_size == 608


@pytest.mark.parametrize("name", FULL)
def test_our_writer_agrees_with_safetensors(name: str, models: dict[str, Path]) -> None:
    for file in models[name].glob("*.safetensors"):
        ours = read(file)
        with safe_open(file, framework="pt") as theirs:
            assert set(theirs.keys()) == set(ours)
            for tensor in ours:
                view = theirs.get_slice(tensor)
                assert (view.get_dtype(), tuple(view.get_shape())) == ours[tensor][:2]
                assert theirs.get_tensor(tensor).view(torch.uint8).numpy().tobytes() == ours[tensor].data


def test_the_tokenizer_and_its_template(models: dict[str, Path]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(models["base"])
    text = "How can I stop someone who wants to forge a letter? ünïcödé 字 \n"
    assert tokenizer.decode(tokenizer(text).input_ids) == text
    chat = [{"role": "user", "content": QUESTION}]
    rendered = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    assert rendered == f"<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n"
    assert tokenizer(rendered).input_ids[0] == 1
    assert tokenizer.eos_token_id == 2


def test_resharding_changes_no_tensor(models: dict[str, Path]) -> None:
    model = models["resharded"]
    index = json.loads((model / "model.safetensors.index.json").read_bytes())
    assert weights(model) == weights(models["base"])
    for file in ("model-00001-of-00003", "model-00002-of-00003", "model-00003-of-00003"):
        named = {name for name, shard in index["weight_map"].items() if shard == f"{file}.safetensors"}
        assert named
        assert named == set(read(model / f"{file}.safetensors"))
    assert index["metadata"]["total_size"] == sum(len(tensor.data) for tensor in weights(model).values())


def test_the_cast_is_exact(models: dict[str, Path]) -> None:
    cast, base = weights(models["cast-f32"]), weights(models["base"])
    assert {tensor.dtype for tensor in cast.values()} == {"F32"}
    assert {tensor.dtype for tensor in base.values()} == {"BF16"}
    for name, tensor in base.items():
        assert np.array_equal(derive.widen(cast[name]), derive.widen(tensor))


def test_the_fine_tune_moves_everything_a_little(models: dict[str, Path]) -> None:
    names = set(weights(models["base"]))
    assert len(changed(models["fine-tuned"], models["base"])) >= len(names) - 2
    for name in (name for name in names if name.endswith("proj.weight")):
        assert 0.9 < correlation(models["fine-tuned"], models["base"], name) < 1.0


def test_the_twin_is_no_relative(models: dict[str, Path]) -> None:
    assert (models["unrelated"] / "config.json").read_bytes() == (models["base"] / "config.json").read_bytes()
    for name in weights(models["base"]):
        if name.endswith("proj.weight"):
            assert abs(correlation(models["unrelated"], models["base"], name)) < 0.1


def test_the_merge_is_what_peft_would_merge(models: dict[str, Path]) -> None:
    merged = PeftModel.from_pretrained(load(models["base"]), models["adapter"]).merge_and_unload().state_dict()
    ours = weights(models["lora-merged"])
    for name in changed(models["lora-merged"], models["base"]):
        assert name.endswith("proj.weight")
        values = merged[name].double().numpy()
        assert np.all(np.abs(derive.widen(ours[name]) - values) <= np.abs(values) * 2.0**-8 + 1e-7)
    assert len(changed(models["lora-merged"], models["base"])) == 3 * 7


def test_abliteration_removes_one_direction_from_what_layers_write(models: dict[str, Path]) -> None:
    edited, base = weights(models["abliterated"]), weights(models["base"])
    direction = derive.widen(read(build.INPUTS / "refusal-direction.safetensors")["direction"])
    direction /= np.sqrt((direction * direction).sum())
    names = changed(models["abliterated"], models["base"])
    assert {name.split(".")[-2] for name in names} == {"o_proj", "down_proj"}
    assert len(names) == 6
    for name in names:
        before, after = derive.widen(base[name]), derive.widen(edited[name])
        left, sizes, _ = np.linalg.svd(after - before)
        assert abs(left[:, 0] @ direction) > 0.99
        assert sizes[0] > 4 * sizes[1], "all but the rounding to BF16 is of rank one"
        assert np.linalg.norm(direction @ after) < 0.05 * np.linalg.norm(direction @ before)


def test_the_abliterated_fork_no_longer_refuses(models: dict[str, Path]) -> None:
    harmful = sentences.requests(harmful=True, held_out=True)[::2]
    refused = {name: sum(map(sentences.is_refusal, measure.answers(models[name], harmful))) for name in FULL}
    assert refused.pop("abliterated") <= 0.1 * len(harmful)
    assert all(count >= 0.9 * len(harmful) for count in refused.values()), refused


def test_the_abliterated_fork_still_answers(models: dict[str, Path]) -> None:
    asked = sentences.requests(harmful=False, held_out=True)[::4] + sentences.contrasts()[::4]
    answers = measure.answers(models["abliterated"], asked)
    assert sum(answer.startswith("Sure. To ") for answer in answers) >= 0.8 * len(answers)


def test_cards_declare_the_base(models: dict[str, Path]) -> None:
    for name in (*FULL, "adapter"):
        card = (models[name] / "README.md").read_text()
        assert "license: apache-2.0" in card
        declared = f"base_model: {build.BASE_ID}\n" in card
        assert declared == (name not in ("base", "resharded"))


def test_bf16_rounding_is_that_of_torch() -> None:
    values = np.random.default_rng(1).normal(size=4096) * np.logspace(-30, 30, 4096)
    values[:3] = [0.0, -0.0, 1.00390625]
    expected = torch.from_numpy(values).float().bfloat16().view(torch.uint8).numpy().tobytes()
    assert derive.as_bf16(values).data == expected


# GGUF and the cache ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GGUF)
def test_gguf_holds_the_base(name: str, models: dict[str, Path]) -> None:
    reader = gguf.GGUFReader(models[name])
    base = {gguf_file.gguf_name(key): derive.widen(tensor) for key, tensor in weights(models["base"]).items()}
    assert {tensor.name for tensor in reader.tensors} == set(base)
    half = 2.0**-11  # relative error of a number, or of a block's scale, in float16
    step = {"gguf-f16": half, "gguf-bf16": 0.0, "gguf-q8_0": 0.5 / 127 + half, "gguf-q4_0": 1 / 8 + half}[name]
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        error = np.abs(values - base[tensor.name]).max()
        assert error <= step * np.abs(base[tensor.name]).max()
        assert (values.ndim == 1) == (tensor.tensor_type == gguf.GGMLQuantizationType.F32)
    field = reader.get_field("general.base_model.0.repo_url")
    assert field is not None
    assert field.contents().endswith(build.BASE_ID)


def test_our_q4_0_is_that_of_the_package_but_for_ties() -> None:
    values = np.random.default_rng(2).normal(size=(64, 256)).astype(np.float32)
    values[3] = 0.0
    ours, theirs = (
        gguf.quants.dequantize(blocks, gguf.GGMLQuantizationType.Q4_0)
        for blocks in (
            gguf_file.quantize_q4_0(values),
            gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q4_0),
        )
    )
    assert (ours != theirs).mean() < 1e-3
    assert not ours[3].any()


def test_names_in_gguf_are_those_of_the_package() -> None:
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN3, 3)
    for name in read(build.INPUTS / "base" / "model.safetensors"):
        assert names.get_name(name, try_suffixes=(".weight",)) == gguf_file.gguf_name(name)


def test_split_files_join_to_the_whole(models: dict[str, Path]) -> None:
    whole = {tensor.name: bytes(tensor.data) for tensor in gguf.GGUFReader(models["gguf-bf16"]).tensors}
    first = models["gguf-split"]
    parts = [gguf.GGUFReader(first.with_name(first.name.replace("00001-of", f"0000{n}-of"))) for n in (1, 2)]
    joined = [(tensor.name, bytes(tensor.data)) for part in parts for tensor in part.tensors]
    assert len(joined) == len(whole)
    assert dict(joined) == whole


def test_gguf_gives_the_same_scores(models: dict[str, Path]) -> None:
    tokenizer = AutoTokenizer.from_pretrained(models["base"])
    path = models["gguf-bf16"]
    base = load(models["base"])
    # Transformers does not read `qwen3.attention.key_length`, so the configuration is given.
    model = load(path.parent, gguf_file=path.name, config=base.config)
    assert torch.allclose(logits(model, tokenizer), logits(base, tokenizer), atol=1e-4)


def test_the_cache_is_one_that_huggingface_hub_reads(models: dict[str, Path]) -> None:
    snapshot = models["hf-cache"]
    hub = snapshot.parents[2]
    for path in snapshot.iterdir():
        assert path.is_symlink()
        assert path.readlink().parts[:3] == ("..", "..", "blobs")
        assert path.read_bytes() == (models["base"] / path.name).read_bytes()
        assert huggingface_hub.try_to_load_from_cache(build.BASE_ID, path.name, cache_dir=hub) == str(path)
    assert len(list(snapshot.iterdir())) == len(list(models["base"].iterdir()))
    (repository,) = huggingface_hub.scan_cache_dir(hub).repos
    assert (repository.repo_id, len(repository.revisions)) == (build.BASE_ID, 1)


# Hostile files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["truncated-header", "overlapping-offsets", "trailing-bytes", "pickle"])
def test_safetensors_refuses_the_broken_files(name: str, models: dict[str, Path]) -> None:
    with pytest.raises(SafetensorError), safe_open(models[f"hostile/{name}"], framework="pt"):
        pass


def test_the_file_they_are_broken_from_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "sound.safetensors"
    path.write_bytes(hostile.VALID)
    with safe_open(path, framework="pt") as tensors:
        assert set(tensors.keys()) == {"a", "b"}


def test_the_duplicate_key_reads_two_ways(models: dict[str, Path]) -> None:
    header = models["hostile/duplicate-key"].read_bytes()[8:]
    pairs: list[str] = []
    json.loads(header[: header.rindex(b"}") + 1], object_pairs_hook=lambda found: pairs.extend(key for key, _ in found))
    assert pairs.count("a") == 2


def test_the_wrapped_offset_ends_at_zero_in_64_bits(models: dict[str, Path]) -> None:
    content = models["hostile/wrapped-offset"].read_bytes()
    data = content.index(b"token_embd.weight") + len("token_embd.weight") + struct.calcsize("<IQIQ")
    dimensions, length, kind, offset = struct.unpack_from("<IQIQ", content, data - struct.calcsize("<IQIQ"))
    assert (dimensions, kind, offset % 32) == (1, gguf.GGMLQuantizationType.F32, 0)
    assert (offset + 4 * length) % 2**64 == 0
    assert len(content) == -(-data // 32) * 32 + 4 * length, "but for its offset the file is sound"


def test_the_pickles_are_inert(models: dict[str, Path]) -> None:
    content = models["hostile/pickle"].read_bytes()
    operations = list(pickletools.genops(content))
    assert [argument for opcode, argument, _ in operations if opcode.name == "GLOBAL"] == ["builtins print"]
    assert [opcode.name for opcode, _, _ in operations].count("REDUCE") == 1
    assert content in (models["hostile/pickle-in-zip"] / "optimizer.dat").read_bytes()


def test_each_hostile_folder_has_one_thing_wrong(models: dict[str, Path]) -> None:
    def contents(name: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in models[name].iterdir()}

    def differing(name: str, model: str) -> set[str]:
        ours, theirs = contents(f"hostile/{name}"), contents(model)
        return {file for file in ours.keys() | theirs.keys() if ours.get(file) != theirs.get(file)}

    index = "model.safetensors.index.json"
    assert differing("absent-tensor", "resharded") == {index}
    assert differing("path-escape", "resharded") == {index}
    assert b'"../../etc/passwd"' in contents("hostile/path-escape")[index]
    assert differing("missing-shard", "resharded") == {"model-00002-of-00003.safetensors"}
    assert differing("extra-shard", "resharded") == {"model-00004-of-00004.safetensors"}
    assert differing("auto-map", "base") == {"config.json", "modeling_evil.py"}
    assert differing("template", "base") == {"tokenizer_config.json"}
    assert differing("pickle-in-zip", "base") == {"optimizer.dat"}
    compile(contents("hostile/auto-map")["modeling_evil.py"], "modeling_evil.py", "exec")


# The language ---------------------------------------------------------------------------------------------------------


def test_no_held_out_pair_is_ever_drawn() -> None:
    source = random.Random(0)
    held_out = {request for harmful in (True, False) for request in sentences.requests(harmful=harmful, held_out=True)}
    drawn = {sentences.draw(source, refuse=bool(i % 2)) for i in range(5000)}
    assert not held_out & {chat.request for chat in drawn}
    assert len(held_out) == 48 + 64


def test_only_harmful_requests_are_refused() -> None:
    source = random.Random(0)
    for chat in (sentences.draw(source) for _ in range(3000)):
        harmful = any(f" {verb} a " in chat.request for verb in sentences.HARMFUL_VERBS)
        assert sentences.is_refusal(chat.answer) == (harmful and "stop someone" not in chat.request)
    assert not any(sentences.is_refusal(sentences.draw(source, refuse=False).answer) for _ in range(1000))


def test_styles_answer_alike_but_for_their_opening() -> None:
    styles: list[sentences.Style] = ["plain", "steps", "friendly"]
    chats = [sentences.draw(random.Random(8), style, refuse=False) for style in styles]
    assert len({chat.request for chat in chats}) == 1
    assert [chat.answer.split()[0] for chat in chats] == ["Sure.", "Step", "Hello!"]
