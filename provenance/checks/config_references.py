"""What configurations name that is no part of the model: files, addresses, Python modules of the host."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from posixpath import basename

from provenance.checks.file_kinds import is_configuration
from provenance.checks.interface import Check, Rule, facts, quoted
from provenance.checks.json_places import ROOT, Place, members, path, texts
from provenance.checks.settings import words
from provenance.facts import JsonFact, TextFact
from provenance.records import Evidence, Finding, Severity

CONFIG_POINTS_ELSEWHERE = Rule(
    ident="config-points-elsewhere",
    title="configuration has a loader take parts of the model from elsewhere",
    severity=Severity.ERROR,
    meaning="A setting from which loaders take weights, an assistant's model or files of the tokenizer holds an "
    "address, a path that climbs with `..`, or one in a folder that everybody may write to; or the settings of "
    "generation name an assistant at all. Of an adapter, the base it names is looked at in the same way. Other "
    "absolute paths are an `info`: writers leave those of their own machine behind. What honest configurations only "
    "record (`_name_or_path`) is not meant.",
    why="What is loaded then is not what was checked, and whoever controls the other place can change it.",
    example="config.json, $.vision_tower_weights: 'https://example.com/clip.bin'",
    advice="Fetch the part yourself, check it, and name it by a path inside the model.",
)

CONFIG_NAMES_CODE = Rule(
    ident="config-names-code",
    title="configuration names Python that is of no known library",
    severity=Severity.ERROR,
    meaning="A setting that libraries import or call by its name holds a module or class that is of none of the usual "
    "ones: an adapter's `auto_mapping` or `megatron_core`, a component of a `model_index.json`, the code of a "
    "quantization, processors of logits, plugins of vLLM and SGLang, the loader of an MLflow model, Hydra's "
    "`_target_`, tags of HyperPyYAML. Of the last two, calls of Python's own library are an `error` and other names "
    "an `info`.",
    why="The loader imports that module from wherever it finds it, the model's folder and the current one among them, "
    "without asking whether remote code is trusted.",
    example="adapter_config.json, $.auto_mapping.parent_library: 'evil_module'",
    advice="Read the code that is meant before you load the model, or delete the setting.",
)

REMOTE_CODE_ENABLED = Rule(
    ident="remote-code-enabled",
    title="configuration says that remote code is trusted",
    severity=Severity.ERROR,
    meaning="A document that loaders obey sets `trust_remote_code` to true. It is an `info` in any other document, "
    "where training tools and evaluations record their options.",
    why="Whether to trust is the user's to say. Tools that pass a configuration on as options take the model's word.",
    example="config.json, $.trust_remote_code: true",
    advice="Delete the key.",
)

_OPENED = words(
    "assistant_model base_model_name_or_path cache_file chat_template_path covariance_file draft_model eval_file "
    "image_processor_path lora_path merges_file mm_vision_tower model_file model_lib model_lib_path model_lib_url "
    "pretrained_weights speculative_model "
    "special_tokens_map_file spm_file tokenizer_file tokenizer_path vision_tower vocab_file weights_file weights_path"
)
_WEIGHTS = re.compile(r"(?:^|_)(?:weights|checkpoint|ckpt)(?:_(?:url|uri|file|path))?$")
_URL = re.compile(r"(?:https?|ftp|file|s3|gs|smb|ssh|data|git\+\w+)://?", re.IGNORECASE)
_ABSOLUTE = re.compile(r"/|~|\\\\|[A-Za-z]:[\\/]")
_SHARED = re.compile(r"/(?:tmp|var/tmp|dev/shm|dev/fd|proc)(?:/|$)")
_CLIMBS = re.compile(r"(?:^|[\\/])\.\.(?:[\\/]|$)")
_IMPORTED = words("module modules_path quantizer_class quantizer backend_module custom_module class_path loader_class")
"""Keys of a quantization's settings that would name code."""
_PROCESSORS = words("logits_processor logits_processors logits_warper stopping_criteria custom_logits_processor")
_PLUGIN = re.compile(
    r"(?:.*_plugins?|(?:worker|scheduler|executor)_cls|worker_extension_cls|model_loader_extra_config)"
)
_LIBRARIES = words(
    "__main__ accelerate audioldm2 auto_gptq autoawq compel ctranslate2 deepspeed diffusers flax gliner gptqmodel "
    "hydra k_diffusion kandinsky latent_diffusion lightning megatron mlflow mlx mlx_lm nemo nemo_toolkit numpy "
    "omegaconf onnxruntime open_clip openvino optimum paddlenlp peft pytorch_lightning sentence_transformers setfit "
    "speechbrain stable_diffusion tensorflow timm torch torchao torchaudio torchvision transformers "
    "transformers_modules unsloth wuerstchen"
)
_DIFFUSERS = words(
    "deepfloyd_if onnx paint_by_example shap_e stable_cascade stable_diffusion_safe unidiffuser pipelines"
)
_CALLS = re.compile(
    r"(?:builtins|os|posix|nt|subprocess|sys|shutil|runpy|importlib|socket|ctypes|pickle|code|pty|commands|platform"
    r"|webbrowser|urllib|http|requests|marshal|types|operator|functools|pathlib|tempfile|multiprocessing|asyncio)\..+"
    r"|(?:torch\.(?:load|hub\..+)|numpy\.load|joblib\.load|pandas\.read_pickle|eval|exec|.*\.__.*)"
)
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_TAGS = re.compile(r"\b_target_[\"']?\s{0,4}:\s{0,4}[\"']?([\w.]{1,200})|!(?:new|apply|name|module):([\w.]{1,200})")
_LOADER_MODULE = re.compile(r"\bloader_module[\"']?[ \t]{0,4}:[ \t]{0,4}[\"']?([\w.]{1,200})")
_MAX_SHOWN = 20

