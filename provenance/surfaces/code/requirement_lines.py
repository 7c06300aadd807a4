"""Where the packages that a requirements file asks for come from.

pip obeys options in the file itself: another index, a folder of wheels, an address. What it installs runs code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provenance.facts import Feature

KNOWN_HOSTS = frozenset(
    {
        "pypi.org", "files.pythonhosted.org", "download.pytorch.org", "pypi.nvidia.com", "pypi.ngc.nvidia.com",
        "developer.download.nvidia.com", "storage.googleapis.com", "wheels.vllm.ai", "download.openmmlab.com",
    }
)  # fmt: skip
"""Indexes that honest requirements of models name."""
KNOWN_FORGES = frozenset({"github.com", "gitlab.com", "huggingface.co", "bitbucket.org", "codeberg.org"})
POPULAR = frozenset(
    """
    accelerate aiohttp autoawq bitsandbytes boto3 certifi cryptography datasets deepspeed diffusers einops evaluate
    fastapi faiss flask fsspec gradio huggingface-hub jinja2 joblib keras langchain llama-cpp-python matplotlib
    mistral-common numpy onnx onnxruntime openai optimum pandas peft pillow protobuf pydantic pyyaml requests
    safetensors scikit-learn scipy seaborn sentence-transformers sentencepiece setuptools starlette streamlit
    tensorflow tiktoken timm tokenizers torch torchaudio torchvision tqdm transformers triton trl urllib3 uvicorn vllm
    wandb xformers
    """.split()  # noqa: SIM905 - a list of this length reads better so
)
"""Packages whose names are imitated."""
_LOOK_ALIKE = frozenset({"torchtext", "torchdata", "keras-core", "tqdmx", "scipy-stubs", "numpydoc", "pandasql"})
_OPTION = re.compile(r"^\s*(-i|--index-url|--extra-index-url|-f|--find-links|--trusted-host)(?:[\s=]+|(?<=-[if]))(\S+)")
_ADDRESS = re.compile(
    r"(?:^|[\s@])((?:git|hg|svn|bzr)\+[a-z+]+://|https?://|ftp://|file:)([^\s/#@]*@)?([^\s/:#]*)", re.IGNORECASE
)
_NAME = re.compile(r"^\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:[=<>!~;@ ]|$)")


def features(text: str) -> tuple[Feature, ...]:
    """What the lines of a requirements file install, and from where, as far as it is out of the ordinary."""
    return tuple(
        Feature(kind, detail, number)
        for number, line in enumerate(text.splitlines()[:20_000], 1)
        for kind, detail in line_features(line.partition(" #")[0].strip()[:2000])
    )


def host(address: str) -> str:
    """The name of the computer in an address."""
    return re.sub(r"^\w+://(?:[^@/]*@)?", "", address).partition("/")[0].partition(":")[0].lower()


def line_features(line: str) -> Iterator[tuple[str, str]]:
    """The same for one line, or one word of a command that installs."""
    if not line or line.startswith("#"):
        return
    option = _OPTION.match(line)
    if option:
        if host(option[2]) not in KNOWN_HOSTS or option[1] == "--trusted-host":
            yield "install-source", f"{option[1]} {option[2]}"
        return
    if re.match(r"(-e|--editable)(\s|=)", line):
        yield "install-local", line
    address = _ADDRESS.search(line)
    if address:
        forge = address[3].lower() in KNOWN_FORGES and not address[1].lower().startswith(("http://", "git+http://"))
        pinned = re.search(r"@[0-9a-f]{40}\b", line) is not None
        yield ("install-forge" if forge and (pinned or "git+" in line) else "install-source"), line
    elif line.startswith((".", "/")) or line.endswith(".whl"):
        yield "install-local", line
    name = _NAME.match(line)
    if name and (meant := imitated(name[1])):
        yield "imitated-package", f"{name[1]!r} looks like {meant!r}"


def imitated(name: str) -> str | None:
    """The popular package that `name` is one slip away from, and is not."""
    plain = re.sub(r"[-_.]+", "-", name).lower()
    if plain in POPULAR or plain in _LOOK_ALIKE or len(plain) < 5:
        return None
    return next((known for known in sorted(POPULAR) if _one_slip(plain, known)), None)


def _one_slip(one: str, other: str) -> bool:
    """One letter more, less, other, or two neighbours swapped."""
    if len(other) < 5 or abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
