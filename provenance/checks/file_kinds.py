"""Kinds of content that several checks speak of, and the names that loaders act on.

Kinds are those of `records.ContentFact`. Names decide nothing about what a file is; they decide who opens it.
"""

from __future__ import annotations

import re
from posixpath import basename, splitext

PICKLES = frozenset({"pickle", "torch-zip", "torch-legacy", "npy-pickle"})
"""Unpickling these runs what they say."""
PROGRAMS = frozenset({"elf", "pe", "macho", "wasm", "dex", "java-class", "python-bytecode", "ar", "llvm-bitcode"})
ARCHIVES = frozenset({"zip", "tar", "gzip", "bzip2", "xz", "zstd", "lz4", "zlib", "lzma", "7z", "rar"})
CLOSED = frozenset({"7z", "rar"})
"""Archives that nothing here opens, and that no loader of models does."""
OTHER_WEIGHTS = frozenset(
    {
        "ctranslate2",
        "executorch",
        "fasttext",
        "ggml",
        "hdf5",
        "msgpack",
        "npy",
        "onnx",
        "openvino",
        "tensorrt",
        "tflite",
    }
)
"""Formats that hold weights, or may, and that are recognised but not read."""
TEXTS = frozenset({"text", "json", "html", "python", "script", "bundle", "empty"})
CODE = PICKLES | PROGRAMS | ARCHIVES | {"script"}
"""What runs, or may hold what runs, once the wrong program opens it."""

PICKLE_NAMES = frozenset({".bin", ".ckpt", ".dill", ".joblib", ".pickle", ".pkl", ".pt", ".pth"})
"""Loaders unpickle files with these names."""
TORCH_BIN = re.compile(
    r"(diffusion_)?pytorch_.*\.bin|adapter_model.*\.bin|learned_embeds.*\.bin|mm_projector\.bin|model_state.*\.bin"
)
"""What torch's libraries call checkpoints. Any other `.bin` may be of any of a dozen formats, or raw numbers."""
LEFT_BEHIND = re.compile(
    r"training_args\.bin|(optimizer|scheduler|scaler|sampler)(_\d+)?\.(pt|bin)|rng_state(_\d+)?\.pth"
    r"|random_states_\d+\.pkl"
)
"""What trainers of transformers and accelerate write beside the weights."""
SCRIPT_NAMES = frozenset({".bash", ".bat", ".cmd", ".command", ".js", ".ps1", ".sh", ".vbs", ".zsh"})
PROGRAM_NAMES = frozenset({".dll", ".dylib", ".egg", ".exe", ".jar", ".node", ".pyc", ".pyd", ".so", ".whl"})
WEIGHT_NAMES = frozenset(
    {".ggml", ".gguf", ".h5", ".hdf5", ".keras", ".msgpack", ".npy", ".npz", ".onnx", ".pb", ".pte", ".safetensors"}
    | {".tflite"}
)
CONFIGURATION = frozenset(
    {
        "adapter_config.json",
        "added_tokens.json",
        "chat_template.json",
        "config.json",
        "config_sentence_transformers.json",
        "generation_config.json",
        "hf_quant_config.json",
        "model_index.json",
        "modules.json",
        "params.json",
        "preprocessor_config.json",
        "processor_config.json",
        "quant_config.json",
        "quantization_config.json",
        "quantize_config.json",
        "sentence_bert_config.json",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "video_preprocessor_config.json",
        "vocab.json",
    }
)
"""JSON documents that loaders ask for by name and obey."""


_VERSIONED = re.compile(r"(?:config|tokenizer)\.[^/]+\.json")
"""`config.4.0.0.json`: transformers reads these in place of the plain name where `configuration_files` lists them."""


def is_configuration(path: str) -> bool:
    """Whether loaders ask for the document by its name, and obey it."""
    return basename(path) in CONFIGURATION or _VERSIONED.fullmatch(basename(path)) is not None


def suffix(path: str) -> str:
    """The last suffix in lower case: `.safetensors`; empty where there is none."""
    return splitext(basename(path))[1].lower()


_STANDARD = frozenset(
    """
    abc argparse ast asyncio base64 builtins codecs collections contextlib copy csv ctypes dataclasses datetime decimal
    difflib email enum functools glob gzip hashlib heapq html http importlib inspect io ipaddress itertools json keyword
    linecache locale logging math mimetypes multiprocessing numbers operator os pathlib pickle pkgutil platform pprint
    queue random re sched select shlex shutil signal site socket sqlite3 ssl stat statistics string struct subprocess
    sys sysconfig tarfile tempfile textwrap threading time timeit token tokenize traceback types typing unicodedata
    unittest urllib uuid warnings weakref xml zipfile zipimport zlib torch transformers numpy safetensors tokenizers
    """.split()  # noqa: SIM905 - a list of this length reads better so
)
"""Modules that Python and loaders of models import by their plain names. Written out: Python's own list changes."""


def is_standard_module(path: str) -> bool:
    """Whether a Python file at the top of the model would be imported in place of a module that everybody imports."""
    name = path.removesuffix("/__init__.py").removesuffix(".py")
    return name != path and name in _STANDARD
