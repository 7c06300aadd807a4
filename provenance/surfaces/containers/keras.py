"""Keras models: the code that their description carries, or sends Keras to fetch. The description is JSON."""

from __future__ import annotations

import json
import re

from provenance.facts import Flaw

MAX_CONFIG = 16 * 1024 * 1024
MAX_FLAWS = 20
_CODE = frozenset({"Lambda", "__lambda__", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"})
"""Classes whose description carries compiled Python, a pickle, or names a program to load."""
_OWN = re.compile(
    r"(?:tensorflow\.|tf_)?keras(?:\.src)?(?:\.(?:layers|models|initializers|optimizers|losses|metrics|regularizers"
    r"|constraints|activations|dtype_policies|random|backend|engine|applications)(?:\.[\w.]+)?)?"
)
"""Modules whose classes Keras makes by itself. Not among them: `keras.utils`, `keras.saving`, which fetch and load."""
_DESCRIPTION = re.compile(rb'\A\s{0,64}\{.{0,4096}"class_name".{0,4096}"config"', re.DOTALL)
_FILES = ("vocabulary", "idf_weights")
"""Settings of layers that name a file of the host where they are texts."""
_IN_BYTES = re.compile(rb'"class_name"\s{0,8}:\s{0,8}"(Lambda|__lambda__|TorchModuleWrapper|TFSMLayer)"')


def is_description(head: bytes) -> bool:
    """Whether a JSON document is the description of a Keras model: it names a class and its configuration."""
    return _DESCRIPTION.search(head) is not None


def read_config(raw: bytes) -> tuple[Flaw, ...]:
    """What `config.json` of a `.keras` file would run; one flaw for each class."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return (Flaw("keras-unreadable", "its config.json cannot be read"),)
    found: dict[tuple[str, str], None] = {}
    waiting: list[object] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            waiting += item.values()
            if isinstance(item.get("class_name"), str):
                found |= dict.fromkeys(_of_class(item))
    return tuple(Flaw(kind, detail) for kind, detail in sorted(found)[:MAX_FLAWS])


def _of_class(item: dict[str, object]) -> list[tuple[str, str]]:
    settings = item.get("config")
    for key in _FILES:
        path = settings.get(key) if isinstance(settings, dict) else None
        if isinstance(path, str) and path.startswith(("/", "~", "..", "\\")):
            return [("layer-file", f"a {item['class_name']} that reads {path[:100]!r} of the host")]
    name, module, registered = str(item["class_name"]), item.get("module"), item.get("registered_name")
    if name in _CODE or name.rpartition(">")[2] in _CODE:
        return [("keras-code", f"a {name}, which carries code")]
    if isinstance(module, str) and not _OWN.fullmatch(module) and not (module == "builtins" and name == "type"):
        return [("foreign-class", f"{module}.{name}, which is not Keras's own")]
    if isinstance(registered, str) and ">" in registered:
        return [("foreign-class", f"{registered}, which is not Keras's own")]
    return []


def read_bytes(raw: bytes) -> tuple[Flaw, ...]:
    """The same for HDF5, whose attributes hold the description as text; seen where it is not compressed."""
    names = sorted({match[1].decode() for match in _IN_BYTES.finditer(raw)})
    return tuple(Flaw("keras-code", f"a {name}, which carries code") for name in names)