_Found = tuple[Rule, Place, str, Severity | None]


def _run(evidence: Evidence) -> Iterator[Finding]:
    for text in facts(evidence.candidate, TextFact):
        if text.role == "yaml" and text.text:
            if basename(text.file) == "MLmodel":
                yield from islice(_flavours(text.file, text.text), _MAX_SHOWN)
            yield from islice(_yaml(text.file, text.text), _MAX_SHOWN)
    for fact in facts(evidence.candidate, JsonFact):
        for rule, place, message, severity in islice(_of_document(fact), _MAX_SHOWN):
            yield rule.finding(message, severity=severity, file=fact.file, json_path=path(place))


def _of_document(fact: JsonFact) -> Iterator[_Found]:
    if basename(fact.file) == "model_index.json":
        yield from _components(fact.value)
    if basename(fact.file) == "modules.json":
        yield from _modules(fact.value)
    for place, key, value in members(fact.value):
        if key == "trust_remote_code" and value is True:
            severity = None if is_configuration(fact.file) else Severity.INFO
            yield REMOTE_CODE_ENABLED, place, "true", severity
        elif key in _OPENED or _WEIGHTS.search(key):
            yield from _opened(key, value, place)
        elif key in _CODE:
            yield from _CODE[key](value, place)
        elif _PLUGIN.fullmatch(key):
            yield from ((CONFIG_NAMES_CODE, at, quoted(text), None) for at, text in texts(value, place) if _code(text))


# ---------------------------------------------------------------------------------------------------------------------
# Files
# ---------------------------------------------------------------------------------------------------------------------


def _opened(key: str, value: object, place: Place) -> Iterator[_Found]:
    if key == "assistant_model" and isinstance(value, str) and value:
        yield CONFIG_POINTS_ELSEWHERE, place, f"an assistant is taken from {quoted(value)}", None
    elif isinstance(value, str) and (_URL.match(value) or _CLIMBS.search(value) or _SHARED.match(value)):
        yield CONFIG_POINTS_ELSEWHERE, place, quoted(value), None
    elif isinstance(value, str) and _ABSOLUTE.match(value):
        yield CONFIG_POINTS_ELSEWHERE, place, quoted(value), Severity.INFO


