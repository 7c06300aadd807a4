"""TorchScript in a torch checkpoint: the types that its code defines, and the operations of it that reach the host.

The code is not Python. torch compiles it for an interpreter of its own, whose operations are torch's and those of
libraries that the host has loaded; none imports, and two of torch's (2.13) touch files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from provenance.facts import Flaw, PickleFact

MAX_CODE = 4 * 1024 * 1024
"""Bytes of one source file that are searched."""
_PICKLES = frozenset({"data.pkl", "constants.pkl", "attributes.pkl", "bytecode.pkl"})
"""Those that torch's compiler reads, in which a global is a type of the archive's own code."""
_IN_CPP = re.compile(r"__torch__\.torch\.classes\.(?:quantized|rnn|sparse|xnnpack)")
"""Types that torch itself brings: packed parameters of layers."""
_REACHES = re.compile(
    rb"\b(?:torch|ops\s{0,8}\.\s{0,8}aten)\s{0,8}\.\s{0,8}(save|from_file)\b"
    rb"|\bops\s{0,8}\.\s{0,8}(\w{1,64})\s{0,8}\.\s{0,8}(\w{0,64}?(?:read_file|write_file|load_audio|save_audio|PythonOp))"
)


class Script:
    """The code of one archive, by the names of its members; `root` is its folder, with the slash."""

    def __init__(self, root: str, names: Iterable[str]) -> None:
        self._root = root
        self._code = f"{root}code/"
        files = (name for name in names if name.startswith(f"{self._code}__torch__") and name.endswith(".py"))
        self._modules = {name[len(self._code) : -len(".py")].replace("/", ".") for name in files}
        # By this member torch.load knows that it must hand the file to the compiler.
        self._compiled = f"{root}constants.pkl" in names

    def holds(self, name: str) -> bool:
        """Whether the member is source code of it."""
        return name.startswith(self._code) and name.endswith(".py")

    def marked(self, fact: PickleFact, prefix: str) -> PickleFact:
        """The fact of a pickle with the types that the code defines marked; `prefix` is the archive's own place."""
        if not self._compiled or fact.member not in {f"{prefix}{self._root}{name}" for name in _PICKLES}:
            return fact
        references = tuple(
            replace(reference, compiled=True)
            if reference.name.isidentifier()
            and (reference.module in self._modules or _IN_CPP.fullmatch(reference.module))
            else reference
            for reference in fact.references
        )
        return replace(fact, references=references)


def read_code(name: str, raw: bytes) -> list[Flaw]:
    """Operations that read or write files of the host, one flaw for each kind."""
    found: dict[str, int] = {}
    for match in _REACHES.finditer(raw):
        operation = f"torch.{match[1].decode()}" if match[1] else f"{match[2].decode()}.{match[3].decode()}"
        found.setdefault(operation, match.start())
    return [
        Flaw("host-code", f"{name!r} uses {operation[:100]}, which reaches the host", offset)
        for operation, offset in sorted(found.items())[:5]
    ]