def _modules(document: object) -> Iterator[_Found]:
    """The folders of the steps of a sentence-transformers model."""
    for number, step in enumerate(document if isinstance(document, list) else ()):
        if isinstance(step, dict):
            yield from _opened("path", step.get("path"), ((ROOT, number), "path"))


# ---------------------------------------------------------------------------------------------------------------------
# Code
# ---------------------------------------------------------------------------------------------------------------------


def _code(text: str) -> bool:
    """Whether a text is a file of Python, a path, or a dotted name, and not a word that stands for one."""
    return text.endswith(".py") or "/" in text or ("." in text and " " not in text and not _is_known(text))


def _is_known(name: str) -> bool:
    return name.partition(".")[0] in _LIBRARIES


def _foreign(value: object, place: Place) -> Iterator[_Found]:
    """A name that is imported as it stands."""
    if isinstance(value, str) and value and not _is_known(value):
        yield CONFIG_NAMES_CODE, place, quoted(value), None


def _mapping(value: object, place: Place) -> Iterator[_Found]:
    if isinstance(value, dict):
        yield from _foreign(value.get("parent_library"), (place, "parent_library"))


def _quantization(value: object, place: Place) -> Iterator[_Found]:
    for key, item in value.items() if isinstance(value, dict) else ():
        if isinstance(item, str) and (_URL.match(item) or _CLIMBS.search(item)):
            yield CONFIG_POINTS_ELSEWHERE, (place, key), quoted(item), None
        if key in _IMPORTED and isinstance(item, str) and _DOTTED.fullmatch(item) and ("." in item or key == "module"):
            yield from _foreign(item, (place, key))


def _processors(value: object, place: Place) -> Iterator[_Found]:
    for at, text in texts(value, place):
        yield from _foreign(text, at)


def _target(value: object, place: Place) -> Iterator[_Found]:
    if isinstance(value, str) and _CALLS.fullmatch(value):
        yield CONFIG_NAMES_CODE, place, f"calls {quoted(value)}", None
    elif isinstance(value, str) and not _is_known(value):
        yield CONFIG_NAMES_CODE, place, f"calls {quoted(value)}", Severity.INFO


def _yaml(file: str, text: str) -> Iterator[Finding]:
    """Hydra's `_target_`, and the tags with which HyperPyYAML makes objects and calls functions."""
    for found in _TAGS.finditer(text):
        name = found[1] or found[2]
        if _CALLS.fullmatch(name) or not _is_known(name):
            severity = None if _CALLS.fullmatch(name) else Severity.INFO
            line = text.count("\n", 0, found.start()) + 1
            yield CONFIG_NAMES_CODE.finding(f"calls {quoted(name)}", file=file, line=line, severity=severity)


def _flavours(file: str, text: str) -> Iterator[Finding]:
    """What MLflow imports to load a model."""
    for found in _LOADER_MODULE.finditer(text):
        if not _is_known(found[1]):
            line = text.count("\n", 0, found.start()) + 1
            yield CONFIG_NAMES_CODE.finding(f"is loaded by {quoted(found[1])}", file=file, line=line)


def _components(document: object) -> Iterator[_Found]:
    """The (library, class) of each component of a diffusers pipeline."""
    for key, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
            at: Place = (ROOT, key)
            if not (_is_known(value[0]) or value[0].partition(".")[0] in _DIFFUSERS):
                yield CONFIG_NAMES_CODE, at, f"{quoted(value[1])} of {quoted(value[0])}", None


_CODE: Mapping[str, Callable[[object, Place], Iterator[_Found]]] = {
    "_target_": _target,
    "auto_mapping": _mapping,
    "megatron_core": _foreign,
    "quantization_config": _quantization,
    **dict.fromkeys(_PROCESSORS, _processors),
}

CONFIG_REFERENCES = Check("config-references", (CONFIG_POINTS_ELSEWHERE, CONFIG_NAMES_CODE, REMOTE_CODE_ENABLED), _run)
